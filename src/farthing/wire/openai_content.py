"""What Chat Completions and Responses have in common: content parts, tools, tool calls, session names.

A part, a tool or a call becomes one block whichever of the two spelled it, so the same words
digest alike on both roads. Call ids stay out of digests, because OpenAI renders a call as the tool's name
and its arguments (harmony, docs/format.md, 2026-08): an answer digests like the message in
which a client sends it back, and a call made twice digests alike.
"""

from collections.abc import Iterator, Mapping

import msgspec
from msgspec import Raw, Struct

from farthing.segment import Segment, SegmentKind, digest_block
from farthing.usage import FIVE_MINUTES_S, ONE_HOUR_S, Charge
from farthing.wire import openai_usage
from farthing.wire.fields import ABSENT, is_given, items, members, string
from farthing.wire.scan import Block, compact, is_string, text, text_of

THIRTY_MINUTES_S = 1_800

_TTLS = {"5m": FIVE_MINUTES_S, "30m": THIRTY_MINUTES_S, "1h": ONE_HOUR_S, "12h": 43_200}
_TEXT = frozenset({"text", "input_text", "output_text", "summary_text", "reasoning_text", "refusal"})
_MEDIA = frozenset(
    {"image_url", "input_audio", "file", "video_url", "document_url"}
    | {"input_image", "input_file", "input_video", "computer_screenshot"}
)


class _Part(Struct):
    type: str = ""
    text: Raw = ABSENT
    refusal: Raw = ABSENT
    thinking: Raw = ABSENT
    cache_control: Raw = ABSENT
    prompt_cache_breakpoint: Raw = ABSENT


class _Named(Struct):
    name: str = ""


class _Tool(Struct):
    type: str = ""
    name: str = ""
    server_label: str = ""
    function: _Named | None = None
    custom: _Named | None = None
    cache_control: Raw = ABSENT


_part = msgspec.json.Decoder(_Part)
_tool = msgspec.json.Decoder(_Tool)


def content_blocks(content: bytes, kind: SegmentKind, role: str, *, ttl_s: int) -> Iterator[Block]:
    """Yield the blocks of a content: a string, or a list of parts. Empty text is none.

    `ttl_s` is how long an explicit breakpoint of this request lives.
    """
    for part in [content] if is_string(content) else items(content):
        block = _part_block(part, kind, role, ttl_s)
        if block.content:
            yield block


def user_blocks(content: bytes, role: str, *, opening: bool, ttl_s: int) -> Iterator[Block]:
    """Yield the blocks of a user's content; if no user text came before, the first one is the task."""
    for block in content_blocks(content, SegmentKind.USER, role, ttl_s=ttl_s):
        is_task = opening and block.kind is SegmentKind.USER
        opening = opening and not is_task
        yield block._replace(kind=SegmentKind.TASK) if is_task else block


def tool_blocks(tools: bytes) -> Iterator[Block]:
    """Yield one block for each tool schema, named as the model calls it."""
    for raw in items(tools):
        name, ttl_s = _tool_marks(raw)
        content = compact(raw, without="cache_control")
        yield Block(raw, SegmentKind.TOOLS, "", content, name, ttl_s=ttl_s)


def call_block(raw: bytes, name: str, arguments: bytes, *, call: str) -> Block:
    """Return the block of a tool call: the name and the arguments as the model wrote them."""
    written = text_of(arguments) if is_string(arguments) else compact(arguments)
    return Block(raw, SegmentKind.TOOL_CALL, "assistant", call_content(name, written), name, call)


def call_content(name: str, arguments: bytes) -> bytes:
    """Return what is digested of a tool call."""
    return text(name) + b"\n" + arguments


def thought(raw: bytes) -> str:
    """Return the words of a `thinking` member: a string, or (Mistral) a list of texts."""
    return string(raw) or "".join(string(members(inner).get("text", ABSENT)) for inner in items(raw))


def made(kind: SegmentKind, content: bytes, *, name: str = "") -> Segment:
    """Return a segment of the model's own that stands nowhere whole: it came in pieces."""
    return Segment(kind, "assistant", name, digest_block(kind, "assistant", content), len(content))


def bill(model: str | None, usage: Mapping[str, object] | None, tier: object) -> tuple[Charge, ...]:
    """Return the one line of a call's bill; nothing where no usage is reported."""
    counted = openai_usage.count(usage or {})
    if counted is None:
        return ()
    return (Charge(model=model or "", usage=counted.usage, tier=openai_usage.tier(tier)),)


def lifetime(cache_options: bytes) -> int:
    """Return the seconds that an explicit breakpoint lives under a request's `prompt_cache_options`."""
    return _TTLS.get(string(members(cache_options).get("ttl", ABSENT)), THIRTY_MINUTES_S)


def _part_block(raw: bytes, kind: SegmentKind, role: str, ttl_s: int) -> Block:
    if is_string(raw):
        return Block(raw, kind, role, text_of(raw))
    try:
        part = _part.decode(raw)
    except msgspec.ValidationError:
        return Block(raw, kind, role, compact(raw))
    if part.type in _TEXT or not part.type:
        words = part.text if is_string(part.text) else part.refusal
        if is_string(words):
            return Block(raw, kind, role, text_of(words), ttl_s=_marked_for(part, ttl_s))
    if reasoning := thought(part.thinking):
        return Block(raw, SegmentKind.REASONING, role, text(reasoning))
    if part.type in _MEDIA:
        kind = SegmentKind.MEDIA
    marker = "prompt_cache_breakpoint" if is_given(part.prompt_cache_breakpoint) else "cache_control"
    return Block(raw, kind, role, compact(raw, without=marker), ttl_s=_marked_for(part, ttl_s))


def _marked_for(part: _Part, ttl_s: int) -> int | None:
    """Return how long a cache marker on this part lasts: OpenAI's, or Anthropic's by way of OpenRouter."""
    if is_given(part.prompt_cache_breakpoint):
        return ttl_s
    return _anthropic_ttl(part.cache_control)


def _anthropic_ttl(cache_control: bytes) -> int | None:
    if not is_given(cache_control):
        return None
    return _TTLS.get(string(members(cache_control).get("ttl", ABSENT)), FIVE_MINUTES_S)


def _tool_marks(raw: bytes) -> tuple[str, int | None]:
    try:
        tool = _tool.decode(raw)
    except msgspec.ValidationError:
        return "", None
    named = tool.function or tool.custom or _Named()
    return named.name or tool.name or tool.server_label or tool.type, _anthropic_ttl(tool.cache_control)
