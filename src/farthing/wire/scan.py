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

A place is the distance between two addresses in memory, so it is exact whatever the
whitespace, and a block that occurs twice is never mistaken for its twin. Searching for the
bytes would be: `"user"` is a role before it is a content.

To the type checker a `Raw` is bytes. At run time it only has its buffer: `bytes(raw)` copies it.
"""

import ctypes
import re
from collections.abc import Callable, Iterable, MutableMapping
from typing import NamedTuple, TypeAlias, TypeVar

import msgspec
from msgspec.structs import replace
from xxhash import xxh3_128, xxh3_128_digest

from farthing.errors import WireError
from farthing.segment import Segment, SegmentKind, digest_block
from farthing.step import Breakpoint
from farthing.wire.message import BlockMemo, Piece, Place, Run

T = TypeVar("T")
Read: TypeAlias = Callable[[bytes], Iterable["Block"]]
"""What a format says of a piece: its content blocks in order."""

PLACE_UNKNOWN = -1
"""As `base`: the body does not stand in its source as it is (escaped, compressed), so offsets are -1."""

_STRING_OPENS = ord('"')
_NESTED = ("content", "source")
_BETWEEN = b", \t\r\n"
# A marker as clients write it: the last member of its block.
_LAST_MEMBER = re.compile(rb',\s*"(?:cache_control|prompt_cache_breakpoint)"\s*:\s*\{[^{}]*\}(?=\s*\}$)')
_MARKER_MOST = 120
_NO_RUN = Run(0, xxh3_128(), xxh3_128_digest(b""), (), (), {})
_STRING = msgspec.json.Decoder(str)
_BYTE = re.compile(r"\(byte (\d+)\)")
# One whole escape at a time, so that `\\ud800` (a backslash, then letters) is not taken for a surrogate.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)


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
        self._origin = _address(body)
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
        steady = _steady(pieces[len(run.pieces) :])
        if steady:
            stretch = self._view[ends[0] : ends[steady]]
            pieces = pieces[: len(run.pieces) + steady]
            self._memo.keep(first, _grown(run, stretch, pieces, self.segments[before:]))

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
        return _address(raw) - self._origin

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
        segments: list[Segment] = []
        places: list[Place] = []
        markers: list[tuple[int, int]] = []
        calls: list[tuple[str, str]] = []
        results: list[tuple[int, str]] = []
        try:
            for index, block in enumerate(read(raw)):
                start = self._at(block.raw)
                segments.append(_segment(block, PLACE_UNKNOWN if self._base < 0 else self._base + start))
                places.append(Place(start - begin, start - begin + len(block.raw)))
                if block.ttl_s is not None:
                    markers.append((index, block.ttl_s))
                if block.call and block.name:
                    calls.append((block.call, block.name))
                elif block.call:
                    results.append((index, block.call))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise _wire_error(error, f"content ({context})") from None
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


def _steady(pieces: list[Piece]) -> int:
    """Return how many pieces stand before the first one with a marker, which will move on."""
    for at, piece in enumerate(pieces):
        if piece.markers:
            return at
    return len(pieces)


def _grown(run: Run, stretch: memoryview, pieces: list[Piece], segments: list[Segment]) -> Run:
    """Return `run` with `stretch` behind it; `pieces` and `segments` start where the run does."""
    hashed = run.hash.copy()
    hashed.update(stretch)
    new = pieces[len(run.pieces) :]
    count = len(run.segments) + sum(len(piece.segments) for piece in new)
    calls = dict(run.calls)
    for piece in new:
        calls.update(piece.calls)
    size = run.size + len(stretch)
    return Run(size, hashed, hashed.digest(), tuple(pieces), tuple(segments[:count]), calls)


def decode(decoder: "msgspec.json.Decoder[T]", body: bytes, what: str) -> tuple[T, bytes]:
    """Return what `body` holds and the buffer that its `Raw` parts are views of: `body`, or it mended.

    Raises WireError with `what` ("request body") where the bytes are not of the format.
    """
    try:
        return decoder.decode(body), body
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        mended = mend(body)
        if mended is None:
            raise _wire_error(error, what) from None
    try:
        return decoder.decode(mended), mended
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _wire_error(error, what) from None


def mend(body: bytes) -> bytes | None:
    """Return `body` with lone surrogates (`\\ud83d`) as `\\ufffd`; None if it has none.

    JavaScript writes them where a program cut a string inside an emoji; msgspec refuses the whole
    document. The replacement is as long, so places stay true.
    """
    plain = bytes(body)
    mended = _ESCAPE.sub(lambda found: b"\\ufffd" if found["lone"] else found[0], plain)
    return None if mended == plain else mended


def place_of(raw: bytes, within: bytes) -> Place:
    """Return where `raw`, decoded from `within` or from a part of it, stands there."""
    start = _address(raw) - _address(within)
    assert 0 <= start <= len(within) - len(raw), "a Raw of another buffer"
    return Place(start, start + len(raw))


def is_string(raw: bytes) -> bool:
    """Whether a checked JSON value is a string."""
    return len(raw) > 0 and memoryview(raw)[0] == _STRING_OPENS


def text(value: str) -> bytes:
    """Return the content of a block of plain text: the inside of its JSON string, in one spelling."""
    return msgspec.json.encode(value)[1:-1]


def text_of(raw: bytes) -> bytes:
    """Return what `text` does of a JSON string, without decoding it where it is spelt so already.

    Who sends other letters as they are escapes only what must be; who sends none may have escaped them.
    """
    sent = bytes(raw)[1:-1]
    if not sent.isascii():
        return sent
    value = _STRING.decode(raw)
    return sent if value.isascii() else text(value)


def respelt(raw: bytes) -> bytes:
    """Return JSON without whitespace and in one spelling, keys in the order sent: arguments of a tool.

    Providers parse what they are sent, so whitespace and escapes do not reach the cache and key order does.
    """
    try:
        return msgspec.json.encode(msgspec.json.decode(raw))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return bytes(raw)


def compact(raw: bytes, *, without: str = "") -> bytes:
    """Return the content of any other block: respelt, and less what providers treat as absent.

    That is `without`, a marker on the block or on blocks in its `content` or `source`; and null
    members. A `content` of one text block is that text.
    """
    try:
        tree: object = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return bytes(raw)
    return msgspec.json.encode(_stripped(tree, without))


def _stripped(tree: object, marker: str) -> object:
    if isinstance(tree, list):
        blocks = [_stripped(block, marker) for block in tree]
        return _only_text(blocks) if len(blocks) == 1 else blocks
    if not isinstance(tree, dict):
        return tree
    return {
        key: _stripped(value, marker) if key in _NESTED else value
        for key, value in tree.items()
        if key != marker and value is not None
    }


def _only_text(blocks: list[object]) -> object:
    match blocks:
        case [{"text": str(text), **others}] if not others or others == {"type": "text"}:
            return text
    return blocks


def _segment(block: Block, offset: int) -> Segment:
    kind, role, content = block.kind, block.role, block.content
    digest = digest_block(kind, role, content)
    return Segment(kind, role, block.name, digest, len(content), offset, len(block.raw))


def _wire_error(error: Exception, what: str) -> WireError:
    """Say what is wrong by type and place; never quote the bytes, which may be a prompt."""
    found = _BYTE.search(str(error))
    kind = "does not follow the format" if isinstance(error, msgspec.ValidationError) else "is not valid JSON"
    return WireError(f"the {what} {kind}", offset=int(found[1]) if found else None)


class _Buffer(ctypes.Structure):
    """CPython's Py_buffer, part of its stable ABI since 3.11 (docs.python.org/3/c-api/buffer.html)."""

    _fields_ = (
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.c_void_p),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_void_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    )


_get_buffer = ctypes.pythonapi.PyObject_GetBuffer
_get_buffer.argtypes = (ctypes.py_object, ctypes.POINTER(_Buffer), ctypes.c_int)
_release_buffer = ctypes.pythonapi.PyBuffer_Release
_release_buffer.argtypes = (ctypes.POINTER(_Buffer),)
_release_buffer.restype = None


def _address(buffer: bytes) -> int:
    """Return where in memory the buffer begins; the caller keeps it alive while the number is used."""
    view = _Buffer()
    _get_buffer(buffer, view, 0)
    address: int = view.buf or 0
    _release_buffer(view)
    return address
