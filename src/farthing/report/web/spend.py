"""Where the money goes: by kind of content, and behind it by part, tool, model, block and label."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby

from farthing.analysis.profile import BlockRow, GroupRow, ModelRow, Profile, SegmentRow, ToolRow
from farthing.report import parts, sentences
from farthing.report.verdict import has_cost
from farthing.report.web.page import (
    Cell,
    Section,
    bar,
    folded,
    heading,
    key,
    name,
    number,
    paragraph,
    table,
    text,
    two_bars,
    wide,
    with_note,
)
from farthing.report.words import (
    Money,
    output,
    part,
    percent,
    piece,
    times,
    tokens,
    usd_like,
)

_ROWS = 100  # a table folds; what lies deeper is in the JSON


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
    most_tokens = max((sum(kind.billed) for kind in found), default=0) or 1
    head = [text("content"), text(""), *_priced_head(profile), *map(wide, map(number, _TOKENS_HEAD))]
    rows = [
        [
            text(kind.label),
            two_bars(
                bar([(kind.style, (kind.share or 0.0) / most)], f"{kind.label}: {percent(kind.share)}"),
                [(style, size / most_tokens) for style, size in kind.billed._asdict().items()],
            ),
            number(percent(kind.share)),
            *([number(money(kind.cost_usd))] if has_cost(profile) else []),
            wide(number(tokens(kind.new_tokens))),
            wide(number(tokens(kind.resent_tokens) if kind.resent_tokens else "")),
            wide(number(percent(kind.cached_share) if kind.cached_share is not None else "")),
        ]
        for kind in found
    ]
    return table("", head, rows) + (key(_KEY) if has_cost(profile) and found else "")


_KEY = (
    ("output", "upper bar: the cost"),
    ("read", "lower bar: the tokens, read from the cache"),
    ("written", "written to it"),
    ("plain", "input at the plain price"),
    ("out", "output"),
)
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
    if not parts.used_tokens(profile):
        return ""
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
        wide(number(percent(parts.cached_share(row)))),
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
