"""What stands out, as pictures and tables: broken prefixes, the steps' jobs, the dearest sessions, levers."""

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
from farthing.report.verdict import addressed, has_cost, part_of
from farthing.report.web.charts import HALF, Axis, Series, lines
from farthing.report.web.page import (
    Cell,
    Section,
    figure,
    folded,
    heading,
    key,
    name,
    number,
    paragraph,
    table,
    text,
    whole_bar,
    wide,
    with_bar,
    with_note,
)
from farthing.report.words import NOTHING, Money, cause, percent, span_of_time, tokens, usd, usd_like

_SESSIONS = 10
_ROWS = 50
_FIRST_ROWS = 6


def breaks(profile: Profile) -> Section:
    """Return the broken prefixes by cause, with how each is mended, and the dearest of them."""
    if not profile.break_causes:
        return Section("breaks", "Broken prefixes", "Broken prefixes")
    body = (
        paragraph(sentences.breaks(profile)),
        _causes([row for row in profile.break_causes if row.is_break], profile),
        paragraph(sentences.no_breaks(profile), "note"),
        _breaks(profile),
    )
    return Section("breaks", "Broken prefixes", "Broken prefixes", "".join(body))


def _causes(rows: Sequence[CauseRow], profile: Profile) -> str:
    money = usd_like(row.cost_usd for row in rows)
    weights = [float(row.cost_usd) if has_cost(profile) else float(row.lost_tokens) for row in rows]
    most = max(weights, default=0.0) or 1.0
    head = [text("cause"), number("times"), wide(number("tokens paid again")), number("cost")]
    shown = [
        [
            with_bar(text(cause(row.cause)), weight / most, sentences.mend(row.cause, profile)),
            number(f"{row.count:,}"),
            wide(number(tokens(row.lost_tokens))),
            number(money(row.cost_usd) if has_cost(profile) else NOTHING),
        ]
        for row, weight in zip(rows, weights, strict=True)
    ]
    return table("", head, shown)


def _breaks(profile: Profile) -> str:
    money = usd_like(row.cost_usd for row in profile.breaks)
    head = [
        text("the dearest"),
        number("tokens"),
        number("cost"),
        wide(number("step")),
        wide(text("session")),
    ]
    return _first_and_more(head, [_break(row, money) for row in profile.breaks])


def _first_and_more(head: Sequence[Cell], rows: Sequence[Sequence[Cell]]) -> str:
    """Return a table of the first rows, and one of the others that folds."""
    more = rows[_FIRST_ROWS:]
    return table("", head, rows[:_FIRST_ROWS]) + folded(f"{len(more):,} more", table("", head, more))


def _break(row: BreakRow, money: Money) -> list[Cell]:
    return [
        with_note(text(cause(row.cause)), sentences.broken(row), row.excerpt),
        number(tokens(row.lost_tokens)),
        number(money(row.cost_usd)),
        wide(number(f"{row.step:,}")),
        wide(name(row.session)),
    ]


def signatures(profile: Profile) -> Section:
    """Return what steps do and which model does it; those that look mechanical say why."""
    rows = profile.signatures[:_ROWS]
    money = usd_like(row.cost_usd for row in rows)
    head = [text("a step that answers"), text("model"), wide(number("calls")), wide(text("mostly gives"))]
    head += [wide(number("output tokens")), number("cost"), wide(number("share"))]
    shown = [_signature(row, money) for row in rows]
    lead = paragraph(sentences.trivial(profile)) if rows else ""
    return Section("steps", "Steps", "What the steps do", lead + _first_and_more(head, shown))


def _signature(row: SignatureRow, money: Money) -> list[Cell]:
    who = f"{row.agent}: " if row.agent else ""
    hint = f"looks mechanical: {row.hint}" if row.hint else ""
    return [
        with_note(text(f"{who}{sentences.answered(row)}"), hint),
        name(row.model),
        wide(number(f"{row.steps:,}")),
        wide(text(f"{sentences.given(row)} {percent(row.output_share)}" if row.output else "")),
        wide(number(tokens(row.output_tokens_p50))),
        number(money(row.cost_usd)),
        wide(number(percent(row.share))),
    ]


def sessions(profile: Profile) -> Section:
    """Return how concentrated the spend is, the dearest sessions, and what ran in circles."""
    if len(profile.sessions) < 2 or not parts.used_tokens(profile):
        return Section("sessions", "Sessions", "Sessions", _loops(profile))
    body = (paragraph(sentences.tail(profile)), _concentration(profile), _dearest(profile), _loops(profile))
    return Section("sessions", "Sessions", sentences.dearest_sessions(profile), "".join(body))


def _concentration(profile: Profile) -> str:
    points = [(0.0, 0.0), *((row.sessions_share, row.cost_share) for row in profile.concentration)]
    chart = lines(
        "How the cost is spread over sessions",
        [
            Series("all alike", "soft", [(0.0, 0.0), (1.0, 1.0)]),
            Series("the dearest sessions", "accent", points, fills=True),
        ],
        x=Axis("part of the sessions, dearest first", percent, percent),
        y=Axis("part of the cost", percent, percent),
        canvases=HALF,
    )
    legend = key([("accent", "these sessions"), ("soft", "if all cost the same")])
    return (
        figure(chart, "Part of the cost that the dearest sessions have", legend)
        if profile.concentration
        else ""
    )


def _dearest(profile: Profile) -> str:
    shown = parts.sessions(profile)[:_SESSIONS]
    money = usd_like(row.cost_usd for row in shown)
    head = [
        text("session"),
        wide(text("started")),
        wide(number("lasted")),
        number("calls"),
        wide(number("context")),
    ]
    head += [number("cost"), number("share"), wide(text("success"))]
    return table("", head, [_session(row, profile, money) for row in shown])


def _session(row: SessionLine, profile: Profile, money: Money) -> list[Cell]:
    return [
        name(row.id),
        wide(text(row.started[:16].replace("T", " "))),
        wide(number(span_of_time(row.seconds) if row.seconds else "")),
        number(f"{row.steps:,}"),
        wide(number(tokens(row.context_tokens))),
        number(money(row.cost_usd) if has_cost(profile) else ""),
        number(percent(part_of(row.cost_usd, profile)) if has_cost(profile) else ""),
        wide(text({True: "yes", False: "no", None: ""}[row.success])),
    ]


def _loops(profile: Profile) -> str:
    rows = profile.tail.loops
    if not rows:
        return ""
    money = usd_like(row.cost_usd for row in rows)
    head = [
        text("call"),
        number("times"),
        wide(number("steps")),
        number("cost of the repeats"),
        wide(text("session")),
    ]
    return heading("Loops") + table(sentences.LOOPS, head, [_loop(row, money) for row in rows])


def _loop(row: LoopRow, money: Money) -> list[Cell]:
    return [
        name(row.tool),
        number(f"{row.times:,} ×"),
        wide(number(f"{row.first_step:,} to {row.last_step:,}")),
        number(money(row.cost_usd)),
        wide(name(row.session)),
    ]


def levers(profile: Profile) -> Section:
    """Return the findings with the spend that each addresses, how to mend it, and what is assumed."""
    rows = "".join(_lever(row, profile) for row in profile.levers)
    return Section("levers", "Levers", "Levers", f"{paragraph(sentences.LEVERS)}{rows}" if rows else "")


def _lever(row: LeverRow, profile: Profile) -> str:
    share = addressed(row, profile)
    told = f"{percent(share)} of the bill" if share is not None else "no price known"
    spend = usd(row.spend_usd) if has_cost(profile) else NOTHING
    picture = whole_bar([("accent", share or 0.0)], told, classes="bar")
    figures = f"<div><b>{text(spend).html}</b><small>{text(told).html}</small>{picture}</div>"
    words = (
        f'<span class="tag">{text(row.lever).html}</span>{heading(sentences.capital(row.finding))}'
        f"{paragraph(f'Mend: {row.mend}.')}{paragraph(f'Assumed: {row.assumption}.', 'note')}"
    )
    return f'<div class="lever">{figures}<div>{words}</div></div>'
