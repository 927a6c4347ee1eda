"""Makes a part (see `part`) from the spans of a file, in the order of the file.

Memory is what came since frames were last taken, so that one endless file stays bounded.
"""

from collections.abc import Iterator

import msgspec
import zstandard
from msgspec import Raw
from msgspec.structs import force_setattr

from farthing.ingest.part import NO_LINK, SHARDS, Frame, FrameBytes, Head, Segments, copy_row, shard_of
from farthing.prefix import Prefix
from farthing.segment import Segment, SegmentKind
from farthing.span import Span
from farthing.traces.source import Outcome

_HEAD_KINDS = (SegmentKind.TOOLS, SegmentKind.SYSTEM)


class PartWriter:
    """Takes spans in the order of the file. Memory is what is new since `frames` was last called."""

    def __init__(self) -> None:
        self.rows = bytearray()
        self._count = 0
        self._frames: dict[int, _FrameWriter] = {}
        self._tasks: dict[bytes, bytes] = {}

    def add(self, span: Span) -> None:
        """Raises ValueError or OverflowError if a value fits no part (over 2^63, half a character)."""
        shard = self._shard(span)
        self._frame(shard).add(self._count, span)
        if span.response_id:
            self.rows += copy_row(span, number=self._count, shard=shard)
        self._count += 1

    def add_outcome(self, outcome: Outcome) -> None:
        self._frame(shard_of(outcome.session)).outcomes.append(outcome)

    def frames(self) -> Iterator[FrameBytes]:
        """Yield what was added since the last call, and forget it."""
        compressor = zstandard.ZstdCompressor(level=1)
        for shard in sorted(self._frames):
            yield FrameBytes(shard, compressor.compress(self._frames.pop(shard).encoded()))
        self._tasks = {}

    def _frame(self, shard: int) -> "_FrameWriter":
        if shard not in self._frames:
            self._frames[shard] = _FrameWriter()
        return self._frames[shard]

    def _shard(self, span: Span) -> int:
        """Return where the span's session goes: all that lineage might join must go to one place."""
        step = span.step
        if step.session:
            return shard_of(step.session)
        if step.prefix is None:
            return self._count % SHARDS
        return shard_of(f"{step.account}\0{self._task(step.prefix).hex()}")

    def _task(self, tip: Prefix) -> bytes:
        """Return the digest of the first message on the chain, b"" if it has none."""
        known = self._tasks
        fresh: list[Prefix] = []
        link: Prefix | None = tip
        while link is not None and link.digest not in known:
            fresh.append(link)
            link = link.parent
        task = known[link.digest] if link else b""
        for link in reversed(fresh):
            task = task or (b"" if link.segment.kind in _HEAD_KINDS else link.segment.digest)
            known[link.digest] = task
        return task


class _FrameWriter:
    """Collects a shard; columns are made at the end in a few passes, which is cheaper than span by span."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self._links: list[Prefix] = []
        self._number_of: dict[bytes, int] = {}
        self._outputs: list[Segment] = []
        self._numbers: list[int] = []
        self._tips: list[int] = []
        self._output_counts: list[int] = []
        self._spans = bytearray()
        self._encoder = msgspec.msgpack.Encoder()

    def add(self, number: int, span: Span) -> None:
        self._encode(span)
        self._outputs += span.output
        self._numbers.append(number)
        self._tips.append(self._link(span.step.prefix))
        self._output_counts.append(len(span.output))

    def encoded(self) -> bytes:
        heads: dict[Head, int] = {}
        links = _columns([link.segment for link in self._links], heads)
        outputs = _columns(self._outputs, heads)
        count = len(self._numbers).to_bytes(4, "big")
        frame = Frame(
            [(kind, _printable(role), _printable(name)) for kind, role, name in heads],
            links,
            [self._number_of[link.parent.digest] if link.parent else NO_LINK for link in self._links],
            [link.slot for link in self._links],
            b"".join([link.digest for link in self._links]),
            outputs,
            self._numbers,
            self._tips,
            self._output_counts,
            Raw(b"\xdd" + count + self._spans),  # msgpack: an array of so many values
            self.outcomes,
        )
        return self._encoder.encode(frame)

    def _link(self, tip: Prefix | None) -> int:
        """Return the number of a link; those on the way to it that are new get theirs, front to back."""
        fresh: list[Prefix] = []
        link = tip
        while link is not None and link.digest not in self._number_of:
            fresh.append(link)
            link = link.parent
        for link in reversed(fresh):
            self._links.append(link)
            self._number_of[link.digest] = len(self._links)
        return self._number_of[tip.digest] if tip else NO_LINK

    def _encode(self, span: Span) -> None:
        """Append the span without prefix and output, which columns hold; it stays as it was."""
        step, prefix, output, before = span.step, span.step.prefix, span.output, len(self._spans)
        force_setattr(step, "prefix", None)
        force_setattr(span, "output", ())
        try:
            self._encoder.encode_into(span, self._spans, -1)
        except (ValueError, OverflowError):
            del self._spans[before:]
            raise
        finally:
            force_setattr(step, "prefix", prefix)
            force_setattr(span, "output", output)


def _columns(segments: list[Segment], heads: dict[Head, int]) -> Segments:
    """Return segments in columns; what is new among their heads gets the next number."""
    return Segments(
        [heads.setdefault((segment.kind, segment.role, segment.name), len(heads)) for segment in segments],
        [segment.size for segment in segments],
        [segment.offset for segment in segments],
        [segment.length for segment in segments],
        b"".join([segment.digest for segment in segments]),
    )


def _printable(text: str) -> str:
    """Return text that can be written: half a character, as JSON can spell it, becomes its escape."""
    return text.encode("utf-8", "backslashreplace").decode()
