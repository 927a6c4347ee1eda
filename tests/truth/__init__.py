"""What each folder of recorded traces holds, counted straight from its raw files by plain loops.

This is the other side of every claim about real traces: nothing here imports the package under test, and
each module is one folder, read in the most obvious way there is. Where a rule decides a number (what is a
copy, what a counter includes, what is not a call), the module says the rule. A folder's `count` gives its
totals; cost is list price of the call's own day, from genai-prices, so that it is decimal and exact.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache

from tests.truth.prices import usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One line of a call's bill, in disjoint parts. No `provider`: priced by the model's name."""

    model: str
    provider: str | None = None
    tier: str | None = None
    uncached: int = 0
    read: int = 0
    write_5m: int = 0
    write_1h: int = 0
    write_other: int = 0
    output: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One model call. No charge means that nobody wrote down what it used; no instant, when it was."""

    charges: tuple[Charge, ...] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The sums of one folder. `sessions` is None where no record names them (there, prefixes must tell).

    `cost_usd` is the price of what can be priced, None if that is nothing; `unpriced_steps` have usage and no
    price. `by_model` holds the same sums per model (a call counts for the model of its first charge).
    """

    sessions: int | None
    steps: int = 0
    uncached_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation_5m_input_tokens: int = 0
    cache_creation_1h_input_tokens: int = 0
    cache_creation_other_input_tokens: int = 0
    output_tokens: int = 0
    calls_without_usage: int = 0
    unpriced_steps: int = 0
    cost_usd: Decimal | None = None
    by_model: dict[str, "Totals"] = field(default_factory=dict)


@cache
def price(charge: Charge, at: datetime | None) -> Decimal | None:
    """Return the list price of one charge; None if no price is known."""
    return usd(
        charge.model,
        provider=charge.provider,
        tier=charge.tier,
        at=at,
        uncached=charge.uncached,
        read=charge.read,
        written=charge.write_5m + charge.write_1h + charge.write_other,
        written_1h=charge.write_1h,
        output=charge.output,
    )


def total(calls: Iterable[Call], *, sessions: int | None) -> Totals:
    """Return the sums over calls, overall and per model."""
    calls = list(calls)
    models = sorted({charge.model for call in calls for charge in call.charges})
    return _sums(calls, sessions=sessions, by_model={model: _of_model(calls, model) for model in models})


def _of_model(calls: list[Call], model: str) -> Totals:
    mine = ((call, tuple(charge for charge in call.charges if charge.model == model)) for call in calls)
    return _sums(
        [Call(charges=charges, at=call.at) for call, charges in mine if charges], sessions=None, by_model={}
    )


def _sums(calls: list[Call], *, sessions: int | None, by_model: dict[str, Totals]) -> Totals:
    charges = [charge for call in calls for charge in call.charges]
    bills = [[price(charge, call.at) for charge in call.charges] for call in calls]
    known = [part for bill in bills for part in bill if part is not None]
    return Totals(
        sessions=sessions,
        steps=len(calls),
        uncached_input_tokens=sum(charge.uncached for charge in charges),
        cache_read_input_tokens=sum(charge.read for charge in charges),
        cache_creation_5m_input_tokens=sum(charge.write_5m for charge in charges),
        cache_creation_1h_input_tokens=sum(charge.write_1h for charge in charges),
        cache_creation_other_input_tokens=sum(charge.write_other for charge in charges),
        output_tokens=sum(charge.output for charge in charges),
        calls_without_usage=sum(not call.charges for call in calls),
        unpriced_steps=sum(None in bill for bill in bills),
        cost_usd=sum(known, Decimal(0)) if known else None,
        by_model=by_model,
    )
