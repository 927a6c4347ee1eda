import json

import pytest

from farthing.segment import Segment, SegmentKind
from farthing.traces.claude_code_content import Content, blocks_of
from farthing.traces.claude_code_record import RECORDS
from farthing.traces.source import Line

BASE = 1_000


class Scene:
    def __init__(self) -> None:
        self.content = Content()

    def read(self, role: str, said: object) -> list[Segment]:
        line = json.dumps({"type": role, "message": {"role": role, "content": said}}).encode()
        record = RECORDS.decode(line)
        assert record.message is not None
        blocks = blocks_of(record.message.content, line)
        self.line = line
        return self.content.segments(blocks, role, SegmentKind.USER, Line(BASE, line))

    def quoted(self, segment: Segment) -> bytes:
        start = segment.offset - BASE
        return self.line[start : start + segment.length]


def call(name: str, call_id: str = "t1", **arguments: object) -> dict[str, object]:
    return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}


def result(content: object, call_id: str = "t1") -> dict[str, object]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": content}


def test_a_string_stands_where_a_role_of_the_same_bytes_does_or_later() -> None:
    scene = Scene()
    for words in ("user", "Hi.", "\N{GRINNING FACE} and \n lines"):
        (segment,) = scene.read("user", words)
        assert json.loads(scene.quoted(segment)) == words
        assert segment.size == segment.length


def test_long_beginnings_alike_are_told_apart() -> None:
    scene = Scene()
    first, second = scene.read(
        "user", [{"type": "text", "text": "x" * 300}, {"type": "text", "text": "x" * 299 + "y"}]
    )
    assert json.loads(scene.quoted(second))[-1] == "y"
    assert first.digest != second.digest


def test_a_call_is_measured_with_its_name() -> None:
    scene = Scene()
    (read,) = scene.read("assistant", [call("Read", path="a")])
    (grep,) = scene.read("assistant", [call("Grep", path="a")])
    assert read.size == len("Read") + len('{"path": "a"}')
    assert read.digest != grep.digest


def test_results_are_named_by_the_call_they_answer() -> None:
    scene = Scene()
    scene.read("assistant", [call("Read", "t1"), call("mcp__a__b", "t2")])
    segments = scene.read("user", [result("one", "t2"), result("two", "t1"), result("three", "unknown")])
    assert [segment.name for segment in segments] == ["mcp__a__b", "Read", ""]
    assert {segment.kind for segment in segments} == {SegmentKind.TOOL_RESULT}


def test_a_result_in_blocks_is_split_only_where_every_block_is_known() -> None:
    scene = Scene()
    scene.read("assistant", [call("Read")])
    picture = {"type": "image", "source": {"data": "AAAA"}}
    split = scene.read("user", [result([{"type": "text", "text": "see"}, picture])])
    assert [(segment.kind.value, segment.name) for segment in split] == [
        ("tool_result", "Read"),
        ("media", "Read"),
    ]
    odd = [{"type": "tool_reference", "tool_name": "x"}]
    (whole,) = scene.read("user", [result(odd)])
    assert json.loads(scene.quoted(whole)) == odd


@pytest.mark.parametrize("content", ["", [], None, 5, [1], {"a": 1}])
def test_an_odd_result_is_a_result(content: object) -> None:
    scene = Scene()
    (segment,) = scene.read("user", [result(content)])
    assert segment.kind is SegmentKind.TOOL_RESULT
    assert json.loads(scene.quoted(segment)) == content


def test_a_sub_agent_is_known_by_its_call_and_by_its_prompt() -> None:
    scene = Scene()
    scene.read(
        "assistant",
        [call("Task", "t1", subagent_type="Explore", prompt="Look."), call("Agent", "t2", prompt=1)],
    )
    prompt = json.dumps({"message": {"content": "Look."}}).encode()
    record = RECORDS.decode(prompt)
    assert record.message is not None
    blocks = blocks_of(record.message.content, prompt)
    assert scene.content.delegated_to(blocks, call_id="") == "Explore"
    assert scene.content.delegated_to([], call_id="t1") == "Explore"
    assert scene.content.delegated_to([], call_id="t2") == ""
