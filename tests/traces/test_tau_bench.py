"""tau-bench: real results, which hold no usage, and damaged ones."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from farthing.segment import SegmentKind
from farthing.traces.source import Match, Outcome, Skipped
from farthing.traces.tau_bench import FORMAT
from tests.traces.file_source import FileSource
from tests.traces.folders import items
from tests.traces.sums import spans_of
from tests.truth import tau_bench


def test_every_call_and_outcome_of_the_recorded_sessions(recorded: Callable[[str], Path]) -> None:
    folder = recorded("tau-bench")
    found = list(items(FORMAT, folder))
    expected = tau_bench.count(folder)
    assert len(spans_of(found)) == expected.steps
    assert not any(span.usage_recorded for span in spans_of(found))
    outcomes = [item for item in found if isinstance(item, Outcome)]
    assert len({outcome.session for outcome in outcomes}) == expected.sessions
    assert sum(outcome.success for outcome in outcomes) == 84


def test_the_system_prompt_is_there_and_a_call_without_usage_says_so(recorded: Callable[[str], Path]) -> None:
    first = spans_of(items(FORMAT, recorded("tau-bench")))[0]
    assert first.usage_recorded is False
    prefix = first.step.prefix
    assert prefix is not None
    assert prefix.parent is not None
    assert (prefix.parent.segment.kind, prefix.segment.kind) == (SegmentKind.SYSTEM, SegmentKind.TASK)


def test_a_damaged_session_is_named_and_the_rest_is_read() -> None:
    good = {"task_id": 1, "trial": 0, "reward": 1.0, "traj": [{"role": "user", "content": "hi"}]}
    source = FileSource("run.json", msgspec.json.encode([{"task_id": 0, "reward": "?", "traj": 1}, good]))
    assert FORMAT.recognise(source.sample()) is Match.LEAD
    assert [type(item) for item in FORMAT.read(source)] == [Skipped, Outcome]
    assert [type(item) for item in FORMAT.read(FileSource("run.json", b"[{"))] == [Skipped]
