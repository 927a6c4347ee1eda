"""Conversations for the tests of broken prefixes, written block by block and billed by hand.

A context is a string of words; the first letter of a word tells what the block is, and equal words
are equal blocks. Every block counts 1,000 tokens, give or take what the shares of kinds differ.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from farthing.analysis.births import Change, births
from farthing.analysis.breaks import Break, SessionBreaks, find
from farthing.analysis.charges import Priced, price
from farthing.prefix import Chains
from farthing.prices.book import ModelRef, PriceBook
from farthing.prices.card import Card, Rates
from farthing.segment import Segment, SegmentKind, digest_block
from farthing.session import Session
from farthing.span import Span
from farthing.step import Breakpoint, Recorded, Step
from farthing.usage import FIVE_MINUTES_S, ONE_HOUR_S, CacheWrite, Charge, Usage

TOKENS = 1_000
KEEPS_THINKING, FORGETS_THINKING = "claude-sonnet-4-6", "claude-sonnet-4-5"
IMPLICIT, UNPRICED = "gpt-5.1", "claude-nobody-knows"
RATES = Rates(
    input=3_000_000, output=15_000_000, cache_read=300_000, cache_write_5m=3_750_000, cache_write_1h=6_000_000
)
PRICES = PriceBook(
    cards={
        (ModelRef("", model), ""): (Card(rates=RATES),)
        for model in (KEEPS_THINKING, FORGETS_THINKING, IMPLICIT, "claude-opus-4-6", "unheard-of")
    },
    today_ns=0,
)
_KINDS = {
    "t": SegmentKind.TOOLS,
    "s": SegmentKind.SYSTEM,
    "k": SegmentKind.TASK,
    "u": SegmentKind.USER,
    "a": SegmentKind.ASSISTANT,
    "h": SegmentKind.REASONING,
    "c": SegmentKind.TOOL_CALL,
    "r": SegmentKind.TOOL_RESULT,
    "m": SegmentKind.MEDIA,
    "z": SegmentKind.SUMMARY,
}
_NAMED = (SegmentKind.TOOLS, SegmentKind.TOOL_CALL, SegmentKind.TOOL_RESULT)
_MODELS_OWN = (SegmentKind.ASSISTANT, SegmentKind.REASONING, SegmentKind.TOOL_CALL)
_NS_PER_S = 1_000_000_000


def block(word: str) -> Segment:
    """Return the block of a word; of "tRead.2" the name is "Read", and the digest that of the whole."""
    kind = _KINDS[word[0]]
    role = "assistant" if kind in _MODELS_OWN else "system" if kind is SegmentKind.SYSTEM else "user"
    name = word[1:].split(".", maxsplit=1)[0] if kind in _NAMED else ""
    place = sum(word.encode()) * 1_000
    return Segment(
        kind, role, name, digest_block(kind, role, word.encode()), 4 * TOKENS, place, 4 * TOKENS, 1
    )


def blocks(words: str) -> list[Segment]:
    return [block(word) for word in words.split()]


@dataclass
class Talk:
    """Writes a session call by call; a call comes ten seconds after the one before."""

    model: str = KEEPS_THINKING
    recorded: Recorded = Recorded.FULL
    spans: list[Span] = field(default_factory=list)
    chains: Chains = field(default_factory=Chains)

    def call(
        self,
        context: str,
        *,
        read: int = 0,
        wrote: int | None = None,
        ttl_s: int = FIVE_MINUTES_S,
        at_s: float | None = -1,
        ended_s: float | None = None,
        model: str = "",
        agent: str = "",
        account: str = "",
        tier: str = "",
        output: str = "",
        output_tokens: int = 100,
        parameters: tuple[tuple[str, str], ...] = (),
        marked: Sequence[int] | None = None,
        schema: bool = False,
    ) -> None:
        """Add a call that read `read` tokens and, unless told otherwise, wrote all the others."""
        segments = blocks(context)
        whole = TOKENS * len(segments)
        written = whole - read if wrote is None else wrote
        usage = Usage(
            uncached_input_tokens=whole - read - written,
            cache_read_input_tokens=read,
            cache_writes=(CacheWrite(ttl_s, written),) if written else (),
            output_tokens=output_tokens,
        )
        at_s = 10.0 * len(self.spans) if at_s == -1 else at_s
        name = model or self.model
        step = Step(
            model=name,
            session="talk",
            agent=agent,
            agent_label=agent,
            account=account,
            at_ns=None if at_s is None else int(at_s * _NS_PER_S),
            prefix=self.chains.of(segments),
            recorded=self.recorded,
            parameters=parameters,
            breakpoints=None if marked is None else tuple(Breakpoint(depth, ttl_s) for depth in marked),
            output_schema=schema,
        )
        self.spans.append(
            Span(
                step=step,
                charges=(Charge(model=name, usage=usage, tier=tier),),
                output=tuple(blocks(output)),
                ended_ns=None if ended_s is None else int(ended_s * _NS_PER_S),
            )
        )

    @property
    def session(self) -> Session:
        return Session(id="talk", spans=tuple(self.spans))

    @property
    def changes(self) -> list[Change]:
        return births(self.session)

    @property
    def bills(self) -> list[tuple[Priced, ...]]:
        return [price(span, PRICES) for span in self.spans]

    def losses(self) -> SessionBreaks:
        return find(self.session, self.changes, self.bills)

    def breaks(self) -> tuple[Break, ...]:
        return self.losses().breaks

    def only_break(self) -> Break:
        """Return the one break that there is."""
        (found,) = self.breaks()
        return found


__all__ = ["FIVE_MINUTES_S", "FORGETS_THINKING", "IMPLICIT", "KEEPS_THINKING", "ONE_HOUR_S", "PRICES"]
__all__ += ["RATES", "TOKENS", "UNPRICED", "Talk", "block", "blocks"]
