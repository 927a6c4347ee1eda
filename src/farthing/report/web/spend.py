"""Where the money goes, as pictures and tables: the bill, its parts, tools, models, labels, growth."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby

from farthing.analysis.profile import BlockRow, GroupRow, ModelRow, PositionRow, Profile, SegmentRow, ToolRow
from farthing.report import parts, sentences
from farthing.report.verdict import has_cost
from farthing.report.web.charts import HALF, Axis, Series, lines
from farthing.report.web.page import (
    Cell,
    Section,
    bar,
    cards,
    figure,
    figures,
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
    with_note,
)
from farthing.report.words import (
    Money,
    count,
    output,
    part,
    percent,
    piece,
    rough_usd,
    round_tokens,
    times,
    tokens,
    usd,
    usd_like,
)

_ROWS = 100  # a table folds; what lies deeper is in the JSON


def bill(profile: Profile) -> Section:
    """Return the figures of the bill as cards, and how its tokens were billed."""
    found = list(_cards(profile))
    body = f"{cards(found) if found else ''}{_lacking(profile)}{_classes(profile)}"
    return Section("bill", "Bill", "The bill", body)


def _cards(profile: Profile) -> Iterator[tuple[str, str]]:
    totals, each, found = profile.totals, profile.per_session, profile.growth
    if has_cost(profile):
        least = "at least, " if totals.at_least else ""
        yield usd(totals.cost_usd), f"{least}for {sentences.calls(profile)}"
        yield usd(each.mean_usd), f"a session on average; median {usd(each.p50_usd)}, p99 {usd(each.p99_usd)}"
    if each.per_success_usd is not None:
        yield (
            usd(each.per_success_usd),
            f"a success; {each.successes:,} of {each.outcomes:,} sessions succeeded",
        )
    if profile.resent.share:
        yield percent(profile.resent.share), "of the input had been sent before"
    if found.exponent is not None:
        yield f"{2**found.exponent:.1f} ×", f"is what twice the steps {_takes(found.basis)}"
    if profile.projection.basis == "observed" and profile.projection.per_month_usd is not None:
        rate = sentences.per_day(profile.projection)
        yield rough_usd(profile.projection.per_month_usd), f"a month at the rate of these traces, {rate}"
    if profile.sub_agents.sessions and has_cost(profile):
        agents = profile.sub_agents
        yield percent(agents.share), f"of the cost is sub-agents', in {count(agents.sessions, 'session')}"


def _takes(basis: str) -> str:
    return "cost" if basis == "cost" else "take in tokens"


def _lacking(profile: Profile) -> str:
    totals = profile.totals
    if not totals.at_least:
        return ""
    told = f"At least, because {'; '.join(totals.at_least)}."
    if Decimal(totals.cost_with_estimates_usd) > Decimal(totals.cost_usd):
        told += f" With estimates for them: {usd(totals.cost_with_estimates_usd)}."
    return paragraph(told, "note")


def _classes(profile: Profile) -> str:
    """Return a bar of all tokens by what they were billed as."""
    totals = profile.totals
    found = (
        ("read", "read from the cache", totals.cache_read_input_tokens),
        ("written", "written to the cache", parts.written_tokens(totals)),
        ("plain", "input at the plain price", totals.uncached_input_tokens),
        ("out", "output", totals.output_tokens),
    )
    whole = sum(size for _, _, size in found)
    if not whole:
        return ""
    told = ", ".join(f"{tokens(size)} {what}" for _, what, size in found if size)
    shown = whole_bar([(style, size / whole) for style, _, size in found], told)
    entries = [(style, f"{what}: {tokens(size)}") for style, what, size in found if size]
    return f"{paragraph('All tokens, by what they were billed as:')}{shown}{key(entries)}"


def projection(profile: Profile) -> Section:
    """Return the bill at the sessions a day that were asked for; empty where no price is known."""
    found = profile.projection
    if found.basis != "asked" or found.per_day_usd is None or not has_cost(profile):
        return Section("production", "In production", "In production")
    periods = (
        ("a day", found.per_day_usd, found.low_usd, found.high_usd),
        ("a month", found.per_month_usd, found.per_month_low_usd, found.per_month_high_usd),
        ("a year", found.per_year_usd, found.per_year_low_usd, found.per_year_high_usd),
    )
    shown = [
        (rough_usd(cost), _interval(each, sentences.between(low, high))) for each, cost, low, high in periods
    ]
    body = f"{cards(shown)}{paragraph(sentences.limits(found))}"
    return Section("production", "In production", f"In production, at {sentences.per_day(found)}", body)


def _interval(period: str, between: str) -> str:
    return f"{period}; 95% interval {between}" if between else period


def where(profile: Profile) -> Section:
    """Return the spend by kind of content, and behind it by part, tool and model."""
    body = (
        _kinds(parts.kinds(profile), profile),
        folded("Every part", _parts(profile)),
        folded("Tools", _tools(profile)),
        folded("Models", _models(profile)),
        folded("Dearest pieces of context", _blocks(profile)),
    )
    lead = paragraph(sentences.resent(profile))
    return Section("where", "Where it goes", "Where it goes", lead + "".join(body) if any(body) else "")


def _kinds(found: Sequence[parts.Kind], profile: Profile) -> str:
    money = usd_like(kind.cost_usd for kind in found)
    most = max((kind.share or 0.0 for kind in found), default=0.0) or 1.0
    head = [text("content"), text(""), *_priced_head(profile), *map(wide, map(number, _TOKENS_HEAD))]
    rows = [
        [
            text(kind.label),
            bar([(kind.style, (kind.share or 0.0) / most)], f"{kind.label}: {percent(kind.share)}"),
            number(percent(kind.share)),
            *([number(money(kind.cost_usd))] if has_cost(profile) else []),
            wide(number(tokens(kind.new_tokens))),
            wide(number(tokens(kind.resent_tokens) if kind.resent_tokens else "")),
            wide(number(percent(kind.cached_share) if kind.cached_share is not None else "")),
        ]
        for kind in found
    ]
    return table("", head, rows)


_TOKENS_HEAD = ("new tokens", "sent again", "from cache")


def _priced_head(profile: Profile) -> list[Cell]:
    if has_cost(profile):
        return [number("of cost"), number("cost")]
    return [number("of tokens")]


def _parts(profile: Profile) -> str:
    money = usd_like(row.cost_usd for row in profile.segments)
    head = [
        text("part"),
        number("blocks"),
        number("new tokens"),
        number("sent again"),
        number("cost"),
        number("share"),
    ]
    rows = [
        [
            text(_part(row)),
            number(f"{row.blocks:,}"),
            number(tokens(row.new_tokens)),
            number(tokens(row.resent_tokens) if row.resent_tokens else ""),
            number(money(row.cost_usd)),
            number(percent(row.share)),
        ]
        for row in profile.segments[:_ROWS]
    ]
    return table("", head, rows)


def _part(row: SegmentRow) -> str:
    if row.kind != "output":
        return part(row.kind, row.name)
    return f"output: {part(row.form, row.name) if row.name else output(row.form)}"


def _tools(profile: Profile) -> str:
    money = usd_like(row.cost_usd for row in profile.tools)
    head = [text("tool"), wide(text("server")), number("calls"), wide(number("result tokens"))]
    head += [wide(number("schema")), wide(number("calls cost")), wide(number("results cost"))]
    head += [number("cost"), number("share")]
    return table("", head, [_tool(row, money) for row in profile.tools[:_ROWS]])


def _tool(row: ToolRow, money: Money) -> list[Cell]:
    costs = (row.schema_usd, row.calls_usd, row.results_usd)
    return [
        name(row.tool),
        wide(text(row.server)),
        number(f"{row.calls:,}"),
        wide(number(tokens(row.result_tokens))),
        *(wide(number(money(cost) if Decimal(cost) else "")) for cost in costs),
        number(money(row.cost_usd)),
        number(percent(row.share)),
    ]


def _models(profile: Profile) -> str:
    money = usd_like(row.cost_usd for row in profile.models)
    head = [
        text("model"),
        wide(text("provider")),
        number("calls"),
        wide(number("input")),
        wide(number("from cache")),
    ]
    head += [wide(number("output")), number("cost"), number("share")]
    return table("", head, [_model(row, money) for row in profile.models[:_ROWS]])


def _model(row: ModelRow, money: Money) -> list[Cell]:
    has_no_price = bool(row.unpriced_steps) and not Decimal(row.cost_usd)
    return [
        with_note(name(row.model) if row.model else text("(not named)"), sentences.why_unpriced(row)),
        wide(text(row.provider)),
        number(f"{row.steps:,}"),
        wide(number(tokens(parts.input_tokens(row)))),
        wide(number(percent(parts.cached_share([row])))),
        wide(number(tokens(row.output_tokens))),
        number("no price" if has_no_price else money(row.cost_usd)),
        number("" if has_no_price else percent(row.share)),
    ]


def _blocks(profile: Profile) -> str:
    """Return the dearest blocks under a sentence that says what they are; "" without any."""
    money = usd_like(row.cost_usd for row in profile.blocks)
    head = [
        text("what"),
        number("tokens"),
        number("sent"),
        number("cost"),
        wide(number("step")),
        wide(text("session")),
    ]
    return table("", head, [_block(row, money) for row in profile.blocks])


def _block(row: BlockRow, money: Money) -> list[Cell]:
    return [
        with_note(text(piece(row.kind, row.name)), "", row.excerpt),
        number(tokens(row.tokens)),
        number(times(row.sent_tokens / row.tokens) if row.tokens else ""),
        number(money(row.cost_usd)),
        wide(number(f"{row.step:,}")),
        wide(name(row.session)),
    ]


def groups(profile: Profile) -> Section:
    """Return the spend by each dimension that was asked for."""
    body = "".join(
        f"{heading(f'By {dimension}')}{_groups(list(rows), profile)}"
        for dimension, rows in groupby(profile.groups, key=lambda row: row.dimension)
    )
    return Section("labels", "By label", "By label", body)


def _groups(rows: Sequence[GroupRow], profile: Profile) -> str:
    money = usd_like(row.cost_usd for row in rows)
    most = max((row.share or 0.0 for row in rows), default=0.0) or 1.0
    head = [text("label"), text(""), number("share"), number("cost"), number("calls")]
    head += [wide(number("input")), wide(number("output"))]
    shown = [
        [
            name(row.label),
            bar([("accent", (row.share or 0.0) / most)], f"{row.label}: {percent(row.share)}"),
            number(percent(row.share)),
            number(money(row.cost_usd) if has_cost(profile) else ""),
            number(f"{row.steps:,}"),
            wide(number(tokens(row.input_tokens))),
            wide(number(tokens(row.output_tokens))),
        ]
        for row in rows[:_ROWS]
    ]
    return table("", head, shown)


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
        folded("The figures", _positions(found.positions)),
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
        x=Axis("step", _whole),
        y=Axis("tokens", round_tokens),
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
        x=Axis("step", _whole),
        y=Axis("dollars", lambda value: money(str(value))) if is_priced else Axis("tokens", round_tokens),
        canvases=HALF,
    )
    legend = key([("accent", "a session"), ("soft", "in proportion to the steps")])
    return figure(chart, f"What a session {what} up to each step", legend)


def _middle(row: PositionRow) -> float:
    return (row.from_step + (row.to_step or row.from_step)) / 2


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _positions(rows: Sequence[PositionRow]) -> str:
    money = usd_like(row.mean_usd for row in rows)
    head = [number("step"), number("seen"), number("context, tokens"), number("cost of a step")]
    shown = [
        [
            number(sentences.position(row)),
            number(f"{row.steps:,}"),
            number(f"{row.context_tokens:,}"),
            number(money(row.mean_usd)),
        ]
        for row in rows
    ]
    return table("", head, shown)
