"""Phoenix exports of OpenInference spans: a data frame's rows in any form, and the API's span lists.

A frame has a column for each attribute (`attributes.llm.token_count.prompt`), lists of messages as nested
objects with dotted names, and what other conventions wrote as objects (`attributes.gen_ai`). Columns of
`cumulative_token_count` are sums over a span's children and are not read. The scope of the
instrumentation is not exported.
"""

from collections.abc import Iterable, Iterator, Mapping

from farthing.errors import RecordError, WireError
from farthing.traces.attributes import Attributes
from farthing.traces.documents import Document, documents, has_columns, has_signs, inner
from farthing.traces.record import Record
from farthing.traces.source import Format, Item, Match, Sample, Skipped, Source
from farthing.traces.span_meaning import Frame, Meanings
from farthing.traces.span_places import items_of
from farthing.traces.span_tree import SpanTree
from farthing.wire.fields import is_given, items, members

_SIGNS = (
    (b'"context.span_id"', b'"span_kind"'),
    (b'"span_kind"', b'"context"', b'"span_id"', b'"attributes"'),
)
_COLUMNS = ({"context.span_id", "context.trace_id", "span_kind"},)
_ATTRIBUTES = "attributes"


def recognise(sample: Sample) -> Match:
    """Tell exported spans by the columns that Phoenix gives them."""
    return Match.LEAD if has_signs(sample, _SIGNS) or has_columns(sample, _COLUMNS) else Match.NO


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
        self._meanings = Meanings()

    def take(self, document: Document) -> Iterator[Skipped]:
        """Add a span, or a page of spans; yield what cannot be used."""
        record = Record.of(document.raw)
        page = record.raw("data")
        if page:
            for raw in items(page):
                yield from self.take(inner(document, raw))
            return
        try:
            self._tree.add(self._meanings.observe(_frame(record, document)))
        except (RecordError, WireError) as error:
            yield Skipped(document.offset, str(error))

    def rest(self) -> Iterator[Item]:
        """Yield the calls of all that was taken, and what was left out."""
        yield from items_of(self._tree)
        yield from self._meanings.notes()


def _frame(record: Record, document: Document) -> Frame:
    context = record.inner("context")
    return Frame(
        trace=record.text("context.trace_id") or context.text("trace_id"),
        id=record.text("context.span_id") or context.text("span_id"),
        parent=record.text("parent_id"),
        name=record.text("name"),
        began_ns=record.at_ns("start_time"),
        ended_ns=record.at_ns("end_time"),
        failed=record.text("status_code") == "ERROR",
        scope="phoenix",
        version="",
        attributes=Attributes(dict(_attributes(record.members))),
        document=document,
    )


def _attributes(columns: Mapping[str, bytes]) -> Iterable[tuple[str, bytes]]:
    """Yield the attributes under their own names, those of nested objects with dots between."""
    for name, value in columns.items():
        if name == _ATTRIBUTES or name.startswith(f"{_ATTRIBUTES}."):
            yield from _flat(name.removeprefix(_ATTRIBUTES).removeprefix("."), value)


def _flat(name: str, value: bytes) -> Iterator[tuple[str, bytes]]:
    inside = members(value)
    if not inside and is_given(value):
        yield name, value
    for key, nested in inside.items():
        yield from _flat(f"{name}.{key}" if name else key, nested)


FORMAT = Format(
    name="phoenix",
    title="Phoenix exports of OpenInference spans (Parquet, CSV, JSON)",
    recognise=recognise,
    read=read,
    priority=27,
)
