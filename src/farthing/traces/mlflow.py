"""MLflow traces: `{info, data: {spans}}`, one a line, alone, or in a list.

Attributes hold JSON in strings; ids are base64 in newer versions. `mlflow.chat.tokenUsage` counts cached
tokens in its input, whatever the provider does. Wrappers such as LangChain's stand around the provider's own
call, and their copies of its usage are left out (`span_tree`). The session is the trace's.
"""

from collections.abc import Iterator

from farthing.errors import RecordError, WireError
from farthing.traces.attributes import Attributes
from farthing.traces.documents import Document, documents, has_signs, inner
from farthing.traces.record import Record
from farthing.traces.source import Format, Item, Match, Sample, Skipped, Source
from farthing.traces.span_meaning import Frame, Meanings
from farthing.traces.span_places import items_of
from farthing.traces.span_tree import SpanTree
from farthing.wire.fields import items

_SIGNS = (
    (b'"mlflow.spanType"', b'"spans"'),
    (b'"mlflow.trace_schema.version"', b'"trace_metadata"'),
    (b'"mlflow.traceRequestId"', b'"span_id"'),
)
_OPENED = ("mlflow.chat.tokenUsage", "mlflow.llm.cost")
_OF_TRACE = {"mlflow.trace.session": "mlflow.trace.session", "mlflow.trace.user": "user.id"}
_FAILED = ("STATUS_CODE_ERROR", "ERROR")


def recognise(sample: Sample) -> Match:
    """Tell traces by the names that MLflow gives its attributes."""
    return Match.LEAD if has_signs(sample, _SIGNS) else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield the calls of the file, and what could not be read."""
    tree, meanings = SpanTree(), Meanings()
    for document in documents(source):
        yield from (document,) if isinstance(document, Skipped) else _take(document, tree, meanings)
    yield from items_of(tree)
    yield from meanings.notes()


def _take(document: Document, tree: SpanTree, meanings: Meanings) -> Iterator[Skipped]:
    """Add the spans of one trace; yield what of it cannot be used."""
    trace = Record.of(document.raw)
    info = trace.inner("info")
    told = info.inner("trace_metadata", "request_metadata")
    of_trace = {ours: told.members[name] for name, ours in _OF_TRACE.items() if told.has(name)}
    for raw in items(trace.inner("data").value("spans")):
        own = inner(document, raw)
        try:
            tree.add(meanings.observe(_frame(Record.of(raw), info, of_trace, own)))
        except (RecordError, WireError) as error:
            yield Skipped(own.offset, str(error))


def _frame(span: Record, info: Record, of_trace: dict[str, bytes], document: Document) -> Frame:
    context, status = span.inner("context"), span.inner("status")
    attributes = span.inner("attributes")
    opened = {
        f"{name}.{key}": value for name in _OPENED for key, value in attributes.inner(name).members.items()
    }
    return Frame(
        trace=info.text("trace_id", "request_id") or span.text("trace_id"),
        id=span.text("span_id") or context.text("span_id"),
        parent=span.text("parent_span_id", "parent_id"),
        name=span.text("name"),
        began_ns=span.at_ns("start_time_unix_nano", "start_time"),
        ended_ns=span.at_ns("end_time_unix_nano", "end_time"),
        failed=(status.text("code") or span.text("status_code")) in _FAILED,
        scope="mlflow",
        version="",
        attributes=Attributes({**of_trace, **opened, **attributes.members}),
        document=document,
    )


FORMAT = Format(name="mlflow", title="MLflow traces", recognise=recognise, read=read, priority=26)
