"""Bedrock Converse's content blocks: objects whose one member says what they are, and how they digest.

A cache point is a block of its own; it is a marker on the block before it, and no segment.
"""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Raw, Struct

from farthing.segment import SegmentKind
from farthing.wire.anthropic_content import ABSENT, Marker, is_given, parts
from farthing.wire.scan import Block
from farthing.wire.spelling import compact, is_string, respelt, text_of


class ToolUse(Struct, frozen=True, rename="camel"):
    tool_use_id: str = ""
    name: str = ""
    input: Raw = ABSENT


class ToolResult(Struct, frozen=True, rename="camel"):
    tool_use_id: str = ""
    content: Raw = ABSENT
    status: str | None = None


class _Named(Struct, frozen=True):
    name: str = ""


class Head(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is looked at in a block or tool; one member is set."""

    text: Raw = ABSENT
    tool_use: ToolUse | None = None
    tool_result: ToolResult | None = None
    reasoning_content: Raw = ABSENT
    image: Raw = ABSENT
    document: Raw = ABSENT
    video: Raw = ABSENT
    audio: Raw = ABSENT
    tool_spec: _Named | None = None
    system_tool: _Named | None = None
    cache_point: Marker | None = None

    @property
    def is_media(self) -> bool:
        return any(map(is_given, (self.image, self.document, self.video, self.audio)))


class _Message(Struct, frozen=True):
    role: str
    content: Raw = ABSENT


_head = msgspec.json.Decoder(Head)
_message = msgspec.json.Decoder(_Message)


def tools(raw: bytes) -> list[Block]:
    """Return the tool schemas of a `tools` list."""
    return _marked(_tool(raw, head) for raw, head in _heads(raw))


def system(raw: bytes) -> list[Block]:
    """Return the blocks of a system prompt."""
    return _marked(_said(raw, head, "system", SegmentKind.SYSTEM) for raw, head in _heads(raw))


def message(raw: bytes, *, opening: bool) -> list[Block]:
    """Return the blocks of a message; in an `opening` one the first user text is the task."""
    told = _message.decode(raw)
    blocks = content(told.content, role=told.role)
    task = next((at for at, block in enumerate(blocks) if block.kind is SegmentKind.USER), None)
    if opening and task is not None:
        blocks[task] = blocks[task]._replace(kind=SegmentKind.TASK)
    return blocks


def content(raw: bytes, *, role: str) -> list[Block]:
    """Return the blocks of a message's content."""
    said = SegmentKind.ASSISTANT if role == "assistant" else SegmentKind.USER
    return _marked(block for part, head in _heads(raw) for block in _blocks(part, head, role, said))


def _heads(raw: bytes) -> Iterator[tuple[Raw, Head]]:
    return ((part, _head.decode(part)) for part in parts(raw))


def _marked(blocks: Iterable[Block | Marker]) -> list[Block]:
    """Return the blocks, each with the cache point that follows it; one that leads marks nothing here."""
    found: list[Block] = []
    for block in blocks:
        if isinstance(block, Block):
            found.append(block)
        elif found:
            found[-1] = found[-1]._replace(ttl_s=block.ttl_s)
    return found


def _tool(raw: Raw, head: Head) -> Block | Marker:
    named = head.tool_spec or head.system_tool or _Named()
    return head.cache_point or Block(raw, SegmentKind.TOOLS, "", compact(raw), named.name)


def _blocks(raw: Raw, head: Head, role: str, said: SegmentKind) -> Iterable[Block | Marker]:
    if head.tool_result is not None:
        return _result(raw, head.tool_result, role)
    if head.tool_use is not None:
        call, tool = head.tool_use.tool_use_id, head.tool_use.name
        words = respelt(head.tool_use.input) + f"\0{call}\0{tool}".encode()
        return (Block(raw, SegmentKind.TOOL_CALL, role, words, tool, call),)
    if is_given(head.reasoning_content):
        return (Block(raw, SegmentKind.REASONING, role, compact(raw)),)
    return (_said(raw, head, role, said),)


def _said(raw: Raw, head: Head, role: str, said: SegmentKind) -> Block | Marker:
    if head.cache_point is not None:
        return head.cache_point
    words = text_of(head.text) if is_string(head.text) else compact(raw)
    return Block(raw, SegmentKind.MEDIA if head.is_media else said, role, words)


def _result(raw: Raw, result: ToolResult, role: str) -> Iterable[Block]:
    """Return a tool's result as one block, or each part as one where there are pictures among them."""
    call = result.tool_use_id
    told = f"\0{call}\0{result.status or ''}".encode()
    inner = list(_heads(result.content))
    if any(head.is_media for _, head in inner):
        for part, head in inner:
            kind = SegmentKind.MEDIA if head.is_media else SegmentKind.TOOL_RESULT
            yield Block(part, kind, role, compact(part) + told, "", call)
        return
    words = compact(result.content)
    words = text_of(words) if is_string(words) else words
    yield Block(raw, SegmentKind.TOOL_RESULT, role, words + told, "", call)
