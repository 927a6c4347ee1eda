"""LangSmith runs: lists and lines of them, as the SDK lists or the bulk export writes them.

Every run is a node of a tree, and parents carry the tokens of what is below them: only `llm` runs are
calls. Their usage stands in several places, of which the provider's own is taken first: LangChain keeps it in
a message's `response_metadata`. `usage_metadata` holds cached tokens in its input by its definition;
SDKs before 2026-03 sent Anthropic's count as it was (langsmith-sdk#2519), which the numbers show.
A run's `session_id` is its project: conversations are named in its metadata.
"""

from collections.abc import Iterator

from farthing.errors import RecordError
from farthing.segment import Segment
from farthing.span import Span
from farthing.step import Step
from farthing.traces.contexts import Context, Contexts
from farthing.traces.counts import Billed, Counts, Producer, Told, written
from farthing.traces.documents import Document, documents, has_columns, has_signs, inner
from farthing.traces.provider_names import provider_named
from farthing.traces.raw_answers import provider_usage
from farthing.traces.record import Record
from farthing.traces.source import Format, Item, Match, Sample, Skipped, Source
from farthing.traces.span_places import items_of
from farthing.traces.span_tree import Kind, Observed, SpanTree
from farthing.wire.fields import items

_SIGNS = ((b'"run_type"', b'"dotted_order"'), (b'"run_type"', b'"trace_id"', b'"session_id"'))
_CONVERSATIONS = ("session_id", "thread_id", "conversation_id")
_COLUMNS = ({"run_type", "dotted_order"}, {"run_type", "trace_id", "inputs"})


def recognise(sample: Sample) -> Match:
    """Tell runs by their type and their place in a tree."""
    return Match.LEAD if has_signs(sample, _SIGNS) or has_columns(sample, _COLUMNS) else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield the calls of the file, and what could not be read."""
    log = Log()
    for document in documents(source):
        yield from (document,) if isinstance(document, Skipped) else log.take(document)
    yield from log.rest()


class Log:
    """What is known of one export so far. A machine without I/O."""

    def __init__(self) -> None:
        self._tree = SpanTree()
        self._contexts = Contexts()

    def take(self, document: Document) -> Iterator[Skipped]:
        """Add a run, or a page of runs; yield what cannot be used."""
        record = Record.of(document.raw)
        if record.has("run_type"):
            try:
                self._tree.add(self._observed(record, document))
            except RecordError as error:
                yield Skipped(document.offset, str(error))
            return
        for raw in items(record.raw("runs")):
            yield from self.take(inner(document, raw))

    def rest(self) -> Iterator[Item]:
        """Yield the calls of all that was taken, and what was left out."""
        yield from items_of(self._tree)
        yield from self._contexts.notes()

    def _observed(self, record: Record, document: Document) -> Observed:
        is_call = record.text("run_type") == "llm"
        metadata = record.inner("extra").inner("metadata")
        answer = _Answer(record)
        told = _told(record, metadata, answer) if is_call else None
        failed = bool(record.text("error")) or record.text("status") == "error"
        return Observed(
            trace=record.text("trace_id") or record.text("id"),
            id=record.text("id"),
            parent=record.text("parent_run_id"),
            kind=Kind.MODEL if is_call else Kind.OTHER,
            name=record.text("name"),
            session=next(filter(None, (metadata.text(name) for name in _CONVERSATIONS)), ""),
            labels=tuple(_labels(record, metadata)),
            instrumentation="langsmith",
            call=self._call(record, metadata, answer, document) if told or (is_call and not failed) else None,
            told=told,
            model=answer.model or _asked(record, metadata),
            tier=answer.tier,
        )

    def _call(self, record: Record, metadata: Record, answer: "_Answer", document: Document) -> Span:
        context, output = self._said(record, document)
        settings = record.inner("extra").inner("invocation_params")
        step = Step(
            model=_asked(record, metadata) or answer.model,
            turn=context.turn,
            at_ns=record.at_ns("start_time"),
            provider=provider_named(metadata.text("ls_provider")),
            prefix=context.prefix,
            recorded=context.recorded_with(output),
            breakpoints=context.breakpoints,
            max_output_tokens=settings.count("max_tokens", "max_completion_tokens"),
        )
        return Span(
            step=step,
            response_id=answer.response_id or record.text("id"),
            output=output,
            ended_ns=record.at_ns("end_time"),
            first_token_ns=record.at_ns("first_token_time"),
            finish=answer.finish,
            error="error" if record.text("error") else "",
            offset=document.offset,
            reported_cost_picousd=record.picousd("total_cost"),
        )

    def _said(self, record: Record, document: Document) -> tuple[Context, tuple[Segment, ...]]:
        tools = record.inner("extra").inner("invocation_params").raw("tools", "functions")
        context = self._contexts.context(record.raw("inputs"), tools=tools, origin=document)
        return context, self._contexts.answer(record.value("outputs"))


class _Answer:
    """What a run's outputs tell beside the words, wherever the wrapper has put it."""

    def __init__(self, record: Record) -> None:
        outputs = record.inner("outputs")
        generation = next(iter(_generations(outputs)), Record({}))
        message = generation.inner("message")
        said = message.inner("kwargs") or message.inner("data") or message
        told = said.inner("response_metadata")
        self.usage_metadata = said.inner("usage_metadata") or outputs.inner("usage_metadata")
        self.model = told.text("model_name", "model") or outputs.text("model")
        self.response_id = told.text("id") or outputs.text("id")
        self.finish = told.text("finish_reason", "stop_reason") or outputs.text("stop_reason")
        self.tier = ""
        token_usage = outputs.inner("llm_output").raw("token_usage", "usage")
        raw = told.raw("token_usage", "usage") or outputs.raw("usage") or token_usage
        tier = told.text("service_tier") or outputs.text("service_tier")
        self.billed: Billed | None = provider_usage(raw, model=self.model, tier=tier)


def _generations(outputs: Record) -> list[Record]:
    batches = items(outputs.value("generations"))
    return [Record.of(one) for batch in batches[:1] for one in items(batch)]


def _told(record: Record, metadata: Record, answer: _Answer) -> Told | None:
    if answer.billed is not None:
        return answer.billed
    producer = Producer(
        "langsmith",
        record.inner("extra").inner("runtime").text("sdk_version"),
        metadata.text("ls_provider"),
        answer.model or _asked(record, metadata),
    )
    usage = answer.usage_metadata or metadata.inner("usage_metadata")
    given, produced = usage.count("input_tokens"), usage.count("output_tokens")
    details, made = usage.inner("input_token_details"), usage.inner("output_token_details")
    if not usage:
        given, produced = record.count("prompt_tokens"), record.count("completion_tokens")
        details, made = record.inner("prompt_token_details"), record.inner("completion_token_details")
    if not (given or produced):
        return None
    five_minutes = details.count("ephemeral_5m_input_tokens") or 0
    one_hour = details.count("ephemeral_1h_input_tokens") or 0
    # `cache_creation` tells the same tokens again where the lifetimes are told (langsmith-sdk#2150).
    total = max(details.count("cache_creation", "cache_write") or 0, five_minutes + one_hour)
    return Counts(
        producer=producer,
        input_tokens=given or 0,
        output_tokens=produced or 0,
        cache_read_input_tokens=details.count("cache_read") or 0,
        cache_writes=written(total=total, five_minutes=five_minutes, one_hour=one_hour),
        reasoning_tokens=made.count("reasoning") or 0,
        total_tokens=usage.count("total_tokens") or record.count("total_tokens"),
    )


def _asked(record: Record, metadata: Record) -> str:
    settings = record.inner("extra").inner("invocation_params")
    return (
        metadata.text("ls_model_name")
        or settings.text("model", "model_name")
        or record.inner("inputs").text("model")
    )


def _labels(record: Record, metadata: Record) -> Iterator[tuple[str, str]]:
    told = {
        "project": record.text("session_name"),
        "tags": ", ".join(record.words("tags")),
        "user": metadata.text("user_id", "userId", "langsmith_user_id"),
        "environment": metadata.text("environment", "env"),
    }
    return ((name, value) for name, value in told.items() if value)


FORMAT = Format(
    name="langsmith",
    title="LangSmith runs (JSON, JSON Lines, CSV, Parquet)",
    recognise=recognise,
    read=read,
    priority=29,
)
