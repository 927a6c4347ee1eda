"""AIOpsLab sessions: calls without usage, an outcome, and summaries that are no trace."""

from collections.abc import Callable
from pathlib import Path

from farthing.traces.aiopslab import FORMAT
from farthing.traces.source import Note, Outcome, Skipped
from tests.traces.file_source import FileSource
from tests.traces.folders import items
from tests.traces.sums import spans_of
from tests.truth import aiopslab_static_rca


def test_every_answer_of_the_recorded_sessions(recorded: Callable[[str], Path]) -> None:
    folder = recorded("aiopslab-static-rca")
    found = list(items(FORMAT, folder))
    expected = aiopslab_static_rca.count(folder)
    assert len(spans_of(found)) == expected.steps
    assert [outcome.success for outcome in found if isinstance(outcome, Outcome)] == [False, False]


def test_a_summary_says_that_it_is_one_and_damage_is_a_skip() -> None:
    summary = FileSource("a.json", b'{"agent": "a", "session_id": "s", "problem_id": "p", "results": {}}')
    assert [type(item) for item in FORMAT.read(summary)] == [Note]
    assert [type(item) for item in FORMAT.read(FileSource("a.json", b'{"trace": 1}'))] == [Skipped]
