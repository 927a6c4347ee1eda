"""Profiles made by hand: a usual one, those at the edges, and one with all that a hostile trace may hold."""

from msgspec.structs import replace

from farthing.analysis.charges import PriceClass
from farthing.analysis.profile import (
    BlockRow,
    BreakRow,
    CauseRow,
    ErrorRow,
    GroupRow,
    Growth,
    LeverRow,
    LoopRow,
    ModelRow,
    PerSession,
    PositionRow,
    Profile,
    Projection,
    Resent,
    SegmentRow,
    SessionLine,
    ShareRow,
    SignatureRow,
    SkippedRow,
    SourceRow,
    SubAgents,
    Tail,
    TokensPerMinute,
    ToolRow,
    Totals,
)
from farthing.analysis.waterfall import Item, Share, WaterfallStep
from farthing.segment import SegmentKind

NASTY = "\x1b[2J\x1b]0;title\x07\u202egnp.exe\u202c<script>alert(1)</script>\"'&\x00\n\u65e5\u672c\u8a9e"


def segment(kind: str, cost_usd: str, share: float | None, *, form: str = "", name: str = "") -> SegmentRow:
    """Return a part of the bill with 1,000 new tokens, sent again nine times if it is input."""
    is_input = kind != "output"
    return SegmentRow(
        kind=kind,
        form=form or kind,
        name=name,
        blocks=10,
        new_tokens=1_000,
        resent_tokens=9_000 if is_input else 0,
        cost_usd=cost_usd,
        share=share,
        uncached_input_tokens=1_000 if is_input else 0,
        cache_read_input_tokens=9_000 if is_input else 0,
        output_tokens=0 if is_input else 1_000,
    )


def session(name: str, cost_usd: str, *, success: bool | None = None) -> SessionLine:
    return SessionLine(
        id=name,
        steps=20,
        cost_usd=cost_usd,
        named=True,
        success=success,
        agents=1,
        conversations=2,
        started="2026-03-01T10:00:00Z",
        seconds=754.0,
        input_tokens=90_000,
        output_tokens=3_000,
        context_tokens=12_345,
        unpriced_steps=0,
        unrecorded_steps=0,
        estimated_output_steps=0,
    )


NOTHING = Profile(
    sources=(),
    prices="",
    totals=Totals(
        sessions=0,
        steps=0,
        cost_usd="0",
        cost_with_estimates_usd="0",
        server_tools_usd="0",
        unpriced_steps=0,
        unrecorded_steps=0,
        estimated_output_steps=0,
        at_least=(),
    ),
    per_session=PerSession(
        mean_usd=None,
        p50_usd=None,
        p90_usd=None,
        p99_usd=None,
        max_usd=None,
        mean_low_usd=None,
        mean_high_usd=None,
        outcomes=0,
        successes=0,
        per_success_usd=None,
    ),
    resent=Resent(share=None, cost_share=None, tokens=0, cost_usd="0"),
    growth=Growth(
        exponent=None,
        low=None,
        high=None,
        basis="cost",
        sessions=0,
        context_exponent=None,
        context_low=None,
        context_high=None,
        late_share=None,
        first_step_usd=None,
        next_step_usd=None,
        positions=(),
    ),
    segments=(),
    blocks=(),
    models=(),
    tools=(),
    groups=(),
    sub_agents=SubAgents(sessions=0, cost_usd="0", share=None),
    signatures=(),
    breaks=(),
    break_causes=(),
    tail=Tail(top1_share=None, top5_share=None, loops=()),
    concentration=(),
    levers=(),
    projection=Projection(),
    estimates=(),
    sessions=(),
)

_POSITIONS = tuple(
    PositionRow(
        from_step=first,
        to_step=last,
        steps=30,
        context_tokens=2_000 * first,
        mean_usd=f"0.0{first:02}",
    )
    for first, last in ((1, 1), (2, 2), (3, 3), (4, 6), (7, 10), (11, 20), (21, None))
)

USUAL = Profile(
    sources=(
        SourceRow(
            path="traces/a.jsonl",
            format="claude-code",
            records=900,
            steps=400,
            duplicates=12,
            rules={"input counts leave cached tokens out (Anthropic)": 400},
            notes=("the system prompt is not recorded",),
        ),
        SourceRow(path="traces/b.jsonl", format="claude-code", records=100, steps=80, duplicates=0),
        SourceRow(
            path="traces/notes.bin",
            format="",
            records=0,
            steps=0,
            duplicates=0,
            skipped=(SkippedRow("traces/notes.bin", "a binary file; leave it out"),),
        ),
    ),
    prices="installed prices of 2026-03-01",
    totals=Totals(
        sessions=24,
        steps=480,
        cost_usd="10",
        cost_with_estimates_usd="10.4",
        server_tools_usd="0.25",
        unpriced_steps=0,
        unrecorded_steps=0,
        estimated_output_steps=7,
        at_least=("7 calls have no final output count",),
        uncached_input_tokens=40_000,
        cache_read_input_tokens=900_000,
        cache_creation_5m_input_tokens=60_000,
        cache_creation_1h_input_tokens=20_000,
        output_tokens=30_000,
    ),
    per_session=PerSession(
        mean_usd="0.416666666666",
        p50_usd="0.3",
        p90_usd="1",
        p99_usd="2.5",
        max_usd="2.5",
        mean_low_usd="0.3",
        mean_high_usd="0.6",
        outcomes=20,
        successes=8,
        per_success_usd="1.25",
    ),
    resent=Resent(share=0.9, cost_share=0.62, tokens=918_000, cost_usd="6.2"),
    growth=Growth(
        exponent=1.585,
        low=1.4,
        high=1.7,
        basis="cost",
        sessions=20,
        context_exponent=0.585,
        context_low=0.5,
        context_high=0.7,
        late_share=0.44,
        first_step_usd="0.004",
        next_step_usd="0.05",
        positions=_POSITIONS,
    ),
    segments=(
        segment("tool_result", "3", 0.3, name="Read"),
        segment("system", "2", 0.2),
        segment("tool_result", "1.5", 0.15, name="Bash"),
        segment("remainder", "1.25", 0.125, name="derived: system prompt and tools"),
        segment("output", "1.25", 0.125, form="tool_call", name="Bash"),
        segment("tools", "1", 0.1, name="mcp__github__search"),
    ),
    blocks=(
        BlockRow(
            session="one",
            step=3,
            kind="tool_result",
            name="Read",
            tokens=5_000,
            sent_tokens=100_000,
            cost_usd="0.4",
            excerpt="def main() -> None:",
        ),
    ),
    models=(
        ModelRow(
            provider="anthropic",
            model="claude-sonnet-4-5",
            steps=470,
            cost_usd="10",
            share=1.0,
            unpriced_steps=0,
            unpriced="",
            cache_read_input_tokens=900_000,
            uncached_input_tokens=100_000,
            output_tokens=30_000,
        ),
        ModelRow(
            provider="",
            model="my-model",
            steps=10,
            cost_usd="0",
            share=0.0,
            unpriced_steps=10,
            unpriced="no price for the model 'my-model'",
        ),
    ),
    tools=tuple(
        ToolRow(
            tool=name,
            server=server,
            calls=40,
            results=40,
            result_tokens=9_000,
            schema_usd="0.1",
            calls_usd="0.2",
            results_usd=cost,
            cost_usd=cost,
            share=share,
        )
        for name, server, cost, share in (
            ("Read", "", "3", 0.3),
            ("Bash", "", "1.5", 0.15),
            ("mcp__github__search", "github", "1", 0.1),
        )
    ),
    groups=(
        GroupRow(
            dimension="agent",
            label="(own)",
            steps=400,
            input_tokens=900_000,
            output_tokens=20_000,
            cost_usd="8",
            share=0.8,
            unpriced_steps=0,
        ),
        GroupRow(
            dimension="agent",
            label="Explore",
            steps=80,
            input_tokens=120_000,
            output_tokens=10_000,
            cost_usd="2",
            share=0.2,
            unpriced_steps=0,
        ),
    ),
    sub_agents=SubAgents(sessions=6, cost_usd="2", share=0.2),
    signatures=(
        SignatureRow(
            agent="",
            answers="tool_result:Read",
            tools="0a1b2c3d",
            output_schema=False,
            model="claude-sonnet-4-5",
            steps=120,
            cost_usd="2.4",
            share=0.24,
            unpriced_steps=0,
            output_tokens_p50=40,
            output="tool_call:Read",
            output_share=0.97,
            tool_share=0.98,
            hint="97% are a call to Read alone, 40 tokens in the median",
        ),
        SignatureRow(
            agent="Explore",
            answers="mixed",
            tools="0a1b2c3d",
            output_schema=False,
            model="claude-sonnet-4-5",
            steps=20,
            cost_usd="0.6",
            share=0.06,
            unpriced_steps=0,
            output_tokens_p50=400,
            output="mixed",
            output_share=0.6,
            tool_share=0.4,
            hint="",
        ),
    ),
    breaks=(
        BreakRow(
            session="one",
            step=2,
            agent="",
            model="claude-sonnet-4-5",
            segment_kind="system",
            segment_name="",
            cause="volatile_text",
            detail="a date or time in it changes",
            position_tokens=1_200,
            lost_tokens=40_000,
            cost_usd="0.11",
            excerpt="It is 12:04:31 on Monday",
        ),
        BreakRow(
            session="two",
            step=9,
            agent="Explore",
            model="claude-sonnet-4-5",
            segment_kind="remainder",
            segment_name="",
            cause="unknown",
            detail="nothing visible changed in 3 s",
            position_tokens=0,
            lost_tokens=9_000,
            cost_usd=None,
        ),
    ),
    break_causes=(
        CauseRow(
            cause="volatile_text", is_break=True, count=30, lost_tokens=400_000, cost_usd="1.1", unpriced=0
        ),
        CauseRow(cause="unknown", is_break=True, count=1, lost_tokens=9_000, cost_usd="0", unpriced=1),
        CauseRow(cause="retried", is_break=False, count=4, lost_tokens=2_000, cost_usd="0.01", unpriced=0),
    ),
    tail=Tail(
        top1_share=0.25,
        top5_share=0.4,
        loops=(
            LoopRow(
                session="one", agent="", tool="Bash", times=7, first_step=3, last_step=19, cost_usd="0.21"
            ),
        ),
    ),
    concentration=tuple(
        ShareRow(sessions_share=part, cost_share=part**0.5) for part in (0.01, 0.05, 0.1, 0.25, 0.5, 1.0)
    ),
    levers=(
        LeverRow(
            lever="order",
            finding="text that changes by itself breaks the prefix: 400,000 tokens paid again",
            mend="move the changing value out of the system prompt",
            assumption="what was sent before could have been read again",
            spend_usd="1.1",
            month_usd="33",
            count=30,
            unpriced=0,
        ),
        LeverRow(
            lever="routing",
            finding="claude-sonnet-4-5 on steps that look mechanical",
            mend="give these steps to a cheaper model",
            assumption="a cheaper model answers alike",
            spend_usd="0.9",
            month_usd=None,
            count=120,
            unpriced=0,
        ),
    ),
    projection=Projection(
        sessions_per_day=200.0,
        basis="asked",
        per_day_usd="83.333333",
        per_month_usd="2534.722222",
        per_year_usd="30416.666667",
        low_usd="60",
        high_usd="120",
        per_month_low_usd="1825",
        per_month_high_usd="3650",
        per_year_low_usd="21900",
        per_year_high_usd="43800",
        tokens_per_minute=TokensPerMinute(
            peak_factor=3, input=50_000, input_with_reads=450_000, output=12_000
        ),
    ),
    estimates=(
        ErrorRow(estimate="what new blocks count", measured=300, p50=0.05, p90=0.21),
        ErrorRow(estimate="what an answer without a final count counts", measured=0, p50=None, p90=None),
    ),
    sessions=(
        session("one", "2.5", success=True),
        session("two", "1", success=False),
        *(session(f"s{number}", "0.3") for number in range(22)),
    ),
)

ONE_SESSION = replace(
    USUAL,
    totals=replace(USUAL.totals, sessions=1, steps=1, at_least=(), cost_with_estimates_usd="10"),
    sessions=USUAL.sessions[:1],
)

# No model has a price: everything is counted in tokens.
UNPRICED = replace(
    USUAL,
    totals=replace(
        USUAL.totals,
        cost_usd="0",
        cost_with_estimates_usd="0",
        server_tools_usd="0",
        unpriced_steps=480,
        at_least=("480 calls of models without a price are not in the cost",),
    ),
    resent=replace(USUAL.resent, cost_share=None, cost_usd="0"),
    growth=replace(USUAL.growth, basis="tokens", first_step_usd=None, next_step_usd=None, late_share=None),
    segments=tuple(replace(row, cost_usd="0", share=None) for row in USUAL.segments),
    tools=tuple(replace(row, cost_usd="0", share=None) for row in USUAL.tools),
    groups=tuple(replace(row, cost_usd="0", share=None) for row in USUAL.groups),
    models=USUAL.models[1:],
    signatures=tuple(replace(row, cost_usd="0", share=None) for row in USUAL.signatures),
    breaks=tuple(replace(row, cost_usd=None) for row in USUAL.breaks),
    break_causes=tuple(replace(row, cost_usd="0") for row in USUAL.break_causes),
    tail=Tail(top1_share=None, top5_share=None, loops=()),
    concentration=(),
    levers=(),
    blocks=(),
    projection=Projection(),
    sessions=(
        replace(session("small", "0"), input_tokens=10),
        replace(session("large", "0"), input_tokens=10_000_000),
    ),
)

# The traces name calls, and nothing of what they used.
UNRECORDED = replace(
    NOTHING,
    sources=USUAL.sources[:1],
    totals=replace(
        NOTHING.totals,
        sessions=2,
        steps=9,
        unrecorded_steps=9,
        at_least=("9 calls without recorded usage are not in the cost",),
    ),
    estimates=USUAL.estimates,
    sessions=(session("a", "0"), session("b", "0")),
)

HOSTILE = replace(
    USUAL,
    sources=(
        replace(
            USUAL.sources[0],
            path=NASTY,
            format=NASTY,
            rules={NASTY: 4},
            notes=(NASTY,),
            skipped=(SkippedRow(NASTY, NASTY),),
        ),
    ),
    prices=NASTY,
    segments=tuple(replace(row, name=NASTY) for row in USUAL.segments),
    blocks=tuple(replace(row, name=NASTY, session=NASTY, excerpt=NASTY) for row in USUAL.blocks),
    models=tuple(replace(row, model=NASTY, provider=NASTY, unpriced=NASTY) for row in USUAL.models),
    tools=tuple(replace(row, tool=NASTY, server=NASTY) for row in USUAL.tools),
    groups=tuple(replace(row, dimension=NASTY, label=NASTY) for row in USUAL.groups),
    signatures=tuple(
        replace(
            row,
            agent=NASTY,
            answers=f"tool_result:{NASTY}",
            output=f"tool_call:{NASTY}",
            model=NASTY,
            hint=NASTY,
        )
        for row in USUAL.signatures
    ),
    breaks=tuple(
        replace(
            row, session=NASTY, segment_kind="tool_result", segment_name=NASTY, detail=NASTY, excerpt=NASTY
        )
        for row in USUAL.breaks
    ),
    tail=replace(
        USUAL.tail, loops=tuple(replace(row, tool=NASTY, session=NASTY) for row in USUAL.tail.loops)
    ),
    levers=tuple(
        replace(row, lever=NASTY, finding=NASTY, mend=NASTY, assumption=NASTY) for row in USUAL.levers
    ),
    estimates=tuple(replace(row, estimate=NASTY) for row in USUAL.estimates),
    sessions=tuple(replace(row, id=f"{NASTY}{row.id}") for row in USUAL.sessions),
    totals=replace(USUAL.totals, at_least=(NASTY,)),
)


def step(
    number: int,
    *,
    read: int = 0,
    written: int = 0,
    plain: int = 0,
    name: str = "Read",
    agent: str = "",
    unpriced: str = "",
) -> WaterfallStep:
    """Return a call at 1 µUSD a token read, 4 written, 3 plain and 15 of output, 50 of which it gives."""
    shares = (
        Share(SegmentKind.SYSTEM, PriceClass.CACHE_READ, read, read * 10**6),
        Share(SegmentKind.TOOL_RESULT, PriceClass.CACHE_WRITE_5M, written, written * 4 * 10**6),
        Share(SegmentKind.USER, PriceClass.UNCACHED, plain, plain * 3 * 10**6),
    )
    output_picousd = 0 if unpriced else 50 * 15 * 10**6
    sent = tuple(each for each in shares if each.tokens)
    return WaterfallStep(
        step=number,
        turn=1,
        agent=agent,
        model="claude-sonnet-4-5",
        at_ns=number * 10**10,
        ended_ns=number * 10**10 + 4 * 10**9,
        conversation=0,
        input=tuple(Share(each.kind, each.price_class, each.tokens, 0) for each in sent)
        if unpriced
        else sent,
        new=(
            Item(SegmentKind.TOOL_RESULT, name, written, None),
            Item(SegmentKind.USER, "", plain, None),
        ),
        dropped_tokens=0,
        output=(Item(SegmentKind.TOOL_CALL, name, 50, None),),
        output_tokens=50,
        output_picousd=output_picousd,
        extra_picousd=0,
        cost_picousd=0 if unpriced else sum(each.cost_picousd for each in sent) + output_picousd,
        unpriced=unpriced,
        finish="tool_use",
    )


STEPS = [
    step(1, written=4_000, plain=10),
    step(2, read=100, written=5_000, plain=10, name="Bash", agent="Explore"),
    step(3, read=5_100, written=700),
]
