"""SWE-agent: totals of a session shared among its calls, to the token."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from farthing.prefix import links
from farthing.step import Recorded
from farthing.traces.source import Note, Skipped
from farthing.traces.swe_agent import FORMAT, SHARED
from tests.traces.file_source import FileSource
from tests.traces.folders import items
from tests.traces.sums import counted, spans_of, sums
from tests.truth import swe_agent_claude35


def test_every_session_sums_to_its_own_statistics(recorded: Callable[[str], Path]) -> None:
    folder = recorded("swe-agent-claude35")
    found = list(items(FORMAT, folder))
    expected = swe_agent_claude35.count(folder)
    assert sums(spans_of(found)) == counted(expected)
    assert len(spans_of(found)) == expected.steps
    assert len({span.step.session for span in spans_of(found)}) == expected.sessions
    unseen = [span for span in spans_of(found) if span.step.recorded is Recorded.COUNTS]
    assert len(unseen) == expected.steps - swe_agent_claude35.recorded_steps(folder)
    assert {span.usage_rule for span in spans_of(found)} == {SHARED}


def words(role: str, **more: object) -> dict[str, object]:
    return {"role": role, "content": f"words of the {role}", **more}


def trajectory(**parts: object) -> FileSource:
    stats = {"tokens_sent": 100, "tokens_received": 7, "api_calls": 2, "instance_cost": 0.5}
    body = {"trajectory": [], "info": {"model_stats": stats}, **parts}
    return FileSource("one.traj", msgspec.json.encode(body))


def test_a_demonstration_is_context_and_no_call() -> None:
    history = [words("system"), words("assistant", is_demo=True), words("user"), words("assistant")]
    found = list(FORMAT.read(trajectory(history=history)))
    note, first, second = found
    assert isinstance(note, Note)
    one, two = spans_of([first, second])
    assert len(links(one.step.prefix)) == 3
    assert two.step.recorded is Recorded.COUNTS
    assert [span.charges[0].usage.input_tokens for span in (one, two)] == [50, 50]


def test_newer_files_keep_the_exact_input_and_name_the_model() -> None:
    steps = [
        {"query": [words("system"), words("user")], "response": "one"},
        {"query": [words("system"), words("user"), words("assistant"), words("user")], "response": "two"},
    ]
    config = msgspec.json.encode({"agent": {"model": {"name": "gpt-4.1"}}}).decode()
    found = spans_of(FORMAT.read(trajectory(trajectory=steps, replay_config=config)))
    assert [len(links(span.step.prefix)) for span in found] == [2, 4]
    assert {span.step.model for span in found} == {"gpt-4.1"}
    assert sum(span.charges[0].usage.output_tokens for span in found) == 7


def test_what_is_no_trajectory_is_one_skip() -> None:
    for content in (b"", b"{", b'{"trajectory": 1}', b'{"trajectory": [1]}'):
        assert [type(item) for item in FORMAT.read(FileSource("one.traj", content))] == [Skipped]
