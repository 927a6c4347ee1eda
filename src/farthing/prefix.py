"""A prefix is a persistent chain of segments: a step shares all but its new links with the one before.

An agent re-sends its whole context at every step, so a session of 3,000 steps holds millions
of blocks but only thousands of different ones. A chain keeps the cost of a step at what is
new in it. The cumulative digest makes two chains comparable across files and processes:
equal digests mean equal context from the first byte.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct
from xxhash import xxh3_128_digest

from farthing.segment import Segment, SegmentKind

_RUNS = (SegmentKind.TOOL_CALL, SegmentKind.TOOL_RESULT)


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
    if parent is None:
        return Prefix(None, segment, segment.digest, 1, segment.size, 1, tokens_end)
    digest = xxh3_128_digest(parent.digest + segment.digest)
    size_end = parent.size_end + segment.size
    slot = parent.slot if _continues_run(parent.segment, segment) else parent.slot + 1
    return Prefix(parent, segment, digest, parent.depth + 1, size_end, slot, tokens_end)


class Chains:
    """Interns chains, so that equal contexts are the same objects and a step costs what is new.

    A machine without I/O. One per source file or session: it holds every link it has made.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, Prefix] = {}

    def extend(self, parent: Prefix | None, segment: Segment) -> Prefix:
        """Return the one link for `segment` behind `parent`; the first segment seen keeps its place."""
        digest = segment.digest if parent is None else xxh3_128_digest(parent.digest + segment.digest)
        known = self._known.get(digest)
        if known is None:
            known = self._known[digest] = extend(parent, segment)
        return known

    def of(self, segments: Iterable[Segment], *, parent: Prefix | None = None) -> Prefix | None:
        """Return the chain of `segments` behind `parent`; None if both are empty."""
        for segment in segments:
            parent = self.extend(parent, segment)
        return parent


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


def _continues_run(before: Segment, segment: Segment) -> bool:
    return segment.kind is before.kind and segment.kind in _RUNS


def _climb(prefix: Prefix | None, above: int) -> Iterator[Prefix]:
    while prefix is not None and prefix.depth > above:
        yield prefix
        prefix = prefix.parent
