"""How context and cost grow with the steps of a session, as two charts and a table."""

from collections.abc import Sequence
from decimal import Decimal

from farthing.analysis.profile import PositionRow, Profile
from farthing.report import sentences
from farthing.report.verdict import has_cost
from farthing.report.web.charts import HALF, Axis, Series, lines
from farthing.report.web.page import Section, figure, figures, folded, key, number, paragraph, table
from farthing.report.words import percent, round_tokens, tokens, usd, usd_like

_STEPS = Axis("step", lambda value: f"{value:,.0f}", lambda value: f"{value:,.0f}")
_TOKENS = Axis("tokens", round_tokens, lambda value: tokens(round(value)))


def growth(profile: Profile) -> Section:
    """Return how context and cost grow with the steps of a session."""
    found = profile.growth
    rows = [row for row in found.positions if row.to_step is not None]
    if len(rows) < 2:
        return Section("growth", "Growth", "Growth")
    body = (
        paragraph(f"{sentences.capital(sentences.growth(found))}."),
        paragraph(_late(profile)),
        figures(_contexts(rows), _cumulated(rows, is_priced=has_cost(profile))),
        folded("The figures", _positions(found.positions, is_priced=has_cost(profile))),
    )
    return Section("growth", "Growth", "Growth", "".join(body))


def _late(profile: Profile) -> str:
    found = profile.growth
    if found.late_share is None or found.next_step_usd is None:
        return ""
    first, last = usd(found.first_step_usd), usd(found.next_step_usd)
    return (
        f"The last quarter of a session's steps takes {percent(found.late_share)} of its cost. "
        f"Its first step costs {first} on average, one more at its end {last}."
    )


def _contexts(rows: Sequence[PositionRow]) -> str:
    points = [(_middle(row), float(row.context_tokens)) for row in rows]
    chart = lines(
        "How long the context is at each step",
        [Series("context", "accent", points, fills=True)],
        x=_STEPS,
        y=_TOKENS,
        canvases=HALF,
    )
    return figure(chart, "Context at each step, in tokens (median)")


def _cumulated(rows: Sequence[PositionRow], *, is_priced: bool) -> str:
    """Return what a session has cost up to each step, beside what it would if every step cost the same."""
    reached = [(0.0, 0.0)]
    for row in rows:
        steps = (row.to_step or row.from_step) - row.from_step + 1
        amount = float(row.mean_usd) if is_priced else float(row.context_tokens)
        reached.append((float(row.to_step or row.from_step), reached[-1][1] + steps * amount))
    money = usd_like([Decimal(str(reached[-1][1]))], figures=2)
    what = "has cost" if is_priced else "has sent, in tokens"
    chart = lines(
        f"What a session {what} up to each step",
        [Series("in proportion", "soft", [reached[0], reached[-1]]), Series("so far", "accent", reached)],
        x=_STEPS,
        y=Axis("dollars", lambda value: money(str(value)), lambda value: usd(str(value)))
        if is_priced
        else _TOKENS,
        canvases=HALF,
    )
    legend = key([("accent", "a session"), ("soft", "in proportion to the steps")])
    return figure(chart, f"What a session {what} up to each step", legend)


def _middle(row: PositionRow) -> float:
    return (row.from_step + (row.to_step or row.from_step)) / 2


def _positions(rows: Sequence[PositionRow], *, is_priced: bool) -> str:
    money = usd_like(row.mean_usd for row in rows)
    head = [number("step"), number("seen"), number("context, tokens"), number("cost of a step")]
    shown = [
        [
            number(sentences.position(row)),
            number(f"{row.steps:,}"),
            number(f"{row.context_tokens:,}"),
            number(money(row.mean_usd) if is_priced else ""),
        ]
        for row in rows
    ]
    return table("", head, shown)
