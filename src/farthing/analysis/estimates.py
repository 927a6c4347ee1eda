"""Estimated token counts, and how wrong they are: each estimate is also made where the count is known.

Two things are estimated: how the growth of a context divides among the blocks that are new in it, and
what an answer counted whose final count was never written. Both come from bytes. Where the
provider's own count is recorded, the ratio of the two is kept, so that a report can state the
error that was measured on the same traces beside the estimate.
"""

from collections import Counter, defaultdict
from math import log2

from msgspec import Struct

from farthing.analysis.births import Change
from farthing.span import Output, Span
from farthing.usage import Charge

_BINS_PER_DOUBLING = 32
_LEAST_MEASURED = 5


class Error(Struct, frozen=True):
    """The relative error that half of the estimates, and nine in ten, stayed within; None if unmeasured."""

    measured: int = 0
    p50: float | None = None
    p90: float | None = None


class Spread:
    """How far counts lay from what was expected, in bins of 2 %. A machine without I/O."""

    def __init__(self) -> None:
        self._bins: Counter[int] = Counter()
        self.expected = 0
        self.counted = 0

    def add(self, *, expected: int, counted: int) -> None:
        place = round(log2(counted / expected) * _BINS_PER_DOUBLING)
        self._bins[place] = self._bins.get(place, 0) + 1
        self.expected += expected
        self.counted += counted

    def merge(self, other: "Spread") -> None:
        self._bins.update(other._bins)
        self.expected += other.expected
        self.counted += other.counted

    def error(self, *, factor: float = 1.0) -> Error:
        """Return the error of the expectations times `factor`."""
        measured = self._bins.total()
        if measured < _LEAST_MEASURED:
            return Error(measured)
        errors = Counter[float]()
        for place, count in self._bins.items():
            errors[abs(factor / 2 ** (place / _BINS_PER_DOUBLING) - 1)] += count
        return Error(measured, _quantile(errors, 0.5), _quantile(errors, 0.9))


class _Missing:
    """Answers without a final count: what their blocks lead to expect, and what was reported."""

    def __init__(self) -> None:
        self.expected = 0
        self.reported = 0


class Estimates:
    """Expectations beside counts of any number of steps. A machine without I/O."""

    def __init__(self) -> None:
        self._inputs = Spread()
        self._outputs: defaultdict[str, Spread] = defaultdict(Spread)
        self._missing: defaultdict[tuple[str, int], _Missing] = defaultdict(_Missing)
        self.estimated_steps = 0

    def add(self, span: Span, change: Change, charge: Charge, *, output_rate: int) -> None:
        """Take in one call; `output_rate` is what an output token of its own charge costs."""
        if change.expected_tokens and change.previous >= 0:
            self._grown(change)
        expected, usage = change.expected_output_tokens, charge.usage
        if span.output_count is not Output.FINAL:
            self.estimated_steps += 1
            missing = self._missing[charge.model, output_rate]
            missing.expected += expected
            missing.reported += min(usage.output_tokens, expected)
        elif expected and usage.output_tokens and not usage.reasoning_tokens:
            self._outputs[charge.model].add(expected=expected, counted=usage.output_tokens)

    def _grown(self, change: Change) -> None:
        """Take in what new blocks counted, where the context kept before them was not counted anew."""
        counted = sum([piece.tokens for piece in change.pieces])
        if counted and change.pieces[0].depth > change.shared:
            self._inputs.add(expected=change.expected_tokens, counted=counted)

    def merge(self, other: "Estimates") -> None:
        self._inputs.merge(other._inputs)
        for model, spread in other._outputs.items():
            self._outputs[model].merge(spread)
        for key, missing in other._missing.items():
            self._missing[key].expected += missing.expected
            self._missing[key].reported += missing.reported
        self.estimated_steps += other.estimated_steps

    def missing_picousd(self) -> int:
        """Return what the output without a final count cost beyond what was reported of it."""
        total = 0
        for (model, rate), missing in self._missing.items():
            spread = self._spread(model)
            tokens = missing.expected * spread.counted // spread.expected if spread.expected else 0
            total += max(tokens - missing.reported, 0) * rate
        return total

    def input_error(self) -> Error:
        """Return the error of expected counts of new blocks."""
        return self._inputs.error()

    def output_error(self) -> Error:
        """Return the error of estimated outputs, on answers whose final count is known."""
        spread = self._all_outputs()
        return spread.error(factor=spread.counted / spread.expected) if spread.expected else Error()

    def _spread(self, model: str) -> Spread:
        own = self._outputs.get(model)
        return own if own is not None and own.expected else self._all_outputs()

    def _all_outputs(self) -> Spread:
        everything = Spread()
        for spread in self._outputs.values():
            everything.merge(spread)
        return everything


def _quantile(errors: Counter[float], share: float) -> float:
    left = share * errors.total()
    for error in sorted(errors):
        left -= errors[error]
        if left <= 0:
            return error
    return max(errors)
