"""ATIF, Harbor's agent trajectory interchange format: what a step said, and what each of its calls counted.

Steps stand in order and hold what is new. `metrics.prompt_tokens` includes cached tokens. Steps that
copy another trajectory's context are no calls, and a step of several calls is one entry of their sum.
Sub-agents' trajectories stand inside their parent's file.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec
from msgspec import Raw, Struct

from farthing.errors import RecordError, WireError
from farthing.money import PICOUSD_PER_USD
from farthing.span import Output, Span
from farthing.step import Recorded, Step
from farthing.traces.chat_log import Answered, ChatLog
from farthing.traces.instant import from_iso
from farthing.traces.source import Dropped, Format, Item, Match, Note, Sample, Skipped, Source
from farthing.usage import Charge, Usage, cache_writes
from farthing.wire.openai_usage import INCLUSIVE
from farthing.wire.scan import decode

_ROLES = {"system": "system", "user": "user", "agent": "assistant"}


def recognise(sample: Sample) -> Match:
    return Match.LEAD if b'"ATIF-v' in sample.head and b'"schema_version"' in sample.head else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield the calls of the trajectory and, after it, of its sub-agents."""
    try:
        trajectory, _ = decode(_TRAJECTORY, source.document(), "trajectory")
    except (RecordError, WireError) as error:
        yield Skipped(0, str(error))
        return
    session = trajectory.session_id or trajectory.trajectory_id or source.name
    yield from _read(trajectory, session, agent="")


class _Call(Struct):
    tool_call_id: str = ""
    function_name: str = ""
    arguments: object = None


class _Result(Struct):
    source_call_id: str | None = None
    content: object = None


class _Observation(Struct, frozen=True):
    results: list[_Result] = []


class _Metrics(Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    cost_usd: Decimal | None = None
    extra: dict[str, object] | None = None


class _AtifStep(Struct):
    source: str
    message: object = ""
    timestamp: str | None = None
    model_name: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[_Call] | None = None
    observation: _Observation | None = None
    metrics: _Metrics | None = None
    is_copied_context: bool | None = None
    llm_call_count: int | None = None


class _Agent(Struct, frozen=True):
    name: str = ""
    model_name: str | None = None


class _Trajectory(Struct):
    steps: list[_AtifStep]
    agent: _Agent = _Agent()
    session_id: str | None = None
    trajectory_id: str | None = None
    subagent_trajectories: list[Raw] | None = None


_TRAJECTORY = msgspec.json.Decoder(_Trajectory)


def _read(trajectory: _Trajectory, session: str, *, agent: str) -> Iterator[Item]:
    log, copied, merged = ChatLog(), 0, 0
    for step in trajectory.steps:
        answered = log.answer(_message(step))
        for result in _results(step):
            log.hear(result)
        if step.is_copied_context:
            copied += 1
        elif step.source == "agent" and step.llm_call_count != 0:
            merged += (step.llm_call_count or 1) > 1
            yield _span(trajectory, step, answered, session, agent)
    if copied:
        yield Dropped("steps copied from another trajectory", copied)
    if merged:
        yield Note(f"{merged} steps are the sum of several calls, which are counted as one each")
    for number, raw in enumerate(trajectory.subagent_trajectories or (), start=1):
        child = _TRAJECTORY.decode(raw)
        yield from _read(child, session, agent=child.trajectory_id or f"{agent or 'sub-agent'} {number}")


def _message(step: _AtifStep) -> bytes:
    calls = [
        {
            "id": call.tool_call_id,
            "function": {
                "name": call.function_name,
                "arguments": msgspec.json.encode(call.arguments).decode(),
            },
        }
        for call in step.tool_calls or ()
    ]
    message: dict[str, object] = {"role": _ROLES.get(step.source, "user"), "content": step.message}
    if step.reasoning_content:
        message["reasoning_content"] = step.reasoning_content
    if calls:
        message["tool_calls"] = calls
    return msgspec.json.encode(message)


def _results(step: _AtifStep) -> Iterator[bytes]:
    for result in step.observation.results if step.observation else ():
        yield msgspec.json.encode(
            {"role": "tool", "tool_call_id": result.source_call_id, "content": result.content}
        )


def _span(trajectory: _Trajectory, step: _AtifStep, answered: Answered, session: str, agent: str) -> Span:
    model = step.model_name or trajectory.agent.model_name or ""
    metrics = step.metrics or _Metrics()
    usage = _usage(metrics)
    return Span(
        step=Step(
            model=model,
            session=session,
            agent=agent,
            agent_label=trajectory.agent.name if agent else "",
            turn=answered.turn,
            at_ns=from_iso(step.timestamp),
            prefix=answered.prefix,
            recorded=Recorded.DELTA,
        ),
        charges=() if usage is None else (Charge(model=model, usage=usage),),
        usage_recorded=usage is not None,
        output_count=Output.MISSING if metrics.completion_tokens is None else Output.FINAL,
        output=answered.output,
        usage_rule=INCLUSIVE,
        reported_cost_picousd=None if metrics.cost_usd is None else int(metrics.cost_usd * PICOUSD_PER_USD),
    )


def _usage(metrics: _Metrics) -> Usage | None:
    if metrics.prompt_tokens is None and metrics.completion_tokens is None:
        return None
    given, reads = metrics.prompt_tokens or 0, metrics.cached_tokens or 0
    written = _count(metrics.extra or {}, "cache_creation_input_tokens", "cache_write_tokens")
    return Usage(
        uncached_input_tokens=max(0, given - reads - written),
        cache_read_input_tokens=reads,
        cache_writes=cache_writes(unknown=written),
        output_tokens=metrics.completion_tokens or 0,
    )


def _count(extra: Mapping[str, object], *names: str) -> int:
    found = (extra.get(name) for name in names)
    return next((value for value in found if isinstance(value, int) and value > 0), 0)


FORMAT = Format(
    name="atif",
    title="ATIF trajectory (Harbor)",
    recognise=recognise,
    read=read,
    priority=15,
)
