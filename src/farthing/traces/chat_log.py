"""A conversation kept as one list of chat messages, from which every request is rebuilt.

Such logs write each message once. The request of a call was everything before its answer, so a
machine that takes the messages in order knows the context of each. System prompts are there
or not, as the log has them; tool schemas mostly are not.
"""

from typing import NamedTuple

from msgspec.structs import replace

from farthing.prefix import Chains, Prefix
from farthing.segment import Segment, SegmentKind
from farthing.wire.message import BlockMemo
from farthing.wire.openai_chat import message_segments
from farthing.wire.scan import PLACE_UNKNOWN


class Answered(NamedTuple):
    """One answer: the context it was given in, what it says, and the number of the user's turn."""

    prefix: Prefix | None
    output: tuple[Segment, ...]
    turn: int


class ChatLog:
    """Takes the messages of one conversation in order. A machine without I/O: it keeps segments, no text."""

    def __init__(self) -> None:
        self._chains = Chains()
        self._memo = BlockMemo()
        self._names: dict[str, str] = {}
        self._prefix: Prefix | None = None
        self._turn = 0

    def hear(self, message: bytes, *, base: int = PLACE_UNKNOWN) -> None:
        """Take a message that is not an answer. Raises WireError if it is not a chat message."""
        self._take(message, base)

    def answer(self, message: bytes, *, base: int = PLACE_UNKNOWN) -> Answered:
        """Take an answer and return it with its request. Raises WireError as `hear` does."""
        prefix, turn = self._prefix, self._turn
        return Answered(prefix, self._take(message, base), turn)

    def put_in_front(self, segment: Segment) -> None:
        """Let a block that the log keeps elsewhere, such as the system prompt, open the conversation."""
        self._prefix = self._chains.extend(self._prefix, segment)

    def _take(self, message: bytes, base: int) -> tuple[Segment, ...]:
        segments = message_segments(
            message, names=self._names, first_user=self._turn == 0, base=base, memo=self._memo
        )
        self._turn += any(each.kind in (SegmentKind.TASK, SegmentKind.USER) for each in segments)
        self._prefix = self._chains.of(segments, parent=self._prefix)
        return segments


def moved(segments: tuple[Segment, ...], *, offset: int, length: int) -> tuple[Segment, ...]:
    """Return the segments with another place: that of the text from which they were rewritten."""
    return tuple(replace(each, offset=offset, length=length) for each in segments)
