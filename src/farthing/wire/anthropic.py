"""Anthropic Messages: requests block by block, answers and streams as what was billed and said.

The same body goes to `/v1/messages` and to `count_tokens`, to Vertex, and to Bedrock's
InvokeModel. A request is read in pieces that are hashed whole: the list of tools, the
system prompt, each message. So a step of an agent costs the new messages, and one hash for
each old one. `content_segments` reads a single message, for sources that store a session
message by message.

Cache markers are breakpoints, not content. A content that is a string reads as one that is a
list of one text block.
"""

import re
from collections.abc import Iterable, MutableMapping
from functools import partial

import msgspec
from msgspec import Raw, Struct
from xxhash import xxh3_64_hexdigest

from farthing.segment import Segment, SegmentKind
from farthing.step import Breakpoint
from farthing.wire import anthropic_content as content
from farthing.wire.anthropic_content import ABSENT, Marker, is_given
from farthing.wire.anthropic_stream import Answer, StreamedMessage
from farthing.wire.anthropic_usage import charges
from farthing.wire.buffer import decode
from farthing.wire.message import BlockMemo, Place, Request, Response
from farthing.wire.scan import PLACE_UNKNOWN, Scan, unplaced
from farthing.wire.spelling import compact
from farthing.wire.sse import Event, EventStream
from farthing.wire.turns import take_turns

_SESSION = re.compile(r"_session_([0-9a-f-]{36})$")


class Thinking(Struct, frozen=True):
    type: str = ""
    budget_tokens: int | None = None


class ToolChoice(Struct, frozen=True):
    type: str = ""
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class TaskBudget(Struct, frozen=True):
    total: int | None = None


class OutputConfig(Struct, frozen=True):
    effort: str | None = None
    format: Raw = ABSENT
    task_budget: TaskBudget | None = None


class Metadata(Struct, frozen=True):
    user_id: str | None = None


class Body(Struct, frozen=True, kw_only=True):
    """A request body, its pieces unparsed. A reader may put it inside the type of its own lines."""

    messages: list[Raw]
    tools: Raw = ABSENT
    system: Raw = ABSENT
    model: str | None = None
    max_tokens: int | None = None
    stream: bool | None = None
    thinking: Thinking | None = None
    tool_choice: ToolChoice | None = None
    output_config: OutputConfig | None = None
    output_format: Raw = ABSENT
    speed: str | None = None
    metadata: Metadata | None = None
    cache_control: Marker | None = None


def parse(body: bytes, memo: BlockMemo | None = None, *, base: int = 0) -> Request:
    """Return what a request body asks; places are given where there is no memo.

    `base` is the body's place in its source. Raises WireError where the bytes are not a request.
    """
    decoded, buffer = decode(_BODY, body, "request body")
    scan = read(decoded, buffer, memo, base=base)
    return request(decoded, scan, places=scan.places() if memo is None else None)


def parse_placed(body: bytes, memo: BlockMemo, *, base: int = 0) -> Request:
    """Return what `parse` does, with places: for whoever is going to edit the body."""
    decoded, buffer = decode(_BODY, body, "request body")
    scan = read(decoded, buffer, memo, base=base)
    return request(decoded, scan, places=scan.places())


def places(body: bytes) -> tuple[Place, ...]:
    """Return where each segment of a request stands in it."""
    return parse(body).places or ()


def read(body: Body, buffer: bytes, memo: BlockMemo | None = None, *, base: int = 0) -> Scan:
    """Return the blocks of a body that was decoded from `buffer` or from a part of it."""
    scan = Scan(buffer, memo=memo, base=base)
    scan.take("anthropic tools", body.tools, content.tools)
    scan.take("anthropic system", body.system, content.system)
    take_turns(scan, body.messages, "anthropic message", content.message)
    if body.cache_control is not None:
        _mark_last(scan, body.cache_control)
    return scan


def request(body: Body, scan: Scan, *, places: tuple[Place, ...] | None = None) -> Request:
    """Return a body and its blocks as a request."""
    return Request(
        model=body.model or "",
        segments=tuple(scan.segments),
        places=places,
        parameters=_parameters(body),
        breakpoints=tuple(scan.breakpoints),
        max_output_tokens=body.max_tokens,
        stream=bool(body.stream),
        output_schema=is_given(_output_format(body)),
        session_hint=_session_hint(body.metadata),
    )


def content_segments(
    role: str,
    raw: bytes,
    *,
    names: MutableMapping[str, str],
    first_user: bool,
    base: int = PLACE_UNKNOWN,
    memo: BlockMemo | None = None,
) -> tuple[Segment, ...]:
    """Return the segments of one message's content: `raw` is a JSON string or list at `base` of its source.

    `names` maps tool call ids to tools and is kept up to date: pass the same one for a whole
    session. `first_user` says that no user text has been seen, so that the first one here is the
    task. Raises WireError where the bytes are not content blocks.
    """
    context = f"anthropic {role} content{', no user text before it' if first_user else ''}"
    read_blocks = partial(content.content, role=role, first_user=first_user)
    if memo is None and base < 0:
        return unplaced(context, raw, read_blocks, names)
    scan = Scan(raw, memo=memo, base=base, names=names)
    scan.take(context, raw, read_blocks)
    return tuple(scan.segments)


def answer(body: bytes) -> Response:
    """Return what a complete response body says and bills; of an error its type, never its message."""
    decoded, _ = decode(_ANSWER, body, "response body")
    return response(decoded)


def response(message: Answer, *, earlier: Iterable[Answer] = (), complete: bool = True) -> Response:
    """Return a message as a response; those that came `earlier` in its stream are only billed."""
    refused = message.stop_reason == "refusal" and not _says_anything(message)
    billed = charges(message.usage, model=message.model or "", refused=refused)
    before = [line for one in earlier for line in charges(one.usage, model=one.model or "", part="earlier")]
    return Response(
        response_id=message.id or "",
        model=billed[0].model if billed else message.model or "",
        charges=(*billed, *before),
        usage_recorded=message.usage is not None and message.usage.is_recorded,
        output=content_segments("assistant", message.content, names={}, first_user=False),
        finish=message.stop_reason or "",
        error=_error_type(message.error),
        complete=complete,
    )


def counted(body: bytes) -> int:
    """Return the tokens of a `count_tokens` answer."""
    decoded, _ = decode(_COUNT, body, "response body")
    return decoded.input_tokens or 0


class Fold:
    """Folds a streamed answer, in any split of its bytes. A machine without I/O."""

    def __init__(self) -> None:
        self._stream = EventStream()
        self._message = StreamedMessage()

    def feed(self, chunk: bytes) -> None:
        self._take(self._stream.feed(chunk))

    def finish(self) -> Response:
        """Return what has arrived; its `complete` says whether that is all."""
        self._take(self._stream.close())
        said = self._message
        return response(said.message(), earlier=said.earlier, complete=said.is_complete)

    def _take(self, events: Iterable[Event]) -> None:
        for event in events:
            if event.data is not None:
                self._message.take(event.data)


def fold(chunks: Iterable[bytes]) -> Response:
    """Return a streamed response."""
    folding = Fold()
    for chunk in chunks:
        folding.feed(chunk)
    return folding.finish()


class _Error(Struct, frozen=True):
    type: str | None = None


class _Counted(Struct, frozen=True):
    input_tokens: int | None = None


class _UserId(Struct, frozen=True):
    session_id: str | None = None


_BODY = msgspec.json.Decoder(Body)
_ANSWER = msgspec.json.Decoder(Answer)
_ERROR = msgspec.json.Decoder(_Error)
_COUNT = msgspec.json.Decoder(_Counted)
_USER_ID = msgspec.json.Decoder(_UserId)


def _says_anything(message: Answer) -> bool:
    """Whether an answer has output: the block that marks a fall-back is none."""
    return any(content.block_type(raw) != "fallback" for raw in content.parts(message.content))


def _error_type(error: bytes) -> str:
    if not is_given(error):
        return ""
    try:
        return _ERROR.decode(error).type or "error"
    except msgspec.DecodeError:
        return "error"


def _mark_last(scan: Scan, marker: Marker) -> None:
    """Record a marker on the whole request: it stands on the last block that can carry one.

    Thinking and empty text cannot (platform.claude.com, prompt caching, 2026-08).
    """
    for depth in range(len(scan.segments), 0, -1):
        segment = scan.segments[depth - 1]
        if segment.kind is not SegmentKind.REASONING and segment.size:
            if all(known.depth != depth for known in scan.breakpoints):
                scan.breakpoints.append(Breakpoint(depth, marker.ttl_s))
            return


def _parameters(body: Body) -> tuple[tuple[str, str], ...]:
    """Return what besides the context decides whether a cached prefix is usable (prompt caching, 2026-08)."""
    given: list[tuple[str, str | None]] = [("output_format", _format_digest(_output_format(body)))]
    if body.speed != "standard":
        given.append(("speed", body.speed))
    if thinking := body.thinking:
        given.append(("thinking", f"{thinking.type} {thinking.budget_tokens or ''}".strip()))
    if choice := body.tool_choice:
        given.append(("tool_choice", f"{choice.type} {choice.name or ''}".strip()))
        given.append(("disable_parallel_tool_use", "true" if choice.disable_parallel_tool_use else None))
    if output := body.output_config:
        given.append(("effort", output.effort))
        given.append(("task_budget", str(output.task_budget.total) if output.task_budget else None))
    return tuple(sorted((name, value) for name, value in given if value))


def _output_format(body: Body) -> bytes:
    """Return the schema asked for, under its present or its beta name; null without one."""
    config = body.output_config
    return config.format if config and is_given(config.format) else body.output_format


def _format_digest(schema: bytes) -> str:
    return xxh3_64_hexdigest(compact(schema)) if is_given(schema) else ""


def _session_hint(metadata: Metadata | None) -> tuple[str, str] | None:
    """Return the session that Claude Code writes into the user id; other user ids name a person."""
    user_id = metadata.user_id if metadata and metadata.user_id else ""
    found = _SESSION.search(user_id)
    session = found[1] if found else _session_id(user_id)
    return ("metadata.user_id", session) if session else None


def _session_id(user_id: str) -> str:
    if not user_id.startswith("{"):
        return ""
    try:
        return _USER_ID.decode(user_id).session_id or ""
    except msgspec.DecodeError:
        return ""
