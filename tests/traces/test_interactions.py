import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from farthing.prefix import links
from farthing.segment import SegmentKind
from farthing.span import Output
from farthing.step import Recorded
from farthing.traces import instant, interactions
from farthing.traces.source import Match, Skipped
from tests.traces.file_source import FileSource
from tests.traces.sums import counted, items_of, others_of, spans_of, sums
from tests.truth import swe_agent_llm_interactions as truth
from tests.truth.files import files

FORMAT = interactions.FORMAT
HERE = Path(__file__).parents[1] / "data" / "swe-agent-llm-interactions"
LOG = HERE / "interactions_20251103_033709.jsonl.gz"
UNANSWERED = HERE / "interactions_20251201_085611.jsonl.gz"


def test_totals_agree_with_the_plain_count() -> None:
    spans = [span for path in (LOG, UNANSWERED) for span in spans_of(items_of(FORMAT, path))]
    totals = truth.count(HERE)

    assert sums(spans) == counted(totals)
    assert sum(not span.usage_recorded for span in spans) == totals.calls_without_usage


def test_all_logs_agree(recorded: Callable[[str], Path]) -> None:
    folder = recorded("swe-agent-llm-interactions")
    spans = [span for path in files(folder, "*.jsonl.gz") for span in spans_of(items_of(FORMAT, path))]

    assert sums(spans) == counted(truth.count(folder))
    assert {span.charges[0].model for span in spans if span.charges} >= {"gpt-4.1-mini-2025-04-14"}


def test_a_log_is_recognised() -> None:
    assert FORMAT.recognise(FileSource.of(LOG).sample()) is Match.LEAD
    assert FORMAT.recognise(FileSource("a.jsonl", b'{"type": "request", "a": 1}\n').sample()) is Match.NO


def test_a_request_and_the_response_after_it_are_one_call() -> None:
    first = spans_of(items_of(FORMAT, LOG))[0]

    assert first.step.model == "gpt-3.5-turbo-0613"
    assert first.step.at_ns == instant.from_iso("2025-11-03T03:37:19.606104")
    assert first.ended_ns == instant.from_iso("2025-11-03T03:37:22.527344")
    assert first.step.recorded is Recorded.FULL
    kinds = [link.segment.kind for link in links(first.step.prefix)]
    assert kinds[-2:] == [SegmentKind.SYSTEM, SegmentKind.TASK]
    assert set(kinds[:-2]) == {SegmentKind.TOOLS}


def test_blocks_are_found_again() -> None:
    document = FileSource.of(LOG).document()

    for link in links(spans_of(items_of(FORMAT, LOG))[1].step.prefix):
        segment = link.segment
        assert json.loads(document[segment.offset : segment.offset + segment.length])


def test_an_answer_of_no_tokens_is_a_placeholder() -> None:
    first = spans_of(items_of(FORMAT, LOG))[0]

    assert first.output
    assert (first.charges[0].usage.output_tokens, first.output_count) == (0, Output.PLACEHOLDER)


def asks(words: str) -> dict[str, Any]:
    params = {"model": "m", "messages": [{"role": "user", "content": words}]}
    return {"type": "request", "timestamp": "2026-01-01T00:00:00", "request_params": params}


ANSWER = {
    "type": "response",
    "response": {
        "id": "a",
        "model": "m",
        "choices": [],
        "usage": {"prompt_tokens": 4, "completion_tokens": 1},
    },
    "outputs": [],
}


def log(*records: dict[str, Any]) -> FileSource:
    return FileSource("a.jsonl", b"".join(json.dumps(each).encode() + b"\n" for each in records))


def test_requests_that_nothing_follows_are_calls_whose_bill_is_unknown() -> None:
    spans = spans_of(FORMAT.read(log(asks("a"), asks("b"), ANSWER, asks("c"))))

    assert [span.usage_recorded for span in spans] == [False, True, False]


def test_a_response_without_a_request_is_skipped() -> None:
    items = list(FORMAT.read(log(ANSWER, asks("a"), ANSWER, ANSWER)))

    assert len(spans_of(items)) == 1
    assert [type(item) for item in others_of(items)] == [Skipped, Skipped]


def test_a_damaged_line_costs_only_itself() -> None:
    source = log(asks("a"), ANSWER, {"type": "request", "request_params": {"messages": 3}}, asks("b"))
    items = list(FORMAT.read(source))

    assert len(spans_of(items)) == 2
    assert len(others_of(items)) == 1


@pytest.mark.parametrize("content", [b"{\n", b"\xff\xfe\n", b"[]\n"])
def test_what_is_no_log_is_one_skip(content: bytes) -> None:
    (skipped,) = FORMAT.read(FileSource("a.jsonl", content))

    assert isinstance(skipped, Skipped)
