"""Finds the blocks of a body as bytes, with exact places, and never parses one that it has met.

An agent re-sends its whole context at each step, so nine blocks in ten are old. A format
decodes a body once into `msgspec.Raw` pieces (a message, the list of tools, the system
prompt): views of the body's own memory, whose structure has been checked and of which no
object was built. `Scan.take` hashes a piece's bytes and asks the memo; only an unknown piece
is handed to the format's reader, which yields a `Block` for each content block in it.

    scan = Scan(body, memo=memo, base=base)
    scan.take(TOOLS, decoded.tools, read_tools)               # in cache order
    scan.take_all(MESSAGES, decoded.messages, read_message)   # read_message(raw) yields Blocks
    Request(segments=scan.segments, places=scan.places(), …)

To the type checker a `Raw` is bytes. At run time it only has its buffer: `bytes(raw)` copies it.
"""

import re
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import NamedTuple, TypeAlias

import msgspec
from msgspec.structs import replace
from xxhash import xxh3_128, xxh3_128_digest

from farthing.segment import Segment, SegmentKind, digest_block
from farthing.step import Breakpoint
from farthing.wire.buffer import address, decode, mend, place_of, wire_error
from farthing.wire.message import BlockMemo, Piece, Place, Run
from farthing.wire.spelling import compact, is_string, respelt, text, text_of

# What a format needs to read its blocks, from one place.
__all__ = [
    "PLACE_UNKNOWN",
    "Block",
    "Read",
    "Scan",
    "compact",
    "decode",
    "is_string",
    "mend",
    "place_of",
    "respelt",
    "text",
    "text_of",
]

Read: TypeAlias = Callable[[bytes], Iterable["Block"]]
"""What a format says of a piece: its content blocks in order."""

PLACE_UNKNOWN = -1
"""As `base`: the body does not stand in its source as it is (escaped, compressed), so offsets are -1."""

_BETWEEN = b", \t\r\n"
# A marker as clients write it: the last member of its block.
_LAST_MEMBER = re.compile(rb',\s*"(?:cache_control|prompt_cache_breakpoint)"\s*:\s*\{[^{}]*\}(?=\s*\}$)')
_MARKER_MOST = 120
_NO_RUN = Run(0, xxh3_128(), xxh3_128_digest(b""), (), (), {})


class Block(NamedTuple):
    """What a format says about one content block.

    `raw` is the block as it stands in the body, markers included. `content` is what is digested:
    see `text` and `compact`. `call` is the id that ties a tool's call, which has the `name`, to its
    result, which is given it. `ttl_s` is that of a cache marker on the block, None without one.
    """

    raw: bytes
    kind: SegmentKind
    role: str
    content: bytes
    name: str = ""
    call: str = ""
    ttl_s: int | None = None


class Scan:
    """Collects the segments of one body in cache order. A machine without I/O.

    `body` is what the pieces were decoded from (see `decode`); `base` is its place in the source,
    or `PLACE_UNKNOWN`. `names` maps call ids to tool names; a reader of sessions, which meets
    a call and its result in two bodies, passes the same mapping each time.
    """

    def __init__(
        self,
        body: bytes,
        *,
        memo: BlockMemo | None = None,
        base: int = 0,
        names: MutableMapping[str, str] | None = None,
    ) -> None:
        self.segments: list[Segment] = []
        self.breakpoints: list[Breakpoint] = []
        self.names: MutableMapping[str, str] = {} if names is None else names
        self._view = memoryview(body)
        self._origin = address(body)
        self._base = base
        self._memo = BlockMemo() if memo is None else memo
        self._lists: list[tuple[list[bytes], list[Piece]]] = []

    def take(self, context: str, raw: bytes, read: Read) -> Piece:
        """Append the blocks of `raw`, which `read` yields; it is not called for bytes that the memo knows.

        `context` names the format and whatever else decides what the same bytes mean, such
        as whether a first user text is still to come.
        """
        piece = self._append(context, raw, read)
        if piece.places:
            self._lists.append(([raw], [piece]))
        return piece

    def take_all(self, context: str, raws: Iterable[bytes], read: Read) -> None:
        """Append the blocks of each of `raws`, neighbours in one list, as `take` does.

        What an earlier body had of the same conversation is recognised as one stretch of bytes.
        """
        listed = raws if isinstance(raws, list) else list(raws)
        if not listed:
            return
        first = context.encode() + xxh3_128_digest(listed[0])
        begin = self._at(listed[0])
        run = self._recognised(self._memo.run(first), begin)
        before = len(self.segments)
        self.segments += run.segments
        self.names.update(run.calls)
        pieces, ends = list(run.pieces), [begin + run.size]
        for raw in listed[len(run.pieces) :]:
            at = self._next(ends[-1])
            pieces.append(self._append(context, raw, read, at=at))
            ends.append(at + len(raw))
        self._lists.append((listed, pieces))
        calls = dict(run.calls)
        steady = _steady(pieces[len(run.pieces) :], calls)
        if steady:
            stretch = self._view[begin + run.size : ends[steady]]
            pieces = pieces[: len(run.pieces) + steady]
            self._memo.keep(first, _grown(run, stretch, pieces, self.segments[before:], calls))

    def places(self) -> tuple[Place, ...]:
        """Return where each of `segments` stands in the body."""
        found: list[Place] = []
        for raws, pieces in self._lists:
            at = self._at(raws[0])
            for raw, piece in zip(raws, pieces, strict=True):
                at = self._next(at)
                found += [Place(at + start, at + end) for start, end in piece.places]
                at += len(raw)
        return tuple(found)

    def _next(self, at: int) -> int:
        """Return where the next element of a list begins."""
        while self._view[at] in _BETWEEN:
            at += 1
        return at

    def _at(self, raw: bytes) -> int:
        return address(raw) - self._origin

    def _recognised(self, run: Run | None, begin: int) -> Run:
        """Return `run` if this body has all its bytes at `begin`, else an empty one."""
        if run and xxh3_128_digest(self._view[begin : begin + run.size]) == run.digest:
            return run
        return _NO_RUN

    def _append(self, context: str, raw: bytes, read: Read, *, at: int | None = None) -> Piece:
        digest = xxh3_128_digest(raw)
        piece = self._memo.known(context).get(digest)
        if piece is None:
            piece = self._read(context, raw, read, begin=self._at(raw) if at is None else at)
            self._memo.put(context, digest, piece)
            if len(piece.markers) == 1:
                self._expect_unmarked(context, bytes(raw), piece)
        if piece.markers:
            depth = len(self.segments) + 1
            self.breakpoints += [Breakpoint(depth + index, ttl_s) for index, ttl_s in piece.markers]
        if piece.calls:
            self.names.update(piece.calls)
        self.segments += self._named(piece) if piece.results else piece.segments
        return piece

    def _read(self, context: str, raw: bytes, read: Read, *, begin: int) -> Piece:
        """Return what `read` says of a piece. Long, because every new block of a trace passes here."""
        segments: list[Segment] = []
        places: list[Place] = []
        markers: list[tuple[int, int]] = []
        calls: list[tuple[str, str]] = []
        results: list[tuple[int, str]] = []
        origin, base = self._origin, self._base
        try:
            for whole, kind, role, content, name, call, ttl_s in read(raw):
                start, length = address(whole) - origin, len(whole)
                offset = PLACE_UNKNOWN if base < 0 else base + start
                digest = digest_block(kind, role, content)
                if ttl_s is not None:
                    markers.append((len(segments), ttl_s))
                if call and name:
                    calls.append((call, name))
                elif call:
                    results.append((len(segments), call))
                segments.append(Segment(kind, role, name, digest, len(content), offset, length))
                places.append(Place(start - begin, start - begin + length))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise wire_error(error, f"content ({context})") from None
        return Piece(tuple(segments), tuple(places), tuple(markers), tuple(calls), tuple(results))

    def _expect_unmarked(self, context: str, raw: bytes, piece: Piece) -> None:
        """Remember the piece also as it will be sent once its marker has moved on, at the next step."""
        at = piece.markers[0][0]
        start, end = piece.places[at]
        marker = _LAST_MEMBER.search(raw, max(start, end - _MARKER_MOST), end)
        if marker is None:
            return
        cut = len(marker[0])
        later = [Place(start - cut, end - cut) for start, end in piece.places[at + 1 :]]
        places = (*piece.places[:at], Place(start, end - cut), *later)
        unmarked = Piece(piece.segments, places, (), piece.calls, piece.results)
        self._memo.put(context, xxh3_128_digest(raw[: marker.start()] + raw[marker.end() :]), unmarked)

    def _named(self, piece: Piece) -> tuple[Segment, ...]:
        """Return the piece's segments with each result named after its call in *this* conversation.

        Ids such as "call_1" come again in other conversations, so a remembered name may be another tool's.
        """
        segments = piece.segments
        for at, call in piece.results:
            name = self.names.get(call, "")
            if segments[at].name != name:
                segments = (*segments[:at], replace(segments[at], name=name), *segments[at + 1 :])
        return segments


def unplaced(context: str, raw: bytes, read: Read, names: MutableMapping[str, str]) -> tuple[Segment, ...]:
    """Return the segments of `raw` where nobody asks for their places, as for an answer.

    `context` and `names` are those of `Scan`. Raises WireError where the bytes are no blocks.
    """
    try:
        found = list(read(raw))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise wire_error(error, f"content ({context})") from None
    names.update((block.call, block.name) for block in found if block.call and block.name)
    return tuple(
        [
            Segment(
                kind,
                role,
                name or (names.get(call, "") if call else ""),
                digest_block(kind, role, content),
                len(content),
                PLACE_UNKNOWN,
                len(raw),
            )
            for raw, kind, role, content, name, call, _ in found
        ]
    )


def _steady(pieces: list[Piece], calls: dict[str, str]) -> int:
    """Return how many pieces will mean the same wherever their bytes come again, and add their `calls`.

    A piece with a marker will not come again, and a result whose call is not here is named by others.
    """
    for count, piece in enumerate(pieces):
        if piece.markers:
            return count
        calls.update(piece.calls)
        if any(call not in calls for _, call in piece.results):
            return count
    return len(pieces)


def _grown(
    run: Run, stretch: memoryview, pieces: list[Piece], segments: list[Segment], calls: Mapping[str, str]
) -> Run:
    """Return `run` with `stretch` behind it; `pieces` and `segments` start where the run does."""
    hashed = run.hash.copy()
    hashed.update(stretch)
    count = len(run.segments) + sum(len(piece.segments) for piece in pieces[len(run.pieces) :])
    size = run.size + len(stretch)
    return Run(size, hashed, hashed.digest(), tuple(pieces), tuple(segments[:count]), calls)
