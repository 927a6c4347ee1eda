"""What it cost: the bill of the traces, and what it comes to in production."""

from collections.abc import Iterator
from decimal import Decimal

from farthing.analysis.profile import Profile, Projection
from farthing.report import parts
from farthing.report.terminal.layout import Column, Row, Sheet, entries, heading, paragraph, table
from farthing.report.verdict import at_least, has_cost
from farthing.report.words import Amount, count, percent, rough_usd, tokens, usd


def bill(profile: Profile, sheet: Sheet) -> list[str]:
    """Return the totals, what a session costs, and what the figures lack."""
    if not profile.totals.steps:
        return []
    return [*heading("Bill", sheet), *entries(_figures(profile), sheet)]


def projection(profile: Profile, sheet: Sheet) -> list[str]:
    """Return the bill at the sessions a day that were asked for; nothing where no price is known."""
    found = profile.projection
    if found.basis != "asked" or found.per_day_usd is None or not has_cost(profile):
        return []
    lines = [*heading(f"In production, at {per_day(found)}", sheet)]
    rows = [
        Row(("a day", rough_usd(found.per_day_usd), _between(found.low_usd, found.high_usd))),
        Row(
            (
                "a month",
                rough_usd(found.per_month_usd),
                _between(found.per_month_low_usd, found.per_month_high_usd),
            )
        ),
        Row(
            (
                "a year",
                rough_usd(found.per_year_usd),
                _between(found.per_year_low_usd, found.per_year_high_usd),
            )
        ),
    ]
    return [*lines, *table(_PERIODS, rows, sheet), *paragraph(limits(found), sheet)]


_PERIODS = (Column(""), Column("cost", right=True), Column("95% interval"))


def per_day(found: Projection) -> str:
    """Return "200 sessions a day"."""
    rate = found.sessions_per_day or 0.0
    shown = f"{rate:,.0f}" if rate >= 10 or rate == round(rate) else f"{rate:.2g}"
    return f"{shown} session{'' if shown == '1' else 's'} a day"


def limits(found: Projection) -> str:
    """Say what the traffic asks of rate limits."""
    rate = found.tokens_per_minute
    if rate is None:
        return ""
    peak = f"Tokens a minute at the peak, taken as {rate.peak_factor} × the mean"
    fresh, all_input = tokens(rate.input), tokens(rate.input_with_reads)
    needed = f"{fresh} of input that is not read from the cache ({all_input} with what is)"
    return (
        f"{peak}: {needed} and {tokens(rate.output)} of output. Compare them with the limits of your "
        "account; Anthropic does not count cache reads, OpenAI does."
    )


def _figures(profile: Profile) -> Iterator[tuple[str, str]]:
    totals, each, agents = profile.totals, profile.per_session, profile.sub_agents
    yield "cost", _cost(profile)
    yield "lacking", "; ".join(totals.at_least)
    yield "calls", f"{totals.steps:,} in {count(totals.sessions, 'session')}{_days(profile)}"
    if has_cost(profile):
        yield "a session", _session_costs(profile)
        if each.per_success_usd is not None:
            ended = f"{each.successes:,} of {count(each.outcomes, 'session')} with a known outcome succeeded"
            yield "a success", f"{usd(each.per_success_usd)}: {ended}, and all of them are paid for"
        yield "at this rate", _at_this_rate(profile)
    yield "input", input_by_class(profile)
    yield "output", f"{tokens(totals.output_tokens)} tokens"
    if Decimal(totals.server_tools_usd):
        yield "server tools", f"{usd(totals.server_tools_usd)}, billed by the request"
    if agents.sessions:
        yield (
            "sub-agents",
            f"{usd(agents.cost_usd)} of it ({percent(agents.share)}), in {count(agents.sessions, 'session')}",
        )


def _cost(profile: Profile) -> str:
    totals = profile.totals
    if not has_cost(profile):
        return "not known" if totals.unpriced_steps or totals.unrecorded_steps else "nothing"
    told = f"{at_least(profile)}{usd(totals.cost_usd)}"
    if Decimal(totals.cost_with_estimates_usd) == Decimal(totals.cost_usd):
        return told
    return f"{told}; {usd(totals.cost_with_estimates_usd)} with estimates for answers without a final count"


def _at_this_rate(profile: Profile) -> str:
    found = profile.projection
    if found.basis != "observed" or found.per_month_usd is None:
        return ""
    low, high = found.per_month_low_usd, found.per_month_high_usd
    interval = f" (95% interval {_between(low, high)})" if _between(low, high) else ""
    return f"{rough_usd(found.per_month_usd)} a month{interval}, at {per_day(found)} as in these traces"


def _session_costs(profile: Profile) -> str:
    each = profile.per_session
    if profile.totals.sessions == 1:
        return usd(each.mean_usd)
    spread = f"median {usd(each.p50_usd)}, p90 {usd(each.p90_usd)}, p99 {usd(each.p99_usd)}"
    return f"{usd(each.mean_usd)} on average; {spread}, the dearest {usd(each.max_usd)}"


def input_by_class(profile: Profile) -> str:
    """Say how many tokens of input were billed as what."""
    totals = profile.totals
    told = (
        (totals.cache_read_input_tokens, "read from the cache"),
        (totals.cache_creation_5m_input_tokens, "written to it for 5 min"),
        (totals.cache_creation_1h_input_tokens, "written for an hour"),
        (totals.cache_creation_other_input_tokens, "written, for how long is not recorded"),
        (totals.uncached_input_tokens, "at the plain price"),
    )
    shown = ", ".join(f"{tokens(number)} {what}" for number, what in told if number)
    return f"{tokens(parts.input_tokens(totals))} tokens: {shown}" if shown else "no tokens"


def _days(profile: Profile) -> str:
    days = sorted({session.started[:10] for session in profile.sessions if session.started})
    if not days:
        return ""
    return f", on {days[0]}" if len(days) == 1 else f", {days[0]} to {days[-1]}"


def _between(low: Amount | None, high: Amount | None) -> str:
    return "" if low is None or high is None else f"{rough_usd(low)} to {rough_usd(high)}"
