"""One part of a recorded message, in whichever dialect its platform keeps it, to a content block.

A part is text, a thought, a call, a result or a picture; dialects differ in how they say which, and in the
names of a handful of members. A part of no dialect is content all the same.
"""

from collections.abc import Mapping

from farthing.segment import SegmentKind
from farthing.usage import FIVE_MINUTES_S, ONE_HOUR_S
from farthing.wire.fields import ABSENT, is_given, members, string
from farthing.wire.openai_content import call_content
from farthing.wire.scan import Block, compact, is_string, text

CALLS = frozenset(
    ("tool_call tool_use tooluse function_call custom_tool_call server_tool_use server_tool_call").split()
)
RESULTS = frozenset(
    (
        "tool_call_response tool_result toolresult function_response function_call_output "
        "custom_tool_call_output server_tool_call_response"
    ).split()
)
_MEDIA = frozenset(
    (
        "image image_url input_image image_data audio input_audio video video_url document "
        "file input_file file_data blob uri media inlinedata filedata"
    ).split()
)
_THOUGHTS = frozenset("reasoning thinking redacted_thinking reasoning_content reasoningcontent".split())
_MEMBERS = CALLS | RESULTS | _MEDIA | _THOUGHTS
_MARKER = "cache_control"
_WORDS = ("text", "content", "refusal", "output_text", "thinking", "reasoning", "value")
_ARGUMENTS = ("arguments", "args", "input", "arguments_json")
_RETURNED = ("response", "result", "output", "content", "value")
TIES = ("tool_call_id", "toolCallId", "tool_use_id", "toolUseId", "call_id", "id")
NAMES = ("name", "toolName", "tool_name")


def part_block(raw: bytes, part: bytes, role: str, kind: SegmentKind) -> Block | None:
    """Return the block of one part; None for empty text."""
    if is_string(part):
        return text_block(raw, part, role, kind)
    said = _bare(members(part))
    block = _shown(raw, part, said, role, kind)
    if block is None or _MARKER not in said:
        return block
    lasting = string(members(said[_MARKER]).get("ttl", ABSENT))
    return block._replace(ttl_s=ONE_HOUR_S if lasting == "1h" else FIVE_MINUTES_S)


def _shown(raw: bytes, part: bytes, said: Mapping[str, bytes], role: str, kind: SegmentKind) -> Block | None:
    named = string(said.get("type", ABSENT)).lower().replace("-", "_") or _member_type(said)
    if named in CALLS or (not named and "toolCallId" in said and "input" in said):
        return call_block(raw, said.get("toolUse", ABSENT) or part, role)
    if named in RESULTS:
        return _result_block(raw, members(said["toolResult"]) if "toolResult" in said else said)
    if named in _MEDIA:
        return Block(raw, SegmentKind.MEDIA, role, compact(part, without=_MARKER))
    if named in _THOUGHTS:
        kind = SegmentKind.REASONING
    words = next((said[name] for name in _WORDS if is_string(said.get(name, ABSENT))), None)
    if words is not None:
        return text_block(raw, words, role, kind)
    return Block(raw, kind, role, compact(part, without=_MARKER))


def _bare(part: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Take a part out of OpenInference's `message_content`, nested or dotted."""
    inner = members(part.get("message_content", ABSENT))
    dotted = {
        name.removeprefix("message_content."): value
        for name, value in part.items()
        if name != "message_content"
    }
    return {**dotted, **inner}


def _member_type(part: Mapping[str, bytes]) -> str:
    """Return the type of a part that says it by the member it has, as Bedrock's and older messages do."""
    return next((name.lower() for name in part if name.lower() in _MEMBERS), "")


def text_block(raw: bytes, words: bytes, role: str, kind: SegmentKind) -> Block | None:
    content = text(string(words))
    return Block(raw, kind, role, content) if content else None


def call_block(raw: bytes, call: bytes, role: str) -> Block:
    said = members(call)
    said = {**said, **members(said.get("tool_call", ABSENT))}
    said = {name.removeprefix("tool_call."): value for name, value in said.items()}
    function = {**said, **members(said.get("function", ABSENT)), **undotted(said, "function.")}
    name = first_word(function, NAMES)
    arguments = next((function[key] for key in _ARGUMENTS if is_given(function.get(key, ABSENT))), ABSENT)
    content = call_content(name, _written(arguments))
    return Block(raw, SegmentKind.TOOL_CALL, role, content, name, first_word(said, TIES))


def _result_block(raw: bytes, said: Mapping[str, bytes]) -> Block:
    returned = next((said[key] for key in _RETURNED if is_given(said.get(key, ABSENT))), ABSENT)
    name = first_word(said, NAMES)
    call = "" if name else first_word(said, TIES)
    return Block(raw, SegmentKind.TOOL_RESULT, "tool", _returned(returned), name, call)


def _returned(raw: bytes) -> bytes:
    """Return a result's content: its words if that is all it is, else its JSON."""
    told = members(raw)
    typed = told["value"] if "type" in told and "value" in told else raw
    inner = compact(typed) if is_given(typed) else b""
    return text(string(inner)) if is_string(inner) else inner


def _written(arguments: bytes) -> bytes:
    """Return a call's arguments without whitespace, whether they stand as JSON or in a string."""
    if is_string(arguments):
        return compact(string(arguments).encode())
    return compact(arguments) if is_given(arguments) else b""


def undotted(said: Mapping[str, bytes], prefix: str) -> Mapping[str, bytes]:
    return {name.removeprefix(prefix): value for name, value in said.items() if name.startswith(prefix)}


def first_word(said: Mapping[str, bytes], names: tuple[str, ...]) -> str:
    return next((string(said[name]) for name in names if name in said and string(said[name])), "")
