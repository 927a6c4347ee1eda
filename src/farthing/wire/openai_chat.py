"""OpenAI Chat Completions, and the many servers that speak it: bytes to segments, answers to bills.

A request is scanned, not rebuilt: only messages that the memo has not met are looked into. Readers
of recorded message lists use `message_segments`, which sees one message as a request would.
"""

from collections.abc import Iterator, MutableMapping
from functools import partial

import msgspec
from msgspec import Raw, Struct

from farthing.segment import Segment, SegmentKind
from farthing.wire.fields import (
    ABSENT,
    count,
    failure,
    inside,
    is_given,
    items,
    members,
    session_named,
    settings,
    string,
)
from farthing.wire.message import BlockMemo, Place, Request, Response
from farthing.wire.openai_chat_stream import Fold, fold
from farthing.wire.openai_content import (
    THIRTY_MINUTES_S,
    bill,
    call_block,
    content_blocks,
    lifetime,
    tool_blocks,
    user_blocks,
)
from farthing.wire.scan import PLACE_UNKNOWN, Block, Scan, compact, decode, is_string, text_of
from farthing.wire.turns import take_turns

__all__ = ["Answer", "Body", "Choice", "Fold", "answer", "asks_usage", "fold", "message_segments"]
__all__ += ["parse", "parse_placed", "read", "request", "response"]


class Body(Struct, kw_only=True):
    """A request body, its pieces unparsed. A reader may put it inside the type of its own lines."""

    messages: list[Raw]
    tools: Raw = ABSENT
    functions: Raw = ABSENT
    model: object = None
    stream: object = None
    max_tokens: object = None
    max_completion_tokens: object = None
    metadata: Raw = ABSENT
    prompt_cache_options: Raw = ABSENT
    # From here on: what is part of the rendered prefix, picks the cache, or is named as a reason for a miss
    # (OpenAI, prompt caching and its diagnostics, 2026-10).
    tool_choice: Raw = ABSENT
    function_call: Raw = ABSENT
    parallel_tool_calls: Raw = ABSENT
    response_format: Raw = ABSENT
    modalities: Raw = ABSENT
    reasoning_effort: Raw = ABSENT
    verbosity: Raw = ABSENT
    web_search_options: Raw = ABSENT
    service_tier: Raw = ABSENT
    prompt_cache_key: Raw = ABSENT
    prompt_cache_retention: Raw = ABSENT
    # Dialects: OpenRouter (two), Groq, DeepSeek and Z.ai, Qwen, vLLM.
    reasoning: Raw = ABSENT
    provider: Raw = ABSENT
    reasoning_format: Raw = ABSENT
    thinking: Raw = ABSENT
    enable_thinking: Raw = ABSENT
    chat_template_kwargs: Raw = ABSENT


class Answer(Struct, kw_only=True):
    """A response body: choices, or an error."""

    id: str | None = None
    model: str | None = None
    choices: list["Choice"] | None = None
    usage: dict[str, object] | None = None
    service_tier: object = None
    error: Raw = ABSENT


class Choice(Struct):
    """One of the answers that a client asked for, mostly the only one; `text` is a legacy completion's."""

    message: Raw = ABSENT
    text: Raw = ABSENT
    finish_reason: str | None = None


class _Message(Struct):
    role: str = ""
    content: Raw = ABSENT
    name: str | None = None
    tool_call_id: str | None = None
    tool_calls: Raw = ABSENT
    function_call: Raw = ABSENT
    refusal: Raw = ABSENT
    audio: Raw = ABSENT
    # One thought in four spellings, of which a message may carry several: DeepSeek, xAI and vLLM; OpenRouter
    # and Groq; LiteLLM; OpenRouter with signatures.
    reasoning_content: Raw = ABSENT
    reasoning: Raw = ABSENT
    thinking_blocks: Raw = ABSENT
    reasoning_details: Raw = ABSENT


class _Function(Struct):
    name: str = ""
    arguments: Raw = ABSENT
    input: Raw = ABSENT


class _Call(Struct):
    id: str | None = None
    function: _Function | None = None
    custom: _Function | None = None


class _Streaming(Struct):
    stream_options: Raw = ABSENT


_BODY = msgspec.json.Decoder(Body)
_ANSWER = msgspec.json.Decoder(Answer)
_MESSAGE = msgspec.json.Decoder(_Message)
_CALL = msgspec.json.Decoder(_Call)
_STREAMING = msgspec.json.Decoder(_Streaming)
_OBJECT = msgspec.json.Decoder(dict[str, Raw])

_FIELDS = Body.__struct_fields__
_SETTINGS = _FIELDS[_FIELDS.index("tool_choice") :]


def parse(body: bytes, memo: BlockMemo | None = None, *, base: int = 0) -> Request:
    """Return what a request body asks; places are given where there is no memo.

    `base` is the body's place in its source. Raises WireError where the bytes are not a chat request.
    """
    decoded, buffer = decode(_BODY, body, "request body")
    scan = read(decoded, buffer, memo, base=base)
    return request(decoded, scan, places=scan.places() if memo is None else None)


def parse_placed(body: bytes, memo: BlockMemo, *, base: int = 0) -> Request:
    """Return what `parse` does, with places: for whoever is going to edit the body."""
    decoded, buffer = decode(_BODY, body, "request body")
    scan = read(decoded, buffer, memo, base=base)
    return request(decoded, scan, places=scan.places())


def read(body: Body, buffer: bytes, memo: BlockMemo | None = None, *, base: int = 0) -> Scan:
    """Return the blocks of a body that was decoded from `buffer` or from a part of it."""
    scan = Scan(buffer, memo=memo, base=base)
    for tools in (body.tools, body.functions):
        if is_given(tools):
            scan.take("openai tools", tools, tool_blocks)
    ttl_s = lifetime(body.prompt_cache_options)
    take_turns(scan, body.messages, f"openai_chat {ttl_s}", partial(_blocks, ttl_s=ttl_s))
    return scan


def request(body: Body, scan: Scan, *, places: tuple[Place, ...] | None = None) -> Request:
    """Return a body and its blocks as a request."""
    plain = [(name, getattr(body, name)) for name in _SETTINGS]
    return Request(
        model=body.model if isinstance(body.model, str) else "",
        segments=tuple(scan.segments),
        places=places,
        parameters=settings(
            [*plain, *inside("prompt_cache_options", body.prompt_cache_options, "mode", "ttl")]
        ),
        breakpoints=tuple(scan.breakpoints),
        max_output_tokens=count(body.max_completion_tokens) or count(body.max_tokens),
        stream=body.stream is True,
        output_schema=string(members(body.response_format).get("type", ABSENT)) == "json_schema",
        session_hint=_session(body),
    )


def message_segments(
    message: bytes,
    *,
    names: MutableMapping[str, str],
    first_user: bool,
    base: int = PLACE_UNKNOWN,
    memo: BlockMemo | None = None,
) -> tuple[Segment, ...]:
    """Return the segments of one recorded message, as a request that holds it would have them.

    `names` maps call ids to tools and is kept up to date: pass the same one for a whole session.
    `first_user` says that no user text came before; a TASK among the segments ends that. `base` is the
    message's place in its source. Raises WireError if the message is not a JSON object.
    """
    _, message = decode(_OBJECT, message, "message")
    scan = Scan(message, memo=memo, base=base, names=names)
    take_turns(scan, [message], "openai_chat message", _read, first_user=first_user)
    return tuple(scan.segments)


def answer(body: bytes, *, base: int = 0) -> Response:
    """Return what a complete response body says and bills; an error gives its code."""
    decoded, buffer = decode(_ANSWER, body, "response body")
    return response(decoded, buffer, base=base)


def response(found: Answer, buffer: bytes, *, base: int = 0) -> Response:
    """Return an answer that was decoded from `buffer`: its bill, and the blocks of every choice."""
    choices = found.choices or []
    scan = Scan(buffer, base=base)
    for choice in choices:
        if is_given(choice.message):
            scan.take("openai_chat answer", choice.message, _answered)
        elif is_string(choice.text):
            scan.take("openai_chat completion", choice.text, _completed)
    charges = bill(found.model, found.usage, found.service_tier)
    is_failed = is_given(found.error) or not (choices or charges)
    return Response(
        response_id=found.id or "",
        model=found.model or "",
        charges=charges,
        usage_recorded=bool(charges),
        output=tuple(scan.segments),
        finish=next((choice.finish_reason for choice in choices if choice.finish_reason), ""),
        error=failure(found.error if is_given(found.error) else buffer) if is_failed else "",
    )


def asks_usage(body: bytes) -> bool:
    """Tell whether a client asked for the usage chunk of a stream; one who did not must not see it."""
    options = decode(_STREAMING, body, "request body")[0].stream_options
    return bytes(members(options).get("include_usage", ABSENT)) == b"true"


def _session(body: Body) -> tuple[str, str] | None:
    """Return the session that a body names. A cache key comes last: several sessions may share one."""
    key = string(body.prompt_cache_key)
    return session_named("metadata", body.metadata) or (("prompt_cache_key", key) if key else None)


def _blocks(raw: bytes, *, opening: bool, ttl_s: int) -> Iterator[Block]:
    try:
        message = _MESSAGE.decode(raw)
    except msgspec.ValidationError:
        yield Block(raw, SegmentKind.USER, "", compact(raw))
        return
    match message.role:
        case "assistant":
            yield from _assistant(message, ttl_s)
        case "tool" | "function":
            yield from _results(message, ttl_s)
        case "system" | "developer" if opening:
            yield from content_blocks(message.content, SegmentKind.SYSTEM, message.role, ttl_s=ttl_s)
        case "system" | "developer":
            yield from content_blocks(message.content, SegmentKind.USER, message.role, ttl_s=ttl_s)
        case role:
            yield from user_blocks(message.content, role, opening=opening, ttl_s=ttl_s)


_read = partial(_blocks, ttl_s=THIRTY_MINUTES_S)
_answered = partial(_read, opening=False)
_completed = partial(content_blocks, kind=SegmentKind.ASSISTANT, role="assistant", ttl_s=THIRTY_MINUTES_S)


def _assistant(message: _Message, ttl_s: int) -> Iterator[Block]:
    spellings = (
        message.reasoning_content,
        message.reasoning,
        message.thinking_blocks,
        message.reasoning_details,
    )
    thought = next(filter(is_given, spellings), ABSENT)
    yield from content_blocks(thought, SegmentKind.REASONING, "assistant", ttl_s=ttl_s)
    yield from content_blocks(message.content, SegmentKind.ASSISTANT, "assistant", ttl_s=ttl_s)
    if is_string(message.refusal):
        yield Block(message.refusal, SegmentKind.ASSISTANT, "assistant", text_of(message.refusal))
    if is_given(message.audio):
        yield Block(message.audio, SegmentKind.MEDIA, "assistant", compact(message.audio))
    for raw in items(message.tool_calls):
        yield _called(raw)
    if is_given(message.function_call):
        legacy = members(message.function_call)
        name, arguments = string(legacy.get("name", ABSENT)), legacy.get("arguments", ABSENT)
        yield call_block(message.function_call, name, arguments, call="")


def _called(raw: bytes) -> Block:
    try:
        call = _CALL.decode(raw)
    except msgspec.ValidationError:
        return Block(raw, SegmentKind.TOOL_CALL, "assistant", compact(raw))
    function = call.function or call.custom or _Function()
    arguments = function.arguments if is_given(function.arguments) else function.input
    return call_block(raw, function.name, arguments, call=call.id or "")


def _results(message: _Message, ttl_s: int) -> Iterator[Block]:
    """Yield the blocks of a tool's result; if the message names the tool, its call is not looked up."""
    name = message.name or ""
    call = "" if name else message.tool_call_id or ""
    for block in content_blocks(message.content, SegmentKind.TOOL_RESULT, "tool", ttl_s=ttl_s):
        yield block._replace(name=name, call=call)
