"""A part: what one file (or a range of one) gave, as compact bytes that load fast and hold no text.

It is made of frames. A frame holds the spans of one shard, a fixed share of all sessions, so that a
corpus is analysed shard by shard and never lies in memory whole. Links of prefix chains stand once in
a frame, as columns of (parent, segment); spans follow as they are, without prefix and output, which
are found again by number. Beside the frames goes a row for each span that has a response id, with
what it takes to find copies of it in other parts. `part_writer` makes what this module reads.
"""

from collections.abc import Collection, Iterable, Iterator
from itertools import islice, repeat
from struct import Struct as Layout
from typing import NamedTuple

import msgspec
import zstandard
from msgspec import Raw, Struct
from msgspec.structs import force_setattr
from xxhash import xxh3_64_intdigest

from farthing.ingest.file_source import Beside
from farthing.ingest.walk import SkippedAt
from farthing.prefix import Prefix
from farthing.segment import Segment, SegmentKind
from farthing.span import Span
from farthing.traces.source import Outcome

SHARDS = 64

Count = tuple[str, int]

NO_LINK = 0  # links are numbered from 1
_MOST = 2**63 - 1
_ROW = Layout("<QqqIBB")
COPY_BYTES = _ROW.size

Head = tuple[SegmentKind, str, str]


class Copy(NamedTuple):
    """What tells copies of one call apart; `response` is a digest of its response id.

    `number` counts the spans of a part in the order of the file.
    """

    response: int
    output_tokens: int
    at_ns: int
    number: int
    shard: int
    replayed: int


def copies(rows: bytes) -> Iterator[tuple[int, int, int, int, int, int]]:
    """Return the rows of a part as tuples in the order of `Copy`: there are many, and few are looked at."""
    return _ROW.iter_unpack(rows)


def copy_row(span: Span, *, number: int, shard: int) -> bytes:
    output_tokens = 0
    for charge in span.charges:
        output_tokens += charge.usage.output_tokens
    at_ns = _MOST if span.step.at_ns is None else min(max(span.step.at_ns, -_MOST), _MOST)
    response = xxh3_64_intdigest(span.response_id.encode())
    return _ROW.pack(response, min(output_tokens, _MOST), at_ns, number, shard, span.replayed)


class Segments(Struct, frozen=True, array_like=True):
    """Segments in columns; `heads` number (kind, role, name) in the frame, `digests` are 16 bytes each."""

    heads: list[int]
    sizes: list[int]
    offsets: list[int]
    lengths: list[int]
    digests: bytes


class Frame(Struct, frozen=True, array_like=True):
    """The spans of one shard; the lists from `numbers` to `output_counts` have one entry for each of them."""

    heads: list[Head]
    links: Segments
    parents: list[int]
    slots: list[int]
    chain_digests: bytes
    outputs: Segments
    numbers: list[int]
    tips: list[int]
    output_counts: list[int]
    spans: Raw
    outcomes: list[Outcome]


class FrameBytes(NamedTuple):
    """A frame as it is kept."""

    shard: int
    data: bytes


class Summary(Struct, frozen=True, kw_only=True, array_like=True):
    """What the report says of a part, and what later stages need before its frames are loaded.

    `format` is "" where no reader knows the file. A `member` is read with another file and is no
    source of its own. `ranges` is the number of parts that the whole file has. `rows` are its
    `copies`. `models` are those billed, as (provider, model). `besides` are the other files that it
    depends on.
    """

    format: str = ""
    member: bool = False
    ranges: int = 1
    records: int = 0
    steps: int = 0
    rows: bytes = b""
    rules: tuple[Count, ...] = ()
    models: tuple[tuple[str, str], ...] = ()
    dropped: tuple[Count, ...] = ()
    skipped: tuple[SkippedAt, ...] = ()
    notes: tuple[str, ...] = ()
    besides: tuple[Beside, ...] = ()


def shard_of(session: str) -> int:
    return xxh3_64_intdigest(session.encode()) % SHARDS


_FRAMES = msgspec.msgpack.Decoder(Frame)
_SPANS = msgspec.msgpack.Decoder(list[Span])


class FrameReader:
    """Loads the frames of one shard; links that several frames hold become the same objects."""

    def __init__(self) -> None:
        self._known: dict[bytes, Prefix] = {}

    def load(
        self, data: bytes, *, source: int, dropped: Collection[int]
    ) -> tuple[list[tuple[int, Span]], list[Outcome]]:
        """Return the spans with their numbers, without those `dropped`, and the outcomes."""
        frame = _FRAMES.decode(zstandard.ZstdDecompressor().decompress(data))
        links = self._links(frame, source)
        outputs = iter(_segments(frame.outputs, frame.heads, source))
        kept = []
        rows = zip(_SPANS.decode(frame.spans), frame.numbers, frame.tips, frame.output_counts, strict=True)
        for span, number, tip, output_count in rows:
            force_setattr(span.step, "prefix", links[tip])
            if output_count:
                force_setattr(span, "output", tuple(islice(outputs, output_count)))
            if number not in dropped:
                kept.append((number, span))
        return kept, frame.outcomes

    def _links(self, frame: Frame, source: int) -> list[Prefix | None]:
        """Return the links by their numbers, None for no link."""
        known = self._known
        links: list[Prefix | None] = [None]
        segments = _segments(frame.links, frame.heads, source)
        rows = zip(segments, frame.parents, frame.slots, _digests(frame.chain_digests), strict=True)
        for segment, parent, slot, digest in rows:
            link = known.get(digest)
            if link is None:
                above = links[parent]
                depth, size = (above.depth, above.size_end) if above else (0, 0)
                link = known[digest] = Prefix(above, segment, digest, depth + 1, size + segment.size, slot)
            links.append(link)
        return links


def _segments(columns: Segments, heads: list[Head], source: int) -> Iterable[Segment]:
    kinds, roles, names = ([heads[number][part] for number in columns.heads] for part in range(3))
    digests = _digests(columns.digests)
    places = columns.sizes, columns.offsets, columns.lengths
    return map(Segment, kinds, roles, names, digests, *places, repeat(source))


def _digests(joined: bytes) -> list[bytes]:
    return [joined[start : start + 16] for start in range(0, len(joined), 16)]
