"""The tables of a profile: parts, models, tools, breaks and the rest, from the sums of an account."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from farthing.analysis import breaks, levers, loops, signatures
from farthing.analysis.account import PartSums
from farthing.analysis.attribution import Life, Part
from farthing.analysis.bill import share
from farthing.analysis.charges import PriceClass
from farthing.analysis.profile import (
    BlockRow,
    BreakRow,
    CauseRow,
    GroupRow,
    LeverRow,
    LoopRow,
    ModelRow,
    SegmentRow,
    SignatureRow,
    ToolRow,
)
from farthing.analysis.session import Group, Spend
from farthing.money import format_usd
from farthing.segment import SegmentKind

Parts = Mapping[Part, PartSums]


def segments(parts: Parts) -> tuple[SegmentRow, ...]:
    """Return the parts of the bill over all models, dearest first."""
    merged: defaultdict[tuple[SegmentKind, SegmentKind, str], PartSums] = defaultdict(PartSums)
    for part, sums in parts.items():
        merged[part.kind, part.form, part.name].merge(sums)
    whole = _cost(merged.values())
    dearest_first = sorted(merged.items(), key=lambda item: (-sum(item[1].cost_picousd), item[0]))
    return tuple(_segment(*key, sums, whole) for key, sums in dearest_first)


def _segment(
    kind: SegmentKind, form: SegmentKind, name: str, sums: PartSums, whole_picousd: int
) -> SegmentRow:
    cost = sum(sums.cost_picousd)
    return SegmentRow(
        kind=kind.value,
        form=form.value,
        name=name,
        blocks=sums.blocks,
        new_tokens=sums.born_tokens,
        resent_tokens=sum(sums.tokens[: PriceClass.SERVER_TOOLS]) - sums.born_tokens,
        cost_usd=format_usd(cost),
        share=share(cost, whole_picousd),
        **tokens_by_name(sums.tokens),
    )


def tokens_by_name(tokens: Sequence[int]) -> dict[str, int]:
    """Return a row of tokens by price class under the names that are published."""
    return {
        "uncached_input_tokens": tokens[PriceClass.UNCACHED],
        "cache_read_input_tokens": tokens[PriceClass.CACHE_READ],
        "cache_creation_5m_input_tokens": tokens[PriceClass.CACHE_WRITE_5M],
        "cache_creation_1h_input_tokens": tokens[PriceClass.CACHE_WRITE_1H],
        "cache_creation_other_input_tokens": tokens[PriceClass.CACHE_WRITE_OTHER],
        "output_tokens": tokens[PriceClass.OUTPUT],
    }


def models(parts: Parts, spends: Mapping[Group, Spend], unpriced: Mapping[str, str]) -> tuple[ModelRow, ...]:
    """Return the models, dearest first; `provider` names all that served one."""
    merged: defaultdict[str, PartSums] = defaultdict(PartSums)
    for part, sums in parts.items():
        merged[part.model].merge(sums)
    providers: defaultdict[str, set[str]] = defaultdict(set)
    for provider, model in spends:
        providers[model].add(provider)
    whole = _cost(merged.values())
    return tuple(
        ModelRow(
            provider=", ".join(sorted(providers[model] - {""})),
            model=model,
            steps=sum(spend.steps for (_, name), spend in spends.items() if name == model),
            cost_usd=format_usd(sum(merged[model].cost_picousd)),
            share=share(sum(merged[model].cost_picousd), whole),
            unpriced_steps=sum(spend.unpriced_steps for (_, name), spend in spends.items() if name == model),
            unpriced=unpriced.get(model, ""),
            **tokens_by_name(merged[model].tokens),
        )
        for model in sorted(providers, key=lambda model: (-sum(merged[model].cost_picousd), model))
    )


def tools(parts: Parts) -> tuple[ToolRow, ...]:
    """Return the tools, dearest first: what is named in schemas, calls and results."""
    merged: defaultdict[str, defaultdict[tuple[bool, SegmentKind], PartSums]]
    merged = defaultdict(lambda: defaultdict(PartSums))
    for part, sums in parts.items():
        if part.name and part.form in _OF_TOOLS:
            merged[part.name][part.kind is SegmentKind.OUTPUT, part.form].merge(sums)
    whole = _cost(parts.values())
    dearest_first = sorted(merged.items(), key=lambda item: (-_cost(item[1].values()), item[0]))
    return tuple(_tool(name, forms, whole) for name, forms in dearest_first)


_OF_TOOLS = (SegmentKind.TOOLS, SegmentKind.TOOL_CALL, SegmentKind.TOOL_RESULT)


def _tool(name: str, forms: defaultdict[tuple[bool, SegmentKind], PartSums], whole_picousd: int) -> ToolRow:
    schema, results = forms[False, SegmentKind.TOOLS], forms[False, SegmentKind.TOOL_RESULT]
    made, sent_back = forms[True, SegmentKind.TOOL_CALL], forms[False, SegmentKind.TOOL_CALL]
    cost = _cost(forms.values())
    return ToolRow(
        tool=name,
        server=mcp_server(name),
        calls=made.blocks or sent_back.blocks,
        results=results.blocks,
        result_tokens=results.born_tokens,
        schema_usd=format_usd(sum(schema.cost_picousd)),
        calls_usd=format_usd(_cost((made, sent_back))),
        results_usd=format_usd(sum(results.cost_picousd)),
        cost_usd=format_usd(cost),
        share=share(cost, whole_picousd),
    )


def mcp_server(tool: str) -> str:
    """Return the server in the name of an MCP tool, as coding agents write it (mcp__server__tool), or ""."""
    prefix, _, rest = tool.partition("__")
    server, separator, _ = rest.partition("__")
    return server if prefix == "mcp" and separator else ""


def groups(spends: Mapping[Group, Spend]) -> tuple[GroupRow, ...]:
    """Return the spend by dimension and label, dearest first in each dimension."""
    whole: defaultdict[str, int] = defaultdict(int)
    for (dimension, _), spend in spends.items():
        whole[dimension] += spend.cost_picousd
    dearest_first = sorted(spends.items(), key=lambda item: (item[0][0], -item[1].cost_picousd, item[0][1]))
    return tuple(
        GroupRow(
            dimension=dimension,
            label=label,
            steps=spend.steps,
            input_tokens=spend.input_tokens,
            output_tokens=spend.output_tokens,
            cost_usd=format_usd(spend.cost_picousd),
            share=share(spend.cost_picousd, whole[dimension]),
            unpriced_steps=spend.unpriced_steps,
        )
        for (dimension, label), spend in dearest_first
    )


def blocks(dearest: Iterable[Life]) -> tuple[BlockRow, ...]:
    """Return the dearest single blocks, dearest first."""
    return tuple(
        BlockRow(
            session=life.session,
            step=life.step,
            kind=life.segment.kind.value,
            name=life.segment.name,
            tokens=life.tokens,
            sent_tokens=life.sent_tokens,
            cost_usd=format_usd(life.cost_picousd),
            source=life.segment.source,
            offset=life.segment.offset,
            length=life.segment.length,
        )
        for life in dearest
        if life.cost_picousd
    )


def broken(sums: breaks.BreakSums) -> tuple[BreakRow, ...]:
    """Return the dearest breaks, dearest first."""
    return tuple(_break(found) for found in sums.dearest)


def _break(found: breaks.Break) -> BreakRow:
    shown = found.new or found.old
    return BreakRow(
        session=found.session,
        step=found.step,
        agent=found.agent_label or found.agent,
        model=found.model,
        segment_kind=found.kind.value,
        segment_name=found.name,
        cause=found.cause.value,
        detail=found.detail,
        position_tokens=found.position_tokens,
        lost_tokens=found.lost_tokens,
        cost_usd=None if found.cost_picousd is None else format_usd(found.cost_picousd),
        source=shown.source if shown is not None else -1,
        offset=shown.offset if shown is not None else -1,
        length=shown.length if shown is not None else 0,
    )


def causes(sums: breaks.BreakSums) -> tuple[CauseRow, ...]:
    """Return all breaks by cause, dearest first."""
    return tuple(
        CauseRow(
            cause=cause.value,
            is_break=cause.is_break,
            count=tally.count,
            lost_tokens=tally.lost_tokens,
            cost_usd=format_usd(tally.cost_picousd),
            unpriced=tally.unpriced,
        )
        for cause, tally in breaks.by_cause(sums).items()
    )


def signed(rows: Iterable[signatures.Row], whole_picousd: int) -> tuple[SignatureRow, ...]:
    """Return the signatures in the order given."""
    return tuple(
        SignatureRow(
            agent=row.signature.agent_label,
            answers=row.signature.answers,
            tools=row.signature.tools,
            output_schema=row.signature.output_schema,
            model=row.model,
            steps=row.calls,
            cost_usd=format_usd(row.cost_picousd),
            share=share(row.cost_picousd, whole_picousd),
            unpriced_steps=row.unpriced,
            output_tokens_p50=row.median_output_tokens,
            output=row.form,
            output_share=row.form_share,
            tool_share=row.tool_share,
            hint=row.hint,
        )
        for row in rows
    )


def looped(sums: loops.LoopSums) -> tuple[LoopRow, ...]:
    """Return the dearest loops, dearest first."""
    return tuple(
        LoopRow(
            session=loop.session,
            agent=loop.agent,
            tool=loop.tool,
            times=loop.count,
            first_step=loop.first_step,
            last_step=loop.last_step,
            cost_usd=None if loop.wasted_picousd is None else format_usd(loop.wasted_picousd),
        )
        for loop in sums.dearest
    )


def pulled(found: Iterable[levers.Lever]) -> tuple[LeverRow, ...]:
    """Return the levers in the order given."""
    return tuple(
        LeverRow(
            lever=lever.kind.value,
            finding=lever.finding,
            mend=lever.mend,
            assumption=lever.assumption,
            spend_usd=format_usd(lever.spend_picousd),
            month_usd=None if lever.month_picousd is None else format_usd(lever.month_picousd),
            count=lever.count,
            unpriced=lever.unpriced,
        )
        for lever in found
    )


def _cost(sums: Iterable[PartSums]) -> int:
    return sum(sum(each.cost_picousd) for each in sums)
