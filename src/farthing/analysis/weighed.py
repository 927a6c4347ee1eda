"""Recorded calls as the cache model sees them: chains whose links know their tokens, and markers on links.

`births` fixes what each piece counts; here the pieces become a chain again, with the remainders as
links of their own, so that a prefix has the length that the provider counted. What a source
does not record (a system prompt, tool schemas) is one link that all sessions of the model share:
they are the same agent's, which replay states as an assumption.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct

from farthing.analysis.births import Change
from farthing.analysis.path import Piece
from farthing.engine.prefix_cache import Marker
from farthing.prefix import Prefix, extend
from farthing.segment import Segment, digest_block
from farthing.session import Session
from farthing.step import Breakpoint


class Weighed(Struct, frozen=True):
    """One call's context: a chain that ends at the reported input, and the markers that were sent."""

    prefix: Prefix
    markers: tuple[Marker, ...]


def weigh(session: Session, changes: Sequence[Change]) -> list[Weighed | None]:
    """Return each call's context, beside its span; None for a call without counted input."""
    paths: defaultdict[int, _Links] = defaultdict(_Links)
    found: list[Weighed | None] = []
    for span, change in zip(session.spans, changes, strict=True):
        if change.path < 0:
            found.append(None)
            continue
        path = paths[change.path]
        path.change(change, span.step.model)
        tip = path.links[-1] if path.links else None
        found.append(None if tip is None else Weighed(tip, path.markers(span.step.breakpoints or ())))
    return found


class _Links:
    """A path's links and their depths in the recorded chain, front to back."""

    def __init__(self) -> None:
        self.links: list[Prefix] = []
        self._depths: list[int] = []

    def change(self, change: Change, model: str) -> None:
        del self.links[change.kept :], self._depths[change.kept :]
        for piece in change.pieces:
            parent = self.links[-1] if self.links else None
            tokens = (parent.tokens_end or 0) if parent is not None else 0
            self.links.append(extend(parent, _segment(piece, model), tokens_end=tokens + piece.tokens))
            self._depths.append(piece.depth)

    def markers(self, breakpoints: Sequence[Breakpoint]) -> tuple[Marker, ...]:
        """Return the breakpoints on the links that end at or before their depth."""
        at = [(bisect_right(self._depths, point.depth) - 1, point.ttl_s) for point in breakpoints]
        return tuple(Marker(self.links[index], ttl_s) for index, ttl_s in at if index >= 0)


def _segment(piece: Piece, model: str) -> Segment:
    if piece.segment is not None:
        return piece.segment
    digest = digest_block(piece.kind, model, piece.name.encode())
    return Segment(piece.kind, "", piece.name, digest, 0)
