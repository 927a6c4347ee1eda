"""Traces of the OpenAI Agents SDK, as its exporter gives them: `trace` items and `trace.span` items.

A `generation` span holds the whole call; a `response` span only the id of the answer and its usage, without
the model, so it stays unpriced. `turn` and `task` spans repeat usage and are passed over. The conversation
is the trace's `group_id`.
"""

from collections.abc import Iterator

import msgspec

from farthing.errors import RecordError, WireError
from farthing.span import Span
from farthing.step import Step
from farthing.traces.contexts import Contexts
from farthing.traces.counts import Billed
from farthing.traces.documents import Document, documents, has_signs, inner
from farthing.traces.record import Record
from farthing.traces.source import Format, Item, Match, Note, Sample, Skipped, Source
from farthing.traces.span_places import items_of
from farthing.traces.span_tree import Kind, Observed, SpanTree
from farthing.usage import Charge
from farthing.wire import openai_usage
from farthing.wire.fields import items

_SIGNS = ((b'"trace.span"', b'"span_data"'), (b'"object"', b'"trace"', b'"workflow_name"'))
_KINDS = {"generation": Kind.MODEL, "response": Kind.MODEL, "agent": Kind.AGENT}
_USAGE = msgspec.json.Decoder(dict[str, object])


def recognise(sample: Sample) -> Match:
    """Tell items by the names of their kinds."""
    return Match.LEAD if has_signs(sample, _SIGNS) else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield the calls of the file, and what could not be read."""
    log = _Log()
    for document in documents(source):
        yield from (document,) if isinstance(document, Skipped) else log.take(document)
    yield from log.rest()


class _Log:
    """What is known of one export so far. A machine without I/O."""

    def __init__(self) -> None:
        self._tree = SpanTree()
        self._contexts = Contexts()
        self._groups: dict[str, str] = {}
        self._unnamed = 0

    def take(self, document: Document) -> Iterator[Skipped]:
        """Add an item, or a batch of them as the SDK posts it; yield what cannot be used."""
        item = Record.of(document.raw)
        for raw in items(item.raw("data")):
            yield from self.take(inner(document, raw))
        if item.text("object") == "trace":
            self._groups[item.text("id")] = item.text("group_id")
        elif item.has("span_data"):
            try:
                self._tree.add(self._observed(item, document))
            except (RecordError, WireError) as error:
                yield Skipped(document.offset, str(error))

    def rest(self) -> Iterator[Item]:
        """Yield the calls of all that was taken, and what they do not tell."""
        self._tree.name(self._groups)
        yield from items_of(self._tree)
        yield from self._contexts.notes()
        if self._unnamed:
            yield Note(f"{self._unnamed} responses were exported without their model: they cannot be priced")

    def _observed(self, item: Record, document: Document) -> Observed:
        data = item.inner("span_data")
        kind = _KINDS.get(data.text("type"), Kind.OTHER)
        model = data.text("model")
        billed = _billed(data, model) if kind is Kind.MODEL else None
        is_call = billed is not None or (kind is Kind.MODEL and not item.raw("error"))
        self._unnamed += is_call and not model
        return Observed(
            trace=item.text("trace_id"),
            id=item.text("id"),
            parent=item.text("parent_id"),
            kind=kind,
            name=data.text("name"),
            instrumentation="openai-agents",
            call=self._call(item, data, document) if is_call else None,
            told=billed,
            model=model,
        )

    def _call(self, item: Record, data: Record, document: Document) -> Span:
        context = self._contexts.context(data.raw("input"), origin=document)
        output = self._contexts.answer(data.value("output"))
        step = Step(
            model=data.text("model"),
            turn=context.turn,
            at_ns=item.at_ns("started_at"),
            provider="openai" if data.text("type") == "response" else "",
            prefix=context.prefix,
            recorded=context.recorded_with(output),
            breakpoints=context.breakpoints,
        )
        return Span(
            step=step,
            response_id=data.text("response_id"),
            output=output,
            ended_ns=item.at_ns("ended_at"),
            error="error" if item.raw("error") else "",
            offset=document.offset,
        )


def _billed(data: Record, model: str) -> Billed | None:
    usage = data.value("usage")
    counted = openai_usage.count(_USAGE.decode(usage)) if usage else None
    if counted is None:
        return None
    return Billed((Charge(model=model, usage=counted.usage),), counted.rule)


FORMAT = Format(
    name="openai-agents",
    title="OpenAI Agents SDK trace items",
    recognise=recognise,
    read=read,
    priority=27,
)
