"""A path is what one model was last sent in one conversation: pieces in cache order that sum to its count."""

from msgspec import Struct
from msgspec.structs import replace

from farthing.prefix import Prefix
from farthing.segment import Segment, SegmentKind

_REASONING = SegmentKind.REASONING
_SHRINK_REACH = 64


class Piece(Struct, frozen=True, gc=False):
    """A stretch of a path: a block, or a remainder that stands for none (`segment` None).

    `fresh` tells that the session sends it for the first time. `depth` is that of its link in the
    chain; 0 stands in front of the chain and survives whatever happens behind it.
    """

    kind: SegmentKind
    name: str
    tokens: int
    fresh: bool
    depth: int
    segment: Segment | None = None


class Path:
    """Pieces and their sum. A machine without I/O; each operation costs what it adds or drops."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.tip: Prefix | None = None
        self.last = -1
        self.tokens = 0
        self.pieces: list[Piece] = []
        self._grown = 0

    @property
    def depth(self) -> int:
        return self.pieces[-1].depth if self.pieces else 0

    def grow(self, pieces: list[Piece], *, tokens: int) -> None:
        """Add pieces at the end, which bring the path to `tokens`; their depths never fall."""
        self.pieces += pieces
        self.tokens = tokens
        self._grown += len(pieces)

    def cut(self, depth: int) -> int:
        """Drop what stands behind the link at `depth` and return its tokens."""
        before = self.tokens
        while self.pieces and self.pieces[-1].depth > depth:
            self.tokens -= self.pieces.pop().tokens
        return before - self.tokens

    def shrink(self, tokens: int) -> list[Piece]:
        """Drop pieces from the end and return what takes their place, `tokens` fewer in all.

        Providers strip reasoning and clear old results without a trace in the request. Which tokens
        went cannot be seen: reasoning is taken first, then the newest. The search for reasoning
        reaches back no further than the path has grown since the last one, so that all of
        them together cost no more than growing it.
        """
        taken = self._taken(tokens)
        first = min(taken, default=len(self.pieces))
        left = [
            replace(piece, tokens=piece.tokens - taken.get(at, 0), fresh=False)
            for at, piece in enumerate(self.pieces[first:], first)
        ]
        self.tokens -= sum(piece.tokens for piece in self.pieces[first:])
        del self.pieces[first:]
        self._grown = -len(left)  # they come back, and are no growth
        return [piece for piece in left if piece.tokens]

    def _taken(self, tokens: int) -> dict[int, int]:
        newest_first = range(len(self.pieces) - 1, -1, -1)
        reach = max(_SHRINK_REACH, 2 * self._grown)
        taken: dict[int, int] = {}
        for at in newest_first[:reach]:
            if tokens and self.pieces[at].kind is _REASONING:
                taken[at] = min(tokens, self.pieces[at].tokens)
                tokens -= taken[at]
        for at in newest_first:
            if not tokens:
                break
            more = min(tokens, self.pieces[at].tokens - taken.get(at, 0))
            taken[at] = taken.get(at, 0) + more
            tokens -= more
        return taken
