"""Bedrock: Converse and ConverseStream, and InvokeModel for Claude.

A body to InvokeModel is the model's own: Claude's is an Anthropic request without a model, told by its
`anthropic_version`; Nova's is close enough to Converse. The model stands in the URL, so it is
passed in; it also names the price, which differs by region. Of other families only the counts
are read, from the headers that Bedrock adds to each answer.
"""

from collections.abc import Iterable, Mapping, MutableMapping

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import asdict, replace
from xxhash import xxh3_64_hexdigest

from farthing.errors import WireError
from farthing.segment import Segment
from farthing.usage import Charge, Usage, cache_writes
from farthing.wire import anthropic, bedrock_content
from farthing.wire.anthropic_content import ABSENT, is_given
from farthing.wire.anthropic_stream import Answer
from farthing.wire.anthropic_usage import Counts, later
from farthing.wire.bedrock_stream import Metrics, StreamedAnswer, Tier, TokenUsage
from farthing.wire.buffer import decode
from farthing.wire.event_stream import FrameStream
from farthing.wire.message import BlockMemo, Place, Request, Response
from farthing.wire.scan import PLACE_UNKNOWN, Scan
from farthing.wire.spelling import compact, is_string
from farthing.wire.turns import take_turns


class ToolConfig(Struct, frozen=True, rename="camel"):
    tools: Raw = ABSENT
    tool_choice: Raw = ABSENT


class InferenceConfig(Struct, frozen=True, rename="camel"):
    max_tokens: int | None = None


class OutputConfig(Struct, frozen=True, rename="camel"):
    text_format: Raw = ABSENT
    effort: str | None = None


class PerformanceConfig(Struct, frozen=True):
    latency: str | None = None


class ModelFields(Struct, frozen=True):
    """What only Claude knows: sent as it is to the model."""

    thinking: anthropic.Thinking | None = None
    reasoning_config: anthropic.Thinking | None = None
    output_config: anthropic.OutputConfig | None = None


class Body(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Converse request body, its pieces unparsed."""

    messages: list[Raw]
    system: Raw = ABSENT
    tool_config: ToolConfig | None = None
    inference_config: InferenceConfig | None = None
    output_config: OutputConfig | None = None
    performance_config: PerformanceConfig | None = None
    additional_model_request_fields: ModelFields | None = None
    anthropic_version: str | None = msgspec.field(name="anthropic_version", default=None)


def parse(body: bytes, memo: BlockMemo | None = None, *, base: int = 0, model: str = "") -> Request:
    """Return what a request body asks `model`; places are given where there is no memo.

    Raises WireError where the bytes are neither a Converse request nor one to Claude.
    """
    decoded, buffer = decode(_BODY, body, "request body")
    if decoded.anthropic_version is not None:
        return replace(anthropic.parse(body, memo, base=base), model=model)
    scan = read(decoded, buffer, memo, base=base)
    return request(decoded, scan, model=model, places=scan.places() if memo is None else None)


def parse_placed(body: bytes, memo: BlockMemo, *, base: int = 0, model: str = "") -> Request:
    """Return what `parse` does, with places: for whoever is going to edit the body."""
    decoded, buffer = decode(_BODY, body, "request body")
    if decoded.anthropic_version is not None:
        return replace(anthropic.parse_placed(body, memo, base=base), model=model)
    scan = read(decoded, buffer, memo, base=base)
    return request(decoded, scan, model=model, places=scan.places())


def places(body: bytes) -> tuple[Place, ...]:
    """Return where each segment of a request stands in it."""
    return parse(body).places or ()


def read(body: Body, buffer: bytes, memo: BlockMemo | None = None, *, base: int = 0) -> Scan:
    """Return the blocks of a Converse body that was decoded from `buffer` or from a part of it."""
    scan = Scan(buffer, memo=memo, base=base)
    if body.tool_config is not None:
        scan.take("converse tools", body.tool_config.tools, bedrock_content.tools)
    scan.take("converse system", body.system, bedrock_content.system)
    take_turns(scan, body.messages, "converse message", bedrock_content.message)
    return scan


def request(body: Body, scan: Scan, *, model: str, places: tuple[Place, ...] | None = None) -> Request:
    """Return a Converse body and its blocks as a request."""
    limits = body.inference_config or InferenceConfig()
    output = body.output_config or OutputConfig()
    return Request(
        model=model,
        segments=tuple(scan.segments),
        places=places,
        parameters=_parameters(body),
        breakpoints=tuple(scan.breakpoints),
        max_output_tokens=limits.max_tokens,
        output_schema=is_given(output.text_format),
    )


def content_segments(raw: bytes, *, role: str, names: MutableMapping[str, str]) -> tuple[Segment, ...]:
    """Return the segments of a message's content, a JSON list of Converse blocks."""
    scan = Scan(raw, base=PLACE_UNKNOWN, names=names)
    scan.take(f"converse {role} content", raw, lambda content: bedrock_content.content(content, role=role))
    return tuple(scan.segments)


def answer(body: bytes, *, model: str = "", headers: Mapping[str, str] | None = None) -> Response:
    """Return what a complete response body says and bills.

    `headers`, their names in lower case, have the counts of any model's answer to InvokeModel, and an
    error's type.
    """
    counted = metrics_of_headers(headers or {})
    try:
        said, _ = decode(_ANSWER, body, "response body")
    except WireError:
        if counted is None:
            raise
        said = _Answer()
    if said.type == "message":
        message, _ = decode(_MESSAGE, body, "response body")
        return _of_model(anthropic.response(_as_billed(message, counted)), model)
    return _response(
        _merged(said.usage, counted),
        said.service_tier,
        said.output.message.content if said.output else ABSENT,
        model=model,
        finish=said.stop_reason or "",
        error=_error_type(said, headers or {}),
    )


def metrics_of_headers(headers: Mapping[str, str]) -> Metrics | None:
    """Return the counts that Bedrock adds to an answer to InvokeModel, None without them."""
    counts = {
        name: int(value)
        for name in ("input", "output", "cache-read-input", "cache-write-input")
        if (value := headers.get(f"x-amzn-bedrock-{name}-token-count", "")).isdecimal()
    }
    if not counts:
        return None
    return Metrics(
        input_token_count=counts.get("input"),
        output_token_count=counts.get("output"),
        cache_read_input_token_count=counts.get("cache-read-input"),
        cache_write_input_token_count=counts.get("cache-write-input"),
    )


class Fold:
    """Folds a streamed answer, in any split of its bytes. A machine without I/O.

    Raises WireError from `feed` where a frame's checksum is wrong: nothing behind it can be found.
    """

    def __init__(self, *, model: str = "") -> None:
        self._frames = FrameStream()
        self._answer = StreamedAnswer()
        self._model = model

    def feed(self, chunk: bytes) -> None:
        for frame in self._frames.feed(chunk):
            self._answer.take(frame)

    def finish(self) -> Response:
        """Return what has arrived; its `complete` says whether that is all."""
        told, said = self._answer, self._answer.message
        if said is not None:
            message = _as_billed(said.message(), told.metrics)
            response = _of_model(anthropic.response(message, earlier=said.earlier), self._model)
        else:
            response = _response(
                _merged(told.converse.usage, told.metrics),
                told.converse.tier,
                told.converse.content,
                model=self._model,
                finish=told.converse.stop_reason,
            )
        complete = told.is_complete and self._frames.is_whole
        return replace(response, complete=complete, error=told.error or response.error)


def fold(chunks: Iterable[bytes], *, model: str = "") -> Response:
    """Return a streamed response."""
    folding = Fold(model=model)
    for chunk in chunks:
        folding.feed(chunk)
    return folding.finish()


class _Message(Struct, frozen=True):
    content: Raw = ABSENT


class _Output(Struct, frozen=True):
    message: _Message = _Message()


class _Answer(Struct, frozen=True, kw_only=True, rename="camel"):
    type: str | None = None
    output: _Output | None = None
    stop_reason: str | None = None
    usage: TokenUsage | None = None
    service_tier: Tier | None = None
    message: Raw = ABSENT


_BODY = msgspec.json.Decoder(Body)
_ANSWER = msgspec.json.Decoder(_Answer)
_MESSAGE = msgspec.json.Decoder(Answer)


def _error_type(said: _Answer, headers: Mapping[str, str]) -> str:
    """Return the type that a header has; a body has but words."""
    named = headers.get("x-amzn-errortype", "").partition(":")[0]
    return named or ("error" if is_string(said.message) and said.output is None else "")


def _as_billed(message: Answer, metrics: Metrics | None) -> Answer:
    """Return what Claude said with the counts of Bedrock, the seller, in place of its own.

    They differ where Claude calls tools: 90 for 134 output tokens in recorded streams of 2024 (otel contrib).
    """
    if metrics is None:
        return message
    billed = Counts(
        input_tokens=metrics.input_token_count,
        output_tokens=metrics.output_token_count,
        cache_read_input_tokens=metrics.cache_read_input_token_count,
        cache_creation_input_tokens=metrics.cache_write_input_token_count,
    )
    return replace(message, usage=later(message.usage, billed))


def _merged(usage: TokenUsage | None, metrics: Metrics | None) -> TokenUsage | None:
    """Return the counts of a body with those of Bedrock in their place; None where neither has any."""
    told = usage if usage and usage.is_recorded else None
    if told is None or metrics is None:
        return metrics.usage if metrics else told
    counted = {name: count for name, count in asdict(metrics.usage).items() if count is not None}
    return replace(told, **counted)


def _of_model(response: Response, model: str) -> Response:
    """Return a response of Claude, billed as the model that the URL names."""
    if not model:
        return response
    charges = tuple(replace(charge, model=model) for charge in response.charges)
    return replace(response, model=model, charges=charges)


def _response(
    usage: TokenUsage | None, tier: Tier | None, content: bytes, *, model: str, finish: str, error: str = ""
) -> Response:
    charges = () if usage is None else (Charge(model=model, usage=_usage(usage), tier=_tier(tier)),)
    return Response(
        model=model,
        charges=charges,
        usage_recorded=usage is not None,
        output=content_segments(content, role="assistant", names={}),
        finish=finish,
        error=error,
    )


def _usage(counts: TokenUsage) -> Usage:
    """Return the counts in parts: `totalTokens` is the sum of input, output, reads and writes."""
    by_ttl = {detail.ttl: detail.input_tokens or 0 for detail in counts.cache_details or []}
    five_minutes, one_hour = by_ttl.get("5m", 0), by_ttl.get("1h", 0)
    written = counts.cache_write_input_tokens or counts.cache_write_input_token_count or 0
    return Usage(
        uncached_input_tokens=counts.input_tokens or 0,
        cache_read_input_tokens=counts.cache_read_input_tokens or counts.cache_read_input_token_count or 0,
        cache_writes=cache_writes(
            five_minutes=five_minutes,
            one_hour=one_hour,
            unknown=max(0, written - five_minutes - one_hour),
        ),
        output_tokens=counts.output_tokens or 0,
    )


def _tier(tier: Tier | None) -> str:
    name = tier.type if tier and tier.type else ""
    return "" if name == "default" else name


def _parameters(body: Body) -> tuple[tuple[str, str], ...]:
    """Return what besides the context decides whether a cached prefix is usable, named as for Anthropic."""
    fields = body.additional_model_request_fields or ModelFields()
    output, speed = body.output_config or OutputConfig(), body.performance_config or PerformanceConfig()
    inner = fields.output_config or anthropic.OutputConfig()
    thinking = fields.thinking or fields.reasoning_config
    choice = body.tool_config.tool_choice if body.tool_config else ABSENT
    given = {
        "thinking": f"{thinking.type} {thinking.budget_tokens or ''}".strip() if thinking else "",
        "tool_choice": compact(choice).decode() if is_given(choice) else "",
        "effort": output.effort or inner.effort or "",
        "output_format": _digest(output.text_format),
        "latency": speed.latency if speed.latency and speed.latency != "standard" else "",
    }
    return tuple(sorted((name, value) for name, value in given.items() if value))


def _digest(schema: bytes) -> str:
    return xxh3_64_hexdigest(compact(schema)) if is_given(schema) else ""
