"""How context and cost grow with the steps of a session: the reason why long sessions are dear.

An agent that re-sends its history pays for every step again at each later one, so cost grows faster
than the number of steps: an exponent of 1 would be in proportion, 2 is quadratic. It is fitted
within sessions, since each has its own level, and sessions are pooled by adding up what the fit
needs, so that results of parts of a corpus merge.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, repeat
from math import log2
from operator import mul

from msgspec import Struct

from farthing.analysis.resample import ratio_interval

_LEAST_STEPS = 4
_BINS_PER_DOUBLING = 16
# The steps that are counted together end here: the first ten stand alone, then come ten classes a tenfold.
_LASTS = [*range(1, 11), *(round(10 ** (tenth / 10)) for tenth in range(11, 36))]
_FIRSTS = [1, *(last + 1 for last in _LASTS)]
_CLASSES = [
    at for at, (first, last) in enumerate(zip(_FIRSTS, _LASTS, strict=False)) for _ in range(first, last + 1)
]


class Slope(Struct, frozen=True):
    """Sums of a line fitted within one session, y against x, both logarithms and about their means."""

    crossed: float = 0.0
    squared: float = 0.0


class SessionGrowth(Struct, frozen=True, kw_only=True):
    """What one session says of growth: cumulative cost, cumulative tokens and context against the step.

    `late_picousd` is what its last quarter of steps cost, of `cost_picousd`.
    """

    cost: Slope = Slope()
    tokens: Slope = Slope()
    context: Slope = Slope()
    cost_picousd: int = 0
    late_picousd: int = 0
    first_picousd: int = 0
    last_picousd: int = 0


class Fit(Struct, frozen=True):
    """An exponent and its 95 % interval, None where sessions are too few or too short to tell."""

    exponent: float | None = None
    low: float | None = None
    high: float | None = None


class Position(Struct, frozen=True):
    """Steps from `first` to `last` of a conversation: how many, the median context, the mean cost.

    `last` is None for all steps beyond the longest that are told apart.
    """

    first: int
    last: int | None
    steps: int
    context_tokens: int
    mean_picousd: int


def session_growth(
    *, costs: Sequence[int], tokens: Sequence[int], contexts: Sequence[int]
) -> SessionGrowth | None:
    """Return the growth of one session, None if it is too short to show any.

    `costs` and `tokens` are of all its steps in order, `contexts` of its main conversation.
    """
    if len(costs) < _LEAST_STEPS:
        return None
    return SessionGrowth(
        cost=_slope(list(accumulate(costs))),
        tokens=_slope(list(accumulate(tokens))),
        context=_slope(contexts) if len(contexts) >= _LEAST_STEPS else Slope(),
        cost_picousd=sum(costs),
        late_picousd=_last_quarter(costs),
        first_picousd=costs[0],
        last_picousd=costs[-1],
    )


def fit(slopes: Iterable[Slope]) -> Fit:
    """Return the exponent that all sessions share; sessions weigh by how far their steps reach."""
    rows = [(slope.crossed, slope.squared) for slope in slopes if slope.squared]
    if not rows:
        return Fit()
    exponent = sum(crossed for crossed, _ in rows) / sum(squared for _, squared in rows)
    found = ratio_interval(rows)
    return Fit(exponent, found.low if found else None, found.high if found else None)


class Curve:
    """Context and cost by position; bins of 4 % keep it small. A machine without I/O."""

    def __init__(self) -> None:
        self._bins: Counter[tuple[int, int]] = Counter()
        self._cost_picousd: Counter[int] = Counter()

    def add(self, contexts: Sequence[int], costs: Sequence[int]) -> None:
        """Take in the steps of one conversation in order."""
        bins, sums = self._bins, self._cost_picousd
        for at, context, cost in zip(chain(_CLASSES, repeat(len(_LASTS))), contexts, costs, strict=False):
            bins[at, int(log2(context) * _BINS_PER_DOUBLING)] += 1
            sums[at] += cost

    def merge(self, other: "Curve") -> None:
        self._bins.update(other._bins)
        self._cost_picousd.update(other._cost_picousd)

    def positions(self) -> list[Position]:
        """Return the classes of positions that have steps, in order."""
        return [self._position(at) for at in sorted(self._cost_picousd)]

    def _position(self, at: int) -> Position:
        bins = sorted((bin_, count) for (place, bin_), count in self._bins.items() if place == at)
        steps = sum(count for _, count in bins)
        middle = next(
            bin_
            for (bin_, _), upto in zip(bins, accumulate(count for _, count in bins), strict=True)
            if 2 * upto >= steps
        )
        return Position(
            first=_FIRSTS[at],
            last=_LASTS[at] if at < len(_LASTS) else None,
            steps=steps,
            context_tokens=round(2 ** ((middle + 0.5) / _BINS_PER_DOUBLING)),
            mean_picousd=self._cost_picousd[at] // steps,
        )


def _slope(values: Sequence[int]) -> Slope:
    """Fit the logarithms of values and their positions; there is nothing to fit where one is not positive."""
    if min(values) <= 0:
        return Slope()
    xs = [log2(place) for place in range(1, len(values) + 1)]
    ys = [log2(value) for value in values]
    x_sum = sum(xs)
    crossed = sum(map(mul, xs, ys)) - x_sum * sum(ys) / len(xs)
    return Slope(crossed, sum(map(mul, xs, xs)) - x_sum * x_sum / len(xs))


def _last_quarter(costs: Sequence[int]) -> int:
    """Return what the last quarter of the steps cost; a step that the quarter begins in counts in part."""
    whole, quarters = divmod(len(costs), 4)
    late = sum(costs[len(costs) - whole :])
    return late + costs[len(costs) - whole - 1] * quarters // 4
