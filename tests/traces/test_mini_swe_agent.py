"""mini-swe-agent: real trajectories against an independent count, and damaged ones."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from farthing.prefix import shared
from farthing.segment import SegmentKind
from farthing.span import Span
from farthing.traces.mini_swe_agent import FORMAT
from farthing.traces.source import Match, Note, Skipped
from tests.traces.file_source import FileSource
from tests.traces.folders import items
from tests.traces.sums import counted, spans_of, sums
from tests.truth import mini_swe_agent_deepseek

Recorded = Callable[[str], Path]


def test_every_call_and_token_of_the_recorded_sessions(recorded: Recorded) -> None:
    folder = recorded("mini-swe-agent-deepseek")
    found = list(items(FORMAT, folder))
    expected = mini_swe_agent_deepseek.count(folder)
    assert len(spans_of(found)) == expected.steps
    assert sums(spans_of(found)) == counted(expected)
    assert len({span.step.session for span in spans_of(found)}) == expected.sessions
    assert [note.text[:13] for note in found if isinstance(note, Note)] == ["1 of the sess"]


def test_a_context_grows_by_the_answer_and_its_result(recorded: Recorded) -> None:
    one, two, *_ = [
        span for span in items(FORMAT, recorded("mini-swe-agent-deepseek")) if isinstance(span, Span)
    ]
    assert one.step.prefix is not None
    assert two.step.prefix is not None
    assert shared(one.step.prefix, two.step.prefix) is one.step.prefix
    assert two.step.prefix.segment.kind is SegmentKind.TOOL_RESULT
    assert two.step.prefix.segment.name == "bash"
    assert one.step.at_ns is not None
    assert one.ended_ns is not None
    assert one.step.at_ns <= one.ended_ns


def message(role: str, **more: object) -> dict[str, object]:
    return {"role": role, "content": f"words of the {role}", **more}


def trajectory(*messages: object) -> FileSource:
    body = {"trajectory_format": "mini-swe-agent-1.1", "instance_id": "one", "messages": messages}
    return FileSource("one.traj.json", msgspec.json.encode(body))


def test_a_message_without_a_response_is_no_call() -> None:
    source = trajectory(message("system"), message("user"), message("assistant"))
    assert FORMAT.recognise(source.sample()) is Match.LEAD
    assert list(FORMAT.read(source)) == []


def test_a_damaged_message_is_named_and_the_rest_is_read() -> None:
    response = {"id": "r", "model": "m", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}
    good = message("assistant", extra={"response": response})
    found = list(FORMAT.read(trajectory(message("user"), 7, good)))
    assert [type(item) for item in found] == [Skipped, Span]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"messages": 3}', b"\xff\xfe"])
def test_what_is_no_trajectory_is_one_skip(content: bytes) -> None:
    found = list(FORMAT.read(FileSource("one.traj.json", content)))
    assert [type(item) for item in found] == [Skipped]
