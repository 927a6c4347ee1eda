import msgspec
import pytest

from farthing.segment import SegmentKind
from farthing.wire.openai_items import item_blocks, item_of
from farthing.wire.scan import Block


def blocks(item: object, *, opening: bool = False) -> list[Block]:
    return list(item_blocks(msgspec.Raw(msgspec.json.encode(item)), opening=opening, ttl_s=1_800))


def shape(item: object, *, opening: bool = False) -> list[tuple[str, str, str]]:
    return [(one.kind.value, one.role, one.name) for one in blocks(item, opening=opening)]


@pytest.mark.parametrize(
    ("role", "opening", "kind"),
    [
        *(("user", True, "task"), ("user", False, "user"), ("assistant", True, "assistant")),
        *(("developer", True, "system"), ("system", True, "system"), ("developer", False, "user")),
    ],
)
@pytest.mark.parametrize(
    "said", [{"content": "a"}, {"type": "message", "content": [{"type": "text", "text": "a"}]}]
)
def test_a_message_is_what_its_role_and_place_make_it(
    said: dict[str, object], role: str, opening: bool, kind: str
) -> None:
    assert shape({"role": role} | said, opening=opening) == [(kind, role, "")]


@pytest.mark.parametrize(
    ("item", "name"),
    [
        ({"type": "function_call", "name": "add", "arguments": "{}", "call_id": "c"}, "add"),
        ({"type": "custom_tool_call", "name": "patch", "input": "*** Begin", "call_id": "c"}, "patch"),
        ({"type": "shell_call", "action": {"commands": ["ls"]}, "call_id": "c"}, "shell"),
        ({"type": "web_search_call", "action": {"type": "search", "query": "q"}}, "web_search"),
        ({"type": "mcp_call", "name": "read", "server_label": "docs", "arguments": "{}"}, "mcp__docs__read"),
        ({"type": "mcp_approval_request", "name": "read", "server_label": "docs"}, "mcp__docs__read"),
        ({"type": "program", "code": "1+1", "call_id": "c"}, "program"),
    ],
)
def test_calls_of_every_kind_are_calls(item: dict[str, object], name: str) -> None:
    assert shape(item) == [("tool_call", "assistant", name)]


@pytest.mark.parametrize(
    ("item", "name", "call"),
    [
        ({"type": "function_call_output", "output": "2", "call_id": "c"}, "", "c"),
        ({"type": "custom_tool_call_output", "output": [{"type": "input_text", "text": "2"}]}, "", ""),
        ({"type": "shell_call_output", "output": [{"stdout": "2"}], "call_id": "c"}, "shell", ""),
        ({"type": "tool_search_output", "tools": [], "call_id": "c"}, "tool_search", ""),
        ({"type": "program_output", "result": "2", "call_id": "c"}, "program", ""),
    ],
)
def test_results_of_every_kind_are_results(item: dict[str, object], name: str, call: str) -> None:
    (block,) = blocks(item)
    assert (block.kind, block.role, block.name, block.call) == (SegmentKind.TOOL_RESULT, "tool", name, call)


def test_what_a_server_side_tool_returned_is_a_block_of_its_own() -> None:
    item = {"type": "code_interpreter_call", "code": "1+1", "outputs": [{"logs": "2"}], "status": "completed"}
    call, result = blocks(item)
    assert (call.kind, call.content) == (
        SegmentKind.TOOL_CALL,
        b'{"type":"code_interpreter_call","code":"1+1"}',
    )
    assert (result.kind, result.name, bytes(result.raw)) == (
        SegmentKind.TOOL_RESULT,
        "code_interpreter",
        b'[{"logs":"2"}]',
    )
    assert shape({"type": "image_generation_call", "result": "AAAA"})[1] == (
        "media",
        "tool",
        "image_generation",
    )


@pytest.mark.parametrize("kind", ["shell_call", "function_call", "reasoning"])
def test_ids_and_status_are_not_content(kind: str) -> None:
    item = {"type": kind, "name": "add", "arguments": "{}", "encrypted_content": "sealed"}
    copy = item | {"id": "fc_1", "status": "completed", "call_id": "call_9"}
    assert [one.content for one in blocks(item)] == [one.content for one in blocks(copy)]


@pytest.mark.parametrize(
    ("thought", "content"),
    [
        ({"encrypted_content": "gAAA", "summary": [{"type": "summary_text", "text": "s"}]}, b"gAAA"),
        ({"content": [{"type": "reasoning_text", "text": "open"}], "summary": []}, b"open"),
        ({"summary": [{"type": "summary_text", "text": "s"}], "id": "rs_1"}, b"s"),
        ({"summary": [], "id": "rs_1"}, b"rs_1"),
    ],
)
def test_a_thought_stands_for_itself_as_well_as_it_can(thought: dict[str, object], content: bytes) -> None:
    (block,) = blocks({"type": "reasoning"} | thought)
    assert (block.kind, block.content) == (SegmentKind.REASONING, content)


def test_tools_that_come_later_are_tools() -> None:
    tools = [{"type": "function", "name": "add"}, {"type": "function", "name": "sub"}]
    assert shape({"type": "additional_tools", "role": "developer", "tools": tools}) == [
        ("tools", "", "add"),
        ("tools", "", "sub"),
    ]
    listed = {
        "type": "mcp_list_tools",
        "server_label": "docs",
        "tools": [{"name": "read", "input_schema": {}}],
    }
    assert shape(listed) == [("tools", "", "read")]


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        ({"type": "compaction", "encrypted_content": "sealed"}, "summary"),
        ({"type": "compaction_summary", "text": "a"}, "summary"),
        ({"type": "configuration_update", "reasoning": {"effort": "low"}}, "user"),
        ({"type": "item_reference", "id": "msg_1", "of": "x"}, "assistant"),
        ({"type": "hologram", "cells": 3}, "assistant"),
        ({"type": 7}, "assistant"),
        ("words", "assistant"),
    ],
)
def test_other_items_are_content_too(item: object, kind: str) -> None:
    (block,) = blocks(item)
    assert block.kind.value == kind
    assert block.content


def test_what_codex_keeps_for_itself_is_no_context() -> None:
    assert blocks({"type": "ghost_snapshot", "ghost_commit": {"id": "a"}}) == []


@pytest.mark.parametrize(
    ("action", "is_search"),
    [({"type": "search", "query": "q"}, True), ({"type": "open_page"}, False), (None, True)],
)
def test_opening_a_page_is_no_search(action: object, is_search: bool) -> None:
    item = item_of(msgspec.json.encode({"type": "web_search_call", "action": action}))
    assert item.is_search is is_search
