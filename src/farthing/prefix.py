"""A prefix is a persistent chain of segments: a step shares all but its new links with the one before.

An agent re-sends its whole context at every step, so a session of 3,000 steps holds millions
of blocks but only thousands of different ones. A chain keeps the cost of a step at what is
new in it. The cumulative digest makes two chains comparable across files and processes:
equal digests mean equal context from the first byte.
"""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from xxhash import xxh3_128_digest

from farthing.segment import Segment, SegmentKind

_RUNS = (SegmentKind.TOOL_CALL, SegmentKind.TOOL_RESULT)
_ENDS_MOST = 256  # contexts that are held whole; one that is not among them is only slower to go on from


class Prefix(Struct, frozen=True, eq=False):
    """The context up to and including `segment`; `depth` counts links from 1.

    `digest` covers every segment up to here. `size_end` is bytes, `tokens_end` tokens up to and
    including this link; tokens are None until a provider's count has fixed them (see
    `analysis/births.py`). `slot` counts the positions that a provider's look-back counts: a run
    of tool calls is one position, and so is a run of tool results (Anthropic, prompt
    caching page, 2026-09).
    """

    parent: "Prefix | None"
    segment: Segment
    digest: bytes
    depth: int
    size_end: int
    slot: int
    tokens_end: int | None = None


def extend(parent: Prefix | None, segment: Segment, *, tokens_end: int | None = None) -> Prefix:
    """Return `parent` with one more segment behind it; `parent` None starts a chain."""
    digest = segment.digest if parent is None else xxh3_128_digest(parent.digest + segment.digest)
    return _link(parent, segment, digest, tokens_end)


class Chains:
    """Interns chains, so that equal contexts are the same objects and a step costs what is new.

    A machine without I/O. One per source file or session: it holds every link it has made.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, Prefix] = {}
        self._ends: dict[bytes, tuple[Sequence[Segment], Prefix]] = {}

    def extend(self, parent: Prefix | None, segment: Segment) -> Prefix:
        """Return the one link for `segment` behind `parent`; the first segment seen keeps its place."""
        digest = segment.digest if parent is None else xxh3_128_digest(parent.digest + segment.digest)
        known = self._known.get(digest)
        if known is None:
            known = self._known[digest] = _link(parent, segment, digest)
        return known

    def of(self, segments: Iterable[Segment], *, parent: Prefix | None = None) -> Prefix | None:
        """Return the chain of `segments` behind `parent`; None if both are empty."""
        for segment in segments:
            parent = self.extend(parent, segment)
        return parent

    def of_whole(self, segments: tuple[Segment, ...]) -> Prefix | None:
        """Return what `of` does, at the cost of what is new where a context told before goes on.

        A conversation of n calls would otherwise hash its first block n times. Only contexts that ended where
        this one goes on are compared, block by block, which is by identity where a memo gave them.
        """
        if not segments:
            return None
        known, tip = self._longest_told(segments)
        tip = self.of(segments[known:], parent=tip)
        if tip is not None:
            if len(self._ends) == _ENDS_MOST:
                del self._ends[next(iter(self._ends))]
            self._ends[segments[-1].digest] = segments, tip
        return tip

    def _longest_told(self, segments: tuple[Segment, ...]) -> tuple[int, Prefix | None]:
        """Return how many of `segments` are a context told before, and its tip; it is told no more."""
        for count in range(len(segments), 0, -1):
            end = segments[count - 1].digest
            if end in self._ends and self._ends[end][0] == segments[:count]:
                return count, self._ends.pop(end)[1]
        return 0, None


def links(prefix: Prefix | None, *, above: int = 0) -> list[Prefix]:
    """Return the links deeper than `above`, front to back; the cost is their number."""
    found = list(_climb(prefix, above))
    found.reverse()
    return found


def shared(left: Prefix | None, right: Prefix | None) -> Prefix | None:
    """Return the deepest link (of `left`) that both chains have; None if they differ at once.

    Walks only what is not shared when the two chains hold the same objects, as chains grown
    from one another do; otherwise it compares digests.
    """
    while left is not None and right is not None:
        if left is right or left.digest == right.digest:
            return left
        if left.depth > right.depth:
            left = left.parent
        elif right.depth > left.depth:
            right = right.parent
        else:
            left, right = left.parent, right.parent
    return None


def _link(parent: Prefix | None, segment: Segment, digest: bytes, tokens_end: int | None = None) -> Prefix:
    if parent is None:
        return Prefix(None, segment, digest, 1, segment.size, 1, tokens_end)
    size_end = parent.size_end + segment.size
    slot = parent.slot if _continues_run(parent.segment, segment) else parent.slot + 1
    return Prefix(parent, segment, digest, parent.depth + 1, size_end, slot, tokens_end)


def _continues_run(before: Segment, segment: Segment) -> bool:
    return segment.kind is before.kind and segment.kind in _RUNS


def _climb(prefix: Prefix | None, above: int) -> Iterator[Prefix]:
    while prefix is not None and prefix.depth > above:
        yield prefix
        prefix = prefix.parent
