"""Where the money goes: by kind of content, tool, model and label, and by single block."""

from decimal import Decimal
from itertools import groupby

from farthing.analysis.profile import (
    BlockRow,
    GroupRow,
    ModelRow,
    Profile,
    ToolRow,
)
from farthing.report import parts, sentences
from farthing.report.terminal.layout import (
    Column,
    Row,
    Sheet,
    bar,
    cut,
    heading,
    paragraph,
    table,
)
from farthing.report.verdict import has_cost
from farthing.report.words import Money, percent, piece, times, tokens, usd_like

_BAR = 12


def kinds(profile: Profile, sheet: Sheet) -> list[str]:
    """Return the spend by kind of content."""
    found = parts.kinds(profile)
    if not found:
        return []
    money = usd_like(kind.cost_usd for kind in found)
    rows = [
        Row(
            (
                kind.label,
                bar(kind.share, _BAR),
                percent(kind.share),
                money(kind.cost_usd) if has_cost(profile) else "",
                tokens(kind.new_tokens),
                _again(kind),
                percent(kind.cached_share) if kind.cached_share is not None else "",
            )
        )
        for kind in found
    ]
    columns = (
        Column("content", gives=True, least=26),
        Column("", mark=sheet.paint.bar),
        Column("of cost" if has_cost(profile) else "of tokens", right=True),
        Column("cost", right=True),
        Column("new", right=True),
        Column("sent again", right=True),
        Column("cached", right=True, spare=True),
    )
    legend = "In tokens: new ones, the same sent again, and the part read from a cache."
    lead = f"{sentences.resent(profile)} {legend}"
    return [*heading("Where it goes", sheet), *paragraph(lead.strip(), sheet), *table(columns, rows, sheet)]


def _again(kind: parts.Kind) -> str:
    return tokens(kind.resent_tokens) if kind.resent_tokens else ""


def tools(profile: Profile, sheet: Sheet) -> list[str]:
    """Return the spend by tool: its schema, its calls, its results."""
    if not profile.tools:
        return []
    money = usd_like(row.cost_usd for row in profile.tools)
    rows = cut([_tool(row, money if has_cost(profile) else None) for row in profile.tools], sheet.top)
    columns = (
        Column("tool", gives=True, least=20),
        Column("server", gives=True, least=8, spare=True),
        Column("calls", right=True),
        Column("result tokens", right=True, spare=True),
        Column("schema", right=True),
        Column("calls cost", right=True),
        Column("results cost", right=True),
        Column("cost", right=True),
        Column("share", right=True),
    )
    return [*heading("Tools", sheet), *table(columns, rows, sheet)]


def _tool(row: ToolRow, money: Money | None) -> Row:
    told = (row.tool, row.server, f"{row.calls:,}", tokens(row.result_tokens))
    if money is None:
        return Row((*told, *[""] * 5))
    costs = (row.schema_usd, row.calls_usd, row.results_usd)
    return Row(
        (
            *told,
            *(money(cost) if Decimal(cost) else "" for cost in costs),
            money(row.cost_usd),
            percent(row.share),
        )
    )


def models(profile: Profile, sheet: Sheet) -> list[str]:
    """Return the spend by model; a model without a price says so."""
    if not parts.used_tokens(profile):
        return []
    money = usd_like(row.cost_usd for row in profile.models)
    rows = cut([_model(row, money) for row in profile.models], sheet.top)
    columns = (
        Column("model", gives=True, least=20),
        Column("provider", gives=True, least=8, spare=True),
        Column("calls", right=True),
        Column("input", right=True),
        Column("cached", right=True),
        Column("output", right=True),
        Column("cost", right=True),
        Column("share", right=True),
    )
    return [*heading("Models", sheet), *table(columns, rows, sheet)]


def _model(row: ModelRow, money: Money) -> Row:
    has_no_price = row.unpriced_steps and not Decimal(row.cost_usd)
    return Row(
        (
            row.model or "(not named)",
            row.provider,
            f"{row.steps:,}",
            tokens(parts.input_tokens(row)),
            percent(parts.cached_share(row)),
            tokens(row.output_tokens),
            "no price" if has_no_price else money(row.cost_usd),
            "" if has_no_price else percent(row.share),
        ),
        note=sentences.why_unpriced(row),
    )


def groups(profile: Profile, sheet: Sheet) -> list[str]:
    """Return the spend by each dimension that was asked for."""
    lines: list[str] = []
    for dimension, found in groupby(profile.groups, key=lambda row: row.dimension):
        told = list(found)
        money = usd_like(row.cost_usd for row in told) if has_cost(profile) else None
        rows = cut([_group(row, money) for row in told], sheet.top)
        columns = (
            Column(dimension, gives=True, least=20),
            Column("", mark=sheet.paint.bar),
            Column("share", right=True),
            Column("cost", right=True),
            Column("calls", right=True),
            Column("input", right=True),
            Column("output", right=True, spare=True),
        )
        lines += [*heading(f"By {dimension}", sheet), *table(columns, rows, sheet)]
    return lines


def _group(row: GroupRow, money: Money | None) -> Row:
    priced = (bar(row.share, _BAR), percent(row.share), money(row.cost_usd)) if money else ("", "", "")
    return Row((row.label, *priced, f"{row.steps:,}", tokens(row.input_tokens), tokens(row.output_tokens)))


def blocks(profile: Profile, sheet: Sheet) -> list[str]:
    """Return the single blocks that cost most over all the calls that sent them."""
    if not profile.blocks:
        return []
    shown = profile.blocks[: sheet.top]
    money = usd_like(row.cost_usd for row in shown)
    columns = (
        Column("what", gives=True, least=20),
        Column("tokens", right=True),
        Column("sent", right=True),
        Column("cost", right=True),
        Column("step", right=True),
        Column("session", gives=True, least=12),
    )
    return [
        *heading("Dearest pieces of context", sheet),
        *paragraph(sentences.BLOCKS, sheet),
        *table(columns, [_block(row, money) for row in shown], sheet),
    ]


def _block(row: BlockRow, money: Money) -> Row:
    sent = times(row.sent_tokens / row.tokens) if row.tokens else ""
    cells = (piece(row.kind, row.name), tokens(row.tokens), sent, money(row.cost_usd), f"{row.step:,}")
    return Row((*cells, row.session), note=sentences.quoted(row.excerpt))
