import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from farthing.prefix import links
from farthing.segment import SegmentKind
from farthing.span import Output, Span
from farthing.step import Breakpoint, Recorded
from farthing.traces import moatless
from farthing.traces.source import Dropped, Match, Note, Skipped
from tests.traces.file_source import FileSource
from tests.traces.sums import counted, items_of, others_of, spans_of, sums
from tests.truth import moatless_tools as truth
from tests.truth.files import files

FORMAT = moatless.FORMAT
HERE = Path(__file__).parents[1] / "data" / "moatless-tools"
SHORT = HERE / "django__django-12983.trajectory.json.zst"
RETRIED = HERE / "sympy__sympy-20442.trajectory.json.zst"


@pytest.fixture(scope="module")
def spans() -> list[Span]:
    return spans_of(items_of(FORMAT, SHORT))


def test_totals_agree_with_the_plain_count() -> None:
    found = [span for path in (SHORT, RETRIED) for span in spans_of(items_of(FORMAT, path))]

    assert sums(found) == counted(truth.count(HERE))


def test_all_recorded_trajectories_agree(recorded: Callable[[str], Path]) -> None:
    folder = recorded("moatless-tools")
    found = [span for path in files(folder, "*.zst") for span in spans_of(items_of(FORMAT, path))]

    assert sums(found) == counted(truth.count(folder))
    assert len({span.response_id for span in found}) == 1_716
    assert sum(span.reported_cost_picousd or 0 for span in found) == 31_316_121_000_000


def test_a_trajectory_is_recognised_and_other_documents_are_not() -> None:
    source = FileSource.of(SHORT)

    assert FORMAT.recognise(source.sample()) is Match.LEAD
    assert FORMAT.recognise(FileSource("a.json", b'{"nodes": [], "agent": {}}').sample()) is Match.NO


def test_a_file_is_one_session_of_an_agent_and_its_searches(spans: list[Span]) -> None:
    assert {span.step.session for span in spans} == {
        "20241117_moatless_tools_0_4_claude_3_5_sonnet_20241022/django__django-12983"
    }
    assert [span.step.agent for span in spans] == ["", "", "execute_action-2", "", "", ""]
    assert {span.step.agent_label for span in spans if span.step.agent} == {"execute_action"}


def test_a_request_is_whole_and_its_text_is_found_again(spans: list[Span]) -> None:
    document = FileSource.of(SHORT).document()
    first, search = spans[0].step, spans[2].step
    *tools, prompt, task = (link.segment for link in links(first.prefix)[:8])

    assert first.recorded is Recorded.FULL
    assert {tool.kind for tool in tools} == {SegmentKind.TOOLS}
    assert (prompt.kind, task.kind) == (SegmentKind.SYSTEM, SegmentKind.TASK)
    assert document[prompt.offset :].startswith(b'"You are an autonomous AI assistant')
    assert document[task.offset :].startswith(b'"<task>')
    assert all(link.segment.kind is not SegmentKind.SYSTEM for link in links(search.prefix))


def test_each_step_grows_from_the_one_before_until_the_tools_change(spans: list[Span]) -> None:
    steps = [links(span.step.prefix) for span in spans if not span.step.agent]
    grown = [before[-1] in after for before, after in pairwise(steps)]
    tools = [[link.segment.name for link in step if link.segment.kind is SegmentKind.TOOLS] for step in steps]

    assert grown == [before == after for before, after in pairwise(tools)]
    assert set(map(len, tools)) == {6, 8}


def test_a_tool_result_is_named_after_its_call(spans: list[Span]) -> None:
    segments = [link.segment for link in links(spans[-1].step.prefix)]
    results = [segment.name for segment in segments if segment.kind is SegmentKind.TOOL_RESULT]

    assert results == ["FindFunction", "SemanticSearch", "str_replace_editor", "str_replace_editor"]


def test_the_prompt_is_marked_and_the_moving_markers_are_kept(spans: list[Span]) -> None:
    agent = [span.step.breakpoints for span in spans if not span.step.agent]

    assert agent[0] == (Breakpoint(7, 300),)
    assert [len(marks or ()) for marks in agent] == [1, 3, 4, 4, 4]
    assert spans[2].step.breakpoints == ()


def test_an_answer_is_told_in_blocks(spans: list[Span]) -> None:
    said, called = spans[0].output

    assert (said.kind, called.kind) == (SegmentKind.ASSISTANT, SegmentKind.TOOL_CALL)
    assert called.name == "FindFunction"
    assert spans[0].finish == "tool_use"


def test_the_copies_of_a_search_are_left_out_and_counted() -> None:
    others = others_of(items_of(FORMAT, SHORT))

    assert others == [Dropped("copies of execute_action under `observation` and `output`", 2)]


def test_unrecorded_attempts_are_said() -> None:
    notes = [item for item in others_of(items_of(FORMAT, RETRIED)) if isinstance(item, Note)]

    assert notes == [Note("failed attempts that were billed and are not recorded: at least 1")]


def test_a_damaged_node_costs_only_itself() -> None:
    content = FileSource.of(SHORT).document()
    trajectory = json.loads(content)
    trajectory["nodes"][2]["completions"]["build_action"]["input"] = "lost"
    damaged = json.dumps(trajectory).encode()
    items = list(FORMAT.read(FileSource("a.trajectory.json", damaged)))

    (skipped,) = (item for item in items if isinstance(item, Skipped))
    assert damaged[skipped.offset :].startswith(b'{"node_id": 2,')
    assert len(spans_of(items)) == 4


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"nodes": 3}', b"\xff\xfe\x00"])
def test_what_is_no_trajectory_is_one_skip(content: bytes) -> None:
    (skipped,) = FORMAT.read(FileSource("a.trajectory.json", content))

    assert isinstance(skipped, Skipped)


def test_a_call_without_usage_is_a_call_whose_bill_is_unknown() -> None:
    trajectory = json.loads(FileSource.of(SHORT).document())
    del trajectory["nodes"][1]["completions"]["build_action"]["response"]["usage"]
    first = spans_of(FORMAT.read(FileSource("a.trajectory.json", json.dumps(trajectory).encode())))[0]

    assert (first.charges, first.usage_recorded, first.output_count) == ((), False, Output.MISSING)
