"""Langfuse exports: a trace with its observations, lists of observations, and lines of them.

The UI, the API and the blob storage export the same observations in camelCase or snake_case, values as JSON
or as JSON in strings. A GENERATION is a model call; frameworks nest one inside another for the same call,
and `span_tree` says which counts. Where an instrumentation told no usage, Langfuse counts with a tokenizer of
its own: that is a guess about the provider's bill, and such calls are taken as calls without usage.
BeeAI writes a call as `start`, `success` and `finish`, of which only the first has the request.
"""

from collections.abc import Iterable, Iterator

from farthing.errors import RecordError
from farthing.segment import Segment
from farthing.span import Span
from farthing.step import Step
from farthing.traces import attribute_names as names
from farthing.traces.attributes import Attributes
from farthing.traces.contexts import Context, Contexts
from farthing.traces.documents import Document, documents, has_columns, has_signs, inner
from farthing.traces.langfuse_usage import billed
from farthing.traces.provider_names import provider_named
from farthing.traces.record import Record
from farthing.traces.source import Format, Item, Match, Note, Sample, Skipped, Source
from farthing.traces.span_places import items_of
from farthing.traces.span_tree import Kind, Observed, SpanTree
from farthing.wire.fields import items

_SIGNS = (
    (b'"traceId"', b'"parentObservationId"'),
    (b'"trace_id"', b'"parent_observation_id"'),
    (b'"traceId"', b'"usageDetails"'),
    (b'"trace_id"', b'"usage_details"'),
    (b'"bookmarked"', b'"sessionId"', b'"projectId"'),
)
_KINDS = {"GENERATION": Kind.MODEL, "AGENT": Kind.AGENT}
_UNCALLED = ("EMBEDDING", "EVENT", "RETRIEVER", "TOOL", "EVALUATOR", "GUARDRAIL")
_COLUMNS = (
    {"trace_id", "parent_observation_id"},
    {"traceId", "parentObservationId"},
    {"trace_id", "usage_details"},
    {"traceId", "usageDetails"},
)


def recognise(sample: Sample) -> Match:
    """Tell observations by members that only they have; what a test expects of them is no trace."""
    if sample.name.endswith(".chatml.json") and any(
        name.endswith(".trace.json") for name in sample.neighbours
    ):
        return Match.MEMBER
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
        self._guessed = 0

    def take(self, document: Document) -> Iterator[Skipped]:
        """Add an observation, or all that a trace or a page of them holds; yield what cannot be used."""
        record = Record.of(document.raw)
        pages = [page for page in (record.raw("observations"), record.raw("data")) if page]
        if not pages:
            yield from self._add(record, Record({}), document)
            return
        trace = record.inner("trace") or record
        for page in pages:
            for raw in items(page):
                yield from self._add(Record.of(raw), trace, inner(document, raw))

    def _add(self, record: Record, trace: Record, document: Document) -> Iterator[Skipped]:
        """Add one observation; `trace` is what is told of its trace."""
        if not record.has("type", "traceId", "trace_id"):
            return
        try:
            self._tree.add(self._observed(record, trace, document))
        except RecordError as error:
            yield Skipped(document.offset, str(error))

    def rest(self) -> Iterator[Item]:
        """Yield the calls of all that was taken, what was left out, and what is guessed."""
        yield from items_of(self._tree)
        if self._guessed:
            yield Note(
                f"{self._guessed} generations have only the counts of Langfuse's own tokenizer: "
                "they are calls without usage"
            )
        yield from self._contexts.notes()

    def _observed(self, record: Record, trace: Record, document: Document) -> Observed:
        work = record.text("type").upper()
        kind = _KINDS.get(work, Kind.OTHER)
        metadata = record.inner("metadata")
        attributes = Attributes(metadata.inner("attributes").members)
        model = record.text("model", "modelName", "model_name", "providedModelName", "provided_model_name")
        told = billed(_buckets(record), model=model)
        if told is not None and _is_guess(record, metadata, attributes):
            told = None
            self._guessed += kind is Kind.MODEL
        failed = record.text("level") == "ERROR"
        has_request = len(record.raw("input")) > 0
        is_call = work not in _UNCALLED and (
            told is not None or (kind is Kind.MODEL and has_request and not failed)
        )
        trace_id = record.text("traceId", "trace_id")
        return Observed(
            trace=trace_id,
            id=record.text("id", "observationId", "observation_id"),
            parent=record.text("parentObservationId", "parent_observation_id"),
            kind=kind,
            name=record.text("name"),
            session=record.text("sessionId", "session_id") or trace.text("sessionId", "session_id"),
            labels=tuple(_labels(record, trace)),
            instrumentation=metadata.inner("scope").text("name"),
            call=self._call(record, attributes, metadata, document) if is_call else None,
            told=told,
            model=model,
        )

    def _call(self, record: Record, attributes: Attributes, metadata: Record, document: Document) -> Span:
        settings = record.inner("modelParameters", "model_parameters")
        context, output = self._said(record, attributes, metadata, document)
        step = Step(
            model=record.text("model", "modelName", "model_name", "providedModelName", "provided_model_name"),
            turn=context.turn,
            at_ns=record.at_ns("startTime", "start_time"),
            provider=provider_named(attributes.text(names.PROVIDER) or metadata.text("ls_provider")),
            prefix=context.prefix,
            recorded=context.recorded_with(output),
            breakpoints=context.breakpoints,
            max_output_tokens=_limit(settings),
        )
        return Span(
            step=step,
            response_id="/".join((record.text("traceId", "trace_id"), record.text("id"))),
            output=output,
            ended_ns=record.at_ns("endTime", "end_time"),
            first_token_ns=record.at_ns("completionStartTime", "completion_start_time"),
            finish=attributes.text(names.FINISH),
            error="error" if record.text("level") == "ERROR" else "",
            offset=document.offset,
            reported_cost_picousd=record.picousd("totalCost", "total_cost", "calculatedTotalCost"),
        )

    def _said(
        self, record: Record, attributes: Attributes, metadata: Record, document: Document
    ) -> tuple[Context, tuple[Segment, ...]]:
        tools = (
            metadata.value("tools")
            or attributes.document(names.TOOL_DEFINITIONS)
            or attributes.tree(names.INDEXED_TOOLS)
        )
        context = self._contexts.context(record.value("input"), tools=tools, origin=document)
        return context, self._contexts.answer(record.value("output"))


def _buckets(record: Record) -> dict[str, int]:
    """Return the usage of an observation, in the newest of three ways in which it may be told."""
    for told in (record.inner("usageDetails", "usage_details"), record.inner("usage")):
        if counts := told.counts():
            return counts
    return record.counts() if record.has("promptTokens", "completionTokens", "prompt_tokens") else {}


def _is_guess(record: Record, metadata: Record, attributes: Attributes) -> bool:
    """Tell whether Langfuse counted by itself: neither the span's attributes nor its sender told usage."""
    provided = record.raw("providedUsageDetails", "provided_usage_details")
    if provided:
        return not Record.of(provided).counts()
    return metadata.has("attributes") and not attributes.mentions("usage", "token_count")


def _limit(settings: Record) -> int | None:
    """Return the output limit; some SDKs write -1 for none."""
    limit = settings.decimal("max_tokens", "maxTokens", "max_completion_tokens")
    return int(limit) if limit is not None and limit > 0 else None


def _labels(record: Record, trace: Record) -> Iterable[tuple[str, str]]:
    told = {
        "user": record.text("userId", "user_id") or trace.text("userId", "user_id"),
        "feature": record.text("traceName", "trace_name") or trace.text("name"),
        "environment": record.text("environment") or trace.text("environment"),
        "release": trace.text("release"),
    }
    return ((name, value) for name, value in told.items() if value)


FORMAT = Format(
    name="langfuse",
    title="Langfuse observations (JSON, JSON Lines, CSV, Parquet)",
    recognise=recognise,
    read=read,
    priority=30,
)
