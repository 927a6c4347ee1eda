"""tau2-bench: two models a session, and cached tokens that only the recorded cost tells."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from farthing.prefix import links
from farthing.segment import SegmentKind
from farthing.span import Span
from farthing.traces.source import Outcome, Skipped
from farthing.traces.tau2_bench import DERIVED, FORMAT, SIMULATED_USER
from tests.traces.file_source import FileSource
from tests.traces.folders import items
from tests.traces.sums import counted, spans_of, sums
from tests.truth import tau2_bench


def test_every_call_and_token_of_both_models(recorded: Callable[[str], Path]) -> None:
    folder = recorded("tau2-bench")
    found = list(items(FORMAT, folder))
    assert sums(spans_of(found)) == counted(tau2_bench.count(folder))
    agent = [item for item in found if not isinstance(item, Span) or not item.step.agent]
    expected = tau2_bench.count_agent(folder)
    assert len(spans_of(agent)) == expected.steps
    assert sums(spans_of(agent)) == counted(expected)
    assert len({span.step.session for span in spans_of(found)}) == expected.sessions
    assert len([item for item in found if isinstance(item, Outcome)]) == expected.sessions


def said(role: str, **more: object) -> dict[str, object]:
    return {"role": role, "content": f"words of the {role}", **more}


def run(*messages: object, model: str = "gpt-4.1") -> FileSource:
    info = {
        "agent_info": {"llm": model},
        "user_info": {"llm": model},
        "environment_info": {"policy": "be kind"},
    }
    simulation = {"id": "s", "task_id": "t", "messages": messages, "reward_info": {"reward": 1.0}}
    return FileSource("run.json", msgspec.json.encode({"info": info, "simulations": [simulation]}))


def test_each_side_hears_the_other_and_its_own_tools() -> None:
    call = {"id": "c", "name": "look", "arguments": {"at": 1}}
    source = run(
        said("assistant", turn_idx=0, usage=None),
        said("user", turn_idx=1),
        {"role": "assistant", "content": None, "tool_calls": [call], "turn_idx": 2},
        {"role": "tool", "id": "c", "content": "found", "requestor": "assistant"},
        said("assistant", turn_idx=4),
        said("user", turn_idx=5),
    )
    found = spans_of(FORMAT.read(source))
    contexts = [[link.segment.kind for link in links(span.step.prefix)] for span in found]
    assert [span.step.agent for span in found] == [SIMULATED_USER, "", "", SIMULATED_USER]
    opening = [SegmentKind.SYSTEM, SegmentKind.ASSISTANT, SegmentKind.TASK]
    assert contexts[1] == opening
    assert contexts[2] == [*opening, SegmentKind.TOOL_CALL, SegmentKind.TOOL_RESULT]
    assert contexts[3] == [SegmentKind.TASK, SegmentKind.ASSISTANT, SegmentKind.USER]
    assert found[2].step.prefix is not None
    assert found[2].step.prefix.segment.name == "look"


@pytest.mark.parametrize(("cached", "derived"), [(0, True), (128, True), (1_000, True), (1_000.5, False)])
def test_cached_tokens_are_those_that_explain_the_cost(cached: float, derived: bool) -> None:
    cost = (Decimal(2) * 2_000 + 8 * 10 - Decimal("1.5") * Decimal(str(cached))) / 1_000_000
    answer = said(
        "assistant", turn_idx=2, usage={"prompt_tokens": 2_000, "completion_tokens": 10}, cost=float(cost)
    )
    (span,) = spans_of(FORMAT.read(run(answer)))
    assert (span.usage_rule == DERIVED) is derived
    assert span.charges[0].usage.cache_read_input_tokens == (cached if derived else 0)
    assert span.charges[0].usage.input_tokens == 2_000


def test_damage_is_named_and_the_rest_is_read() -> None:
    source = run(said("assistant", turn_idx=2))
    broken = source.document().replace(b'"simulations":[', b'"simulations":[{"messages":5},')
    found = list(FORMAT.read(FileSource("run.json", broken)))
    assert [type(item) for item in found][1:] == [Skipped, Span, Outcome]
    assert [type(item) for item in FORMAT.read(FileSource("run.json", b"{"))] == [Skipped]
