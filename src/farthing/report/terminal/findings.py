"""What stands out: broken prefixes, what the steps do, loops and the dearest sessions, and the levers."""

from decimal import Decimal

from farthing.analysis import advice
from farthing.analysis.break_cause import Cause
from farthing.analysis.breaks import Site
from farthing.analysis.profile import (
    BreakRow,
    CauseRow,
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
from farthing.report.verdict import addressed, has_cost
from farthing.report.words import NOTHING, cause, clean, count, part, percent, span_of_time, tokens, usd
from farthing.segment import SegmentKind

_SESSIONS = 10


def breaks(profile: Profile, sheet: Sheet) -> list[str]:
    """Return the broken prefixes by cause, with how each is mended, and the dearest of them."""
    broken = [row for row in profile.break_causes if row.is_break]
    others = [row for row in profile.break_causes if not row.is_break]
    if not broken and not others:
        return []
    return [
        *heading("Broken prefixes", sheet),
        *paragraph(told_breaks(profile), sheet),
        *table(_CAUSES, [_cause(row, profile) for row in broken], sheet),
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
    """Say what a broken prefix is, and what those that were found cost together."""
    broken = [row for row in profile.break_causes if row.is_break]
    if not broken:
        return "No prefix broke: all that had been cached and was sent again was read from the cache."
    number, lost = sum(row.count for row in broken), sum(row.lost_tokens for row in broken)
    cost = sum((row.cost_usd for row in broken), Decimal(0))
    share = f" ({percent(float(cost / profile.totals.cost_usd))} of the bill)" if has_cost(profile) else ""
    return (
        f"{count(number, 'time')} a call did not read from the cache what stood there: {tokens(lost)} tokens were "
        f"paid again, for {usd(cost)} above the price of reading them{share}."
        if has_cost(profile)
        else f"{count(number, 'time')} a call did not read from the cache what stood there: {tokens(lost)} tokens."
    )


def _cause(row: CauseRow, profile: Profile) -> Row:
    cost = usd(row.cost_usd) if has_cost(profile) else ""
    return Row((cause(row.cause), f"{row.count:,}", tokens(row.lost_tokens), cost))


def _dearest_breaks(profile: Profile, sheet: Sheet) -> list[str]:
    if not profile.breaks:
        return []
    rows = cut([_break(row) for row in profile.breaks], and_more, sheet.top)
    columns = (
        Column("the dearest", gives=True, least=24),
        Column("tokens", right=True),
        Column("cost", right=True),
        Column("step", right=True),
        Column("session", gives=True, least=12),
    )
    return ["", *table(columns, rows, sheet)]


def _break(row: BreakRow) -> Row:
    where = clean(part(row.segment_kind, row.segment_name))
    said = [f"at {where}: {clean(row.detail)}", quoted(row.excerpt), mend(row)]
    return Row(
        (cause(row.cause), tokens(row.lost_tokens), usd(row.cost_usd), f"{row.step:,}", clean(row.session)),
        note=" · ".join(each for each in said if each),
    )


def mend(row: BreakRow) -> str:
    """Return how a break is mended; "" where there is nothing to mend."""
    found = advice.mend(Site(Cause(row.cause), SegmentKind(row.segment_kind), row.segment_name))
    return f"mend: {clean(found)}" if found else ""


def _no_breaks(rows: list[CauseRow], sheet: Sheet) -> list[str]:
    if not rows:
        return []
    told = "; ".join(f"{cause(row.cause)} {row.count:,} ×" for row in rows)
    lost = sum(row.lost_tokens for row in rows)
    return ["", *paragraph(f"No broken prefixes, though they look it: {told} ({tokens(lost)} tokens).", sheet)]


def signatures(profile: Profile, sheet: Sheet) -> list[str]:
    """Return what steps do and which model does it; those that look mechanical say why."""
    if not profile.signatures:
        return []
    rows = cut([_signature(row, profile) for row in profile.signatures], and_more, sheet.top)
    columns = (
        Column("a step that answers", gives=True, least=22),
        Column("model", gives=True, least=16),
        Column("calls", right=True),
        Column("mostly gives", gives=True, least=12, spare=True),
        Column("tokens", right=True),
        Column("cost", right=True),
        Column("share", right=True),
    )
    return [*heading("What the steps do", sheet), *table(columns, rows, sheet), *_trivial(profile, sheet)]


def _signature(row: SignatureRow, profile: Profile) -> Row:
    who = f"{clean(row.agent)}: " if row.agent else ""
    return Row(
        (
            f"{who}{answered(row)}",
            clean(row.model),
            f"{row.steps:,}",
            f"{given(row)} {percent(row.output_share)}" if row.output else "",
            tokens(row.output_tokens_p50),
            usd(row.cost_usd) if has_cost(profile) else "",
            percent(row.share) if has_cost(profile) else "",
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
    words = {"task": "the first message", "user": "a user message", "mixed": "several things", "": "(not recorded)"}
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
    rows = [_session(row, profile) for row in shown]
    columns = (
        Column("session", gives=True, least=24),
        Column("started", spare=True),
        Column("lasted", right=True, spare=True),
        Column("calls", right=True),
        Column("longest context", right=True),
        Column("cost", right=True),
        Column("share", right=True),
        Column("ended"),
    )
    return [*heading("The dearest sessions", sheet), *_top(profile, sheet), *table(columns, rows, sheet)]


def _top(profile: Profile, sheet: Sheet) -> list[str]:
    found = profile.tail
    if found.top1_share is None or found.top5_share is None:
        return []
    told = f"The dearest 5% of the sessions have {percent(found.top5_share)} of the cost"
    if len(profile.sessions) >= 100:
        told += f", the dearest 1% {percent(found.top1_share)}"
    return paragraph(f"{told}.", sheet)


def _session(row: SessionLine, profile: Profile) -> Row:
    whole = profile.totals.cost_usd
    return Row(
        (
            clean(row.id),
            row.started[:16].replace("T", " "),
            span_of_time(row.seconds) if row.seconds else "",
            f"{row.steps:,}",
            tokens(row.context_tokens),
            usd(row.cost_usd) if whole else "",
            percent(float(row.cost_usd / whole)) if whole else "",
            {True: "well", False: "badly", None: ""}[row.success],
        )
    )


def loops(profile: Profile, sheet: Sheet) -> list[str]:
    """Return the calls that were made again and again with the same result."""
    if not profile.tail.loops:
        return []
    rows = cut([_loop(row) for row in profile.tail.loops], and_more, sheet.top)
    columns = (
        Column("call", gives=True, least=20),
        Column("times", right=True),
        Column("steps", right=True),
        Column("cost of the repeats", right=True),
        Column("session", gives=True, least=16),
    )
    lead = "The same call with the same arguments and the same result, three times or more in one session."
    return [*heading("Loops", sheet), *paragraph(lead, sheet), *table(columns, rows, sheet)]


def _loop(row: LoopRow) -> Row:
    steps = f"{row.first_step:,} to {row.last_step:,}"
    cost = usd(row.cost_usd) if row.cost_usd is not None else NOTHING
    return Row((clean(row.tool), f"{row.times:,} ×", steps, cost, clean(row.session)))


def levers(profile: Profile, sheet: Sheet) -> list[str]:
    """Return the findings with the spend that each addresses, how to mend it, and what is assumed."""
    if not profile.levers:
        return []
    lead = (
        "The spend that each finding addresses. The amounts overlap, so they do not add up; "
        "what a change would save is for a replay to say."
    )
    lines = [*heading("Levers", sheet), *paragraph(lead, sheet)]
    for row in profile.levers[: sheet.top]:
        spend = usd(row.spend_usd) if has_cost(profile) else NOTHING
        first = f"  {spend:>9}  {percent(addressed(row, profile)):>4}  {sheet.paint.strong(f'{row.lever:<8}')}  "
        indent = " " * (21 + cells(f"{row.lever:<8}") - 0)
        finding, *more = wrapped(clean(row.finding), sheet.width, first=indent, indent=indent)
        lines += ["", first + finding[len(indent) :], *more]
        for told in (f"mend: {clean(row.mend)}", f"assumed: {clean(row.assumption)}"):
            lines += [sheet.paint.soft(line) for line in wrapped(told, sheet.width, first=indent, indent=indent)]
    left = len(profile.levers) - sheet.top
    return [*lines, "", f"  … and {left:,} more"] if left > 0 else lines
