"""What stands out: broken prefixes, what the steps do, loops and the dearest sessions, and the levers."""

from collections.abc import Sequence

from farthing.analysis.profile import (
    BreakRow,
    CauseRow,
    LeverRow,
    LoopRow,
    Profile,
    SessionLine,
    SignatureRow,
)
from farthing.report import parts, sentences
from farthing.report.terminal.layout import (
    Column,
    Row,
    Sheet,
    cut,
    heading,
    paragraph,
    table,
    wrapped,
)
from farthing.report.verdict import addressed, has_cost, part_of
from farthing.report.width import cells, clip
from farthing.report.words import NOTHING, Money, cause, clean, percent, span_of_time, tokens, usd_like

_SESSIONS = 10
_LEVER = 9  # the width of the longest name of a lever, and a gap


def breaks(profile: Profile, sheet: Sheet) -> list[str]:
    """Return the broken prefixes by cause, with how each is mended, and the dearest of them."""
    broken = [row for row in profile.break_causes if row.is_break]
    if not profile.break_causes:
        return []
    return [
        *heading("Broken prefixes", sheet),
        *paragraph(sentences.breaks(profile), sheet),
        *table(_CAUSES, _cause_rows(broken, profile), sheet),
        *_dearest_breaks(profile, sheet),
        *_apart(sentences.no_breaks(profile), sheet),
    ]


_CAUSES = (
    Column("cause", gives=True, least=24),
    Column("times", right=True),
    Column("tokens paid again", right=True),
    Column("cost", right=True),
)


def _cause_rows(broken: Sequence[CauseRow], profile: Profile) -> list[Row]:
    money = usd_like(row.cost_usd for row in broken)
    return [
        Row(
            (
                cause(row.cause),
                f"{row.count:,}",
                tokens(row.lost_tokens),
                money(row.cost_usd) if has_cost(profile) else "",
            ),
            note=_labelled("mend", sentences.mend(row.cause, profile)),
        )
        for row in broken
    ]


def _dearest_breaks(profile: Profile, sheet: Sheet) -> list[str]:
    if not profile.breaks:
        return []
    money = usd_like(row.cost_usd for row in profile.breaks) if has_cost(profile) else None
    rows = cut([_break(row, money) for row in profile.breaks], sheet.top)
    columns = (
        Column("the dearest"),
        Column("tokens", right=True),
        Column("cost", right=True),
        Column("step", right=True),
        Column("session", gives=True, least=12),
    )
    return ["", *table(columns, rows, sheet)]


def _break(row: BreakRow, money: Money | None) -> Row:
    cost = money(row.cost_usd) if money else ""
    shown = (cause(row.cause), tokens(row.lost_tokens), cost, f"{row.step:,}", row.session)
    return Row(shown, note=": ".join(filter(None, (sentences.broken(row), sentences.quoted(row.excerpt)))))


def signatures(profile: Profile, sheet: Sheet) -> list[str]:
    """Return what steps do and which model does it; those that look mechanical say why."""
    if not profile.signatures:
        return []
    money = usd_like(row.cost_usd for row in profile.signatures) if has_cost(profile) else None
    rows = cut([_signature(row, money) for row in profile.signatures], sheet.top)
    columns = (
        Column("a step that answers", gives=True, least=28),
        Column("model", gives=True, least=26),
        Column("calls", right=True),
        Column("mostly gives", gives=True, least=12, spare=True),
        Column("output", right=True),
        Column("cost", right=True),
        Column("share", right=True),
    )
    return [
        *heading("What the steps do", sheet),
        *table(columns, rows, sheet),
        *_apart(sentences.trivial(profile), sheet),
    ]


def _signature(row: SignatureRow, money: Money | None) -> Row:
    who = f"{row.agent}: " if row.agent else ""
    return Row(
        (
            f"{who}{sentences.answered(row)}",
            row.model,
            f"{row.steps:,}",
            f"{sentences.given(row)} {percent(row.output_share)}" if row.output else "",
            tokens(row.output_tokens_p50),
            money(row.cost_usd) if money else "",
            percent(row.share) if money else "",
        ),
        note=f"looks mechanical: {row.hint}" if row.hint else "",
    )


def tail(profile: Profile, sheet: Sheet) -> list[str]:
    """Return the dearest sessions and how much of the cost they have."""
    if len(profile.sessions) < 2 or not parts.used_tokens(profile):
        return []
    shown = parts.sessions(profile)[:_SESSIONS]
    money = usd_like(row.cost_usd for row in shown)
    rows = [_session(row, profile, money) for row in shown]
    columns = (
        Column("session", gives=True, least=24),
        Column("started", spare=True),
        Column("lasted", right=True, spare=True),
        Column("calls", right=True),
        Column("context", right=True),
        Column("cost", right=True),
        Column("share", right=True),
        Column("success"),
    )
    return [
        *heading(sentences.dearest_sessions(profile), sheet),
        *paragraph(sentences.tail(profile), sheet),
        *table(columns, rows, sheet),
    ]


def _session(row: SessionLine, profile: Profile, money: Money) -> Row:
    return Row(
        (
            row.id,
            row.started[:16].replace("T", " "),
            span_of_time(row.seconds) if row.seconds else "",
            f"{row.steps:,}",
            tokens(row.context_tokens),
            money(row.cost_usd) if has_cost(profile) else "",
            percent(part_of(row.cost_usd, profile)) if has_cost(profile) else "",
            {True: "yes", False: "no", None: ""}[row.success],
        )
    )


def loops(profile: Profile, sheet: Sheet) -> list[str]:
    """Return the calls that were made again and again with the same result."""
    if not profile.tail.loops:
        return []
    money = usd_like(row.cost_usd for row in profile.tail.loops)
    rows = cut([_loop(row, money) for row in profile.tail.loops], sheet.top)
    columns = (
        Column("call", gives=True, least=20),
        Column("times", right=True),
        Column("steps", right=True),
        Column("cost of the repeats", right=True),
        Column("session", gives=True, least=16),
    )
    return [*heading("Loops", sheet), *paragraph(sentences.LOOPS, sheet), *table(columns, rows, sheet)]


def _loop(row: LoopRow, money: Money) -> Row:
    steps = f"{row.first_step:,} to {row.last_step:,}"
    return Row((row.tool, f"{row.times:,} ×", steps, money(row.cost_usd), row.session))


def levers(profile: Profile, sheet: Sheet) -> list[str]:
    """Return the findings with the spend that each addresses, how to mend it, and what is assumed."""
    if not profile.levers:
        return []
    lines = [*heading("Levers", sheet), *paragraph(sentences.LEVERS, sheet)]
    money, assumed = usd_like(row.spend_usd for row in profile.levers), ""
    left = len(profile.levers) - sheet.top
    for row in profile.levers[: None if left == 1 else sheet.top]:
        spend = money(row.spend_usd) if has_cost(profile) else NOTHING
        figures = f"  {spend:>9}  {percent(addressed(row, profile)):>4}  "
        lines += ["", *_lever(row, figures, sheet, is_assumed=row.assumption == assumed)]
        assumed = row.assumption
    return [*lines, "", f"  … and {left:,} more"] if left > 1 else lines


def _lever(row: LeverRow, figures: str, sheet: Sheet, *, is_assumed: bool) -> list[str]:
    indent = " " * (cells(figures) + _LEVER)
    finding, *more = wrapped(row.finding, sheet.width, first=indent, indent=indent)
    assumption = "the same as above" if is_assumed else row.assumption
    name = sheet.paint.strong(f"{clip(clean(row.lever), _LEVER - 1):<{_LEVER}}")
    lines = [f"{figures}{name}{finding[len(indent) :]}", *more]
    for told in (f"mend: {row.mend}", f"assumed: {assumption}"):
        lines += [sheet.paint.soft(line) for line in wrapped(told, sheet.width, first=indent, indent=indent)]
    return lines


def _apart(text: str, sheet: Sheet) -> list[str]:
    """Return a paragraph behind an empty line; nothing of nothing."""
    return ["", *paragraph(text, sheet)] if text else []


def _labelled(label: str, text: str) -> str:
    return f"{label}: {text}" if text else ""
