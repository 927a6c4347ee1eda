"""The verdict: two sentences that say first what matters, with figures from the profile only.

What was read and what it cost; then where most of it goes, and the lever that addresses most of it.
What is not known is said in the same place, never left to a footnote: "at least", no price, no usage.
"""

from collections.abc import Mapping
from decimal import Decimal

from farthing.analysis.profile import LeverRow, Profile
from farthing.report import parts
from farthing.report.words import Amount, count, percent, tokens, usd

_NAMED_FROM = 0.02  # a lever that addresses less of the bill is not worth a place here

LEVERS: Mapping[str, str] = {
    "caching": "caching",
    "order": "the order of the prompt",
    "routing": "routing to a cheaper model",
    "budget": "a budget",
    "dial": "a slower, cheaper tier",
}


def verdict(profile: Profile) -> tuple[str, str]:
    """Return two sentences: what was read and cost, and where most of it goes; the second may be ""."""
    totals = profile.totals
    if not totals.steps:
        return _nothing(profile), ""
    if totals.unrecorded_steps >= totals.steps:
        return f"{_read(profile)}.", "The traces record no usage, so neither tokens nor cost can be told."
    return _bill(profile) if has_cost(profile) else _unpriced(profile), _largest(profile)


def has_cost(profile: Profile) -> bool:
    """Whether anything cost money; without, reports speak of tokens."""
    return Decimal(profile.totals.cost_usd) > 0


def at_least(profile: Profile) -> str:
    """Return "at least " where the cost lacks something, else ""."""
    return "at least " if profile.totals.at_least else ""


def addressed(row: LeverRow, profile: Profile) -> float | None:
    """Return the part of the bill that a lever addresses."""
    return part_of(row.spend_usd, profile)


def part_of(amount: Amount, profile: Profile) -> float | None:
    """Return an amount as a part of the bill; None where there is no bill."""
    return float(Decimal(amount) / Decimal(profile.totals.cost_usd)) if has_cost(profile) else None


def _nothing(profile: Profile) -> str:
    if not profile.sources:
        return "No traces were found."
    return f"No model call was found in {count(len(profile.sources), 'file')}."


def _read(profile: Profile) -> str:
    totals = profile.totals
    return f"{count(totals.steps, 'call')} in {count(totals.sessions, 'session')}"


def _bill(profile: Profile) -> str:
    again = profile.resent.cost_share
    told = f"{_read(profile)} cost {at_least(profile)}{usd(profile.totals.cost_usd)}"
    if again is None or again < 0.005:
        return f"{told}."
    return f"{told}, and {percent(again)} of that paid for input that had been sent before."


def _unpriced(profile: Profile) -> str:
    used = tokens(parts.used_tokens(profile))
    if not profile.totals.unpriced_steps:
        return f"{_read(profile)} used {used} tokens, at a price of nothing."
    return (
        f"{_read(profile)} used {used} tokens. What they cost is not known: no price is known for the models."
    )


def _largest(profile: Profile) -> str:
    said = "; ".join(each for each in (_part(profile), _lever(profile)) if each)
    return f"{said[0].upper()}{said[1:]}." if said else ""


def _part(profile: Profile) -> str:
    largest = next(iter(parts.kinds(profile)), None)
    if largest is None or not largest.share:
        return ""
    name = f"the largest part is {largest.label}"
    if not largest.cost_usd:
        return f"{name} ({percent(largest.share)} of the tokens)"
    return f"{name} ({usd(largest.cost_usd)}, {percent(largest.share)}){_above_all(profile, largest)}"


def _above_all(profile: Profile, kind: parts.Kind) -> str:
    """Name the part that makes up more than a third of its kind."""
    row = next(row for row in profile.segments if parts.label(row) == kind.label)
    if not row.name or row.kind == "remainder" or 3 * Decimal(row.cost_usd) < kind.cost_usd:
        return ""
    how_many = "mostly" if 2 * Decimal(row.cost_usd) > kind.cost_usd else "above all"
    return f", {how_many} those of {row.name}"


def _lever(profile: Profile) -> str:
    row = next(iter(profile.levers), None)
    part = addressed(row, profile) if row is not None else None
    if row is None or part is None or part < _NAMED_FROM:
        return ""
    name = f"{LEVERS.get(row.lever, row.lever)} ({usd(row.spend_usd)}, {percent(part)})"
    return f"the lever that addresses most is {name}: {row.finding}"
