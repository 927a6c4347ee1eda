"""One HTTP exchange with a model's provider becomes one span: what all raw recordings share.

A format says where the two bodies stand, and what stands around them (`Facts`); the rest is the same for
all. What is no model call, or failed, is left out and counted: `rest` says how many of which.

A request that goes on from a stored response (`previous_response_id`) sends only what is new: its
context is that response's, answer included. A response that works in the background is one call,
whose end comes with a poll.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from farthing.prefix import Chains, Prefix, links
from farthing.segment import Level, Segment, SegmentKind
from farthing.span import Output, Span
from farthing.step import Recorded, Step
from farthing.traces.bodies import Body, created, meaning, prompted, request_of, response_of, unpacked
from farthing.traces.envelope import Envelope, Headers, model_in, seller, session_in
from farthing.traces.source import Dropped, Item, Note
from farthing.usage import Charge
from farthing.wire.message import BlockMemo, Request, Response
from farthing.wire.openai_usage import INCLUSIVE
from farthing.wire.recognise import NotACall, WireFormat

FAILED = "that failed"
UNKNOWN = "of a kind not known here"

_ASKING = (SegmentKind.TASK, SegmentKind.USER)

_PROXY = "litellm_proxy/"  # how a client of LiteLLM's proxy calls any model
_FIRST_FAILURE = 400
_UNKNOWN_ANSWER = Response(usage_recorded=False)
_IN_BACKGROUND = (WireFormat.OPENAI_RESPONSES,)
_USAGE_RULES = {
    WireFormat.ANTHROPIC: "cached tokens stand beside the input count, as Anthropic counts",
    WireFormat.OPENAI_CHAT: INCLUSIVE,
    WireFormat.OPENAI_RESPONSES: INCLUSIVE,
    WireFormat.GEMINI: "promptTokenCount includes cached tokens",
    WireFormat.COHERE: "billed units, without a cache",
    WireFormat.BEDROCK_CONVERSE: "cached tokens stand beside the input count, as Bedrock counts",
    WireFormat.BEDROCK_INVOKE: "cached tokens stand beside the input count, as Bedrock counts",
}


class Facts(Struct, frozen=True, kw_only=True):
    """What stands around the two bodies; what a source does not tell is empty."""

    offset: int
    url: str = ""
    method: str = ""
    status: int | None = None
    asked: Envelope = Envelope()
    answered: Headers = {}
    at_ns: int | None = None
    ended_ns: int | None = None
    session: str = ""
    tier: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    reported_cost_picousd: int | None = None


class Exchanges:
    """Makes the spans of one source. A machine without I/O."""

    def __init__(self) -> None:
        self.memo = BlockMemo()
        self._chains = Chains()
        self._turns = _Turns()
        self._ends: dict[str, _End] = {}
        self._waiting: dict[str, _Waiting] = {}
        self._left_out: Counter[str] = Counter()
        self._polls = 0

    def take(self, facts: Facts, request: Body, response: Body) -> Iterator[Span]:
        """Yield the span of an exchange, if it is a model call. Raises WireError where a body is damaged."""
        answer = unpacked(response.data, facts.answered)
        if facts.at_ns is None:
            facts = replace(facts, at_ns=created(answer))
        told = meaning(facts.url, request.data, answer)
        wire = WireFormat.OPENAI_CHAT if told is NotACall.COMPLETION else told
        if not isinstance(wire, WireFormat):
            self.leave_out(wire or UNKNOWN)
            return
        said = response_of(wire, answer, url=facts.url, headers=facts.answered) if answer else None
        if facts.method == "GET" and said:
            yield from self._poll(facts, wire, said)
        elif told is NotACall.COMPLETION:
            yield from self.join(facts, wire, prompted(request.data), said)
        else:
            yield from self.join(facts, wire, request_of(wire, request, self.memo, url=facts.url), said)

    def join(
        self, facts: Facts, wire: WireFormat, request: Request, response: Response | None
    ) -> tuple[Span, ...]:
        """Return the span of a call whose bodies are parsed; none if it failed or has not ended yet."""
        if (facts.status or 0) >= _FIRST_FAILURE or (response and _is_refused(response)):
            self.leave_out(FAILED)
        elif response and not response.complete and not response.charges and wire in _IN_BACKGROUND:
            self._waiting[response.response_id] = _Waiting(facts, wire, request, response)
        else:
            return (self._span(facts, wire, request, response),)
        return ()

    def leave_out(self, reason: str) -> None:
        """Count something that is no answered call."""
        self._left_out[reason] += 1

    def rest(self) -> Iterator[Item]:
        """Yield the calls whose end was not recorded, and what was left out."""
        for waiting in self._waiting.values():
            yield self._span(*waiting)
        if self._polls:
            yield Dropped("polls of a response that is counted already", self._polls)
        if self._left_out:
            reasons = ", ".join(f"{count} {reason}" for reason, count in self._left_out.most_common())
            yield Note(f"left out, as no answered model calls: {reasons}")

    def _poll(self, facts: Facts, wire: WireFormat, response: Response) -> Iterator[Span]:
        """Take what a GET of a response told: the end of one that worked in the background, or a copy."""
        waiting = self._waiting.get(response.response_id)
        if waiting and response.complete:
            del self._waiting[response.response_id]
            yield from self.join(
                replace(waiting.facts, ended_ns=facts.ended_ns), wire, waiting.request, response
            )
        elif waiting or response.response_id in self._ends:
            self._polls += 1
        else:
            yield from self.join(facts, wire, Request(model=response.model, segments=()), response)

    def _span(self, facts: Facts, wire: WireFormat, request: Request, response: Response | None) -> Span:
        answer = response or _UNKNOWN_ANSWER
        model = _bare(request.model or model_in(facts.url) or answer.model)
        previous = _previous(request)
        before = self._ends.get(previous) if previous else None
        context = request.segments if before is None else tuple(before.continued(request.segments))
        prefix = self._chains.of_whole(context)
        step = Step(
            model=model,
            session=facts.session or facts.asked.session or session_in(request),
            turn=self._turns.of(prefix),
            at_ns=facts.at_ns,
            provider=seller(facts.url, wire),
            account=facts.asked.account,
            prefix=prefix,
            recorded=_recorded(request, is_cut=bool(previous) and before is None),
            parameters=request.parameters,
            breakpoints=request.breakpoints,
            max_output_tokens=request.max_output_tokens,
            output_schema=request.output_schema,
        )
        if wire in _IN_BACKGROUND:
            self._ends[answer.response_id] = _End(prefix, answer.output)
        return Span(
            step=step,
            charges=_billed(answer.charges, model, facts.tier),
            usage_recorded=answer.usage_recorded,
            output_count=_output_count(answer),
            response_id=answer.response_id or facts.answered.get("x-amzn-requestid", ""),
            output=answer.output,
            ended_ns=facts.ended_ns,
            finish=answer.finish,
            error=answer.error,
            usage_rule=_USAGE_RULES[wire] if answer.usage_recorded else "",
            offset=facts.offset,
            attributes=facts.attributes,
            reported_cost_picousd=facts.reported_cost_picousd,
        )


class _Waiting(NamedTuple):
    """A response that works in the background."""

    facts: Facts
    wire: WireFormat
    request: Request
    response: Response


class _End(NamedTuple):
    """Where a stored response ended: what a request that names it goes on from."""

    prefix: Prefix | None
    output: tuple[Segment, ...]

    def continued(self, segments: Iterable[Segment]) -> Iterator[Segment]:
        """Yield the context of a request that sends `segments` behind this end; its head is sent anew."""
        told = {level: list(own) for level, own in groupby(segments, key=lambda segment: segment.level)}
        yield from (*told.get(Level.TOOLS, ()), *told.get(Level.SYSTEM, ()))
        kept = (link.segment for link in links(self.prefix))
        yield from (segment for segment in kept if segment.level is Level.MESSAGES)
        yield from self.output
        yield from told.get(Level.MESSAGES, ())


class _Turns:
    """Counts the user's turns up to the tip of a chain; each link is looked at once."""

    def __init__(self) -> None:
        self._known: dict[bytes, int] = {}

    def of(self, tip: Prefix | None) -> int:
        fresh: list[Prefix] = []
        while tip is not None and tip.digest not in self._known:
            fresh.append(tip)
            tip = tip.parent
        turn = 0 if tip is None else self._known[tip.digest]
        asked = tip is not None and tip.segment.kind in _ASKING
        for link in reversed(fresh):
            asks = link.segment.kind in _ASKING
            turn += asks and not asked
            asked = asks
            self._known[link.digest] = turn
        return turn


def _is_refused(response: Response) -> bool:
    return bool(response.error) and not response.charges and not response.output


def _recorded(request: Request, *, is_cut: bool) -> Recorded:
    if not request.segments:
        return Recorded.COUNTS
    return Recorded.DELTA if is_cut else Recorded.FULL


def _previous(request: Request) -> str:
    """Return the response that a request goes on from, "" where it names none."""
    field, value = request.session_hint or ("", "")
    return value if field == "previous_response_id" else ""


def _billed(charges: tuple[Charge, ...], model: str, tier: str) -> tuple[Charge, ...]:
    """Return the charges with what only the request or the recording knows: the model, the tier."""
    if not tier and all(charge.model and not charge.model.startswith(_PROXY) for charge in charges):
        return charges
    return tuple(
        replace(charge, model=_bare(charge.model) or model, tier=tier or charge.tier) for charge in charges
    )


def _bare(model: str) -> str:
    return model.removeprefix(_PROXY)


def _output_count(answer: Response) -> Output:
    """Return how far the output count can be believed.

    A stream that was cut has the count of its start; and nobody says something in no tokens.
    """
    if not answer.usage_recorded:
        return Output.MISSING
    has_ended = answer.complete or bool(answer.finish)
    is_counted = not answer.output or any(charge.usage.output_tokens for charge in answer.charges)
    return Output.FINAL if has_ended and is_counted else Output.PLACEHOLDER
