"""The steps of one session as people look at them: what was read, written and paid in full, and what was new.

A waterfall's shares are by kind and price class; here they stand together, for the terminal and for
the page alike.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from farthing.analysis.charges import PriceClass
from farthing.analysis.profile import BreakRow
from farthing.analysis.waterfall import WaterfallStep
from farthing.report.words import short, tokens

_NS_PER_S = 1_000_000_000
_WRITES = (PriceClass.CACHE_WRITE_5M, PriceClass.CACHE_WRITE_1H, PriceClass.CACHE_WRITE_OTHER)


class Bill(NamedTuple):
    """What one call took of each price class: tokens, or picodollars. `other` are lines of other models."""

    read: int
    written: int
    plain: int
    output: int
    other: int = 0

    @property
    def input(self) -> int:
        return self.read + self.written + self.plain


class Told(NamedTuple):
    """One call. `waited_s` passed since the one before had ended, None where no time is recorded."""

    step: int
    agent: str
    model: str
    waited_s: float | None
    tokens: Bill
    picousd: Bill
    cost_picousd: int
    news: str
    made: str
    dropped_tokens: int
    unpriced: str
    breaks: tuple[BreakRow, ...]


def told(steps: Sequence[WaterfallStep], breaks: Iterable[BreakRow] = ()) -> list[Told]:
    """Return the steps in order; `breaks` are those of this session."""
    by_step: dict[int, list[BreakRow]] = {}
    for each in breaks:
        by_step.setdefault(each.step, []).append(each)
    before: list[WaterfallStep | None] = [None, *steps[:-1]]
    return [_told(last, step, by_step) for last, step in zip(before, steps, strict=True)]


def _told(last: WaterfallStep | None, step: WaterfallStep, breaks: Mapping[int, list[BreakRow]]) -> Told:
    counts, costs = Counter[PriceClass](), Counter[PriceClass]()
    for share in step.input:
        counts[share.price_class] += share.tokens
        costs[share.price_class] += share.cost_picousd
    return Told(
        step=step.step,
        agent=step.agent,
        model=step.model,
        waited_s=_waited(last, step),
        tokens=_bill(counts, step.output_tokens, 0),
        picousd=_bill(costs, step.output_picousd, step.extra_picousd),
        cost_picousd=step.cost_picousd,
        news=_listed((item.kind.value, item.name, item.tokens) for item in step.new),
        made=_listed((item.kind.value, item.name, item.tokens) for item in step.output),
        dropped_tokens=step.dropped_tokens,
        unpriced=step.unpriced,
        breaks=tuple(breaks.get(step.step, ())),
    )


def _bill(amounts: Counter[PriceClass], output: int, other: int) -> Bill:
    written = sum(amounts[each] for each in _WRITES)
    return Bill(amounts[PriceClass.CACHE_READ], written, amounts[PriceClass.UNCACHED], output, other)


def _waited(last: WaterfallStep | None, step: WaterfallStep) -> float | None:
    if last is None or step.at_ns is None:
        return None
    then_ns = last.ended_ns or last.at_ns
    return None if then_ns is None else max(step.at_ns - then_ns, 0) / _NS_PER_S


def _listed(items: Iterable[tuple[str, str, int]]) -> str:
    """Return what is there, the largest first, equal things counted together."""
    sizes, numbers = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for kind, name, size in items:
        sizes[kind, name] += size
        numbers[kind, name] += 1
    return ", ".join(_item(*key, size, numbers[key]) for key, size in sizes.most_common())


def _item(kind: str, name: str, size: int, number: int) -> str:
    many = f"{number} × " if number > 1 else ""
    return f"{many}{short(kind, name)} {tokens(size)}"
