"""mini-swe-agent trajectories: one session a file, one list of messages, every provider response kept whole.

An assistant message is a call if it keeps its response; `usage` there is the provider's own, through
LiteLLM. The response repeats the message, which is counted once.
"""

from collections.abc import Iterator
from decimal import Decimal

import msgspec
from msgspec import Raw, Struct

from farthing.errors import RecordError, WireError
from farthing.money import PICOUSD_PER_USD
from farthing.span import Output, Span
from farthing.step import Recorded, Step
from farthing.traces.chat_log import ChatLog
from farthing.traces.instant import from_seconds
from farthing.traces.source import Format, Item, Match, Note, Sample, Skipped, Source
from farthing.wire import openai_chat
from farthing.wire.fields import ABSENT, is_given
from farthing.wire.openai_usage import INCLUSIVE
from farthing.wire.scan import decode, place_of


def recognise(sample: Sample) -> Match:
    """Know a file by its format's name or, where that stands far behind, by its own and its first keys."""
    keys = (b'"messages"', b'"model_stats"')
    is_named = sample.name.endswith(".traj.json") and all(key in sample.head for key in keys)
    return Match.LEAD if is_named or b'"mini-swe-agent' in sample.head else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield the calls in the order of the messages."""
    try:
        trajectory, document = decode(_TRAJECTORY, source.document(), "trajectory")
    except (RecordError, WireError) as error:
        yield Skipped(0, str(error))
        return
    session = trajectory.instance_id or source.name.rpartition("/")[2].partition(".traj")[0]
    log, calls = ChatLog(), 0
    for raw in trajectory.messages:
        offset = place_of(raw, document).start
        try:
            span = _take(log, raw, session, offset)
        except (WireError, msgspec.DecodeError):
            yield Skipped(offset, "the message does not follow the format")
            continue
        if span is not None:
            calls += 1
            yield span
    unseen = trajectory.info.model_stats.api_calls - calls
    if unseen > 0:
        yield Note(f"{unseen} of the session's calls left no record (failed attempts)")


class _Stats(Struct, frozen=True):
    api_calls: int = 0


class _Info(Struct, frozen=True):
    model_stats: _Stats = _Stats()


class _Trajectory(Struct):
    messages: list[Raw]
    info: _Info = _Info()
    instance_id: str = ""


class _Extra(Struct):
    response: Raw = ABSENT
    cost: Decimal | None = None
    timestamp: float | None = None


class _Message(Struct):
    role: str = ""
    extra: _Extra | None = None


class _Created(Struct):
    created: float | None = None


_TRAJECTORY = msgspec.json.Decoder(_Trajectory)
_MESSAGE = msgspec.json.Decoder(_Message)
_CREATED = msgspec.json.Decoder(_Created)


def _take(log: ChatLog, raw: Raw, session: str, offset: int) -> Span | None:
    """Return the call that a message answers, if it is one; either way it joins the conversation."""
    message = _MESSAGE.decode(raw)
    if message.role == "exit":
        return None
    extra = message.extra
    if extra is None or not is_given(extra.response):
        log.hear(raw, base=offset)
        return None
    answered = log.answer(raw, base=offset)
    response = openai_chat.answer(extra.response)
    created = _CREATED.decode(extra.response).created
    return Span(
        step=Step(
            model=response.model,
            session=session,
            turn=answered.turn,
            at_ns=from_seconds(created),
            provider="deepseek" if response.model.startswith("deepseek") else "",
            prefix=answered.prefix,
            recorded=Recorded.DELTA,
        ),
        charges=response.charges,
        usage_recorded=response.usage_recorded,
        output_count=Output.FINAL if response.usage_recorded else Output.MISSING,
        response_id=response.response_id,
        output=answered.output,
        ended_ns=from_seconds(extra.timestamp),
        finish=response.finish,
        usage_rule=INCLUSIVE,
        offset=offset,
        reported_cost_picousd=None if extra.cost is None else int(extra.cost * PICOUSD_PER_USD),
    )


FORMAT = Format(
    name="mini-swe-agent",
    title="mini-swe-agent trajectory",
    recognise=recognise,
    read=read,
    priority=20,
)
