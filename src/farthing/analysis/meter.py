"""A meter counts what each piece of a path is billed as, at the cost of what is new in each call.

A piece is billed at every call that sends it. Adding that up piece by piece would take the square
of a session's length. Instead each call notes once, where a price band ends, that everything up to
there was billed so; a piece's own count is the sum of the notes at it and behind it, taken when
it leaves the path. Only a piece that a band's edge divides is booked at once.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate, repeat
from operator import add, mul, sub

from farthing.analysis.charges import Band, PriceClass
from farthing.analysis.path import Piece
from farthing.segment import Segment


class Books:
    """Sums over a session: tokens by lane and part, and what the sendings of each block came to.

    A lane is a price class at one rate, a part is the number of one part of the bill; a block is
    known by its digest.
    """

    def __init__(self) -> None:
        self.lanes: list[tuple[PriceClass, int]] = []
        self.tokens: list[defaultdict[int, int]] = []
        self.sent_tokens: defaultdict[bytes, int] = defaultdict(int)
        self.cost_picousd: defaultdict[bytes, int] = defaultdict(int)
        self._numbers: dict[tuple[PriceClass, int], int] = {}

    def lane(self, price_class: PriceClass, rate: int) -> int:
        number = self._numbers.get((price_class, rate))
        if number is None:
            number = self._numbers[price_class, rate] = len(self.lanes)
            self.lanes.append((price_class, rate))
            self.tokens.append(defaultdict(int))
        return number

    def book_block(self, segment: Segment | None, tokens: int, cost_picousd: int) -> None:
        if segment is not None:
            self.sent_tokens[segment.digest] += tokens
            self.cost_picousd[segment.digest] += cost_picousd


class Meter:
    """The pieces of one path in order: where each ends, its part, and the notes of each lane.

    `follows_blocks` tells whether blocks are booked one by one, too.
    """

    def __init__(self, books: Books, *, follows_blocks: bool) -> None:
        self._books = books
        self._follows_blocks = follows_blocks
        self._pieces: list[Piece] = []
        self._parts: list[int] = []
        self._ends: list[int] = []
        self._notes: dict[int, list[int]] = {}

    def push(self, pieces: Sequence[Piece], parts: Sequence[int]) -> None:
        """Add pieces behind the others; `parts` says to which part each belongs."""
        end = self._ends[-1] if self._ends else 0
        for piece in pieces:
            end += piece.tokens
            self._ends.append(end)
        self._pieces += pieces
        self._parts += parts
        nothing = [0] * len(pieces)
        for notes in self._notes.values():
            notes.extend(nothing)

    def bill(self, laid: Sequence[Band]) -> None:
        """Bill every token once more; the bands follow one another from the first token to the last."""
        behind, notes_behind = -1, list[int]()
        for band in reversed(laid):
            lane = self._books.lane(band.price_class, band.rate)
            notes = self._notes.get(lane)
            if notes is None:
                notes = self._notes[lane] = [0] * len(self._ends)
            whole = bisect_right(self._ends, band.end) - 1
            if whole >= 0:
                notes[whole] += 1
                if behind >= 0:
                    notes_behind[whole] -= 1
            if whole + 1 < len(self._ends):
                begun = band.end - self._ends[whole] if whole >= 0 else band.end
                self._divide(whole + 1, begun, lane, behind)
            behind, notes_behind = lane, notes

    def _divide(self, at: int, begun: int, lane: int, behind: int) -> None:
        """Book the first `begun` tokens of a piece in `lane`, and take them off the lane behind it."""
        for into, tokens in ((lane, begun), (behind, -begun)):
            self._books.tokens[into][self._parts[at]] += tokens
            if self._follows_blocks:
                cost = tokens * self._books.lanes[into][1]
                self._books.book_block(self._pieces[at].segment, tokens, cost)

    def cut(self, kept: int) -> None:
        """Settle the pieces behind the first `kept`; the last one that stays inherits their notes."""
        if kept == len(self._ends):
            return
        sizes = list(map(sub, self._ends[kept:], [self._ends[kept - 1] if kept else 0, *self._ends[kept:-1]]))
        sent = costs = [0] * len(sizes)
        for lane, notes in self._notes.items():
            times = list(accumulate(reversed(notes[kept:])))
            times.reverse()
            billed = list(map(mul, times, sizes))
            sums = self._books.tokens[lane]
            for part, tokens in zip(self._parts[kept:], billed, strict=True):
                sums[part] += tokens
            if self._follows_blocks:
                sent = list(map(add, sent, billed))
                costs = list(map(add, costs, map(mul, billed, repeat(self._books.lanes[lane][1]))))
            del notes[kept:]
            if kept:
                notes[-1] += times[0]
        if self._follows_blocks:
            for piece, tokens, cost in zip(self._pieces[kept:], sent, costs, strict=True):
                self._books.book_block(piece.segment, tokens, cost)
        del self._ends[kept:], self._parts[kept:], self._pieces[kept:]
