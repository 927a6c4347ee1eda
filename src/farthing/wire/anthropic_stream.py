"""An Anthropic answer put together from its stream events, as if it had come in one piece.

Bedrock's InvokeModel sends the same events in frames of its own, so nothing here knows how
they travel.
"""

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from farthing.wire.anthropic_content import ABSENT, is_given, parts
from farthing.wire.anthropic_usage import Counts, later

_DONE = b"[DONE]"
_GROWING = ("text", "thinking", "signature", "content", "encrypted_content")


class Answer(Struct, frozen=True, kw_only=True):
    """A response body: a message, or an error."""

    id: str | None = None
    model: str | None = None
    content: Raw = ABSENT
    stop_reason: str | None = None
    usage: Counts | None = None
    error: Raw = ABSENT


class Delta(Struct, frozen=True, kw_only=True):
    """What a content block grows by, or how the message ends."""

    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None
    content: str | None = None
    encrypted_content: str | None = None
    citation: Raw = ABSENT
    stop_reason: str | None = None


class Event(Struct, frozen=True, kw_only=True):
    """The data of one event; which members are set follows from its type."""

    type: str = ""
    index: int = 0
    message: Answer | None = None
    content_block: Raw = ABSENT
    delta: Delta | None = None
    usage: Counts | None = None
    error: Raw = ABSENT


class StreamedMessage:
    """Takes events in order and gives the message so far. A machine without I/O.

    Counts are cumulative, and each field holds until a later event has it. A `message_start` with another id
    begins again: some proxies splice a retried answer into the stream. Those before it are `earlier`:
    they are not what was said, but they were billed.
    """

    def __init__(self) -> None:
        self.earlier: list[Answer] = []
        self._message = Answer()
        self._blocks: dict[int, _StreamedBlock] = {}
        self._stopped = False
        self._damaged = False

    @property
    def is_complete(self) -> bool:
        return self._stopped and not self._damaged

    def take(self, data: bytes) -> None:
        """Add one event; one that is cut off or of another protocol leaves the message incomplete."""
        try:
            event = _event.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._damaged = self._damaged or data != _DONE
            return
        match event.type:
            case "content_block_delta" if event.delta is not None and event.index in self._blocks:
                self._blocks[event.index].deltas.append(event.delta)
            case "content_block_start":
                self._blocks[event.index] = _StreamedBlock(event.content_block)
            case "message_start":
                self._start(event.message or Answer())
            case "message_delta":
                self._end(event)
            case "message_stop":
                self._stopped = True
            case "error":
                self._message = replace(self._message, error=event.error)
            case _:  # ping, content_block_stop, and what is yet to be invented
                pass

    def message(self) -> Answer:
        """Return what has arrived as a response body would have it.

        What needs no streaming, such as a call that code on the provider's side makes, is in the start.
        """
        started = map(bytes, parts(self._message.content))
        grown = (self._blocks[index].whole() for index in sorted(self._blocks))
        return replace(self._message, content=Raw(b"[" + b",".join((*started, *grown)) + b"]"))

    def _start(self, message: Answer) -> None:
        if self._message.id not in (None, message.id):
            self.earlier.append(self._message)
        self._message = message
        self._blocks.clear()

    def _end(self, event: Event) -> None:
        stop_reason = event.delta.stop_reason if event.delta else None
        self._message = replace(
            self._message,
            stop_reason=stop_reason or self._message.stop_reason,
            usage=later(self._message.usage, event.usage),
        )


class _StreamedBlock:
    """One content block: how it starts, and what it grows by."""

    def __init__(self, start: bytes) -> None:
        self.start = start
        self.deltas: list[Delta] = []

    def whole(self) -> bytes:
        """Return the block as a complete answer would have it; arguments that were cut off stay text."""
        block = _members.decode(self.start) if is_given(self.start) else {}
        for name in _GROWING:
            grown = "".join(getattr(delta, name) or "" for delta in self.deltas)
            if grown:
                block[name] = f"{block.get(name) or ''}{grown}"
        if arguments := "".join(delta.partial_json or "" for delta in self.deltas):
            block["input"] = _json_or_text(arguments)
        if citations := [delta.citation for delta in self.deltas if is_given(delta.citation)]:
            block["citations"] = citations
        return msgspec.json.encode(block)


def _json_or_text(arguments: str) -> object:
    try:
        return msgspec.json.decode(arguments)
    except msgspec.DecodeError:
        return arguments


_event = msgspec.json.Decoder(Event)
_members = msgspec.json.Decoder(dict[str, object])
