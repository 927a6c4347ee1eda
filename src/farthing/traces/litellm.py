"""LiteLLM's logs: StandardLoggingPayloads (callbacks, S3, GCS) and rows of its table of spend.

A payload is one call, with the request, the answer and LiteLLM's own reading of the usage, in which OpenAI's
names hold whatever the provider counted. `cache_hit` is LiteLLM's own cache: no model was called. The
table cuts long prompts (`litellm_truncated`), and then only counts are left. A call without a session of
its own gets a random `trace_id`; one that several calls share is a session's.
"""

from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from farthing.errors import RecordError, WireError
from farthing.segment import Segment
from farthing.span import Output, Span
from farthing.step import Step
from farthing.traces.contexts import NO_CONTEXT, Context, Contexts
from farthing.traces.documents import Document, documents, has_columns, has_signs
from farthing.traces.provider_names import provider_named
from farthing.traces.record import Record
from farthing.traces.source import Format, Item, Match, Note, Sample, Skipped, Source
from farthing.usage import Charge
from farthing.wire import anthropic_usage, openai_usage
from farthing.wire.fields import members

_SIGNS = (
    (b'"litellm_call_id"', b'"call_type"'),
    (b'"model_map_information"', b'"hidden_params"'),
    (b'"saved_cache_cost"', b'"call_type"'),
    (b'"request_id"', b'"spend"', b'"call_type"', b'"completion_tokens"'),
)
_OTHER_WORK = ("embed", "image", "transcri", "speech", "rerank", "moderat", "file", "batch", "search", "ocr")
_CUT = b"litellm_truncated"
_ANTHROPIC_RULE = "input counts leave cached tokens out (Anthropic)"
_SHARED_BY = 2

_USAGE = msgspec.json.Decoder(dict[str, object])
_ANTHROPIC_USAGE = msgspec.json.Decoder(anthropic_usage.Counts)
_COLUMNS = ({"request_id", "spend", "call_type"}, {"litellm_call_id", "call_type"})


def recognise(sample: Sample) -> Match:
    """Tell payloads and rows by members that only LiteLLM writes."""
    return Match.LEAD if has_signs(sample, _SIGNS) or has_columns(sample, _COLUMNS) else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield the calls of the file, and what could not be read."""
    log = Log()
    for document in documents(source):
        yield from (document,) if isinstance(document, Skipped) else log.take(document)
    yield from log.rest()


class Log:
    """What is known of one log so far. A machine without I/O."""

    def __init__(self) -> None:
        self._contexts = Contexts()
        self._calls: list[tuple[str, Span]] = []
        self._shared: Counter[str] = Counter()
        self._cached = 0

    def take(self, document: Document) -> Iterator[Skipped]:
        """Add the call of one payload; yield why it cannot be used."""
        try:
            self._add(Record.of(document.raw), document)
        except (RecordError, WireError) as error:
            yield Skipped(document.offset, str(error))

    def rest(self) -> Iterator[Item]:
        """Yield the calls, now that the sessions are known, and what the reader of the report must know."""
        for trace, span in self._calls:
            is_own = span.step.prefix is not None and self._shared[trace] < _SHARED_BY
            session = span.step.session or ("" if is_own else trace)
            yield replace(span, step=replace(span.step, session=session))
        if self._cached:
            yield Note(
                f"{self._cached} calls were answered from LiteLLM's own cache and cost nothing: left out"
            )
        yield from self._contexts.notes()

    def _add(self, record: Record, document: Document) -> None:
        work = record.text("call_type")
        if any(word in work for word in _OTHER_WORK) or not record.has(
            "call_type", "prompt_tokens", "response"
        ):
            return
        if record.text("cache_hit").lower() == "true":
            self._cached += 1
            return
        span = self._span(record, document)
        if span.usage_recorded or record.text("status") != "failure":
            trace = record.text("trace_id", "litellm_call_id", "request_id")
            self._shared[trace] += 1
            self._calls.append((trace, span))

    def _span(self, record: Record, document: Document) -> Span:
        metadata, response = record.inner("metadata"), record.inner("response")
        model = response.text("model") or record.text("model")
        charges, rule = _bill(record, metadata, response, model)
        context, output = self._said(record, document)
        step = Step(
            model=record.text("model_group") or record.text("model"),
            session=_session(record, metadata),
            turn=context.turn,
            at_ns=record.at_ns("startTime", "start_time"),
            provider=_provider(record),
            account=_account(metadata.text("user_api_key_hash") or record.text("api_key")),
            prefix=context.prefix,
            recorded=context.recorded_with(output),
            breakpoints=context.breakpoints,
            max_output_tokens=record.inner("model_parameters").count("max_tokens", "max_completion_tokens"),
        )
        return Span(
            step=step,
            charges=charges,
            usage_recorded=bool(charges),
            output_count=Output.FINAL if charges else Output.MISSING,
            response_id=record.text("id", "request_id", "litellm_call_id"),
            output=output,
            ended_ns=record.at_ns("endTime", "end_time"),
            first_token_ns=record.at_ns("completionStartTime"),
            finish=_finish(response),
            usage_rule=rule,
            offset=document.offset,
            reported_cost_picousd=record.picousd("response_cost", "spend"),
            attributes=tuple(_labels(record, metadata)),
        )

    def _said(self, record: Record, document: Document) -> tuple[Context, tuple[Segment, ...]]:
        request = record.raw("messages")
        if not members(request) and len(request) <= len(b'"{}"'):
            request = record.raw("proxy_server_request")
        if _CUT in bytes(request):
            self._contexts.clipped += 1
            return NO_CONTEXT, ()
        tools = record.inner("model_parameters").raw("tools", "functions")
        context = self._contexts.context(request, tools=tools, origin=document)
        return context, self._contexts.answer(record.value("response"))


def _bill(record: Record, metadata: Record, response: Record, model: str) -> tuple[tuple[Charge, ...], str]:
    """Return the bill by the fullest usage that is told, and the rule that told cached tokens apart."""
    usage = metadata.value("usage_object") or response.value("usage")
    counts = members(usage)
    if "input_tokens" in counts and "prompt_tokens" not in counts and "cache_read_input_tokens" in counts:
        return anthropic_usage.charges(_ANTHROPIC_USAGE.decode(usage), model=model), _ANTHROPIC_RULE
    reported: dict[str, object] = _USAGE.decode(usage) if counts else {}
    if not reported:
        reported = {
            name: record.count(name) for name in ("prompt_tokens", "completion_tokens", "total_tokens")
        }
    counted = openai_usage.count(reported)
    if counted is None or not (counted.usage.input_tokens or counted.usage.output_tokens):
        return (), ""
    tier = openai_usage.tier(response.text("service_tier") or reported.get("service_tier"))
    return (Charge(model=model, usage=counted.usage, tier=tier),), counted.rule


def _session(record: Record, metadata: Record) -> str:
    asked = metadata.inner("requester_metadata")
    return record.text("session_id") or metadata.text("session_id") or asked.text("session_id")


def _provider(record: Record) -> str:
    host = urlsplit(record.text("api_base")).hostname or ""
    return provider_named(record.text("custom_llm_provider"), host=host)


def _account(key_hash: str) -> str:
    return blake2b(key_hash.encode(), digest_size=8).hexdigest() if key_hash else ""


def _finish(response: Record) -> str:
    choice = next(iter(response.objects("choices")), Record({}))
    return choice.text("finish_reason") or response.text("stop_reason")


def _labels(record: Record, metadata: Record) -> Iterator[tuple[str, str]]:
    told = {
        "key": metadata.text("user_api_key_alias"),
        "tags": ", ".join(record.words("request_tags")),
        "team": metadata.text("user_api_key_team_alias") or record.text("team_id"),
        "user": metadata.text("user_api_key_user_id") or record.text("end_user", "user"),
    }
    return ((name, value) for name, value in told.items() if value)


FORMAT = Format(
    name="litellm",
    title="LiteLLM logging payloads and spend logs",
    recognise=recognise,
    read=read,
    priority=28,
)
