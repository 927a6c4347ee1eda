"""OTLP JSON logs of coding agents: the counts that Claude Code, Codex and Gemini CLI tell of each call.

Their telemetry writes one log record when an answer is complete; it holds counts, no text. Claude Code
leaves cached tokens out of its input (code.claude.com, monitoring usage, 2026-10), the two others put them
in; Gemini's thoughts stand beside its output, and what its tools returned beside its input.
"""

import re
from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct

from farthing.errors import RecordError
from farthing.span import Span
from farthing.step import Step
from farthing.traces import attribute_names as names
from farthing.traces.attributes import Attributes
from farthing.traces.counts import Ballot, Counts, Producer
from farthing.traces.documents import Document, documents, inner
from farthing.traces.otlp_values import KeyValue, Value, instant, plain, plain_members
from farthing.traces.source import Format, Item, Match, Note, Sample, Skipped, Source
from farthing.traces.span_meaning import told_counts, told_tier
from farthing.wire.fields import string

_SIGN = re.compile(rb'\A\s*(?:\[\s*)?\{\s*"resourceLogs"\s*:')
_NS_PER_MS = 1_000_000
_PROVIDERS = {"claude_code": "anthropic", "codex": "openai", "gemini_cli": "google", "qwen-code": ""}
_CALLS = ("claude_code.api_request", "codex.sse_event", "gemini_cli.api_response", "qwen-code.api_response")
_NO_CALL_KIND = "response.completed"


def recognise(sample: Sample) -> Match:
    """Tell logs by the one member that their documents have at the top."""
    return Match.LEAD if _SIGN.match(sample.head) else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield a call for each record that tells one, and what could not be read."""
    has_calls = False
    for document in documents(source):
        for item in (document,) if isinstance(document, Skipped) else _calls(document):
            has_calls = has_calls or isinstance(item, Span)
            yield item
    if has_calls:
        yield Note("the agent's own session files and traces tell the same calls: profile one of them")


class _Record(Struct, rename="camel"):
    time_unix_nano: int | str | None = None
    body: Value | None = None
    event_name: str | None = None
    attributes: list[KeyValue] | None = None


class _Scope(Struct):
    name: str | None = None
    version: str | None = None


class _Scoped(Struct, rename="camel"):
    scope: _Scope | None = None
    log_records: list[Raw] | None = None


class _Resourced(Struct, rename="camel"):
    scope_logs: list[_Scoped] | None = None


class _Logs(Struct, rename="camel"):
    resource_logs: list[_Resourced] | None = None


_LOGS = msgspec.json.Decoder(_Logs)
_RECORD = msgspec.json.Decoder(_Record)


def _calls(document: Document) -> Iterator[Span | Skipped]:
    try:
        logs = _LOGS.decode(document.raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        yield Skipped(document.offset, "the document does not follow OTLP")
        return
    for resourced in logs.resource_logs or ():
        for scoped in resourced.scope_logs or ():
            for raw in scoped.log_records or ():
                offset = inner(document, raw).offset
                try:
                    call = _call(_RECORD.decode(raw), scoped.scope or _Scope(), offset)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    yield Skipped(offset, "the log record does not follow OTLP")
                except RecordError as error:
                    yield Skipped(offset, str(error))
                else:
                    yield from filter(None, (call,))


def _call(record: _Record, scope: _Scope, offset: int) -> Span | None:
    told_by = Attributes(plain_members(record.attributes))
    event = _event(record, told_by)
    is_part = event == "codex.sse_event" and told_by.text(("event.kind",)) != _NO_CALL_KIND
    if event not in _CALLS or is_part:
        return None
    agent = event.partition(".")[0]
    model = told_by.text(("model",))
    counts = told_counts(
        told_by, Producer(scope.name or agent, scope.version or "", _PROVIDERS[agent], model)
    )
    if counts is None:
        return None
    charges, rule = Ballot().settle(_with_tools(counts, told_by), model=model, tier=told_tier(told_by))
    session = told_by.text(names.SESSION)
    ended = instant(record.time_unix_nano)
    lasted = told_by.decimal(("duration_ms",)) or 0
    source = told_by.text(("query_source",))
    step = Step(
        model=model,
        session=session,
        agent=source if source.startswith("agent") else "",
        agent_label=source.removeprefix("agent:") if source.startswith("agent") else "",
        at_ns=ended and ended - int(lasted * _NS_PER_MS),
        provider=_PROVIDERS[agent],
    )
    return Span(
        step=step,
        charges=charges,
        response_id=f"{session}/{told_by.text(('event.sequence',)) or ended}",
        ended_ns=ended,
        usage_rule=rule,
        offset=offset,
        reported_cost_picousd=told_by.picousd(names.COST),
        attributes=told_by.labels(),
    )


def _event(record: _Record, told_by: Attributes) -> str:
    """Return the full name of an event; Claude Code's attribute leaves the prefix to the body."""
    body = string(plain(record.body)) if record.body is not None else ""
    named = (record.event_name or "", body, told_by.text(("event.name",)))
    return next((name for name in named if name in _CALLS), "")


def _with_tools(counts: Counts, told_by: Attributes) -> Counts:
    """Return the counts with what Gemini's tools returned in the input, if the total shows it beside."""
    tools = told_by.count(("tool_token_count",)) or 0
    told = counts.input_tokens + counts.output_tokens + counts.reasoning_tokens
    if not tools or counts.total_tokens != told + tools:
        return counts
    return msgspec.structs.replace(counts, input_tokens=counts.input_tokens + tools)


FORMAT = Format(
    name="otlp-logs",
    title="OpenTelemetry logs (OTLP JSON) of Claude Code, Codex and Gemini CLI",
    recognise=recognise,
    read=read,
    priority=25,
)
