"""The items of the Responses API, as requests, answers and recorded sessions hold them.

An item's own id, its status and its call id stay out of the digest: an answer has them and the
request that sends it back often has not. What a server-side tool returned stands inside the item of
its call; it is a block of its own here, because the model did not write it.
"""

from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct

from farthing.segment import SegmentKind
from farthing.wire.fields import ABSENT, is_given, members, string
from farthing.wire.openai_content import call_block, content_blocks, tool_blocks, user_blocks
from farthing.wire.scan import Block, compact, is_string, text, text_of

_OF_ONE_COPY = frozenset({"id", "status", "call_id", "created_by"})
_RESULTS = ("output", "outputs", "results", "result")
_COMPACTIONS = frozenset({"compaction", "compaction_summary", "context_compaction"})


class Item(Struct, kw_only=True):
    """What is looked at in a new item; unknown types and members are content all the same."""

    type: str = ""
    role: str = ""
    content: Raw = ABSENT
    name: str | None = None
    server_label: str | None = None
    call_id: str | None = None
    arguments: Raw = ABSENT
    input: Raw = ABSENT
    output: Raw = ABSENT
    outputs: Raw = ABSENT
    results: Raw = ABSENT
    result: Raw = ABSENT
    summary: Raw = ABSENT
    encrypted_content: Raw = ABSENT
    id: str | None = None
    tools: Raw = ABSENT
    action: Raw = ABSENT

    @property
    def is_search(self) -> bool:
        """Whether a web search call looked something up, and did not open a page that it had found."""
        return string(members(self.action).get("type", ABSENT)) in ("", "search")

    @property
    def tool(self) -> str:
        """The tool's name; one on an MCP server is named as MCP clients do, a built-in one by its type."""
        name = self.name or self.type.removesuffix("_output").removesuffix("_call")
        return f"mcp__{self.server_label}__{name}" if self.server_label else name


_ITEM = msgspec.json.Decoder(Item)
_MEMBERS = msgspec.json.Decoder(dict[str, object])


def item_of(raw: bytes) -> Item:
    """Return what is to be known of an item; one whose members have odd types is of an unknown type."""
    try:
        return _ITEM.decode(raw)
    except msgspec.DecodeError:
        return Item(type="unknown")


def item_blocks(raw: bytes, *, opening: bool, ttl_s: int) -> Iterator[Block]:
    """Yield the blocks of one item. `opening`: no user text came before it."""
    item = item_of(raw)
    match item.type:
        case "" | "message":
            yield from _message(item, opening=opening, ttl_s=ttl_s)
        case "reasoning":
            yield Block(raw, SegmentKind.REASONING, "assistant", _thought(item))
        case "function_call":
            yield call_block(raw, item.name or "", item.arguments, call=item.call_id or "")
        case "custom_tool_call":
            yield call_block(raw, item.name or "", item.input, call=item.call_id or "")
        case "function_call_output" | "custom_tool_call_output":
            yield from _output(item, ttl_s)
        case "additional_tools" | "mcp_list_tools":
            yield from tool_blocks(item.tools)
        case "ghost_snapshot":  # Codex keeps it in its rollouts and does not send it
            return
        case _:
            yield from _other(raw, item)


def _message(item: Item, *, opening: bool, ttl_s: int) -> Iterator[Block]:
    match item.role:
        case "assistant":
            return content_blocks(item.content, SegmentKind.ASSISTANT, item.role, ttl_s=ttl_s)
        case "system" | "developer":
            kind = SegmentKind.SYSTEM if opening else SegmentKind.USER
            return content_blocks(item.content, kind, item.role, ttl_s=ttl_s)
        case role:
            return user_blocks(item.content, role, opening=opening, ttl_s=ttl_s)


def _thought(item: Item) -> bytes:
    """Return what stands for a thought: itself, sealed or open, else its summary, else its id."""
    if is_string(item.encrypted_content):
        return text_of(item.encrypted_content)
    for open_words in (item.content, item.summary):
        blocks = content_blocks(open_words, SegmentKind.REASONING, "assistant", ttl_s=0)
        if words := b"\n".join(block.content for block in blocks):
            return words
    return text(item.id or "")


def _output(item: Item, ttl_s: int) -> Iterator[Block]:
    for block in content_blocks(item.output, SegmentKind.TOOL_RESULT, "tool", ttl_s=ttl_s):
        yield block._replace(name=item.name or "", call="" if item.name else item.call_id or "")


def _other(raw: bytes, item: Item) -> Iterator[Block]:
    if item.type in _COMPACTIONS:
        sealed = is_string(item.encrypted_content)
        content = text_of(item.encrypted_content) if sealed else _own(raw)
        yield Block(raw, SegmentKind.SUMMARY, "assistant", content)
    elif item.type.endswith("_output"):
        yield Block(raw, SegmentKind.TOOL_RESULT, "tool", _own(raw), item.tool)
    elif item.type.endswith("_call") or item.type in ("program", "mcp_approval_request"):
        yield Block(raw, SegmentKind.TOOL_CALL, "assistant", _own(raw, *_RESULTS), item.tool)
        yield from _returned(item)
    elif item.type in ("mcp_approval_response", "configuration_update"):
        yield Block(raw, SegmentKind.USER, "user", _own(raw))
    else:
        yield Block(raw, SegmentKind.ASSISTANT, "assistant", _own(raw))


def _returned(item: Item) -> Iterator[Block]:
    """Yield what a server-side tool gave back inside the item of its call."""
    kind = SegmentKind.MEDIA if item.type == "image_generation_call" else SegmentKind.TOOL_RESULT
    for result in filter(is_given, (item.output, item.outputs, item.results, item.result)):
        yield Block(result, kind, "tool", compact(result), item.tool)


def _own(raw: bytes, *others: str) -> bytes:
    """Return an item as JSON, without `others` and without what differs from copy to copy of it."""
    left_out = _OF_ONE_COPY.union(others)
    try:
        item = _MEMBERS.decode(raw).items()
    except msgspec.DecodeError:
        return compact(raw)
    return msgspec.json.encode(
        {name: value for name, value in item if name not in left_out and value is not None}
    )
