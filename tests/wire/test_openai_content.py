import msgspec
import pytest

from farthing.segment import SegmentKind
from farthing.usage import Usage
from farthing.wire.openai_content import (
    bill,
    call_block,
    content_blocks,
    lifetime,
    made,
    tool_blocks,
    user_blocks,
)
from farthing.wire.scan import Block


def said(content: object, *, ttl_s: int = 1_800) -> list[Block]:
    raw = msgspec.Raw(msgspec.json.encode(content))
    return list(content_blocks(raw, SegmentKind.USER, "user", ttl_s=ttl_s))


@pytest.mark.parametrize("kind", ["text", "input_text", "output_text"])
def test_a_string_and_one_part_of_text_are_alike(kind: str) -> None:
    (plain,), (part,) = said("héllo\n"), said([{"type": kind, "text": "héllo\n", "annotations": []}])
    assert plain.content == part.content == "héllo\\n".encode()


def test_empty_text_is_no_block() -> None:
    assert said("") == said([]) == said(None) == said([{"type": "text", "text": ""}]) == []


def test_media_are_blocks_of_their_own_kind() -> None:
    (block,) = said([{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}])
    assert block.kind is SegmentKind.MEDIA


@pytest.mark.parametrize(
    "thinking", ["step by step", [{"type": "text", "text": "step by "}, {"text": "step"}]]
)
def test_a_thought_is_reasoning_in_either_spelling(thinking: object) -> None:
    (block,) = said([{"type": "thinking", "thinking": thinking, "signature": "x"}])
    assert (block.kind, block.content) == (SegmentKind.REASONING, b"step by step")


@pytest.mark.parametrize(
    ("marker", "ttl_s"),
    [
        ({"prompt_cache_breakpoint": {"mode": "explicit"}}, 43_200),
        ({"cache_control": {"type": "ephemeral"}}, 300),
        ({"cache_control": {"type": "ephemeral", "ttl": "1h"}}, 3_600),
        ({"cache_control": None}, None),
    ],
)
@pytest.mark.parametrize("part", [{"type": "text", "text": "a"}, {"type": "file", "file": {"file_id": "f"}}])
def test_a_cache_marker_is_a_breakpoint_and_not_content(
    part: dict[str, object], marker: dict[str, object], ttl_s: int | None
) -> None:
    (marked,), (plain,) = said([part | marker], ttl_s=43_200), said([part])
    assert (marked.content, marked.ttl_s) == (plain.content, ttl_s)


def test_a_part_of_an_unknown_type_is_content_all_the_same() -> None:
    (block,) = said([{"type": "hologram", "cells": [1, 2]}])
    assert (block.kind, block.content) == (SegmentKind.USER, b'{"type":"hologram","cells":[1,2]}')
    (odd,) = said([{"type": 7, "text": "a"}])
    assert odd.content == b'{"type":7,"text":"a"}'


def test_only_the_first_text_of_the_opening_is_the_task() -> None:
    content = msgspec.Raw(b'[{"type":"input_image","file_id":"f"},{"type":"input_text","text":"a"},"b"]')
    kinds = [block.kind for block in user_blocks(content, "user", opening=True, ttl_s=0)]
    assert kinds == [SegmentKind.MEDIA, SegmentKind.TASK, SegmentKind.USER]


def test_tools_are_named_as_the_model_calls_them() -> None:
    tools = [
        {"type": "function", "function": {"name": "add", "parameters": {}}},
        {"type": "function", "name": "read", "parameters": {}},
        {"type": "custom", "custom": {"name": "patch"}},
        {"type": "mcp", "server_label": "docs"},
        {"type": "web_search"},
        {"name": "legacy", "parameters": {}},
        "odd",
    ]
    blocks = list(tool_blocks(msgspec.Raw(msgspec.json.encode(tools))))
    assert [block.name for block in blocks] == ["add", "read", "patch", "docs", "web_search", "legacy", ""]
    assert {block.kind for block in blocks} == {SegmentKind.TOOLS}


def test_a_call_is_its_name_and_arguments_and_not_its_id() -> None:
    here = call_block(b"", "add", msgspec.Raw(b'"{\\"a\\": 1}"'), call="call_1")
    there = call_block(b"", "add", msgspec.Raw(b'"{\\"a\\": 1}"'), call="call_2")
    assert here.content == there.content == b'add\n{\\"a\\": 1}'
    assert call_block(b"", "add", msgspec.Raw(b'{"a": 1}'), call="").content == b'add\n{"a":1}'


def test_what_came_in_pieces_stands_nowhere() -> None:
    segment = made(SegmentKind.TOOL_CALL, b"add\n{}", name="add")
    assert (segment.offset, segment.length, segment.size, segment.role) == (-1, 0, 6, "assistant")


def test_a_bill_has_one_line_or_none() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 4}
    (line,) = bill("gpt-6-sol", usage, "flex")
    assert (line.model, line.tier, line.usage) == (
        "gpt-6-sol",
        "flex",
        Usage(uncached_input_tokens=3, output_tokens=4),
    )
    assert bill("gpt-6-sol", None, "flex") == bill(None, {}, None) == ()


@pytest.mark.parametrize(
    ("options", "ttl_s"), [(b'{"ttl": "12h"}', 43_200), (b'{"mode": "x"}', 1_800), (b"", 1_800)]
)
def test_a_breakpoint_lives_half_an_hour_unless_told(options: bytes, ttl_s: int) -> None:
    assert lifetime(msgspec.Raw(options)) == ttl_s
