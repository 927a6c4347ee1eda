"""One HTTP exchange with a model's provider becomes one span: what all raw recordings share.

A recording's format says where the two bodies stand and what stands around them, as an `Exchange`;
the rest is the same for all. The URL tells the wire format, else the bodies do. What is no
model call, or failed, is left out and counted: `rest` says how many of which.

A request that goes on from a stored response (`previous_response_id`) sends only what is new: its
context is that response's, answer included. A response that works in the background is one call,
whose end comes with a poll.
"""

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import NamedTuple, Protocol

from msgspec import Struct
from msgspec.structs import replace

from farthing.errors import WireError
from farthing.prefix import Chains, Prefix, links
from farthing.segment import Level, Segment, SegmentKind
from farthing.span import Output, Span
from farthing.step import Recorded, Step
from farthing.traces import instant
from farthing.traces.envelope import Envelope, Headers, model_in, seller, session_in
from farthing.traces.source import Dropped, Item, Note
from farthing.usage import Charge
from farthing.wire import anthropic, bedrock, cohere, gemini, openai_chat, openai_responses
from farthing.wire.fields import is_given, items, members, string
from farthing.wire.message import BlockMemo, Request, Response
from farthing.wire.openai_usage import INCLUSIVE
from farthing.wire.recognise import Recognised, WireFormat, of_request, of_response, of_url
from farthing.wire.scan import PLACE_UNKNOWN, is_string, place_of

FAILED = "that failed"
UNKNOWN = "of a kind not known here"

_ASKING = (SegmentKind.TASK, SegmentKind.USER)

# A quote inside a text is escaped, so no text is taken for these.
_CREATED = re.compile(
    rb'"created(?:_at)?"\s*:\s*(\d{10}(?:\d{3})?(?:\.\d+)?)\b|"create(?:Time|d)"\s*:\s*"([^"\\]+)"'
)
_PROXY = "litellm_proxy/"  # how a client of LiteLLM's proxy calls any model
_FIRST_FAILURE = 400
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
_UNKNOWN_ANSWER = Response(usage_recorded=False)
_IN_BACKGROUND = (WireFormat.OPENAI_RESPONSES,)
ON_BEDROCK = (WireFormat.BEDROCK_CONVERSE, WireFormat.BEDROCK_INVOKE)
_USAGE_RULES = {
    WireFormat.ANTHROPIC: "cached tokens stand beside the input count, as Anthropic counts",
    WireFormat.OPENAI_CHAT: INCLUSIVE,
    WireFormat.OPENAI_RESPONSES: INCLUSIVE,
    WireFormat.GEMINI: "promptTokenCount includes cached tokens",
    WireFormat.COHERE: "billed units, without a cache",
    WireFormat.BEDROCK_CONVERSE: "cached tokens stand beside the input count, as Bedrock counts",
    WireFormat.BEDROCK_INVOKE: "cached tokens stand beside the input count, as Bedrock counts",
}


class Dialect(Protocol):
    """How the bodies of one wire format are read; its module in `wire/` is one."""

    def parse(self, body: bytes, memo: BlockMemo | None = None, *, base: int = 0) -> Request: ...
    def answer(self, body: bytes) -> Response: ...
    def fold(self, chunks: Iterable[bytes]) -> Response: ...


_DIALECTS: Mapping[WireFormat, Dialect] = {
    WireFormat.ANTHROPIC: anthropic,
    WireFormat.OPENAI_CHAT: openai_chat,
    WireFormat.OPENAI_RESPONSES: openai_responses,
    WireFormat.GEMINI: gemini,
    WireFormat.COHERE: cohere,
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


class Body(NamedTuple):
    """The bytes of a body, and where they stand in the source, if they stand there as they are."""

    data: bytes
    base: int = PLACE_UNKNOWN


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
        answer = unpacked(response.data)
        if facts.at_ns is None:
            facts = replace(facts, at_ns=created(answer))
        wire = _meaning(facts.url, request.data, answer)
        if not isinstance(wire, WireFormat):
            self.leave_out(wire or UNKNOWN)
        elif facts.method == "GET":
            yield from self._poll(facts, wire, response_of(wire, facts, answer))
        else:
            asked = request_of(wire, facts, request, self.memo)
            yield from self.join(facts, wire, asked, response_of(wire, facts, answer) if answer else None)

    def join(
        self, facts: Facts, wire: WireFormat, request: Request, response: Response | None
    ) -> Iterator[Span]:
        """Yield the span of a call whose bodies are parsed; none if it failed or has not ended yet."""
        if (facts.status or 0) >= _FIRST_FAILURE or (response and _is_refused(response)):
            self.leave_out(FAILED)
        elif response and not response.complete and not response.charges and wire in _IN_BACKGROUND:
            self._waiting[response.response_id] = _Waiting(facts, wire, request, response)
        else:
            yield self._span(facts, wire, request, response)

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
        before = self._ends.get(_previous(request))
        prefix = self._chains.of(request.segments if before is None else before.continued(request.segments))
        step = Step(
            model=model,
            session=facts.session or facts.asked.session or session_in(request),
            turn=self._turns.of(prefix),
            at_ns=facts.at_ns,
            provider=seller(facts.url, wire),
            account=facts.asked.account,
            prefix=prefix,
            recorded=_recorded(request, before),
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


def unpacked(body: bytes) -> bytes:
    """Return a body as it was before compression, gzip or zlib. Raises WireError where it is damaged.

    Its own first bytes tell, not the header: recorders unpack bodies and keep the header.
    """
    if not body.startswith((b"\x1f\x8b", b"\x78\x01", b"\x78\x9c", b"\x78\xda")):
        return body
    try:
        return zlib.decompress(body, wbits=_GZIP_OR_ZLIB)
    except zlib.error:
        raise WireError("a compressed body is damaged") from None


def json_body(raw: bytes, within: bytes, *, base: int = 0) -> Body:
    """Return a body that is a value in a JSON document: itself, or the text of a string.

    `within` is what `raw` was decoded from, which begins at `base` of the source.
    """
    if is_string(raw):
        return Body(string(raw).encode())
    return Body(bytes(raw), base + place_of(raw, within).start) if is_given(raw) else Body(b"")


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


def _meaning(url: str, request: bytes, response: bytes) -> Recognised:
    return of_url(url) or (of_response(response) if response else None) or of_request(request)


def request_of(wire: WireFormat, facts: Facts, body: Body, memo: BlockMemo) -> Request:
    """Return what was asked; of a model on Bedrock whose format is not known, its name alone."""
    plain = unpacked(body.data)
    if wire not in ON_BEDROCK:
        return _DIALECTS[wire].parse(plain, memo, base=body.base)
    model = model_in(facts.url)
    try:
        return bedrock.parse(plain, memo, base=body.base, model=model)
    except WireError:
        if wire is WireFormat.BEDROCK_CONVERSE:
            raise
        return Request(model=model, segments=())


def response_of(wire: WireFormat, facts: Facts, body: bytes) -> Response:
    """Return what a body answers: whole, a stream, or a list of a stream's events. Raises WireError."""
    if body[:1] == b"[" and wire is not WireFormat.GEMINI:
        body = _as_stream(body)
    is_whole = body.lstrip()[:1] == b"{"
    if wire not in ON_BEDROCK:
        dialect = _DIALECTS[wire]
        return dialect.answer(body) if is_whole else dialect.fold((body,))
    model = model_in(facts.url)
    return (
        bedrock.answer(body, model=model, headers=facts.answered)
        if is_whole
        else bedrock.fold((body,), model=model)
    )


def _as_stream(events: bytes) -> bytes:
    """Return a list of events, each as it is or as `{event, data}` or as text, as the stream that it was."""
    return b"".join(map(_as_event, items(events)))


def _as_event(event: bytes) -> bytes:
    if is_string(event):
        return string(event).encode()
    inner = members(event).get("data", event)
    data = string(inner).encode() if is_string(inner) else bytes(inner)
    return b"data: " + data.replace(b"\n", b" ") + b"\n\n"


def created(body: bytes) -> int | None:
    """Return when an answer says that it was made: OpenAI's `created`, Gemini's `createTime`."""
    found = _CREATED.search(body)
    return instant.from_any(float(found[1]) if found[1] else found[2].decode()) if found else None


def _is_refused(response: Response) -> bool:
    return bool(response.error) and not response.charges and not response.output


def _recorded(request: Request, before: _End | None) -> Recorded:
    if not request.segments:
        return Recorded.COUNTS
    return Recorded.DELTA if before is None and _previous(request) else Recorded.FULL


def _previous(request: Request) -> str:
    """Return the response that a request goes on from, "" where it names none."""
    field, value = request.session_hint or ("", "")
    return value if field == "previous_response_id" else ""


def _billed(charges: tuple[Charge, ...], model: str, tier: str) -> tuple[Charge, ...]:
    """Return the charges with what only the request or the recording knows: the model, the tier."""
    return tuple(
        charge
        if charge.model and not tier and not charge.model.startswith(_PROXY)
        else replace(charge, model=_bare(charge.model) or model, tier=tier or charge.tier)
        for charge in charges
    )


def _bare(model: str) -> str:
    return model.removeprefix(_PROXY)


def _output_count(answer: Response) -> Output:
    """Return how far the output count can be believed; nobody says something in no tokens."""
    if not answer.usage_recorded:
        return Output.MISSING
    is_counted = not answer.output or any(charge.usage.output_tokens for charge in answer.charges)
    return Output.FINAL if answer.complete and is_counted else Output.PLACEHOLDER
