"""What the calls of one path have left warm in the provider's cache, by the provider's own account.

A provider says of each call what it read and what it wrote, so the ends of its entries are known
exactly, without its markers and without a model of it: where a read ended there was an entry, and
where a write ends there is one now. A provider that keeps blocks by itself keeps everything it was
sent. Nothing else is expected to be read, so that a cache that is off is never a loss.
"""

from bisect import bisect_left, bisect_right
from operator import attrgetter
from typing import NamedTuple

from farthing.analysis.births import Change
from farthing.analysis.path import Piece
from farthing.engine.cache_rules import CacheRules, Placement
from farthing.segment import SegmentKind
from farthing.usage import FIVE_MINUTES_S, ONE_HOUR_S, Usage

# A shortfall up to this is not worth a word: less than any block, or the coarseness of the provider's count.
_NOISE_TOKENS = 64
_NOISE_UNITS = 2
# Caches that nobody asked for and nobody pays to write are best effort (DeepSeek, context caching
# page, 2026): on 99 recorded sessions 9 % of their reads stop up to a twentieth short.
_NOISE_FRACTION = 20
_NS_PER_S = 1_000_000_000
_MEDIA = SegmentKind.MEDIA


class Warmth:
    """A machine without I/O; a call costs its new pieces.

    `last` is the index of the call that used the cache last. `thought` and `media` tell whether an
    answer has had thinking and a context an image.
    """

    def __init__(self, rules: CacheRules) -> None:
        self.rules = rules
        self.keeps_blocks = rules.placement is Placement.BLOCKS
        self.pieces: list[Piece] = []
        self.last = -1
        self.thought = False
        self.media = False
        self._ends: list[int] = []
        self._stops: list[_Stop] = []
        self._one_hour_end = 0
        self._block_end = 0

    @property
    def tokens(self) -> int:
        """How much of the last context may be read again."""
        if self.keeps_blocks:
            return self._whole_blocks(self._block_end)
        return self._stops[-1].tokens if self._stops else 0

    def expected(self, kept: int, *, alive_ns: int | None) -> int:
        """Return how much of the first `kept` pieces may be read, by entries that lived at `alive_ns`.

        Reading an entry keeps that one alive, not those in front of it (see `PrefixCache`).
        """
        if self.keeps_blocks:
            return self._whole_blocks(min(self._ends[kept - 1] if kept else 0, self._block_end))
        reached = bisect_right(self._stops, kept, key=_pieces)
        alive = (stop.tokens for stop in reversed(self._stops[:reached]) if self._lives(stop, alive_ns))
        return next(alive, 0)

    def noise(self, expected: int) -> int:
        """Return the shortfall that is passed over where so much was expected."""
        if self.keeps_blocks:
            return max(_NOISE_UNITS * self.rules.granularity, expected // _NOISE_FRACTION)
        return _NOISE_TOKENS

    def ttl_s(self, position: int) -> int:
        """Return how long what stands at `position` lives; five minutes where no rule is known."""
        if position < self._one_hour_end:
            return ONE_HOUR_S
        return self.rules.default_ttl_s or FIVE_MINUTES_S

    def index_at(self, position: int) -> int:
        """Return the index of the piece that holds the token at `position`."""
        return bisect_right(self._ends, position)

    def touched(self, position: int) -> int:
        """Return how many pieces begin in front of `position`."""
        return min(bisect_left(self._ends, position) + 1, len(self._ends))

    def take(self, index: int, change: Change, usage: Usage, *, at_ns: int | None) -> None:
        """Note a call: how it changed the path, and what the provider read and wrote."""
        self._follow(change)
        read = usage.cache_read_input_tokens
        if self.keeps_blocks:
            self._block_end, self.last = usage.input_tokens, index
        if read or usage.cache_writes:
            one_hour, end = self._written(read, usage)
            self._one_hour_end = one_hour if one_hour > read else min(self._one_hour_end, read)
            self._mark(read, one_hour, end, at_ns)
            self.last = index

    def _written(self, read: int, usage: Usage) -> tuple[int, int]:
        """Return where what was written for an hour ends, and where all that was written does."""
        one_hour = end = read
        for write in usage.cache_writes:
            end += write.tokens
            if write.ttl_s == ONE_HOUR_S:
                one_hour += write.tokens
        return one_hour, end

    def _lives(self, stop: "_Stop", at_ns: int | None) -> bool:
        if at_ns is None or stop.used_ns is None:
            return True
        return at_ns <= stop.used_ns + self.ttl_s(stop.tokens - 1) * _NS_PER_S

    def _whole_blocks(self, tokens: int) -> int:
        whole = tokens // self.rules.granularity * self.rules.granularity
        return whole if whole >= self.rules.minimum_tokens else 0

    def _follow(self, change: Change) -> None:
        ends, stops = self._ends, self._stops
        if change.kept < len(ends):
            del ends[change.kept :], self.pieces[change.kept :]
            del stops[bisect_right(stops, change.kept, key=_pieces) :]
        end = ends[-1] if ends else 0
        for piece in change.pieces:
            end += piece.tokens
            ends.append(end)
            if piece.kind is _MEDIA:
                self.media = True
        self.pieces += change.pieces

    def _mark(self, read: int, one_hour: int, end: int, at_ns: int | None) -> None:
        """Note the entries that a call used and made; those behind what it could read are gone."""
        stops = self._stops
        while stops and stops[-1].tokens > read:
            stops.pop()
        if stops and stops[-1].tokens == read:
            stops[-1] = stops[-1]._replace(used_ns=at_ns)
        elif read:
            stops.append(_Stop(read, self.touched(read), at_ns))
        if read < one_hour < end:
            stops.append(_Stop(one_hour, self.touched(one_hour), at_ns))
        if end > read:
            stops.append(_Stop(end, self.touched(end), at_ns))


class _Stop(NamedTuple):
    """The end of an entry, the number of pieces that it covers (one in part included), and its last use."""

    tokens: int
    pieces: int
    used_ns: int | None


_pieces = attrgetter("pieces")
