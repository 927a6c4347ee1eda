"""One conversation in nine dialects: a question, a call of a tool, what it returned, the answer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.traces.dialects import answer_blocks, message_blocks, system_blocks, tool_definitions
from farthing.wire.scan import Block
from tests.traces.test_attributes import JSON

ARGUMENTS = {"city": "Berlin"}
WRITTEN = json.dumps(ARGUMENTS)
OPENAI_CALL = {"id": "c", "type": "function", "function": {"name": "look", "arguments": WRITTEN}}
LANGCHAIN = ["langchain", "schema", "messages"]

DIALECTS: dict[str, list[object]] = {
    "OpenAI chat": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Rain?"},
        {"role": "assistant", "content": None, "tool_calls": [OPENAI_CALL]},
        {"role": "tool", "tool_call_id": "c", "content": "yes"},
        {"role": "assistant", "content": "It rains."},
    ],
    "OpenAI responses": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "input_text", "text": "Rain?"}]},
        {"type": "function_call", "call_id": "c", "name": "look", "arguments": '{"city":"Berlin"}'},
        {"type": "function_call_output", "call_id": "c", "output": "yes"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "It rains."}]},
    ],
    "Anthropic": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Rain?"},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "c", "name": "look", "input": ARGUMENTS}],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "c", "content": [{"type": "text", "text": "yes"}]}
            ],
        },
        {"role": "assistant", "content": [{"type": "text", "text": "It rains."}]},
    ],
    "OpenTelemetry": [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {"role": "user", "parts": [{"type": "text", "content": "Rain?"}]},
        {
            "role": "assistant",
            "parts": [{"type": "tool_call", "id": "c", "name": "look", "arguments": ARGUMENTS}],
        },
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c", "response": "yes"}]},
        {"role": "assistant", "parts": [{"type": "text", "content": "It rains."}], "finish_reason": "stop"},
    ],
    "OpenInference": [
        {"message": {"role": "system", "content": "Be brief."}},
        {"message": {"role": "user", "contents": [{"message_content": {"type": "text", "text": "Rain?"}}]}},
        {
            "message": {
                "role": "assistant",
                "tool_calls": [
                    {"tool_call": {"id": "c", "function": {"name": "look", "arguments": WRITTEN}}}
                ],
            }
        },
        {"message": {"role": "tool", "tool_call_id": "c", "content": "yes"}},
        {"message": {"role": "assistant", "content": "It rains."}},
    ],
    "OpenInference in a data frame": [
        {"message.role": "system", "message.content": "Be brief.", "message.contents": None},
        {
            "message.role": "user",
            "message.contents": [{"message_content.type": "text", "message_content.text": "Rain?"}],
        },
        {
            "message.role": "assistant",
            "message.tool_calls": [
                {
                    "tool_call.id": "c",
                    "tool_call.function.name": "look",
                    "tool_call.function.arguments": WRITTEN,
                }
            ],
        },
        {"message.role": "tool", "message.tool_call_id": "c", "message.content": "yes"},
        {"message.role": "assistant", "message.content": "It rains."},
    ],
    "AI SDK": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Rain?"}]},
        {
            "role": "assistant",
            "content": [{"type": "tool-call", "toolCallId": "c", "toolName": "look", "input": ARGUMENTS}],
        },
        {
            "role": "tool",
            "content": [
                {
                    "type": "tool-result",
                    "toolCallId": "c",
                    "toolName": "look",
                    "output": {"type": "text", "value": "yes"},
                }
            ],
        },
        {"role": "assistant", "content": [{"type": "text", "text": "It rains."}]},
    ],
    "LangChain": [
        {
            "lc": 1,
            "type": "constructor",
            "id": [*LANGCHAIN, "SystemMessage"],
            "kwargs": {"content": "Be brief."},
        },
        {"type": "human", "data": {"content": "Rain?"}},
        {
            "lc": 1,
            "type": "constructor",
            "id": [*LANGCHAIN, "AIMessage"],
            "kwargs": {"content": "", "tool_calls": [{"name": "look", "args": ARGUMENTS, "id": "c"}]},
        },
        {
            "lc": 1,
            "type": "constructor",
            "id": [*LANGCHAIN, "ToolMessage"],
            "kwargs": {"content": "yes", "tool_call_id": "c", "type": "tool"},
        },
        {"type": "ai", "content": "It rains."},
    ],
    "Bedrock Converse": [
        {"role": "system", "content": [{"text": "Be brief."}]},
        {"role": "user", "content": [{"text": "Rain?"}]},
        {
            "role": "assistant",
            "content": [{"toolUse": {"toolUseId": "c", "name": "look", "input": ARGUMENTS}}],
        },
        {"role": "user", "content": [{"toolResult": {"toolUseId": "c", "content": [{"text": "yes"}]}}]},
        {"role": "assistant", "content": [{"text": "It rains."}]},
    ],
}


def blocks(message: object, *, opening: bool = False) -> list[Block]:
    return list(message_blocks(json.dumps(message).encode(), opening=opening))


def gist(found: list[Block]) -> list[tuple[str, str, bytes, str]]:
    return [(block.kind.value, block.role, block.content, block.call) for block in found]


@pytest.mark.parametrize("name", DIALECTS)
def test_every_dialect_says_the_same(name: str) -> None:
    system, question, call, result, answer = DIALECTS[name]
    assert gist(blocks(system, opening=True)) == [("system", "system", b"Be brief.", "")]
    assert gist(blocks(question, opening=True)) == [("task", "user", b"Rain?", "")]
    assert gist(blocks(call)) == [("tool_call", "assistant", b'look\n{"city":"Berlin"}', "c")]
    (returned,) = blocks(result)
    assert (returned.kind.value, returned.content) == ("tool_result", b"yes")
    assert (returned.call, returned.name) in {("c", ""), ("", "look")}
    assert gist(blocks(answer)) == [("assistant", "assistant", b"It rains.", "")]


@pytest.mark.parametrize("name", DIALECTS)
def test_an_answer_digests_as_it_is_sent_again(name: str) -> None:
    for message in (DIALECTS[name][2], DIALECTS[name][4]):
        raw = json.dumps(message).encode()
        assert gist(list(answer_blocks(raw))) == gist(blocks(message))


def test_geminis_contents() -> None:
    call = {"role": "model", "parts": [{"functionCall": {"name": "look", "args": ARGUMENTS}}]}
    assert [(block.kind.value, block.name) for block in blocks(call)] == [("tool_call", "look")]
    assert [
        block.kind.value for block in blocks({"role": "user", "parts": [{"text": "Rain?"}]}, opening=True)
    ] == ["task"]


def test_a_later_text_and_a_later_system_message_are_no_opening() -> None:
    assert [block.kind.value for block in blocks({"role": "user", "content": "And now?"})] == ["user"]
    assert [block.kind.value for block in blocks({"role": "system", "content": "Note."})] == ["user"]
    two = {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}
    assert [block.kind.value for block in blocks(two, opening=True)] == ["task", "user"]


def test_a_call_that_is_written_twice_is_one() -> None:
    part = {"type": "tool_use", "id": "c", "name": "look", "input": ARGUMENTS}
    both = {"role": "assistant", "content": [part], "tool_calls": [OPENAI_CALL, {**OPENAI_CALL, "id": "d"}]}
    assert [block.call for block in blocks(both)] == ["c", "d"]


def test_thoughts_and_pictures() -> None:
    message = {
        "role": "assistant",
        "reasoning_content": "Hm.",
        "content": [
            {"type": "thinking", "thinking": "Well."},
            {"type": "image_url", "image_url": {"url": "x"}},
        ],
    }
    assert [(block.kind.value, block.content) for block in blocks(message)][:2] == [
        ("reasoning", b"Hm."),
        ("reasoning", b"Well."),
    ]
    assert [block.kind.value for block in blocks(message)][2:] == ["media"]


def test_a_tools_message_may_have_the_tools_name_as_its_role() -> None:
    (block,) = blocks({"role": "look", "content": "yes"})
    assert (block.kind.value, block.role, block.name) == ("tool_result", "tool", "look")


def test_cache_markers_are_no_content_and_are_told() -> None:
    marked = {"type": "text", "text": "Rain?", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    plain = {"type": "text", "text": "Rain?"}
    (with_marker,) = blocks({"role": "user", "content": [marked]})
    (without,) = blocks({"role": "user", "content": [plain]})
    assert (with_marker.content, with_marker.ttl_s, without.ttl_s) == (without.content, 3_600, None)


def test_system_prompts_of_every_shape() -> None:
    shapes: list[object] = [
        "Be brief.",
        [{"type": "text", "content": "Be brief."}],
        [{"type": "text", "text": "Be brief."}],
        {"parts": [{"text": "Be brief."}]},
        ["Be brief."],
    ]
    for shape in shapes:
        found = list(system_blocks(json.dumps(shape).encode()))
        assert gist(found) == [("system", "system", b"Be brief.", "")]


def test_tools_of_every_wrapping() -> None:
    schema = {"name": "look", "description": "Looks."}
    wrapped: list[object] = [
        [schema],
        [json.dumps(schema)],
        [{"tool": {"json_schema": json.dumps(schema)}}],
        [{"tool.json_schema": json.dumps(schema)}],
    ]
    for tools in wrapped:
        assert json.loads(tool_definitions(json.dumps(tools).encode())) == [schema]


@given(message=JSON, opening=st.booleans())
def test_anything_is_read_without_failing(message: object, opening: bool) -> None:
    raw = json.dumps(message).encode()
    list(message_blocks(raw, opening=opening))
    list(answer_blocks(raw))
    list(system_blocks(raw))
    tool_definitions(raw)


SHAPED = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(
            ("role", "type", "name", "tool_call_id"),
            st.sampled_from(["user", "tool", "text", "", "function_call"]) | JSON,
        ),
        **dict.fromkeys(
            ("content", "parts", "tool_calls", "message", "kwargs", "reasoning", "function_call"), JSON
        ),
    },
)


@given(message=SHAPED)
def test_a_message_of_odd_members_is_read_without_failing(message: object) -> None:
    list(message_blocks(json.dumps(message).encode(), opening=True))
    list(answer_blocks(json.dumps(message).encode()))
