"""Recorded calls as the cache model sees them: chains whose links know their tokens, and markers on links.

`births` fixes what each piece counts; here the links of the recorded chain get their lengths from
it. Between blocks that is an estimate, but a provider measures some links exactly: what a call read
and wrote together ends at its last marker, what it read alone ends at an entry. Such a link is
pinned there (see `Ruler`). What a call read pins a link for the calls behind it only: the cache model
is to foretell that very number and must not see it beforehand.

Two things that a source may leave out are inferred:

- A system prompt or tool schemas are one link in front of the chain. All sessions of the model
  share it, or as much of it as their first call read: they are the same agent's.
- Of markers, one stood where the call's last write ended and one behind the system prompt, as in the
  requests of Claude Code 2.1.197 and pi (read on 2026-11-23).
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct

from farthing.analysis.births import DERIVED_TOOLS, NOT_RECORDED, Change, primary
from farthing.analysis.path import Piece
from farthing.analysis.ruler import Ruler
from farthing.engine.cache_rules import Placement, rules_for
from farthing.engine.prefix_cache import WRITTEN_BY_THE_MODEL, Marker
from farthing.prefix import Prefix, extend, links
from farthing.segment import Level, Segment, SegmentKind, digest_block
from farthing.session import Session
from farthing.span import Span
from farthing.step import Breakpoint
from farthing.usage import FIVE_MINUTES_S, Usage

# How far from where it is believed to end a link may be found: births are right to a few per cent.
_NEAR_TOKENS = 64
_NEAR_FRACTION = 16


class Weighed(Struct, frozen=True, kw_only=True):
    """One call's context: a chain that ends at or just before the reported input, and the markers on it.

    `unseen` are the contexts of calls that were made since the path's last one and are not recorded:
    an answer that is sent back was given to a call, and its context ended in front of that answer.
    `assumed` tells that the source does not record the markers. `head` is the end of a level that the
    source does not record and that is new, so that its length and warmth were taken from this very
    call; None otherwise.
    """

    prefix: Prefix
    markers: tuple[Marker, ...]
    unseen: tuple[Prefix, ...]
    assumed: bool
    head: Prefix | None


def weigh(session: Session, changes: Sequence[Change]) -> list[Weighed | None]:
    """Return each call's context, beside its span; None for a call without counted input."""
    paths: dict[int, _Path] = {}
    found: list[Weighed | None] = []
    for span, change in zip(session.spans, changes, strict=True):
        path = paths.get(change.path)
        if path is None and change.path >= 0:
            path = paths[change.path] = _path(session.id, change, span)
        found.append(None if path is None else path.call(change, span))
    return found


def _path(session: str, change: Change, span: Span) -> "_Path":
    charge = primary(span)
    assert charge is not None, "a path begins with a counted call"
    placement = rules_for(span.step.provider, charge.model).placement
    stands = placement in (Placement.MARKERS, Placement.MESSAGES)
    return _Path(f"{session}\0{change.path}", charge.model, at_markers=stands)


class _Path:
    """The links of one path, front to back, each with its depth in the recorded chain.

    A remainder behind the front has no link of its own: its tokens are the next link's. A machine
    without I/O; a call costs its new links.
    """

    def __init__(self, name: str, model: str, *, at_markers: bool) -> None:
        self._name = name
        self._model = model
        self._at_markers = at_markers
        self._segments: list[Segment] = []
        self._depths: list[int] = []
        self._links: list[Prefix] = []
        self._new = 0
        self._sizes: dict[bytes, int] = {}
        self._tips: set[bytes] = set()
        self._caches = False
        self._ruler = Ruler()

    def call(self, change: Change, span: Span) -> Weighed | None:
        """Follow one call, and return how it looks to the cache."""
        charge = primary(span)
        assert charge is not None, "a change of a path has a counted call"
        self._follow(change, span.step.prefix)
        if not self._segments:
            return None
        usage, infers = charge.usage, self._infers(change)
        self._ruler.release(beyond=usage.input_tokens)
        marked = self._marked(span.step.breakpoints, usage)
        unseen = [] if change.previous < 0 else self._unseen()
        if infers and not self._pin_read(usage, marked) and change.previous < 0:
            marked = self._split(usage, marked)
        self._renew()
        weighed = Weighed(
            prefix=self._links[-1],
            markers=self._markers(marked, span.step.breakpoints or (), usage),
            unseen=tuple(self._links[index] for index in unseen),
            assumed=bool(marked) and not span.step.breakpoints,
            head=self._links[max(self._head() - 1, 0)] if infers else None,
        )
        self._tips.add(self._segments[-1].digest)
        self._pin_read(usage, [index for index in marked if index < self._new or index in unseen])
        self._renew()
        return weighed

    def _follow(self, change: Change, prefix: Prefix | None) -> None:
        """Take over the links of a call; `_new` is the first that the path did not have before."""
        if prefix is not None:
            self._cut(bisect_right(self._depths, change.shared))
        self._new = len(self._segments)
        tokens: defaultdict[int, int] = defaultdict(int)
        for piece in change.pieces:
            if piece.segment is None and (
                piece.name == NOT_RECORDED or (not piece.depth and not self._segments)
            ):
                self._push(self._stand_in(piece), piece.depth, piece.tokens)
            else:
                tokens[piece.depth] += piece.tokens
        for link in links(prefix, above=change.shared):
            known = self._sizes.get(link.segment.digest)
            self._push(link.segment, link.depth, tokens[link.depth] if known is None else known)

    def _cut(self, count: int) -> None:
        del self._segments[count:], self._depths[count:]
        self._ruler.cut(count)

    def _push(self, segment: Segment, depth: int, tokens: int) -> None:
        self._segments.append(segment)
        self._depths.append(depth)
        self._ruler.push(tokens)

    def _stand_in(self, piece: Piece) -> Segment:
        """Return a segment for what the source leaves out, at the level where it stands."""
        if piece.name == NOT_RECORDED:
            return _unseen(SegmentKind.REMAINDER, piece.name, f"{self._name}\0{len(self._segments)}")
        kind = SegmentKind.TOOLS if piece.name == DERIVED_TOOLS else SegmentKind.SYSTEM
        return _unseen(kind, piece.name, self._model)

    def _infers(self, change: Change) -> bool:
        """Tell whether a level that the source does not record is new in this call."""
        head = self._segments[: self._head()]
        if all(segment.size for segment in head):
            return False
        return change.previous < 0 or change.shared < self._depths[len(head) - 1]

    def _head(self) -> int:
        """Return the number of links in front of the messages."""
        levels = (at for at, segment in enumerate(self._segments) if segment.level is Level.MESSAGES)
        return next(levels, len(self._segments))

    # Markers and pins

    def _marked(self, breakpoints: Sequence[Breakpoint] | None, usage: Usage) -> list[int]:
        """Return the links with a marker, front to back, and pin what the counts say of the last one."""
        tip, end = len(self._segments) - 1, usage.cache_read_input_tokens + usage.cache_creation_input_tokens
        if not self._at_markers:
            self._ruler.pin(tip, usage.input_tokens)
            return []
        if breakpoints:
            marked = sorted({self._index(point) for point in breakpoints} - {-1})
        else:
            marked = self._assumed(end, usage, tip)
        if end and marked:
            self._ruler.pin(marked[-1], end)
        self._ruler.pin(tip, usage.input_tokens)
        return marked

    def _assumed(self, end: int, usage: Usage, tip: int) -> list[int]:
        self._caches = self._caches or end > 0
        if not self._caches:
            return []
        last = tip
        if end and usage.input_tokens - end > _NEAR_TOKENS:
            self._ruler.pin(tip, usage.input_tokens)
            last = self._ruler.nearest(end)
        head = self._head() - 1
        return [head, last] if 0 <= head < last else [last]

    def _pin_read(self, usage: Usage, sent: Sequence[int]) -> bool:
        """Pin that of the links `sent` before where the call's read ended; return whether it can be told."""
        read, ruler = usage.cache_read_input_tokens, self._ruler
        if not read or not sent or ruler.at(read) is not None:
            return True
        free = [index for index in sent if not ruler.is_pinned(index)]
        best = min(free, key=lambda index: abs(ruler.ends[index] - read), default=None)
        if best is None or abs(ruler.ends[best] - read) > _NEAR_TOKENS + read // _NEAR_FRACTION:
            return False
        ruler.pin(best, read)
        return True

    def _split(self, usage: Usage, marked: list[int]) -> list[int]:
        """Divide the front where the first call's read ended, for the rest is this session's own."""
        read, whole = usage.cache_read_input_tokens, self._segments[0]
        if whole.size or read >= self._ruler.ends[0]:
            return marked
        self._segments[0] = _unseen(whole.kind, whole.name, self._name)
        self._segments.insert(0, _unseen(whole.kind, whole.name, f"{self._model}\0{read}"))
        self._depths.insert(0, 0)
        self._ruler.split(read)
        return [0, *(index + 1 for index in marked)]

    # The chain

    def _renew(self) -> None:
        """Make the links anew from the first one that has moved."""
        del self._links[self._ruler.moved :]
        for segment, end in zip(
            self._segments[len(self._links) :], self._ruler.ends[len(self._links) :], strict=True
        ):
            parent = self._links[-1] if self._links else None
            self._sizes[segment.digest] = end - ((parent.tokens_end or 0) if parent else 0)
            self._links.append(extend(parent, segment, tokens_end=end))
        self._ruler.moved = len(self._links)

    def _markers(
        self, marked: Sequence[int], breakpoints: Sequence[Breakpoint], usage: Usage
    ) -> tuple[Marker, ...]:
        written = next((write.ttl_s for write in usage.cache_writes if write.ttl_s), FIVE_MINUTES_S)
        asked = {self._index(point): point.ttl_s for point in breakpoints}
        return tuple(Marker(self._links[index], asked.get(index, written)) for index in marked)

    def _index(self, point: Breakpoint) -> int:
        return bisect_right(self._depths, point.depth) - 1

    def _unseen(self) -> list[int]:
        """Return the links where contexts ended that were answered since the last recorded one."""
        found: list[int] = []
        for at in range(len(self._segments) - 1, self._new, -1):
            answer, asked = self._segments[at], self._segments[at - 1]
            if answer.kind in WRITTEN_BY_THE_MODEL and asked.kind not in WRITTEN_BY_THE_MODEL:
                if asked.digest in self._tips:
                    break
                found.append(at - 1)
        return found[::-1]


def _unseen(kind: SegmentKind, name: str, owner: str) -> Segment:
    return Segment(kind, "", name, digest_block(kind, owner, name.encode()), 0)
