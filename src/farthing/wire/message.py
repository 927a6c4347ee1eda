"""The values that every wire format gives: a request's segments with byte places, a response's bill.

Only `wire/` and `traces/` know which provider counts what; these values are already disjoint.
"""

from typing import NamedTuple

from msgspec import Struct

from farthing.segment import Segment
from farthing.step import Breakpoint
from farthing.usage import Charge


class Place(NamedTuple):
    """Where a block's bytes stand in the body: body[start:end], markers included."""

    start: int
    end: int


class Request(Struct, frozen=True, kw_only=True):
    """A parsed request in the provider's cache order; nothing of it is copied but what is new.

    `segments[i]` stands at `places[i]` (None where places were not asked for). `parameters` are the
    sorted fields besides the context that decide whether a cached prefix is usable.
    `session_hint` is the session that the body itself names (metadata.user_id, conversation,
    prompt_cache_key, previous_response_id), as (field, value).
    """

    model: str
    segments: tuple[Segment, ...]
    places: tuple[Place, ...] | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    breakpoints: tuple[Breakpoint, ...] = ()
    max_output_tokens: int | None = None
    stream: bool = False
    output_schema: bool = False
    session_hint: tuple[str, str] | None = None


class Response(Struct, frozen=True, kw_only=True):
    """A parsed answer. `usage_recorded` is false where the provider sent no counts.

    `complete` is false for a stream that ended before its last event.
    """

    response_id: str = ""
    model: str = ""
    charges: tuple[Charge, ...] = ()
    usage_recorded: bool = True
    output: tuple[Segment, ...] = ()
    finish: str = ""
    error: str = ""
    complete: bool = True


class Piece(Struct, frozen=True, kw_only=True):
    """What a stretch of a body (a message, the tools, the system prompt) came to when it was read.

    `places` count from the start of the stretch. `markers` are (which segment, ttl_s). `ties` are (which
    segment, call id) for tool calls and tool results, whose names depend on the conversation.
    """

    segments: tuple[Segment, ...]
    places: tuple[Place, ...]
    markers: tuple[tuple[int, int], ...] = ()
    ties: tuple[tuple[int, str], ...] = ()


class BlockMemo:
    """Remembers pieces by the digest of their raw bytes, so that a re-sent block is never parsed again.

    A machine without I/O. One per file, session or worker; `most` bounds it, oldest half out.
    The context says what else decides what the same bytes mean: the format, the level.
    """

    def __init__(self, most: int = 200_000) -> None:
        self._known: dict[tuple[str, bytes], Piece] = {}
        self._most = most

    def get(self, context: str, raw_digest: bytes) -> Piece | None:
        return self._known.get((context, raw_digest))

    def put(self, context: str, raw_digest: bytes, piece: Piece) -> None:
        if len(self._known) >= self._most:
            for key in list(self._known)[: self._most // 2]:
                del self._known[key]
        self._known[(context, raw_digest)] = piece
