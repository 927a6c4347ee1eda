"""Helicone exports: one row for each request that its gateway passed, with or without the bodies.

With bodies (`--include-body`) a row is a raw request and answer, and the bill is the provider's own. Without
them, counts are left: Helicone's `prompt_tokens` leave cached tokens out where it knows of any, which the
numbers show. Rows of its own cache cost nothing and are left out.
"""

from collections.abc import Iterator

from farthing.errors import RecordError, WireError
from farthing.span import Output, Span
from farthing.step import Step
from farthing.traces.contexts import Contexts
from farthing.traces.counts import Ballot, Counts, Producer, Told, written
from farthing.traces.documents import Document, documents, has_signs, inner
from farthing.traces.provider_names import provider_named
from farthing.traces.raw_answers import provider_usage, raw_answer
from farthing.traces.record import Record
from farthing.traces.source import Format, Item, Match, Note, Sample, Skipped, Source
from farthing.wire.fields import items

_SIGNS = ((b'"request_created_at"', b'"response_created_at"'), (b'"helicone_user"', b'"request_id"'))
_SESSION = "Helicone-Session-Id"


def recognise(sample: Sample) -> Match:
    """Tell rows by the columns of Helicone's requests."""
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
        self._contexts = Contexts()
        self._ballot = Ballot()
        self._cached = 0

    def take(self, document: Document) -> Iterator[Item]:
        """Yield the call of a row, or of each row on a page."""
        row = Record.of(document.raw)
        for raw in items(row.raw("data")):
            yield from self.take(inner(document, raw))
        if not row.has("request_created_at", "request_id"):
            return
        if row.text("cache_enabled") == "true" and row.text("cache_reference_id"):
            self._cached += 1
            return
        try:
            span = self._span(row, document)
        except (RecordError, WireError) as error:
            yield Skipped(document.offset, str(error))
            return
        if span.usage_recorded or row.text("response_status").startswith("2"):
            yield span

    def rest(self) -> Iterator[Note]:
        """Yield what the reader of the report must know of the file."""
        yield from self._contexts.notes()
        if self._cached:
            yield Note(
                f"{self._cached} requests were answered from Helicone's cache and cost nothing: left out"
            )

    def _span(self, row: Record, document: Document) -> Span:
        request, answered = row.value("request_body"), row.value("response_body")
        body = Record.of(answered)
        model = body.text("model") or row.text("response_model", "model", "request_model")
        answer = raw_answer(answered, model=model)
        told: Told | None = answer.billed or provider_usage(body.raw("usage"), model=model, tier="")
        told = told or _counts(row, model)
        bill = None if told is None else self._ballot.settle(told, model=model, tier="")
        context = self._contexts.context(request, origin=document)
        output = self._contexts.answer(answered)
        properties = row.inner("request_properties")
        step = Step(
            model=Record.of(request).text("model") or row.text("request_model", "model"),
            session=properties.text(_SESSION),
            turn=context.turn,
            at_ns=row.at_ns("request_created_at"),
            provider=provider_named(row.text("provider")),
            prefix=context.prefix,
            recorded=context.recorded_with(output),
            breakpoints=context.breakpoints,
        )
        labels = {
            "user": row.text("request_user_id", "user_id"),
            "feature": properties.text("Helicone-Session-Path"),
        }
        return Span(
            step=step,
            charges=bill.charges if bill else (),
            usage_recorded=bill is not None,
            output_count=Output.MISSING if bill is None else Output.FINAL,
            response_id=answer.response_id or row.text("response_id", "request_id"),
            output=output,
            ended_ns=row.at_ns("response_created_at"),
            finish=answer.finish,
            usage_rule=bill.rule if bill else "",
            offset=document.offset,
            reported_cost_picousd=row.picousd("cost", "cost_usd"),
            attributes=tuple((name, value) for name, value in sorted(labels.items()) if value),
        )


def _counts(row: Record, model: str) -> Counts | None:
    given, produced = row.count("prompt_tokens"), row.count("completion_tokens")
    if not (given or produced):
        return None
    return Counts(
        producer=Producer("helicone", "", row.text("provider"), model),
        input_tokens=given or 0,
        output_tokens=produced or 0,
        cache_read_input_tokens=row.count("prompt_cache_read_tokens") or 0,
        cache_writes=written(total=row.count("prompt_cache_write_tokens") or 0),
        total_tokens=row.count("total_tokens"),
    )


FORMAT = Format(
    name="helicone",
    title="Helicone request exports (JSON, JSON Lines)",
    recognise=recognise,
    read=read,
    priority=31,
)
