"""How context and cost grow with the steps of a session."""

from collections.abc import Iterator, Sequence

from farthing.analysis.profile import Growth, PositionRow, Profile
from farthing.report import sentences
from farthing.report.terminal.layout import Column, Row, Sheet, bar, entries, heading, table
from farthing.report.verdict import has_cost
from farthing.report.words import percent, tokens, usd, usd_like

_BAR = 16
_POSITIONS = 9


def growth(profile: Profile, sheet: Sheet) -> list[str]:
    """Return how cost grows with the steps of a session."""
    found = profile.growth
    if len(found.positions) < 2:
        return []
    return [
        *heading("Growth", sheet),
        *entries(_grown(found), sheet),
        *_positions(found.positions, sheet, is_priced=has_cost(profile)),
    ]


def _grown(found: Growth) -> Iterator[tuple[str, str]]:
    yield "cost", sentences.growth(found)
    if found.context_exponent is not None:
        yield "context", f"after twice the steps it is {2**found.context_exponent:.1f} × as long"
    if found.late_share is not None:
        yield (
            "late steps",
            f"the last quarter of a session's steps takes {percent(found.late_share)} of its cost",
        )
    if found.next_step_usd is not None:
        first, last = usd(found.first_step_usd), usd(found.next_step_usd)
        yield "next step", f"a session's first step costs {first} on average, one more at its end {last}"


def _positions(found: Sequence[PositionRow], sheet: Sheet, *, is_priced: bool) -> list[str]:
    most, money = max(row.context_tokens for row in found), usd_like(row.mean_usd for row in found)
    rows = [
        Row(
            (
                sentences.position(row),
                tokens(row.context_tokens),
                bar(row.context_tokens / most, _BAR),
                money(row.mean_usd) if is_priced else "",
                f"{row.steps:,}",
            )
        )
        for row in spread(found, _POSITIONS)
    ]
    columns = (
        Column("step", right=True),
        Column("context", right=True),
        Column("", mark=sheet.paint.bar),
        Column("cost of a step", right=True),
        Column("seen", right=True),
    )
    return ["", *table(columns, rows, sheet)]


def spread(found: Sequence[PositionRow], most: int) -> list[PositionRow]:
    """Return at most so many rows, the first and the last among them, evenly spread."""
    if len(found) <= most:
        return list(found)
    return [found[round(at * (len(found) - 1) / (most - 1))] for at in range(most)]
