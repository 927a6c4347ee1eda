"""What stands out: broken prefixes, what the steps do, loops and the dearest sessions, and the levers."""

from collections.abc import Sequence
from decimal import Decimal

from farthing.analysis import advice
from farthing.analysis.break_cause import Cause
from farthing.analysis.breaks import Site
from farthing.analysis.profile import (
    BreakRow,
    CauseRow,
    LeverRow,
    LoopRow,
    Profile,
    SessionLine,
    SignatureRow,
)
from farthing.report.terminal.layout import (
    Column,
    Row,
    Sheet,
    and_more,
    cells,
    cut,
    heading,
    paragraph,
    table,
    wrapped,
)
from farthing.report.terminal.spend import quoted
from farthing.report.verdict import addressed, has_cost, part_of
from farthing.report.words import (
    NOTHING,
    Money,
    cause,
    clean,
    count,
    percent,
    piece,
    span_of_time,
    tokens,
    usd,
    usd_like,
)
from farthing.segment import SegmentKind

_SESSIONS = 10
_FEW_SESSIONS = 20  # so few that 5% of them are one
_LEVER = 9  # the width of the longest name of a lever, and a gap


def breaks(profile: Profile, sheet: Sheet) -> list[str]:
    """Return the broken prefixes by cause, with how each is mended, and the dearest of them."""
    broken = [row for row in profile.break_causes if row.is_break]
    others = [row for row in profile.break_causes if not row.is_break]
    if not broken and not others:
        return []
    return [
        *heading("Broken prefixes", sheet),
        *paragraph(told_breaks(profile), sheet),
        *table(_CAUSES, _cause_rows(broken, profile), sheet),
        *_dearest_breaks(profile, sheet),
        *_no_breaks(others, sheet),
    ]


_CAUSES = (
    Column("cause", gives=True, least=24),
    Column("times", right=True),
    Column("tokens paid again", right=True),
    Column("cost", right=True),
)


def told_breaks(profile: Profile) -> str:
    """Say how often a prefix broke, and what all breaks cost together."""
    broken = [row for row in profile.break_causes if row.is_break]
    if not broken:
        return "No prefix broke: what had been cached and was sent again was read from the cache."
    number, lost = sum(row.count for row in broken), sum(row.lost_tokens for row in broken)
    told = f"{count(number, 'time')} a call did not read from the cache what had been there:"
    if not has_cost(profile):
        return f"{told} {tokens(lost)} tokens were processed again."
    cost = sum((Decimal(row.cost_usd) for row in broken), Decimal(0))
    share = percent(part_of(cost, profile))
    above = f"{usd(cost)} above the price of reading them ({share} of the bill)"
    return f"{told} {tokens(lost)} tokens were paid again, for {above}."


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
            note=mend(row.cause, profile),
        )
        for row in broken
    ]


def mend(name: str, profile: Profile) -> str:
    """Return how the dearest break of a cause is mended; "" where no break of it is among the dearest."""
    for row in profile.breaks:
        if row.cause == name:
            site = Site(Cause(row.cause), SegmentKind(row.segment_kind), row.segment_name)
            return f"mend: {clean(advice.mend(site))}"
    return ""


def _dearest_breaks(profile: Profile, sheet: Sheet) -> list[str]:
    if not profile.breaks:
        return []
    money = usd_like(row.cost_usd for row in profile.breaks)
    rows = cut([_break(row, money) for row in profile.breaks], and_more, sheet.top)
    columns = (
        Column("the dearest"),
        Column("tokens", right=True),
        Column("cost", right=True),
        Column("step", right=True),
        Column("session", gives=True, least=12),
    )
    return ["", *table(columns, rows, sheet)]


def _break(row: BreakRow, money: Money) -> Row:
    cells = (
        cause(row.cause),
        tokens(row.lost_tokens),
        money(row.cost_usd),
        f"{row.step:,}",
        clean(row.session),
    )
    return Row(cells, note=told_break(row))


def told_break(row: BreakRow) -> str:
    """Say what happened, where in the context, and what stands there."""
    start = f"token {row.position_tokens:,}" if row.position_tokens else "the first token"
    where = f"{clean(row.detail)}. From {start} on, at {clean(piece(row.segment_kind, row.segment_name))}"
    return f"{where}: {quoted(row.excerpt)}" if row.excerpt else where


def _no_breaks(rows: list[CauseRow], sheet: Sheet) -> list[str]:
    if not rows:
        return []
    told = "; ".join(f"{cause(row.cause)} {row.count:,} ×" for row in rows)
    lost = sum(row.lost_tokens for row in rows)
    return [
        "",
        *paragraph(f"No broken prefixes, though they look it: {told} ({tokens(lost)} tokens).", sheet),
    ]


def signatures(profile: Profile, sheet: Sheet) -> list[str]:
    """Return what steps do and which model does it; those that look mechanical say why."""
    if not profile.signatures:
        return []
    money = usd_like(row.cost_usd for row in profile.signatures) if has_cost(profile) else None
    rows = cut([_signature(row, money) for row in profile.signatures], and_more, sheet.top)
    columns = (
        Column("a step that answers", gives=True, least=28),
        Column("model", gives=True, least=26),
        Column("calls", right=True),
        Column("mostly gives", gives=True, least=12, spare=True),
        Column("output", right=True),
        Column("cost", right=True),
        Column("share", right=True),
    )
    return [*heading("What the steps do", sheet), *table(columns, rows, sheet), *_trivial(profile, sheet)]


def _signature(row: SignatureRow, money: Money | None) -> Row:
    who = f"{clean(row.agent)}: " if row.agent else ""
    return Row(
        (
            f"{who}{answered(row)}",
            clean(row.model),
            f"{row.steps:,}",
            f"{given(row)} {percent(row.output_share)}" if row.output else "",
            tokens(row.output_tokens_p50),
            money(row.cost_usd) if money else "",
            percent(row.share) if money else "",
        ),
        note=f"looks mechanical: {clean(row.hint)}" if row.hint else "",
    )


def _trivial(profile: Profile, sheet: Sheet) -> list[str]:
    if any(row.hint for row in profile.signatures):
        return []
    return ["", *paragraph("None of these steps looks mechanical by its structure alone.", sheet)]


def answered(row: SignatureRow) -> str:
    """Return what a step answers, in words."""
    if row.answers.startswith("tool_result:"):
        return f"a result of {clean(row.answers.removeprefix('tool_result:'))}"
    words = {
        "task": "the first message",
        "user": "a user message",
        "mixed": "several things",
        "": "(not recorded)",
    }
    return words.get(row.answers, clean(row.answers))


def given(row: SignatureRow) -> str:
    """Return what mostly comes out of a step, in words."""
    if row.output.startswith("tool_call:"):
        return f"a call of {clean(row.output.removeprefix('tool_call:'))}"
    words = {"text": "text", "schema": "a fixed form", "mixed": "text and calls", "": "(not recorded)"}
    return words.get(row.output, clean(row.output))


def tail(profile: Profile, sheet: Sheet) -> list[str]:
    """Return the dearest sessions and how much of the cost they have."""
    if len(profile.sessions) < 2:
        return []
    shown = profile.sessions[:_SESSIONS]
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
    return [*heading("The dearest sessions", sheet), *_top(profile, sheet), *table(columns, rows, sheet)]


def _top(profile: Profile, sheet: Sheet) -> list[str]:
    found = profile.tail
    if found.top1_share is None or found.top5_share is None:
        return []
    if len(profile.sessions) <= _FEW_SESSIONS:
        return paragraph(f"The dearest one has {percent(found.top1_share)} of the cost.", sheet)
    told = f"The dearest 5% of the sessions have {percent(found.top5_share)} of the cost"
    if len(profile.sessions) >= 100:
        told += f", the dearest 1% {percent(found.top1_share)}"
    return paragraph(f"{told}.", sheet)


def _session(row: SessionLine, profile: Profile, money: Money) -> Row:
    return Row(
        (
            clean(row.id),
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
    rows = cut([_loop(row, money) for row in profile.tail.loops], and_more, sheet.top)
    columns = (
        Column("call", gives=True, least=20),
        Column("times", right=True),
        Column("steps", right=True),
        Column("cost of the repeats", right=True),
        Column("session", gives=True, least=16),
    )
    lead = "The same call with the same arguments and the same result, three times or more in one session."
    return [*heading("Loops", sheet), *paragraph(lead, sheet), *table(columns, rows, sheet)]


def _loop(row: LoopRow, money: Money) -> Row:
    steps = f"{row.first_step:,} to {row.last_step:,}"
    return Row((clean(row.tool), f"{row.times:,} ×", steps, money(row.cost_usd), clean(row.session)))


def levers(profile: Profile, sheet: Sheet) -> list[str]:
    """Return the findings with the spend that each addresses, how to mend it, and what is assumed."""
    if not profile.levers:
        return []
    lead = (
        "The spend that each finding addresses. The amounts overlap, so they do not add up; "
        "what a change would save is for a replay to say."
    )
    lines = [*heading("Levers", sheet), *paragraph(lead, sheet)]
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
    finding, *more = wrapped(clean(row.finding), sheet.width, first=indent, indent=indent)
    assumption = "the same as above" if is_assumed else clean(row.assumption)
    lines = [f"{figures}{sheet.paint.strong(f'{row.lever:<{_LEVER}}')}{finding[len(indent) :]}", *more]
    for told in (f"mend: {clean(row.mend)}", f"assumed: {assumption}"):
        lines += [sheet.paint.soft(line) for line in wrapped(told, sheet.width, first=indent, indent=indent)]
    return lines
