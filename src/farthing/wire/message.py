"""The values that every wire format gives: a request's segments with byte places, a response's bill.

Only `wire/` and `traces/` know which provider counts what; these values are already disjoint.
"""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct
from xxhash import xxh3_128

from farthing.segment import Segment
from farthing.step import Breakpoint
from farthing.usage import Charge

_RUNS_MOST = 1_024


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


class Piece(Struct, frozen=True):
    """What a stretch of a body (a message, the tools, the system prompt) came to when it was read.

    `places` count from the start of the stretch. `markers` are (which segment, ttl_s), `calls` (call id,
    tool), and `results` (which segment, call id): a result is named after its call.
    """

    segments: tuple[Segment, ...]
    places: tuple[Place, ...]
    markers: tuple[tuple[int, int], ...] = ()
    calls: tuple[tuple[str, str], ...] = ()
    results: tuple[tuple[int, str], ...] = ()


class Run(NamedTuple):
    """The messages of a conversation so far as one stretch, known again by one hash of all its bytes.

    It ends before the first message with a cache marker, because markers move. `segments` and `calls` are
    what its `pieces`, the messages, came to together.
    """

    size: int
    hash: xxh3_128
    digest: bytes
    pieces: tuple[Piece, ...]
    segments: tuple[Segment, ...]
    calls: Mapping[str, str]


class BlockMemo:
    """Remembers pieces by the digest of their raw bytes, so that a re-sent block is never parsed again.

    A machine without I/O. One per file, session or worker; `most` bounds it, oldest half out.
    The context says what else decides what the same bytes mean: the format, the level.
    """

    def __init__(self, most: int = 200_000) -> None:
        self._contexts: dict[str, dict[bytes, Piece]] = {}
        self._runs: dict[bytes, Run] = {}
        self._most = most
        self._held = 0

    def known(self, context: str) -> Mapping[bytes, Piece]:
        """Return the pieces of a context by the digest of their bytes; `put` keeps it up to date."""
        return self._contexts.setdefault(context, {})

    def put(self, context: str, raw_digest: bytes, piece: Piece) -> None:
        if self._held >= self._most:
            self._forget()
        self._contexts.setdefault(context, {})[raw_digest] = piece
        self._held += 1

    def run(self, first_digest: bytes) -> Run | None:
        """Return the last conversation whose messages began with this one."""
        return self._runs.get(first_digest)

    def keep(self, first_digest: bytes, run: Run) -> None:
        if len(self._runs) >= _RUNS_MOST:
            self._runs.clear()
        self._runs[first_digest] = run

    def _forget(self) -> None:
        self._runs.clear()
        for known in self._contexts.values():
            for digest in list(known)[: (len(known) + 1) // 2]:
                del known[digest]
        self._held = sum(map(len, self._contexts.values()))
