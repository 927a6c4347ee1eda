import json

import pytest

from farthing.traces.gemini_cli_record import MESSAGES, Message, asks, returns, segments
from farthing.traces.source import Line


def message(kind: str, content: object, **fields: object) -> Message:
    return MESSAGES.decode(json.dumps({"id": "m", "type": kind, "content": content} | fields))


def told(kind: str, content: object, **fields: object) -> list[tuple[str, str, str]]:
    found = segments(message(kind, content, **fields), Line(0, b""), is_first=True)
    return [(segment.kind.value, segment.role, segment.name) for segment in found]


@pytest.mark.parametrize("content", ["Ask.", {"text": "Ask."}, [{"text": "Ask."}], ["Ask."]])
def test_content_has_many_shapes(content: object) -> None:
    assert told("user", content) == [("task", "user", "")]


def test_thoughts_and_empty_parts_are_not_sent_back() -> None:
    parts = [{"text": "Hm.", "thought": True}, {"text": ""}, {"thoughtSignature": "x"}, {"text": "One."}]
    assert told("gemini", parts) == [("assistant", "assistant", "")]


def test_media_and_results_of_tools() -> None:
    parts = [{"inlineData": {"data": "AA"}}, {"functionResponse": {"name": "f", "response": {}}}]
    assert told("user", parts) == [("media", "user", ""), ("tool_result", "user", "f")]


def test_a_call_stands_once_in_the_content_or_beside_it() -> None:
    beside = [{"name": "f", "args": {}, "result": [{"text": "ok"}]}]
    whole = [("tool_call", "assistant", "f"), ("tool_result", "tool", "f")]
    assert told("gemini", "", toolCalls=beside) == whole
    assert told("gemini", [{"functionCall": {"name": "f", "args": {}}}], toolCalls=beside) == whole


def test_notices_say_nothing_to_the_model() -> None:
    assert told("info", "Signed in.") == []


@pytest.mark.parametrize(
    ("content", "question"),
    [
        ("Ask.", True),
        ("<session_context>", False),
        ("/chat save", False),
        ("?", False),
        ("? what", True),
        ([{"functionResponse": {"name": "f"}}], False),
        ([], False),
    ],
)
def test_what_a_person_asks(content: object, question: bool) -> None:
    assert asks(message("user", content)) is question


def test_results_of_tools_are_known() -> None:
    assert returns(message("user", [{"functionResponse": {"name": "f"}}]))
    assert not returns(message("gemini", [{"functionResponse": {"name": "f"}}]))
