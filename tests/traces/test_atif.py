"""ATIF, after Harbor's own models of version 1.8 (harbor/models/trajectories, 2026); no run was recorded."""

import msgspec

from farthing.prefix import links
from farthing.segment import SegmentKind
from farthing.span import Span
from farthing.traces.atif import FORMAT
from farthing.traces.source import Dropped, Match, Note, Skipped
from tests.traces.file_source import FileSource
from tests.traces.sums import spans_of

CALL = {"tool_call_id": "c", "function_name": "bash", "arguments": {"command": "ls"}}
METRICS = {"prompt_tokens": 100, "completion_tokens": 9, "cached_tokens": 60, "cost_usd": 0.25}


def step(source: str, **more: object) -> dict[str, object]:
    return {"source": source, "message": f"words of the {source}", **more}


def trajectory(*steps: object, **more: object) -> FileSource:
    agent = {"name": "worker", "version": "1", "model_name": "gpt-4.1"}
    body = {"schema_version": "ATIF-v1.8", "session_id": "s", "agent": agent, "steps": steps, **more}
    return FileSource("trajectory.json", msgspec.json.encode(body))


def test_metrics_count_cached_tokens_inside_the_prompt() -> None:
    source = trajectory(step("system"), step("user"), step("agent", metrics=METRICS))
    assert FORMAT.recognise(source.sample()) is Match.LEAD
    (span,) = spans_of(FORMAT.read(source))
    usage = span.charges[0].usage
    assert (usage.uncached_input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (40, 60, 9)
    assert span.step.model == "gpt-4.1"
    assert span.reported_cost_picousd == 250_000_000_000


def test_a_call_and_its_result_join_the_context_of_the_next() -> None:
    observed = {"results": [{"source_call_id": "c", "content": "README.md"}]}
    source = trajectory(
        step("user"),
        step("agent", tool_calls=[CALL], observation=observed, reasoning_content="hm", metrics=METRICS),
        step("agent", metrics=METRICS),
    )
    _, last = spans_of(FORMAT.read(source))
    kinds = [link.segment.kind for link in links(last.step.prefix)]
    assert kinds == [
        SegmentKind.TASK,
        SegmentKind.REASONING,
        SegmentKind.ASSISTANT,
        SegmentKind.TOOL_CALL,
        SegmentKind.TOOL_RESULT,
    ]
    assert last.step.prefix is not None
    assert last.step.prefix.segment.name == "bash"


def test_copied_steps_are_context_and_merged_calls_are_noted() -> None:
    source = trajectory(
        step("user"),
        step("agent", is_copied_context=True, metrics=METRICS),
        step("agent", llm_call_count=3, metrics=METRICS),
    )
    kinds = [type(item) for item in FORMAT.read(source)]
    assert kinds == [Span, Dropped, Note]


def test_a_sub_agents_trajectory_is_spend_of_the_same_session() -> None:
    child = {"schema_version": "ATIF-v1.8", "trajectory_id": "k", "steps": [step("user"), step("agent")]}
    found = spans_of(
        list(FORMAT.read(trajectory(step("user"), step("agent"), subagent_trajectories=[child])))
    )
    assert [(span.step.session, span.step.agent) for span in found] == [("s", ""), ("s", "k")]
    assert not any(span.usage_recorded for span in found)


def test_what_is_no_trajectory_is_one_skip() -> None:
    for content in (b"", b"{", b'{"steps": 1}'):
        assert [type(item) for item in FORMAT.read(FileSource("t.json", content))] == [Skipped]
