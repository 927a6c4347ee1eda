"""Makes the profile of an account: the last step, in which sums become the published tables."""

from collections.abc import Sequence

from farthing.analysis import levers, rows, signatures
from farthing.analysis.account import Account
from farthing.analysis.bill import (
    concentration,
    mean_interval,
    per_session,
    projection,
    session_line,
    share,
    sub_agents,
    totals,
)
from farthing.analysis.charges import PriceClass
from farthing.analysis.estimates import Error
from farthing.analysis.growth import fit
from farthing.analysis.profile import (
    ErrorRow,
    Growth,
    PositionRow,
    Profile,
    Resent,
    SourceRow,
    Tail,
    Usd,
)
from farthing.analysis.session import SessionRow
from farthing.analysis.tail import SessionCost, tail
from farthing.money import format_usd


def conclude(
    account: Account,
    *,
    sources: Sequence[SourceRow] = (),
    prices: str = "",
    sessions_per_day: float | None = None,
) -> Profile:
    """Return the profile of all sessions in `account`.

    `prices` names the price data. Without `sessions_per_day` the projection takes the rate of the traces.
    """
    account.rows.sort(key=lambda row: row.id)
    account.growths.sort(key=lambda entry: entry[0])
    findings = account.findings
    ends = tail(_session_cost(row) for row in account.rows)
    whole = sum(row.cost_picousd for row in account.rows)
    mean = mean_interval(account.rows)
    uses = signatures.rows(findings.uses)
    return Profile(
        sources=tuple(sources),
        prices=prices,
        totals=totals(account),
        per_session=per_session(account.rows, mean),
        resent=_resent(account, whole),
        growth=_growth(account),
        segments=rows.segments(account.parts),
        blocks=rows.blocks(account.dearest),
        models=rows.models(account.parts, account.models, account.unpriced),
        tools=rows.tools(account.parts),
        groups=rows.groups(account.groups),
        sub_agents=sub_agents(account.rows),
        signatures=rows.signed(uses, whole),
        breaks=rows.broken(findings.breaks),
        break_causes=rows.causes(findings.breaks),
        tail=Tail(
            top1_share=ends.top(1).share if whole else None,
            top5_share=ends.top(5).share if whole else None,
            loops=rows.looped(findings.loops),
        ),
        concentration=concentration(account.rows),
        levers=rows.pulled(
            levers.levers(
                levers.Findings(
                    breaks=findings.breaks,
                    signatures=uses,
                    loops=findings.loops,
                    tail=ends,
                    unattended=findings.unattended,
                    observed_ns=_observed_ns(account.rows),
                )
            )
        ),
        projection=projection(account, mean, sessions_per_day=sessions_per_day),
        estimates=(
            _error("what new blocks count", account.estimates.input_error()),
            _error("what an answer without a final count counts", account.estimates.output_error()),
        ),
        sessions=tuple(
            session_line(row) for row in sorted(account.rows, key=lambda row: (-row.cost_picousd, row.id))
        ),
    )


def _resent(account: Account, whole_picousd: int) -> Resent:
    """Output is born as a rule, so what is left of all tokens beside what was born is re-sent input."""
    born = sum(sums.born_tokens for sums in account.parts.values())
    made = sum(sums.tokens[PriceClass.OUTPUT] for sums in account.parts.values())
    sent = sum(sum(sums.tokens[: PriceClass.OUTPUT]) for sums in account.parts.values())
    tokens = sent + made - born
    return Resent(
        share=share(tokens, sent),
        cost_share=share(account.resent_picousd, whole_picousd),
        tokens=tokens,
        cost_usd=format_usd(account.resent_picousd),
    )


def _growth(account: Account) -> Growth:
    grown = [growth for _, growth in account.growths]
    priced = [growth for growth in grown if growth.cost.squared]
    found = fit([growth.cost for growth in priced] or [growth.tokens for growth in grown])
    context = fit(growth.context for growth in grown)
    cost = sum(growth.cost_picousd for growth in priced)
    return Growth(
        exponent=found.exponent,
        low=found.low,
        high=found.high,
        basis="cost" if priced or not grown else "tokens",
        sessions=len(priced or grown),
        context_exponent=context.exponent,
        context_low=context.low,
        context_high=context.high,
        late_share=share(sum(growth.late_picousd for growth in priced), cost),
        first_step_usd=_mean([growth.first_picousd for growth in priced]),
        next_step_usd=_mean([growth.last_picousd for growth in priced]),
        positions=tuple(
            PositionRow(
                from_step=each.first,
                to_step=each.last,
                steps=each.steps,
                context_tokens=each.context_tokens,
                mean_usd=format_usd(each.mean_picousd),
            )
            for each in account.curve.positions()
        ),
    )


def _mean(costs_picousd: Sequence[int]) -> Usd | None:
    return format_usd(sum(costs_picousd) // len(costs_picousd)) if costs_picousd else None


def _error(estimate: str, error: Error) -> ErrorRow:
    return ErrorRow(estimate=estimate, measured=error.measured, p50=error.p50, p90=error.p90)


def _session_cost(row: SessionRow) -> SessionCost:
    return SessionCost(row.id, row.steps, row.cost_picousd, row.unpriced_steps)


def _observed_ns(found: Sequence[SessionRow]) -> int | None:
    starts = [row.started_ns for row in found if row.started_ns is not None]
    ends = [row.ended_ns for row in found if row.ended_ns is not None]
    return max(ends) - min(starts) if starts and ends else None
