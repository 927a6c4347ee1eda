import msgspec
import pytest

from farthing.segment import SegmentKind
from farthing.wire.gemini_content import (
    call_content,
    content_blocks,
    named,
    part_blocks,
    system_blocks,
    tool_blocks,
)
from farthing.wire.scan import Block


def raw(value: object) -> bytes:
    return msgspec.Raw(msgspec.json.encode(value))


def part(value: object, role: str = "model") -> list[Block]:
    return list(part_blocks(raw(value), role))


@pytest.mark.parametrize(
    ("value", "kind", "name"),
    [
        ({"text": "a"}, "assistant", ""),
        ({"text": "a", "thought": True}, "reasoning", ""),
        ({"functionCall": {"name": "add", "args": {"a": 1}}}, "tool_call", "add"),
        ({"functionResponse": {"name": "add", "response": {"sum": 2}}}, "tool_result", "add"),
        ({"toolCall": {"toolType": "FILE_SEARCH", "args": {}}}, "tool_call", "file_search"),
        ({"toolResponse": {"toolType": "FILE_SEARCH"}}, "tool_result", "file_search"),
        ({"executableCode": {"code": "1+1"}}, "tool_call", "code_execution"),
        ({"codeExecutionResult": {"output": "2"}}, "tool_result", "code_execution"),
        ({"inlineData": {"mimeType": "image/png", "data": "AAAA"}}, "media", ""),
        ({"fileData": {"fileUri": "gs://a"}, "videoMetadata": {"fps": 1}}, "media", ""),
        ({"hologram": 3}, "assistant", ""),
    ],
)
def test_a_part_is_what_its_member_says(value: object, kind: str, name: str) -> None:
    (block,) = part(value)
    assert (block.kind.value, block.name) == (kind, name)
    assert block.content


@pytest.mark.parametrize(
    ("camel", "snake"),
    [
        ({"functionCall": {"name": "add", "args": {}}}, {"function_call": {"name": "add", "args": {}}}),
        ({"functionResponse": {"name": "add"}}, {"function_response": {"name": "add"}}),
        ({"text": "a", "thoughtSignature": "sig"}, {"text": "a", "thought_signature": "sig"}),
    ],
)
def test_both_spellings_are_one(camel: object, snake: object) -> None:
    assert [one[1:] for one in part(camel)] == [one[1:] for one in part(snake)]


def test_a_sealed_thought_is_a_block_beside_its_part() -> None:
    said, sealed = part({"text": "a", "thoughtSignature": "sig"})
    assert said.content == part({"text": "a"})[0].content
    assert (sealed.kind, sealed.content) == (SegmentKind.REASONING, b"sig")
    assert [one.content for one in part({"text": "", "thoughtSignature": "sig"})] == [b"sig"]
    assert [one.content for one in part({"thoughtSignature": "sig"})] == [b"sig"]


def test_a_sealed_thought_is_the_same_in_both_alphabets() -> None:
    plain, safe = part({"thoughtSignature": "a+/b"}), part({"thoughtSignature": "a-_b"})
    assert [one.content for one in plain] == [one.content for one in safe] == [b"a+/b"]


def test_a_call_is_its_name_and_arguments_and_not_its_id() -> None:
    (here,) = part({"functionCall": {"id": "1", "name": "add", "args": {"a": 1}}})
    (there,) = part({"functionCall": {"args": {"a": 1}, "name": "add"}})
    assert here.content == there.content == call_content("add", b'{"a":1}')


def test_empty_text_is_no_block() -> None:
    assert part({"text": ""}) == []


def test_only_the_first_user_text_of_the_opening_is_the_task() -> None:
    content = {"parts": [{"inlineData": {"data": "A"}}, {"text": "a"}, {"text": "b"}]}
    kinds = [one.kind.value for one in content_blocks(raw(content), opening=True)]
    assert kinds == ["media", "task", "user"]
    assert [one.role for one in content_blocks(raw(content), opening=False)] == ["user"] * 3


@pytest.mark.parametrize("instruction", ["Be brief.", {"parts": [{"text": "Be brief."}], "role": "user"}])
def test_an_instruction_is_system_text_in_either_form(instruction: object) -> None:
    (block,) = system_blocks(raw(instruction))
    assert (block.kind, block.role, block.content) == (SegmentKind.SYSTEM, "system", b"Be brief.")


def test_each_function_and_each_tool_of_googles_own_is_a_block() -> None:
    tools = [
        {"functionDeclarations": [{"name": "add"}, {"name": "sub"}]},
        {"function_declarations": [{"name": "mul"}]},
        {"googleSearch": {}, "codeExecution": None},
    ]
    assert [(one.kind, one.name) for one in tool_blocks(raw(tools))] == [
        (SegmentKind.TOOLS, name) for name in ("add", "sub", "mul", "googleSearch")
    ]


def test_names_are_googles_own() -> None:
    assert set(named(raw({"function_call": 1, "thoughtSignature": 2, "parameters_json_schema": 3}))) == {
        "functionCall",
        "thoughtSignature",
        "parametersJsonSchema",
    }
