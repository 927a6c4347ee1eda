"""Sessions for the tests of the analysis: short ones written by hand, and any that Hypothesis thinks of."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from farthing.prefix import Chains, Prefix
from farthing.prices.book import ModelRef, PriceBook
from farthing.prices.card import Card, LongContext, Rates
from farthing.segment import Segment, SegmentKind, digest_block
from farthing.session import Session
from farthing.span import Output, Span
from farthing.step import Recorded, Step
from farthing.usage import FIVE_MINUTES_S, ONE_HOUR_S, CacheWrite, Charge, Usage

BIG, SMALL, FREE = "big", "small", "nobody-knows-its-price"
TURN_NS = 1_000
BIG_RATES = Rates(
    input=3_000_000,
    output=15_000_000,
    cache_read=300_000,
    cache_write_5m=3_750_000,
    cache_write_1h=6_000_000,
    server_tools=(("web_search", 10_000_000_000),),
)
SMALL_RATES = Rates(
    input=100_000, output=500_000, cache_read=10_000, cache_write_5m=125_000, cache_write_1h=200_000
)
# The big model got dearer at TURN_NS; the small one is dearer above 300 tokens.
PRICES = PriceBook(
    cards={
        (ModelRef("", BIG), ""): (
            Card(rates=BIG_RATES),
            Card(rates=BIG_RATES.scaled(7, 3), from_ns=TURN_NS),
        ),
        (ModelRef("", SMALL), ""): (
            Card(rates=SMALL_RATES, long_context=(LongContext(300, SMALL_RATES.scaled(5, 1)),)),
        ),
    },
    today_ns=0,
)


_ASSISTANT = (SegmentKind.ASSISTANT, SegmentKind.REASONING, SegmentKind.TOOL_CALL)


def block(text: str, kind: SegmentKind = SegmentKind.USER, name: str = "") -> Segment:
    """Return a block of this text; the same text and kind are the same block."""
    role = (
        "assistant"
        if kind in (SegmentKind.ASSISTANT, SegmentKind.REASONING, SegmentKind.TOOL_CALL)
        else "user"
    )
    return Segment(kind, role, name, digest_block(kind, role, text.encode()), len(text.encode()))


def usage(
    *,
    read: int = 0,
    five: int = 0,
    hour: int = 0,
    other: int = 0,
    plain: int = 0,
    out: int = 0,
    thought: int = 0,
) -> Usage:
    writes = ((ONE_HOUR_S, hour), (FIVE_MINUTES_S, five), (None, other))
    return Usage(
        uncached_input_tokens=plain,
        cache_read_input_tokens=read,
        cache_writes=tuple(CacheWrite(ttl_s, tokens) for ttl_s, tokens in writes if tokens),
        output_tokens=out,
        reasoning_tokens=thought,
    )


@dataclass
class Scene:
    """Writes a session call by call."""

    spans: list[Span] = field(default_factory=list)
    chains: Chains = field(default_factory=Chains)

    def call(
        self,
        context: Sequence[Segment] | None,
        counts: Usage | None,
        *,
        model: str = BIG,
        agent: str = "",
        recorded: Recorded = Recorded.FULL,
        output: Sequence[Segment] = (),
        output_count: Output = Output.FINAL,
        at_ns: int | None = None,
        extra: Sequence[Charge] = (),
        attributes: tuple[tuple[str, str], ...] = (),
    ) -> Span:
        """Add a call that sends `context` and is billed for `counts`, and return it."""
        prefix: Prefix | None = None if context is None else self.chains.of(context)
        own = () if counts is None else (Charge(model=model, usage=counts),)
        span = Span(
            step=Step(model=model, agent=agent, at_ns=at_ns, prefix=prefix, recorded=recorded),
            charges=(*own, *extra),
            usage_recorded=counts is not None,
            output=tuple(output),
            output_count=output_count,
            attributes=attributes,
        )
        self.spans.append(span)
        return span

    def session(self, name: str = "s", success: bool | None = None) -> Session:
        return Session(id=name, spans=tuple(self.spans), success=success)


def usages(most: int = 90) -> st.SearchStrategy[Usage]:
    """Any split of any counts; they fit neither the blocks nor the call before."""
    some = st.integers(0, most) | st.sampled_from([0, 900])
    return st.builds(usage, read=some, five=some, hour=some, other=some, plain=some, out=some, thought=some)


_kinds = st.sampled_from(
    [
        SegmentKind.SYSTEM,
        SegmentKind.TASK,
        SegmentKind.ASSISTANT,
        SegmentKind.REASONING,
        SegmentKind.TOOL_CALL,
        SegmentKind.TOOL_RESULT,
        SegmentKind.MEDIA,
        SegmentKind.SUMMARY,
    ]
)
# Few texts, so that blocks come again in other places; some are long, so that counts look unbelievable.
_texts = st.sampled_from(["", "a", "bb " * 20, "ccc " * 100, "d" * 3_000])
blocks = st.builds(block, _texts, _kinds, st.sampled_from(["", "Bash", "Read"]))
_extras = st.lists(
    st.builds(
        Charge,
        model=st.sampled_from([BIG, SMALL, FREE]),
        usage=usages(),
        part=st.sampled_from(["compaction", ""]),
    ),
    max_size=1,
)


@st.composite
def sessions(draw: st.DrawFn, most: int = 8) -> Session:
    """Any session: contexts grow, are cut and rewritten, agents and models alternate, counts jump."""
    scene = Scene()
    contexts: dict[str, list[Segment]] = {"": [], "helper": []}
    at_ns = 0
    for _ in range(draw(st.integers(0, most))):
        agent = draw(st.sampled_from(["", "", "helper"]))
        context = contexts[agent]
        cut = draw(st.just(len(context)) | st.integers(0, len(context)))
        context = contexts[agent] = [*context[:cut], *draw(st.lists(blocks, max_size=4))]
        output = draw(st.lists(blocks, max_size=2))
        at_ns += draw(st.sampled_from([0, 1, 400]))
        scene.call(
            context if draw(st.sampled_from([True, True, True, False])) else None,
            draw(st.none() | usages() | usages()),
            model=draw(st.sampled_from([BIG, BIG, SMALL, FREE])),
            agent=agent,
            recorded=draw(st.sampled_from([Recorded.FULL, Recorded.DELTA])),
            output=output,
            output_count=draw(st.sampled_from([Output.FINAL, Output.PLACEHOLDER])),
            at_ns=at_ns,
            extra=draw(_extras),
        )
        if draw(st.booleans()):
            context.extend(output)
    return scene.session()
