"""SWE-agent `.traj` files: one session a file; tokens are counted for the session, not for its steps.

`info.model_stats` has what the whole session sent and received. The steps share it by size, exactly:
input by the context that each step had, output by what it answered. From version 1.1 on a step
keeps its `query`, the exact input; before, contexts are rebuilt from `history`, although
old observations were shortened before they were sent. `total_cost` runs on over the whole benchmark.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal

import msgspec
from msgspec import Raw, Struct

from farthing.errors import RecordError, WireError
from farthing.money import PICOUSD_PER_USD
from farthing.prefix import Prefix
from farthing.span import Span
from farthing.step import Recorded, Step
from farthing.tokens import apportion
from farthing.traces.chat_log import Answered, ChatLog
from farthing.traces.source import Format, Item, Match, Note, Sample, Skipped, Source
from farthing.usage import Charge, Usage
from farthing.wire.fields import ABSENT, is_given, string
from farthing.wire.scan import decode, place_of

SHARED = "the session's totals, shared among its calls by size"
UNSEEN = "calls that left no record"


def recognise(sample: Sample) -> Match:
    is_named = sample.name.endswith(".traj")
    return Match.LEAD if is_named and b'"trajectory"' in sample.head else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield as many calls as the session counted; those that left no record have no context."""
    try:
        trajectory, document = decode(_TRAJECTORY, source.document(), "trajectory")
        calls = list(_calls(trajectory, document))
    except (RecordError, WireError, msgspec.DecodeError) as error:
        reason = (
            str(error) if isinstance(error, RecordError | WireError) else "a step does not follow the format"
        )
        yield Skipped(0, reason)
        return
    stats = trajectory.info.model_stats
    unseen = max(0, stats.api_calls - len(calls))
    if unseen:
        yield Note(
            f"{unseen} of the session's calls left no record; they count with the others' average size"
        )
    yield from _spans(source.name, trajectory, calls, unseen)


class _Stats(Struct, frozen=True):
    tokens_sent: int = 0
    tokens_received: int = 0
    api_calls: int = 0
    instance_cost: Decimal | None = None


class _Info(Struct, frozen=True):
    model_stats: _Stats = _Stats()
    exit_status: str | None = None


class _Trajectory(Struct):
    trajectory: list[Raw]
    history: list[Raw] = []
    info: _Info = _Info()
    replay_config: Raw = ABSENT


class _Step(Struct):
    query: list[Raw] | None = None
    response: Raw = ABSENT


class _Message(Struct):
    role: str = ""
    is_demo: bool = False


class _Model(Struct, frozen=True):
    name: str = ""


class _Agent(Struct, frozen=True):
    model: _Model = _Model()


class _Replay(Struct, frozen=True):
    agent: _Agent = _Agent()


_TRAJECTORY = msgspec.json.Decoder(_Trajectory)
_STEP = msgspec.json.Decoder(_Step)
_MESSAGE = msgspec.json.Decoder(_Message)
_REPLAY = msgspec.json.Decoder(_Replay)


def _calls(trajectory: _Trajectory, document: bytes) -> Iterator[Answered]:
    steps = [_STEP.decode(raw) for raw in trajectory.trajectory]
    if steps and all(step.query is not None for step in steps):
        yield from _queried(steps, document)
    else:
        yield from _remembered(trajectory.history, document)


def _queried(steps: Sequence[_Step], document: bytes) -> Iterator[Answered]:
    """Each step's input is whole, so each is a conversation of its own; equal starts share their links."""
    for step in steps:
        log = ChatLog()
        for raw in step.query or ():
            log.hear(raw, base=place_of(raw, document).start)
        yield log.answer(msgspec.json.encode({"role": "assistant", "content": step.response}))


def _remembered(history: Sequence[Raw], document: bytes) -> Iterator[Answered]:
    log = ChatLog()
    for raw in history:
        message = _MESSAGE.decode(raw)
        answered = log.answer(raw, base=place_of(raw, document).start)
        if message.role == "assistant" and not message.is_demo:
            yield answered


def _spans(session: str, trajectory: _Trajectory, calls: Sequence[Answered], unseen: int) -> Iterator[Span]:
    stats = trajectory.info.model_stats
    contexts = [_size(call.prefix) for call in calls]
    answers = [sum(segment.size for segment in call.output) for call in calls]
    given = apportion(stats.tokens_sent, _with_unseen(contexts, unseen))
    produced = apportion(stats.tokens_received, _with_unseen(answers, unseen))
    model = _model(trajectory)
    recorded = [*calls, *[Answered(None, (), 0)] * unseen]
    for call, sent, received in zip(recorded, given, produced, strict=True):
        usage = Usage(uncached_input_tokens=sent, output_tokens=received)
        yield Span(
            step=Step(
                model=model,
                session=session,
                turn=1,
                prefix=call.prefix,
                recorded=Recorded.COUNTS if call.prefix is None else Recorded.DELTA,
            ),
            charges=(Charge(model=model, usage=usage),),
            output=call.output,
            usage_rule=SHARED,
            reported_cost_picousd=_share(stats, sent),
        )


def _share(stats: _Stats, sent: int) -> int | None:
    if stats.instance_cost is None or not stats.tokens_sent:
        return None
    return int(stats.instance_cost * PICOUSD_PER_USD * sent / stats.tokens_sent)


def _with_unseen(sizes: Sequence[int], unseen: int) -> list[int]:
    average = sum(sizes) // len(sizes) if sizes else 1
    return [*sizes, *[average] * unseen]


def _size(prefix: Prefix | None) -> int:
    return 0 if prefix is None else prefix.size_end


def _model(trajectory: _Trajectory) -> str:
    """Return the model's name as newer versions keep it; the older ones name it nowhere."""
    replay = trajectory.replay_config
    if not is_given(replay):
        return ""
    try:
        return _REPLAY.decode(string(replay) or replay).agent.model.name
    except msgspec.DecodeError:
        return ""


FORMAT = Format(
    name="swe-agent",
    title="SWE-agent trajectory",
    recognise=recognise,
    read=read,
    priority=25,
)
