"""Anthropic's content blocks: what a tool, a system text or a part of a message is, and how it digests.

The frequent blocks are digested by what they say (text; id, name and arguments of a call;
id and content of a result; thought and signature), so that an answer and its re-sent copy
are one segment although clients reorder and drop members. Any other block is digested by its
JSON. Unknown types and members are content all the same.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Raw, Struct

from farthing.segment import SegmentKind
from farthing.usage import FIVE_MINUTES_S, ONE_HOUR_S
from farthing.wire.scan import Block
from farthing.wire.spelling import compact, is_string, respelt, text, text_of

ABSENT = Raw(b"null")
MARKER = "cache_control"

_MEDIA = frozenset({"image", "document", "container_upload"})
_KINDS = {
    "thinking": SegmentKind.REASONING,
    "redacted_thinking": SegmentKind.REASONING,
    "compaction": SegmentKind.SUMMARY,
}
# Claude Code writes a line into the system prompt that changes with each request. The provider takes it
# out before it renders the prompt: recorded steps that differ in it alone read their whole prefix from
# the cache (vercel/ai, harness recordings of Claude Code 2.1.146; anthropics/claude-code#68900).
_BILLING = b"x-anthropic-billing-header:"
_BILLING_LINE = re.compile(rb"(?:[^\\]|\\[^n])*(?:\\n)?")


class Marker(Struct, frozen=True):
    """A cache marker; without a `ttl` it lasts five minutes."""

    ttl: str | None = None

    @property
    def ttl_s(self) -> int:
        return ONE_HOUR_S if self.ttl == "1h" else FIVE_MINUTES_S


class Head(Struct, frozen=True, kw_only=True):
    """What is looked at in a block or tool of any type."""

    type: str = ""
    text: Raw = ABSENT
    citations: Raw = ABSENT
    thinking: str | None = None
    signature: str | None = None
    id: str | None = None
    name: str | None = None
    server_name: str | None = None
    mcp_server_name: str | None = None
    input: Raw = ABSENT
    tool_use_id: str | None = None
    is_error: bool | None = None
    content: Raw = ABSENT
    cache_control: Marker | None = None


class _Message(Struct, frozen=True):
    role: str
    content: list[Raw] | str | None = None


class _Text(Struct, frozen=True):
    content: Raw


_head = msgspec.json.Decoder(Head)
_message = msgspec.json.Decoder(_Message)
_text = msgspec.json.Decoder(_Text)
_parts = msgspec.json.Decoder(list[Raw])


def is_given(raw: bytes) -> bool:
    """Whether a member is there and not null."""
    return len(raw) > len(ABSENT) or bytes(raw) != bytes(ABSENT)


def parts(raw: bytes) -> list[Raw]:
    """Return the members of a list; none for an absent one."""
    return _parts.decode(raw) if is_given(raw) else []


def block_type(raw: bytes) -> str:
    """Return the type of a content block."""
    return _head.decode(raw).type


def tools(raw: bytes) -> Iterator[Block]:
    """Yield the tool schemas of a `tools` list."""
    for tool in parts(raw):
        head = _head.decode(tool)
        name = _tool(head) or head.type
        yield Block(tool, SegmentKind.TOOLS, "", compact(tool, without=MARKER), name=name, ttl_s=_ttl_s(head))


def system(raw: bytes) -> Iterator[Block]:
    """Yield the texts of a system prompt, a string or a list."""
    if is_string(raw):
        yield Block(raw, SegmentKind.SYSTEM, "system", _instructions(raw))
        return
    for part in parts(raw):
        head = _head.decode(part)
        content = _instructions(head.text) if is_string(head.text) else compact(part, without=MARKER)
        yield Block(part, SegmentKind.SYSTEM, "system", content, ttl_s=_ttl_s(head))


def _instructions(raw: bytes) -> bytes:
    prompt = text_of(raw)
    return _BILLING_LINE.sub(b"", prompt, count=1) if prompt.startswith(_BILLING) else prompt


def message(raw: bytes, *, opening: bool) -> Iterable[Block]:
    """Return the blocks of a message; in an `opening` one the first user text is the task."""
    told = _message.decode(raw)
    said = _said(told.role, first_user=opening)
    if isinstance(told.content, str):
        words = _text.decode(raw).content
        return [Block(words, said, told.role, text_of(words))]
    return _blocks(told.content or [], told.role, said)


def content(raw: bytes, *, role: str, first_user: bool) -> Iterable[Block]:
    """Return the blocks of a message's content, a string or a list."""
    said = _said(role, first_user=first_user)
    return [Block(raw, said, role, text_of(raw))] if is_string(raw) else _blocks(parts(raw), role, said)


def _blocks(raws: list[Raw], role: str, said: SegmentKind) -> Iterator[Block]:
    for raw in raws:
        for block in _block(raw, role, said):
            yield block
            if block.kind is SegmentKind.TASK:
                said = SegmentKind.USER


def _said(role: str, *, first_user: bool) -> SegmentKind:
    """Return what a text is. A system message amid the others is cached with them: it is not SYSTEM."""
    if role == "assistant":
        return SegmentKind.ASSISTANT
    return SegmentKind.TASK if first_user and role == "user" else SegmentKind.USER


def _block(raw: bytes, role: str, said: SegmentKind) -> Iterable[Block]:
    head = _head.decode(raw)
    if head.type == "tool_result":
        return _result(head, raw, role)
    ttl_s = _ttl_s(head)
    if head.type == "text" and is_string(head.text) and not _is_cited(head):
        return (Block(raw, said, role, text_of(head.text), "", "", ttl_s),)
    if head.type.endswith("tool_use"):
        tool, call = _tool(head), head.id or ""
        words = respelt(head.input) + f"\0{call}\0{tool}".encode()
        return (Block(raw, SegmentKind.TOOL_CALL, role, words, tool, call, ttl_s),)
    if head.type == "thinking":
        return (
            Block(raw, SegmentKind.REASONING, role, text(f"{head.thinking or ''}\0{head.signature or ''}")),
        )
    kind, call = _kind(head.type, said), head.tool_use_id or ""
    return (Block(raw, kind, role, compact(raw, without=MARKER), "", call, ttl_s),)


def _kind(block_type: str, said: SegmentKind) -> SegmentKind:
    """Return the kind of a rarer block. One of unknown type is what a text would be, but never the task."""
    if block_type.endswith("tool_result"):
        return SegmentKind.TOOL_RESULT
    if block_type in _MEDIA:
        return SegmentKind.MEDIA
    return _KINDS.get(block_type, SegmentKind.USER if said is SegmentKind.TASK else said)


def _is_cited(head: Head) -> bool:
    """Whether a text has citations, which are sent back with it; `[]` and null are none."""
    return len(head.citations) > len(ABSENT)


def _tool(head: Head) -> str:
    """Return the tool's name; one that the provider calls on an MCP server is named as MCP clients do."""
    name = head.name or head.mcp_server_name or ""
    return f"mcp__{head.server_name}__{name}" if head.server_name else name


def _result(head: Head, raw: bytes, role: str) -> Iterable[Block]:
    """Return a tool's result as one block, or each part as one where there are pictures among them.

    A string and a list of one text are the same.
    """
    call, ttl_s = head.tool_use_id or "", _ttl_s(head)
    told = f"\0{call}\0{'error' if head.is_error else ''}".encode()
    if is_string(head.content):
        return (Block(raw, SegmentKind.TOOL_RESULT, role, text_of(head.content) + told, "", call, ttl_s),)
    inner = [(part, _head.decode(part)) for part in parts(head.content)]
    ttl_s = next((one.cache_control.ttl_s for _, one in reversed(inner) if one.cache_control), ttl_s)
    if not any(one.type in _MEDIA for _, one in inner):
        words = compact(head.content, without=MARKER)
        words = text_of(words) if is_string(words) else words
        return (Block(raw, SegmentKind.TOOL_RESULT, role, words + told, "", call, ttl_s),)
    blocks = [
        Block(
            part,
            SegmentKind.MEDIA if one.type in _MEDIA else SegmentKind.TOOL_RESULT,
            role,
            compact(part, without=MARKER) + told,
            "",
            call,
        )
        for part, one in inner
    ]
    return (*blocks[:-1], blocks[-1]._replace(ttl_s=ttl_s))


def _ttl_s(head: Head) -> int | None:
    return head.cache_control.ttl_s if head.cache_control else None
