"""What it cost: the bill of the traces, and what it comes to in production."""

from collections.abc import Iterator
from decimal import Decimal

from farthing.analysis.profile import Profile
from farthing.report import parts, sentences
from farthing.report.terminal.layout import Column, Row, Sheet, entries, heading, paragraph, table
from farthing.report.verdict import has_cost
from farthing.report.words import count, percent, rough_usd, tokens, usd

_PERIODS = (Column(""), Column("cost", right=True), Column("95% interval"))


def bill(profile: Profile, sheet: Sheet) -> list[str]:
    """Return the totals, what a session costs, and what the figures lack."""
    if not profile.totals.steps:
        return []
    return [*heading("Bill", sheet), *entries(_figures(profile), sheet)]


def _figures(profile: Profile) -> Iterator[tuple[str, str]]:
    totals, agents = profile.totals, profile.sub_agents
    yield "cost", sentences.bill(profile)
    yield "lacking", "; ".join(totals.at_least)
    yield "read", ", ".join(filter(None, (sentences.calls(profile), sentences.days(profile))))
    if has_cost(profile):
        yield "a session", sentences.session_costs(profile)
        yield "a success", sentences.success(profile)
        yield "at this rate", sentences.at_this_rate(profile)
    if parts.used_tokens(profile):
        yield "input", sentences.input_by_class(profile)
        yield "output", f"{tokens(totals.output_tokens)} tokens"
    if Decimal(totals.server_tools_usd):
        yield "server tools", f"{usd(totals.server_tools_usd)}, billed by the request"
    if agents.sessions:
        share = f"{usd(agents.cost_usd)} of the cost ({percent(agents.share)})"
        yield (
            "sub-agents",
            f"{share if has_cost(profile) else 'at work'}, in {count(agents.sessions, 'session')}",
        )


def projection(profile: Profile, sheet: Sheet) -> list[str]:
    """Return the bill at the sessions a day that were asked for; nothing where no price is known."""
    found = profile.projection
    if found.basis != "asked" or found.per_day_usd is None or not has_cost(profile):
        return []
    periods = (
        ("a day", found.per_day_usd, found.low_usd, found.high_usd),
        ("a month", found.per_month_usd, found.per_month_low_usd, found.per_month_high_usd),
        ("a year", found.per_year_usd, found.per_year_low_usd, found.per_year_high_usd),
    )
    rows = [Row((name, rough_usd(cost), sentences.between(low, high))) for name, cost, low, high in periods]
    return [
        *heading(f"In production, at {sentences.per_day(found)}", sheet),
        *table(_PERIODS, rows, sheet),
        *paragraph(sentences.limits(found), sheet),
    ]
