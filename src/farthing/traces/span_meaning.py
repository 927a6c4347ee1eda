"""What one instrumented span tells: its kind, its counts, its context, its answer.

Every reader of OpenTelemetry-like spans comes through here, whether the span was exported as OTLP, as a row
of a data frame or inside a platform's metadata: a `Frame` is what they have in common.
"""

from collections.abc import Iterator
from typing import NamedTuple

from farthing.segment import Segment
from farthing.span import Output, Span
from farthing.step import Step
from farthing.traces import attribute_names as names
from farthing.traces.attributes import Attributes, quoted
from farthing.traces.contexts import NO_CONTEXT, Context, Contexts
from farthing.traces.counts import Counts, Producer, Told, written
from farthing.traces.documents import Document
from farthing.traces.provider_names import provider_named
from farthing.traces.raw_answers import NO_ANSWER, RawAnswer, metadata_usage, raw_answer
from farthing.traces.source import Note
from farthing.traces.span_tree import Kind, Observed
from farthing.wire import openai_usage
from farthing.wire.fields import ABSENT, is_given, settings

_NS_PER_S = 1_000_000_000
_NOTHING: tuple[Segment, ...] = ()
_KINDS = {
    **dict.fromkeys(("chat", "completion", "text_completion", "generate_content", "generate"), Kind.MODEL),
    **dict.fromkeys(("llm", "chat_model", "generation", "responses"), Kind.MODEL),
    **dict.fromkeys(("invoke_agent", "agent"), Kind.AGENT),
}
# Producers that leave cached tokens out of their attributes, though the provider counts them: the AI SDK's
# generateText before version 6, and OpenTelemetry's own instrumentation of OpenAI up to 2.3b0.
_BLIND_SCOPES = ("ai", "opentelemetry.instrumentation.openai_v2")
# Work that has token counts and is no call of a chat model.
_OTHER_WORK = ("embed", "rerank", "retriev", "tool", "decide", "speech", "transcri", "image")


class Frame(NamedTuple):
    """One span as its export frames it. `failed` is the span's own status; times are None where unknown."""

    trace: str
    id: str
    parent: str
    name: str
    began_ns: int | None
    ended_ns: int | None
    failed: bool
    scope: str
    version: str
    attributes: Attributes
    document: Document


class Meanings:
    """Tells what the spans of one file mean. A machine without I/O: it shares what contexts share."""

    def __init__(self) -> None:
        self._contexts = Contexts()
        self._blind = 0

    def observe(self, frame: Frame) -> Observed:
        """Return what a span tells. Raises RecordError for one with an impossible count."""
        told_by = frame.attributes
        kind = kind_of(told_by)
        model = told_by.text(names.RESPONSE_MODEL) or told_by.text(names.REQUEST_MODEL)
        answer = (
            raw_answer(told_by.document(names.RAW_ANSWER), model=model) if kind is Kind.MODEL else NO_ANSWER
        )
        told = None if _is_other_work(told_by) else _told(frame, kind, answer, model)
        if kind is Kind.MODEL and isinstance(told, Counts) and frame.scope in _BLIND_SCOPES:
            self._blind += not told_by.has(names.READ_TOKENS)
        is_call = told is not None or (kind is Kind.MODEL and not _failed(frame))
        return Observed(
            trace=frame.trace,
            id=frame.id,
            parent=frame.parent,
            kind=kind,
            name=told_by.text(names.AGENT_NAME) or frame.name,
            session=told_by.text(names.SESSION),
            labels=told_by.labels(),
            instrumentation=frame.scope,
            call=self._call(frame, kind, answer) if is_call else None,
            told=told,
            model=model,
            tier=told_tier(told_by),
        )

    def notes(self) -> Iterator[Note]:
        """Yield what the reader of the report must know of the file; to be asked at its end."""
        yield from self._contexts.notes()
        if self._blind:
            yield Note(
                f"{self._blind} calls were traced by an instrumentation that tells no cached tokens: "
                "if any were read from a cache, they are shown as uncached and the cost is too high"
            )

    def _call(self, frame: Frame, kind: Kind, answer: RawAnswer) -> Span:
        told_by = frame.attributes
        context, output = NO_CONTEXT, _NOTHING
        if kind is Kind.MODEL:
            context, output = self._context(frame), self._output(told_by)
        step = Step(
            model=told_by.text(names.REQUEST_MODEL) or told_by.text(names.RESPONSE_MODEL),
            turn=context.turn,
            at_ns=frame.began_ns,
            provider=provider_named(told_by.text(names.PROVIDER), host=told_by.text(names.HOST)),
            prefix=context.prefix,
            recorded=context.recorded_with(output),
            breakpoints=context.breakpoints,
            parameters=settings(
                (("effort", told_by.raw(names.EFFORT)), ("tool_choice", told_by.raw(names.TOOL_CHOICE)))
            ),
            max_output_tokens=told_by.count(names.MAX_OUTPUT_TOKENS),
            output_schema=told_by.text(names.OUTPUT_TYPE) == "json",
        )
        return Span(
            step=step,
            output_count=Output.FINAL
            if told_by.has(names.OUTPUT_TOKENS) or answer.billed
            else Output.MISSING,
            response_id=told_by.text(names.RESPONSE_ID) or answer.response_id,
            output=output,
            ended_ns=frame.ended_ns,
            first_token_ns=_first_token(frame),
            finish=told_by.text(names.FINISH) or answer.finish,
            error=told_by.text(names.ERROR) or ("error" if frame.failed else ""),
            offset=frame.document.offset,
            reported_cost_picousd=told_by.picousd(names.COST),
        )

    def _context(self, frame: Frame) -> Context:
        told_by = frame.attributes
        tools = told_by.document(names.TOOL_DEFINITIONS) or told_by.tree(names.INDEXED_TOOLS)
        messages = (
            told_by.document(names.INPUT_MESSAGES)
            or told_by.tree(names.INDEXED_INPUT)
            or told_by.document(names.INPUT_VALUES)
        )
        system = told_by.document(names.SYSTEM_INSTRUCTIONS)
        return self._contexts.context(messages, system=system, tools=tools, origin=frame.document)

    def _output(self, told_by: Attributes) -> tuple[Segment, ...]:
        said = (
            told_by.document(names.OUTPUT_MESSAGES)
            or told_by.tree(names.INDEXED_OUTPUT)
            or _ai_sdk_answer(told_by)
            or told_by.document(names.OUTPUT_VALUES)
        )
        return self._contexts.answer(said)


def kind_of(told_by: Attributes) -> Kind:
    """Return what a span is about, by its operation, its kind, or (older producers) what it counts."""
    for said in (
        told_by.text(names.OPERATION),
        told_by.text(names.SPAN_KIND),
        told_by.text(names.REQUEST_TYPE),
    ):
        if said.lower() in _KINDS:
            return _KINDS[said.lower()]
    operation = told_by.text(names.AI_SDK_OPERATION)
    if operation:
        is_call = ".do" in operation and not _is_other_work(told_by)
        return (
            Kind.MODEL
            if is_call
            else Kind.AGENT
            if operation.startswith(("ai.generate", "ai.stream"))
            else Kind.OTHER
        )
    if told_by.has(("agent_name",)):
        return Kind.AGENT
    is_counted = told_by.has(names.INPUT_TOKENS) and told_by.has(names.REQUEST_MODEL, names.RESPONSE_MODEL)
    return Kind.MODEL if is_counted and not told_by.has(names.OPERATION, names.SPAN_KIND) else Kind.OTHER


def told_counts(told_by: Attributes, producer: Producer) -> Counts | None:
    """Return the counts that attributes tell; None where they tell none, or nothing but zeros."""
    given, produced = told_by.count(names.INPUT_TOKENS), told_by.count(names.OUTPUT_TOKENS)
    reads = told_by.count(names.READ_TOKENS) or 0
    writes = written(
        total=told_by.count(names.WRITTEN_TOKENS) or 0,
        five_minutes=told_by.count(names.WRITTEN_5M_TOKENS) or 0,
        one_hour=told_by.count(names.WRITTEN_1H_TOKENS) or 0,
    )
    if not (given or produced or reads or writes):
        return None
    return Counts(
        producer=producer,
        input_tokens=given or 0,
        output_tokens=produced or 0,
        cache_read_input_tokens=reads,
        cache_writes=writes,
        reasoning_tokens=told_by.count(names.REASONING_TOKENS) or 0,
        total_tokens=told_by.count(names.TOTAL_TOKENS),
        parted=told_by.has(names.UNCACHED_TOKENS),
    )


def told_tier(told_by: Attributes) -> str:
    """Return the tier that was billed; Claude Code tells its speed."""
    return openai_usage.tier(told_by.text(names.TIER).removeprefix("normal"))


def _told(frame: Frame, kind: Kind, answer: RawAnswer, model: str) -> Told | None:
    told_by = frame.attributes
    if kind is Kind.MODEL:
        billed = answer.billed or metadata_usage(told_by.document(names.PROVIDER_METADATA), model=model)
        if billed is not None:
            return billed
    producer = Producer(frame.scope, frame.version, told_by.text(names.PROVIDER), model)
    return told_counts(told_by, producer)


def _failed(frame: Frame) -> bool:
    return frame.failed or frame.attributes.has(names.ERROR)


def _is_other_work(told_by: Attributes) -> bool:
    said = (
        told_by.text(names.OPERATION),
        told_by.text(names.SPAN_KIND),
        told_by.text(names.AI_SDK_OPERATION),
    )
    return any(work in word.lower() for word in said for work in _OTHER_WORK)


def _ai_sdk_answer(told_by: Attributes) -> bytes:
    """Return the answer that the AI SDK writes as a text and a list of calls, as one message."""
    words, calls = told_by.raw(names.AI_SDK_TEXT), told_by.document(names.AI_SDK_CALLS)
    if not is_given(words) and not is_given(calls):
        return ABSENT
    content = bytes(words) if is_given(words) else quoted("")
    return b'{"role":"assistant","content":' + content + b',"tool_calls":' + (bytes(calls) or b"[]") + b"}"


def _first_token(frame: Frame) -> int | None:
    seconds = frame.attributes.decimal(names.FIRST_TOKEN_S)
    milliseconds = frame.attributes.decimal(names.FIRST_TOKEN_MS)
    if seconds is None and milliseconds is not None:
        seconds = milliseconds / 1_000
    if seconds is None or frame.began_ns is None:
        return None
    return frame.began_ns + int(seconds * _NS_PER_S)
