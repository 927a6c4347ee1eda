"""What it cost, as cards and one bar: the bill of the traces, and what it comes to in production."""

from collections.abc import Iterator
from decimal import Decimal

from farthing.analysis.profile import Profile
from farthing.report import parts, sentences
from farthing.report.verdict import has_cost
from farthing.report.web.page import Section, cards, key, paragraph, whole_bar
from farthing.report.words import count, percent, rough_usd, tokens, usd

_BILLED = (
    ("read", "read from the cache"),
    ("written", "written to the cache"),
    ("plain", "input at the plain price"),
    ("out", "output"),
)


def bill(profile: Profile) -> Section:
    """Return the figures of the bill as cards, and how its tokens were billed."""
    found = list(_cards(profile))
    body = f"{cards(found) if found else ''}{_lacking(profile)}{_classes(profile)}"
    return Section("bill", "Bill", "The bill", body)


def _cards(profile: Profile) -> Iterator[tuple[str, str]]:
    totals, each, found = profile.totals, profile.per_session, profile.growth
    if has_cost(profile):
        least = "at least, " if totals.at_least else ""
        yield usd(totals.cost_usd), f"{least}for {sentences.calls(profile)}"
        yield usd(each.mean_usd), f"a session on average; median {usd(each.p50_usd)}, p99 {usd(each.p99_usd)}"
    if each.per_success_usd is not None and has_cost(profile):
        yield (
            usd(each.per_success_usd),
            f"a success; {each.successes:,} of {each.outcomes:,} sessions succeeded",
        )
    if profile.resent.share:
        yield percent(profile.resent.share), "of the input had been sent before"
    if found.exponent is not None:
        yield f"{2**found.exponent:.1f} ×", f"is what twice the steps {_takes(found.basis)}"
    if profile.projection.basis == "observed" and profile.projection.per_month_usd is not None:
        rate = sentences.per_day(profile.projection)
        yield rough_usd(profile.projection.per_month_usd), f"a month at the rate of these traces, {rate}"
    if profile.sub_agents.sessions and has_cost(profile):
        agents = profile.sub_agents
        yield percent(agents.share), f"of the cost is sub-agents', in {count(agents.sessions, 'session')}"


def _takes(basis: str) -> str:
    return "cost" if basis == "cost" else "take in tokens"


def _lacking(profile: Profile) -> str:
    totals = profile.totals
    if not totals.at_least:
        return ""
    told = f"At least, because {'; '.join(totals.at_least)}."
    if Decimal(totals.cost_with_estimates_usd) > Decimal(totals.cost_usd):
        told += f" With estimates for them: {usd(totals.cost_with_estimates_usd)}."
    return paragraph(told, "note")


def _classes(profile: Profile) -> str:
    """Return a bar of all tokens by what they were billed as."""
    sizes = parts.billed(profile.totals)._asdict()
    found = [(style, what, sizes[style]) for style, what in _BILLED]
    whole = sum(size for _, _, size in found)
    if not whole:
        return ""
    told = ", ".join(f"{tokens(size)} {what}" for _, what, size in found if size)
    shown = whole_bar([(style, size / whole) for style, _, size in found], told)
    entries = [(style, f"{what}: {tokens(size)}") for style, what, size in found if size]
    return f"{paragraph('All tokens, by what they were billed as:')}{shown}{key(entries)}"


def projection(profile: Profile) -> Section:
    """Return the bill at the sessions a day that were asked for; empty where no price is known."""
    found = profile.projection
    if found.basis != "asked" or found.per_day_usd is None or not has_cost(profile):
        return Section("production", "In production", "In production")
    periods = (
        ("a day", found.per_day_usd, found.low_usd, found.high_usd),
        ("a month", found.per_month_usd, found.per_month_low_usd, found.per_month_high_usd),
        ("a year", found.per_year_usd, found.per_year_low_usd, found.per_year_high_usd),
    )
    shown = [
        (rough_usd(cost), _interval(each, sentences.between(low, high))) for each, cost, low, high in periods
    ]
    body = f"{cards(shown)}{paragraph(sentences.limits(found))}"
    return Section("production", "In production", f"In production, at {sentences.per_day(found)}", body)


def _interval(period: str, between: str) -> str:
    return f"{period}; 95% interval {between}" if between else period
