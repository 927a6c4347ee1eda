"""OTLP JSON: traces as OpenTelemetry's file exporters and collectors write them.

A file is one `TracesData` a line, or one document of any shape around it: pretty-printed, a list, Tempo's
`batches`. Spans stand in no order, a trace may be spread over lines, and what counts in a trace is
only known when all of it is (see `span_tree`): so calls are told at the end of the file.
"""

import re
from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct

from farthing.errors import RecordError, WireError
from farthing.traces.attributes import Attributes
from farthing.traces.documents import Document, documents, inner
from farthing.traces.otlp_values import KeyValue, instant, plain_members
from farthing.traces.source import Format, Item, Match, Sample, Skipped, Source
from farthing.traces.span_events import Event, with_events
from farthing.traces.span_meaning import Frame, Meanings
from farthing.traces.span_places import items_of
from farthing.traces.span_tree import SpanTree
from farthing.wire.fields import ABSENT

_SIGN = re.compile(
    rb'\A\s*(?:\[\s*)?(?:\{\s*"(?:trace|data)"\s*:\s*)?\{\s*"(?:resourceSpans|resource_spans|batches)"\s*:'
)
_FAILED = ("2", "STATUS_CODE_ERROR")


def recognise(sample: Sample) -> Match:
    """Tell traces by the one member that their documents have at the top."""
    return Match.LEAD if _SIGN.match(sample.head) else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield the calls of the file, and what could not be read."""
    log = _Log()
    for document in documents(source):
        yield from (document,) if isinstance(document, Skipped) else log.take(document)
    yield from log.rest()


class _Scope(Struct):
    name: str | None = None
    version: str | None = None


class _Spans(Struct, rename="camel"):
    """The spans of one instrumentation."""

    scope: _Scope | None = None
    spans: list[Raw] | None = None


class _Resource(Struct):
    attributes: list[KeyValue] | None = None


class _Resourced(Struct, rename="camel"):
    """The spans of one process. The older name of `scopeSpans` is read as well."""

    resource: _Resource | None = None
    scope_spans: list[_Spans] | None = None
    instrumentation_library_spans: list[_Spans] | None = None


class _Traces(Struct, rename="camel"):
    resource_spans: list[_Resourced] | None = None
    batches: list[_Resourced] | None = None
    trace: Raw = ABSENT
    data: Raw = ABSENT


class _Event(Struct):
    name: str | None = None
    attributes: list[KeyValue] | None = None


class _Status(Struct):
    code: int | str | None = None


class _Span(Struct, rename="camel"):
    trace_id: str
    span_id: str
    parent_span_id: str | None = None
    name: str | None = None
    start_time_unix_nano: int | str | None = None
    end_time_unix_nano: int | str | None = None
    attributes: list[KeyValue] | None = None
    events: list[_Event] | None = None
    status: _Status | None = None


_TRACES = msgspec.json.Decoder(_Traces)
_SPAN = msgspec.json.Decoder(_Span)


class _Log:
    """What is known of one file so far. A machine without I/O."""

    def __init__(self) -> None:
        self._tree = SpanTree()
        self._meanings = Meanings()

    def take(self, document: Document) -> Iterator[Skipped]:
        """Add the spans of one document; yield what of it cannot be used."""
        try:
            traces = _TRACES.decode(document.raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            yield Skipped(document.offset, "the document does not follow OTLP")
            return
        for wrapped in (traces.trace, traces.data):
            if wrapped:
                yield from self.take(inner(document, wrapped))
        for resourced in traces.resource_spans or traces.batches or ():
            for spans in resourced.scope_spans or resourced.instrumentation_library_spans or ():
                yield from self._spans(spans, _labels_of(resourced.resource), document)

    def rest(self) -> Iterator[Item]:
        """Yield the calls of all that was taken, and what was left out."""
        yield from items_of(self._tree)
        yield from self._meanings.notes()

    def _spans(self, spans: _Spans, resource: dict[str, bytes], document: Document) -> Iterator[Skipped]:
        scope = spans.scope or _Scope()
        for raw in spans.spans or ():
            own = inner(document, raw)
            try:
                frame = _frame(_SPAN.decode(raw), scope, resource, own)
                self._tree.add(self._meanings.observe(frame))
            except (msgspec.DecodeError, UnicodeDecodeError):
                yield Skipped(own.offset, "the span does not follow OTLP")
            except (RecordError, WireError) as error:
                yield Skipped(own.offset, str(error))


def _frame(span: _Span, scope: _Scope, resource: dict[str, bytes], document: Document) -> Frame:
    attributes = Attributes({**resource, **plain_members(span.attributes)})
    events = [Event(event.name or "", plain_members(event.attributes)) for event in span.events or ()]
    return Frame(
        trace=span.trace_id,
        id=span.span_id,
        parent=span.parent_span_id or "",
        name=span.name or "",
        began_ns=instant(span.start_time_unix_nano),
        ended_ns=instant(span.end_time_unix_nano),
        failed=span.status is not None and str(span.status.code) in _FAILED,
        scope=scope.name or "",
        version=scope.version or "",
        attributes=with_events(attributes, events),
        document=document,
    )


def _labels_of(resource: _Resource | None) -> dict[str, bytes]:
    """Return what is read of a process's attributes: its name and what its environment says."""
    kept = ("service.name", "deployment.environment.name", "deployment.environment", "session.id", "user.id")
    told = plain_members(resource.attributes if resource else None)
    return {name: told[name] for name in kept if name in told}


FORMAT = Format(
    name="otlp",
    title="OpenTelemetry traces (OTLP JSON) with gen_ai, OpenInference, OpenLLMetry or AI SDK spans",
    recognise=recognise,
    read=read,
    priority=25,
)
