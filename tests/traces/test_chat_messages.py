"""Lists of chat messages, as HolmesGPT keeps them: calls without usage."""

from collections.abc import Callable
from pathlib import Path

from farthing.traces.chat_messages import FORMAT
from farthing.traces.source import Match, Skipped
from tests.traces.file_source import FileSource
from tests.traces.folders import items
from tests.traces.sums import spans_of
from tests.truth import holmesgpt_conversations


def test_every_answer_of_the_recorded_conversations(recorded: Callable[[str], Path]) -> None:
    folder = recorded("holmesgpt-conversations")
    found = list(items(FORMAT, folder))
    expected = holmesgpt_conversations.count(folder)
    assert len(spans_of(found)) == expected.steps
    assert len({span.step.session for span in spans_of(found)}) == expected.sessions
    assert not any(span.usage_recorded for span in spans_of(found))


def test_damage_is_named_and_the_rest_is_read() -> None:
    source = FileSource(
        "chat.json", b'[{"role": "user", "content": "a"}, 3, {"role": "assistant", "content": "b"}]'
    )
    assert FORMAT.recognise(source.sample()) is Match.LEAD
    kinds = [type(item).__name__ for item in FORMAT.read(source)]
    assert kinds == ["Skipped", "Span"]
    assert [type(item) for item in FORMAT.read(FileSource("chat.json", b"[{"))] == [Skipped]
