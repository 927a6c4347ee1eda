"""tau2-bench runs: customer-service sessions of an agent and of a model that plays the user.

Messages stand once, in order; the policy of the domain, which both agents' prompts hold, stands once
a file. Both models' calls are spend: the simulated user is a sub-agent with a context of its own.

`prompt_tokens` includes cached tokens and does not say how many. Where the run recorded a `cost`, it
was worked out with them, at list price, so they follow from it: the number that explains the
cost is whole (and at OpenAI a multiple of 128) on every message met. Where it is not, none is assumed.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

import msgspec
from msgspec import Raw, Struct

from farthing.errors import RecordError, WireError
from farthing.money import PICOUSD_PER_USD
from farthing.segment import Segment, SegmentKind, digest_block
from farthing.span import Output, Span
from farthing.step import Recorded, Step
from farthing.traces.chat_log import Answered, ChatLog, moved
from farthing.traces.instant import from_iso
from farthing.traces.source import Format, Item, Match, Note, Outcome, Sample, Skipped, Source
from farthing.usage import Charge, Usage
from farthing.wire.fields import ABSENT, is_given
from farthing.wire.openai_usage import INCLUSIVE
from farthing.wire.scan import decode, place_of, text

SIMULATED_USER = "simulated user"
DERIVED = "cached tokens follow from the recorded cost"

_TOLERANCE = Decimal("0.001")


class _Prices(NamedTuple):
    """USD per million tokens that the runs' `cost` was worked out with (LiteLLM's table of 2025 and 2026)."""

    model: str
    plain: Decimal
    cached: Decimal
    output: Decimal


_PRICES = (
    _Prices("gpt-4.1", Decimal(2), Decimal("0.5"), Decimal(8)),
    _Prices("gpt-5.4", Decimal("2.5"), Decimal("0.25"), Decimal(15)),
    _Prices("claude-opus-4-6", Decimal(5), Decimal("0.5"), Decimal(25)),
    _Prices("claude-sonnet-4-5", Decimal(3), Decimal("0.3"), Decimal(15)),
)


def recognise(sample: Sample) -> Match:
    signs = (b'"agent_info"', b'"user_info"')
    return Match.LEAD if all(sign in sample.head for sign in signs) else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield each simulation's calls, both models' in the order they were made, then its outcome."""
    try:
        run, document = decode(_RUN, source.document(), "run")
    except (RecordError, WireError) as error:
        yield Skipped(0, str(error))
        return
    yield Note("the requests hold tool schemas and instructions that the file does not")
    for raw in run.simulations:
        try:
            yield from _Simulation(run, document).read(_SIMULATION.decode(raw))
        except (WireError, msgspec.DecodeError):
            yield Skipped(place_of(raw, document).start, "the simulation does not follow the format")


class _Side(Struct, frozen=True):
    llm: str = ""


class _Environment(Struct, frozen=True):
    policy: Raw = ABSENT
    domain_name: str = ""


class _Info(Struct, frozen=True):
    agent_info: _Side = _Side()
    user_info: _Side = _Side()
    environment_info: _Environment = _Environment()


class _Run(Struct):
    simulations: list[Raw]
    info: _Info = _Info()


class _Reward(Struct):
    reward: float | None = None


class _Session(Struct):
    messages: list[Raw]
    id: str = ""
    task_id: int | str = ""
    start_time: str | None = None
    reward_info: _Reward | None = None


class _Counts(Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _ToolCall(Struct):
    id: str = ""
    name: str = ""
    arguments: Raw = ABSENT


class _Message(Struct):
    role: str = ""
    content: Raw = ABSENT
    id: str = ""
    requestor: str | None = None
    tool_calls: list[_ToolCall] | None = None
    timestamp: str | None = None
    cost: Decimal | None = None
    usage: _Counts | None = None
    turn_idx: int | None = None


_RUN = msgspec.json.Decoder(_Run)
_SIMULATION = msgspec.json.Decoder(_Session)
_MESSAGE = msgspec.json.Decoder(_Message)


class _Simulation:
    """Both sides of one conversation: each hears what the other says, and the results of its own tools."""

    def __init__(self, run: _Run, document: bytes) -> None:
        self._document = document
        self._models = {"assistant": run.info.agent_info.llm, "user": run.info.user_info.llm}
        self._logs = {"assistant": ChatLog(), "user": ChatLog()}
        policy = run.info.environment_info.policy
        if is_given(policy):
            self._logs["assistant"].put_in_front(_policy(policy, document))

    def read(self, session: _Session) -> Iterator[Item]:
        name = f"{session.task_id}/{session.id}"
        before = from_iso(session.start_time)
        for raw in session.messages:
            message = _MESSAGE.decode(raw)
            at, before = before, from_iso(message.timestamp)
            place = place_of(raw, self._document)
            if message.role == "tool":
                self._result(message, raw)
            elif message.role in self._logs:
                answered = self._say(message, raw)
                if not _is_greeting(message):
                    yield _span(message, answered, self._models[message.role], name, at, before, place.start)
        if session.reward_info is not None and session.reward_info.reward is not None:
            reward = session.reward_info.reward
            yield Outcome(session=name, success=reward >= 1, score=f"{reward:g}")

    def _result(self, message: _Message, raw: Raw) -> None:
        side = self._logs["user" if message.requestor == "user" else "assistant"]
        body = {"role": "tool", "tool_call_id": message.id, "content": message.content}
        self._place(side.answer(msgspec.json.encode(_given(body))), message, raw)

    def _say(self, message: _Message, raw: Raw) -> Answered:
        """Let the speaker answer, and the other side hear what was said aloud."""
        calls = [
            {"id": call.id, "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls or ()
        ]
        own = _given({"role": "assistant", "content": message.content, "tool_calls": calls or None})
        answered = self._logs[message.role].answer(msgspec.json.encode(own))
        if not calls and is_given(message.content):
            other = self._logs["user" if message.role == "assistant" else "assistant"]
            other.hear(msgspec.json.encode({"role": "user", "content": message.content}))
        return self._place(answered, message, raw)

    def _place(self, answered: Answered, message: _Message, raw: Raw) -> Answered:
        found = message.content if is_given(message.content) else raw
        place = place_of(found, self._document)
        output = moved(answered.output, offset=place.start, length=place.end - place.start)
        return answered._replace(output=output)


def _given(message: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in message.items() if value is not None and value is not ABSENT}


def _is_greeting(message: _Message) -> bool:
    """The agent's fixed first words are no call."""
    return message.role == "assistant" and message.turn_idx == 0 and message.usage is None


def _policy(raw: Raw, document: bytes) -> Segment:
    content = text(msgspec.json.decode(raw, type=str))
    place = place_of(raw, document)
    kind = SegmentKind.SYSTEM
    digest = digest_block(kind, "system", content)
    return Segment(kind, "system", "", digest, len(content), place.start, place.end - place.start)


def _span(
    message: _Message,
    answered: Answered,
    model: str,
    session: str,
    at_ns: int | None,
    ended_ns: int | None,
    offset: int,
) -> Span:
    is_agent = message.role == "assistant"
    usage, rule = _usage(message, model)
    return Span(
        step=Step(
            model=model,
            session=session,
            agent="" if is_agent else SIMULATED_USER,
            agent_label="" if is_agent else SIMULATED_USER,
            turn=answered.turn,
            at_ns=at_ns,
            prefix=answered.prefix,
            recorded=Recorded.DELTA,
        ),
        charges=() if usage is None else (Charge(model=model, usage=usage),),
        usage_recorded=usage is not None,
        output_count=Output.MISSING if usage is None else Output.FINAL,
        output=answered.output,
        ended_ns=ended_ns,
        usage_rule=rule,
        offset=offset,
        reported_cost_picousd=None if message.cost is None else int(message.cost * PICOUSD_PER_USD),
    )


def _usage(message: _Message, model: str) -> tuple[Usage | None, str]:
    counts = message.usage
    if counts is None:
        return None, ""
    cached = _cached(counts, model, message.cost)
    usage = Usage(
        uncached_input_tokens=counts.prompt_tokens - (cached or 0),
        cache_read_input_tokens=cached or 0,
        output_tokens=counts.completion_tokens,
    )
    return usage, INCLUSIVE if cached is None else DERIVED


def _cached(counts: _Counts, model: str, cost: Decimal | None) -> int | None:
    """Return the cached part that explains the cost; None where no whole number does."""
    prices = next((row for row in _PRICES if model.startswith(row.model)), None)
    if prices is None or cost is None:
        return None
    full = prices.plain * counts.prompt_tokens + prices.output * counts.completion_tokens
    exact = (full - cost * 1_000_000) / (prices.plain - prices.cached)
    cached = round(exact)
    if abs(exact - cached) > _TOLERANCE or not 0 <= cached <= counts.prompt_tokens:
        return None
    return cached


FORMAT = Format(
    name="tau2-bench",
    title="tau2-bench run",
    recognise=recognise,
    read=read,
    priority=30,
)
