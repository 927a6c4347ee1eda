"""Single parts of messages: how each dialect says what a part is."""

import json

import pytest
from hypothesis import given

from farthing.segment import SegmentKind
from farthing.traces.dialect_parts import call_block, first_word, part_block, text_block, undotted
from farthing.wire.scan import Block
from tests.traces.test_attributes import JSON

ASSISTANT = SegmentKind.ASSISTANT


def part(value: object) -> Block | None:
    raw = json.dumps(value).encode()
    return part_block(raw, raw, "assistant", ASSISTANT)


@pytest.mark.parametrize(
    ("value", "kind", "content"),
    [
        ("Yes.", "assistant", "Yes."),
        ({"type": "text", "text": "Yes."}, "assistant", "Yes."),
        ({"type": "text", "content": "Yes."}, "assistant", "Yes."),
        ({"type": "refusal", "refusal": "No."}, "assistant", "No."),
        ({"text": "Yes."}, "assistant", "Yes."),
        ({"message_content": {"type": "text", "text": "Yes."}}, "assistant", "Yes."),
        ({"message_content.type": "text", "message_content.text": "Yes."}, "assistant", "Yes."),
        ({"type": "thinking", "thinking": "Hm."}, "reasoning", "Hm."),
        ({"type": "redacted_thinking", "data": "x"}, "reasoning", '{"data":"x","type":"redacted_thinking"}'),
        ({"type": "input_image", "image_url": "x"}, "media", '{"image_url":"x","type":"input_image"}'),
        ({"image": {"format": "png"}}, "media", '{"image":{"format":"png"}}'),
        ({"type": "news", "of": 1}, "assistant", '{"of":1,"type":"news"}'),
    ],
)
def test_parts_are_told_by_type_or_member(value: object, kind: str, content: str) -> None:
    block = part(value)
    assert block is not None
    written = block.content.decode()
    assert block.kind.value == kind
    assert written == content or json.loads(written) == json.loads(content)


@pytest.mark.parametrize(
    "call",
    [
        {"type": "tool_use", "id": "c", "name": "look", "input": {"city": "Berlin"}},
        {"type": "tool-call", "toolCallId": "c", "toolName": "look", "input": {"city": "Berlin"}},
        {"toolCallId": "c", "toolName": "look", "input": '{"city": "Berlin"}'},
        {"toolUse": {"toolUseId": "c", "name": "look", "input": {"city": "Berlin"}}},
        {"type": "function_call", "call_id": "c", "name": "look", "arguments": '{"city":"Berlin"}'},
        {"type": "tool_call", "id": "c", "function": {"name": "look", "arguments": '{ "city":"Berlin"}'}},
    ],
)
def test_calls_are_their_tool_and_its_arguments(call: object) -> None:
    block = part(call)
    assert block is not None
    assert (block.kind, block.name, block.call) == (SegmentKind.TOOL_CALL, "look", "c")
    assert block.content == b'look\n{"city":"Berlin"}'


@pytest.mark.parametrize(
    "returned",
    [
        {"type": "tool_result", "tool_use_id": "c", "content": [{"type": "text", "text": "yes"}]},
        {"type": "tool-result", "toolCallId": "c", "output": {"type": "text", "value": "yes"}},
        {"toolResult": {"toolUseId": "c", "content": [{"text": "yes"}]}},
        {"type": "tool_call_response", "id": "c", "response": "yes"},
        {"type": "function_call_output", "call_id": "c", "output": "yes"},
    ],
)
def test_results_are_what_came_back(returned: object) -> None:
    block = part(returned)
    assert block is not None
    assert (block.kind, block.role, block.content) == (SegmentKind.TOOL_RESULT, "tool", b"yes")
    assert block.call == "c"


def test_a_result_that_names_its_tool_needs_no_tie() -> None:
    block = part({"type": "tool-result", "toolCallId": "c", "toolName": "look", "output": "yes"})
    assert block is not None
    assert (block.name, block.call) == ("look", "")


@pytest.mark.parametrize(("marker", "lasting"), [({}, 300), ({"ttl": "1h"}, 3_600), ({"ttl": "5m"}, 300)])
def test_cache_markers_last_as_they_say(marker: dict[str, str], lasting: int) -> None:
    block = part({"type": "text", "text": "Yes.", "cache_control": {"type": "ephemeral", **marker}})
    assert block is not None
    assert (block.ttl_s, block.content) == (lasting, b"Yes.")


def test_empty_text_is_no_block() -> None:
    assert part("") is None
    assert part({"type": "text", "text": ""}) is None
    assert text_block(b'""', b'""', "user", SegmentKind.USER) is None


def test_members_are_found_under_any_of_their_names() -> None:
    said = {"a": b'""', "b": b'"x"', "p.c": b"1"}
    assert (first_word(said, ("a", "b")), first_word(said, ("p.c", "d"))) == ("x", "")
    assert undotted(said, "p.") == {"c": b"1"}


@given(JSON)
def test_anything_is_read_without_failing(value: object) -> None:
    part(value)
    raw = json.dumps(value).encode()
    call_block(raw, raw, "assistant")
