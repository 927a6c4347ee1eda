"""One recorded message, in whichever dialect its platform keeps it, to content blocks.

Platforms store what a framework handed them: OpenAI and Anthropic messages, Responses items, Gemini
contents, Bedrock's Converse, LangChain objects, AI SDK messages, OpenInference's nesting, and the `parts` of
OpenTelemetry. They differ in the names of a handful of members, so one reading serves all of them: a
message has a role, parts (see `dialect_parts`) and calls.

The same words digest alike whether an answer said them or a later request repeats them: a call is its
tool and its arguments without whitespace, a result is what came back; ids tie the two and are no content.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from farthing.segment import SegmentKind
from farthing.traces.attributes import unwrapped
from farthing.traces.dialect_parts import (
    CALLS,
    NAMES,
    RESULTS,
    TIES,
    call_block,
    first_word,
    part_block,
    text_block,
    undotted,
)
from farthing.wire import gemini_content, openai_items
from farthing.wire.fields import ABSENT, is_given, items, members, string
from farthing.wire.scan import Block, is_string

_ROLES = {
    "human": "user",
    "ai": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "choice": "assistant",
    "function": "tool",
    "developer": "system",
}
_TYPES = frozenset({*_ROLES, "user", "assistant", "system", "tool"})
_WRAPPINGS = ("message", "kwargs", "data")
_RESPONSES_ITEMS = ("_call", "_call_output", "reasoning", "item_reference", "compaction")


class _Said(NamedTuple):
    """One message after its wrappings are off."""

    role: str
    members: Mapping[str, bytes]


def message_blocks(raw: bytes, /, *, opening: bool) -> Iterator[Block]:
    """Yield the blocks of one recorded message; with `opening`, its first user text is the task."""
    if is_string(raw):
        yield from _opened(text_block(raw, raw, "user", SegmentKind.USER), opening=opening)
        return
    if is_responses_item(members(raw)):
        yield from _item_blocks(raw, opening=opening)
        return
    said = _unwrap(raw)
    if _is_gemini(said.members):
        yield from gemini_content.content_blocks(raw, opening=opening)
        return
    for block in _blocks(raw, said, opening=opening):
        yield from _opened(block, opening=opening)
        opening = opening and block.kind is not SegmentKind.USER


def answer_blocks(raw: bytes) -> Iterator[Block]:
    """Yield the blocks of an answer: what has no role is the assistant's."""
    if is_string(raw):
        yield from filter(None, (text_block(raw, raw, "assistant", SegmentKind.ASSISTANT),))
    elif is_responses_item(members(raw)):
        yield from _item_blocks(raw, opening=False)
    else:
        said = _unwrap(raw)
        if _is_gemini(said.members):
            yield from gemini_content.content_blocks(raw, opening=False)
        elif said.role in ("", "assistant"):
            yield from _blocks(raw, said._replace(role="assistant"), opening=False)


def is_responses_item(message: Mapping[str, bytes]) -> bool:
    """Tell whether the members are those of an item of the Responses API that is no message."""
    kind = string(message.get("type", ABSENT))
    return "role" not in message and kind.endswith(_RESPONSES_ITEMS) and "content" not in message


def system_blocks(raw: bytes) -> Iterator[Block]:
    """Yield the texts of a system prompt: a string, a list of parts, or Gemini's content."""
    parts = members(raw).get("parts", raw)
    for part in [parts] if is_string(parts) else items(parts):
        block = part_block(raw, part, "system", SegmentKind.SYSTEM)
        if block is not None:
            yield block


def tool_definitions(raw: bytes) -> bytes:
    """Return a list of tool schemas without what platforms wrap around each: strings, `json_schema`."""
    schemas = []
    for tool in items(raw):
        schema = unwrapped(tool)
        told = members(schema)
        inner = members(told.get("tool", ABSENT)).get("json_schema") or told.get("tool.json_schema")
        schemas.append(bytes(unwrapped(inner) if inner else schema))
    return b"[" + b",".join(schemas) + b"]"


def is_tool_definition(message: bytes) -> bool:
    """Tell whether a message is a tool's schema, as Langfuse's LangChain handler appends them."""
    said = members(message)
    content = members(said.get("content", ABSENT))
    return string(said.get("role", ABSENT)) == "tool" and "function" in content and "type" in content


def is_gemini_tools(raw: bytes) -> bool:
    """Tell whether tools are Gemini's: function declarations inside a list of tools."""
    return any(
        name in ("functionDeclarations", "function_declarations")
        for tool in items(raw)
        for name in members(tool)
    )


def _item_blocks(raw: bytes, *, opening: bool) -> Iterator[Block]:
    """Yield the blocks of an item; calls and results as every dialect's, the rest as the API's own reader."""
    if string(members(raw)["type"]) in CALLS | RESULTS:
        yield from filter(None, (part_block(raw, raw, "assistant", SegmentKind.ASSISTANT),))
    else:
        yield from openai_items.item_blocks(raw, opening=opening, ttl_s=0)


def _opened(block: Block | None, *, opening: bool) -> Iterator[Block]:
    if block is not None:
        is_task = opening and block.kind is SegmentKind.USER and block.role == "user"
        yield block._replace(kind=SegmentKind.TASK) if is_task else block


def _unwrap(raw: bytes) -> _Said:
    """Take a message out of what platforms put around it: OpenInference, LangChain, choices, events."""
    layers = [members(raw)]
    while inner := next(filter(is_given, (layers[-1].get(name, ABSENT) for name in _WRAPPINGS)), ABSENT):
        inner = unwrapped(inner)
        layers.append(members(inner) or ({"content": inner} if is_string(inner) else {}))
    body = layers[-1]
    if "message.role" in body:
        body = undotted(body, "message.")
    role = next(filter(None, (_role(layer) for layer in (body, *layers))), "")
    return _Said(_ROLES.get(role, role), body)


def _role(layer: Mapping[str, bytes]) -> str:
    """Return the role that a layer names: itself, by its event, by its class in LangChain, or by its type."""
    event = string(layer.get("event.name", ABSENT)).removeprefix("gen_ai.").removesuffix(".message")
    kind = string(layer.get("type", ABSENT))
    return (
        string(layer.get("role", ABSENT)) or event or _class_name(layer) or (kind if kind in _TYPES else "")
    )


def _class_name(layer: Mapping[str, bytes]) -> str:
    """Return the role that a LangChain class stands for: `["langchain_core", "messages", "AIMessage"]`."""
    names = [string(name) for name in items(layer.get("id", ABSENT)) if is_string(name)]
    last = names[-1] if len(names) > 1 else ""
    return last.partition("Message")[0].lower() if "Message" in last else ""


def _is_gemini(message: Mapping[str, bytes]) -> bool:
    parts = items(message.get("parts", ABSENT))
    return bool(parts) and not any("type" in members(part) or is_string(part) for part in parts)


def _blocks(raw: bytes, said: _Said, *, opening: bool) -> Iterator[Block]:
    role, kind = _speaker(said.role, opening=opening)
    yield from _thoughts(raw, said.members, role)
    called: set[str] = set()
    for block in _contents(raw, said.members, role, kind):
        if block.kind is SegmentKind.TOOL_CALL:
            called.add(block.call)
        yield _answering(block, said) if kind is SegmentKind.TOOL_RESULT else block
    for call in _calls(said.members):
        block = call_block(raw, call, role)
        # OpenInference and LangChain write the same call as a part and in the list of calls.
        if not block.call or block.call not in called:
            yield block


def _speaker(role: str, *, opening: bool) -> tuple[str, SegmentKind]:
    """Return who says a message and what its text is; any other role is a tool's name (Langfuse's JS SDK)."""
    if role == "system" and opening:
        return role, SegmentKind.SYSTEM
    if role in ("user", "system", ""):
        return role or "user", SegmentKind.USER
    return ("assistant", SegmentKind.ASSISTANT) if role == "assistant" else ("tool", SegmentKind.TOOL_RESULT)


def _thoughts(raw: bytes, message: Mapping[str, bytes], role: str) -> Iterator[Block]:
    """Yield a thought that stands beside the content; one message may carry it in several spellings."""
    spellings = ("reasoning_content", "reasoning", "thinking")
    thought = next(
        (message[name] for name in spellings if name in message and is_given(message[name])), ABSENT
    )
    for part in [thought] if is_string(thought) else items(thought):
        block = part_block(raw, part, role, SegmentKind.REASONING)
        yield from filter(None, (block,))


def _contents(raw: bytes, message: Mapping[str, bytes], role: str, kind: SegmentKind) -> Iterator[Block]:
    given = (message.get(name, ABSENT) for name in ("parts", "content", "contents", "text"))
    content = next(filter(is_given, given), ABSENT)
    for part in [content] if is_string(content) else items(content):
        block = part_block(raw, part, role, kind)
        if block is not None:
            yield block


def _answering(block: Block, said: _Said) -> Block:
    """Name a tool's message after its tool, or tie it to its call."""
    if block.name or block.call or block.kind not in (SegmentKind.TOOL_RESULT, SegmentKind.MEDIA):
        return block
    name = first_word(said.members, NAMES) or ("" if said.role == "tool" else said.role)
    return block._replace(name=name, call="" if name else first_word(said.members, TIES))


def _calls(message: Mapping[str, bytes]) -> Iterator[bytes]:
    """Yield the calls that stand beside the content, in the message or in LangChain's leftovers."""
    beside = members(message.get("additional_kwargs", ABSENT))
    spellings = (
        message.get("tool_calls", ABSENT),
        message.get("toolCalls", ABSENT),
        beside.get("tool_calls", ABSENT),
    )
    listed = next(filter(is_given, spellings), ABSENT)
    yield from items(unwrapped(listed))
    if is_given(message.get("function_call", ABSENT)):
        yield message["function_call"]
