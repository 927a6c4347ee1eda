"""The bill: totals, what a session costs, who causes it, and what it comes to at production scale."""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import ceil

from farthing.analysis.account import Account
from farthing.analysis.charges import PriceClass
from farthing.analysis.profile import (
    PerSession,
    Projection,
    SessionLine,
    ShareRow,
    SubAgents,
    TokensPerMinute,
    Totals,
    Usd,
)
from farthing.analysis.resample import Interval, ratio_interval
from farthing.analysis.session import SessionRow
from farthing.money import format_usd

PEAK_FACTOR = 3  # the busiest minutes against the mean of 24 hours: office hours, and some slack
_DAYS_A_YEAR = 365
_MINUTES_A_DAY = 1_440
_NS_A_DAY = 86_400 * 10**9
_MICRO = 10**6  # picodollars in a millionth of a dollar: a projection is no more exact than that
_SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)


def share(part: int, whole: int) -> float | None:
    """Return a part of one; None of nothing."""
    return part / whole if whole else None


def totals(account: Account) -> Totals:
    """Return the whole bill."""
    rows = account.rows
    tokens = [sum(sums.tokens[at] for sums in account.parts.values()) for at in PriceClass]
    cost = sum(row.cost_picousd for row in rows)
    fees = sum(sums.cost_picousd[PriceClass.SERVER_TOOLS] for sums in account.parts.values())
    unpriced = sum(row.unpriced_steps for row in rows)
    unrecorded = sum(row.unrecorded_steps for row in rows)
    estimated = sum(row.estimated_output_steps for row in rows)
    return Totals(
        sessions=len(rows),
        steps=sum(row.steps for row in rows),
        uncached_input_tokens=tokens[PriceClass.UNCACHED],
        cache_read_input_tokens=tokens[PriceClass.CACHE_READ],
        cache_creation_5m_input_tokens=tokens[PriceClass.CACHE_WRITE_5M],
        cache_creation_1h_input_tokens=tokens[PriceClass.CACHE_WRITE_1H],
        cache_creation_other_input_tokens=tokens[PriceClass.CACHE_WRITE_OTHER],
        output_tokens=tokens[PriceClass.OUTPUT],
        cost_usd=format_usd(cost),
        cost_with_estimates_usd=format_usd(cost + account.estimates.missing_picousd()),
        server_tools_usd=format_usd(fees),
        unpriced_steps=unpriced,
        unrecorded_steps=unrecorded,
        estimated_output_steps=estimated,
        at_least=_lacks(unpriced, unrecorded, estimated),
    )


def _lacks(unpriced: int, unrecorded: int, estimated: int) -> tuple[str, ...]:
    reasons = (
        (unpriced, "calls of models without a price are not in the cost"),
        (unrecorded, "calls without recorded usage are not in the cost"),
        (estimated, "calls have no final output count"),
    )
    return tuple(f"{count:,} {words}" for count, words in reasons if count)


def per_session(rows: Sequence[SessionRow], mean: Interval | None) -> PerSession:
    """Return what a session costs; quantiles are the costs of sessions, by nearest rank."""
    costs = sorted(row.cost_picousd for row in rows)
    known = [row for row in rows if row.success is not None]
    successes = sum(row.success is True for row in known)
    spent = sum(row.cost_picousd for row in known)
    return PerSession(
        mean_usd=format_usd(sum(costs) // len(costs)) if costs else None,
        p50_usd=_quantile(costs, 50),
        p90_usd=_quantile(costs, 90),
        p99_usd=_quantile(costs, 99),
        max_usd=_quantile(costs, 100),
        mean_low_usd=format_usd(int(mean.low)) if mean else None,
        mean_high_usd=format_usd(int(mean.high)) if mean else None,
        outcomes=len(known),
        successes=successes,
        per_success_usd=format_usd(spent // successes) if successes else None,
    )


def _quantile(costs: Sequence[int], percent: int) -> Usd | None:
    return format_usd(costs[ceil(percent * len(costs) / 100) - 1]) if costs else None


def mean_interval(rows: Sequence[SessionRow]) -> Interval | None:
    """Return the interval of a session's mean cost in picodollars, None where nothing can be said."""
    return ratio_interval([(float(row.cost_picousd), 1.0) for row in rows])


def concentration(rows: Sequence[SessionRow]) -> tuple[ShareRow, ...]:
    """Return which part of the cost the dearest sessions have; a part of a session counts as one."""
    costs = sorted((row.cost_picousd for row in rows), reverse=True)
    whole = sum(costs)
    if not whole:
        return ()
    return tuple(
        ShareRow(sessions_share=each, cost_share=sum(costs[: ceil(each * len(costs))]) / whole)
        for each in _SHARES
    )


def sub_agents(rows: Sequence[SessionRow]) -> SubAgents:
    """Return what sub-agents spent of the bill."""
    spent = sum(row.sub_agent_picousd for row in rows)
    return SubAgents(
        sessions=sum(row.agents > 0 for row in rows),
        cost_usd=format_usd(spent),
        share=share(spent, sum(row.cost_picousd for row in rows)),
    )


def projection(account: Account, mean: Interval | None, *, sessions_per_day: float | None) -> Projection:
    """Return the bill at so many sessions a day, or at the rate of the traces where none is asked for."""
    rows = account.rows
    daily = observed_per_day(rows) if sessions_per_day is None else sessions_per_day
    if daily is None or not rows:
        return Projection()
    day, month, year = _periods(sum(row.cost_picousd for row in rows) / len(rows) * daily)
    low = _periods(mean.low * daily) if mean else (None, None, None)
    high = _periods(mean.high * daily) if mean else (None, None, None)
    return Projection(
        sessions_per_day=daily,
        basis="observed" if sessions_per_day is None else "asked",
        per_day_usd=day,
        per_month_usd=month,
        per_year_usd=year,
        low_usd=low[0],
        high_usd=high[0],
        per_month_low_usd=low[1],
        per_month_high_usd=high[1],
        per_year_low_usd=low[2],
        per_year_high_usd=high[2],
        tokens_per_minute=_tokens_per_minute(account, daily / len(rows)),
    )


def observed_per_day(rows: Sequence[SessionRow]) -> float | None:
    """Return how many sessions began a day; None where times are not recorded or cover less than a day."""
    starts = [row.started_ns for row in rows if row.started_ns is not None]
    span_ns = max(starts, default=0) - min(starts, default=0)
    return len(starts) * _NS_A_DAY / span_ns if span_ns >= _NS_A_DAY else None


def _periods(picousd_a_day: float) -> tuple[Usd, Usd, Usd]:
    """Return the dollars of a day, a month (a twelfth of a year) and a year, in whole millionths."""
    a_year = picousd_a_day * _DAYS_A_YEAR
    return _micro(picousd_a_day), _micro(a_year / 12), _micro(a_year)


def _micro(picousd: float) -> Usd:
    return format_usd(round(picousd / _MICRO) * _MICRO)


def _tokens_per_minute(account: Account, scale: float) -> TokensPerMinute:
    def at_peak(*classes: PriceClass) -> int:
        tokens = sum(sums.tokens[each] for sums in account.parts.values() for each in classes)
        return ceil(tokens * scale * PEAK_FACTOR / _MINUTES_A_DAY)

    written = (PriceClass.CACHE_WRITE_5M, PriceClass.CACHE_WRITE_1H, PriceClass.CACHE_WRITE_OTHER)
    return TokensPerMinute(
        peak_factor=PEAK_FACTOR,
        input=at_peak(PriceClass.UNCACHED, *written),
        input_with_reads=at_peak(PriceClass.UNCACHED, PriceClass.CACHE_READ, *written),
        output=at_peak(PriceClass.OUTPUT),
    )


def session_line(row: SessionRow) -> SessionLine:
    """Return one session as it is published."""
    started = row.started_ns
    return SessionLine(
        id=row.id,
        steps=row.steps,
        cost_usd=format_usd(row.cost_picousd),
        named=row.named,
        success=row.success,
        agents=row.agents,
        conversations=row.conversations,
        started="" if started is None else _iso(started),
        seconds=None if started is None or row.ended_ns is None else (row.ended_ns - started) / 10**9,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        context_tokens=row.context_tokens,
        unpriced_steps=row.unpriced_steps,
        unrecorded_steps=row.unrecorded_steps,
        estimated_output_steps=row.estimated_output_steps,
    )


def _iso(at_ns: int) -> str:
    """Return an instant to the second; "" for one that no calendar has."""
    try:
        return datetime.fromtimestamp(at_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return ""
