import json
from collections.abc import Callable
from pathlib import Path

import pytest

from farthing.prefix import links, shared
from farthing.segment import SegmentKind
from farthing.span import Output
from farthing.step import Recorded
from farthing.traces import openhands
from farthing.traces.source import Match, Skipped
from tests.traces.file_source import FileSource
from tests.traces.sums import counted, items_of, spans_of, sums
from tests.truth import openhands_sdk_llm_logs as truth
from tests.truth.files import files, text_of

FORMAT = openhands.FORMAT
HERE = Path(__file__).parents[1] / "data" / "openhands-sdk-llm-logs"
CLAUDE = files(HERE / "llm-logs", "*.json.gz")
(DEEPSEEK,) = files(HERE / "nonfncall-llm-logs", "*.json.gz")


def test_totals_agree_with_the_plain_count(tmp_path: Path) -> None:
    for path in (*CLAUDE, DEEPSEEK):  # the truth reads plain files
        plain = tmp_path / path.parent.name / path.name.removesuffix(".gz")
        plain.parent.mkdir(exist_ok=True)
        plain.write_text(text_of(path), encoding="utf-8")
    spans = [span for path in (*CLAUDE, DEEPSEEK) for span in spans_of(items_of(FORMAT, path))]

    assert sums(spans) == counted(truth.count(tmp_path))
    assert len({span.step.session for span in spans}) == 2


def test_all_logs_agree(recorded: Callable[[str], Path]) -> None:
    folder = recorded("openhands-sdk-llm-logs")
    spans = [span for path in files(folder, "*.json") for span in spans_of(items_of(FORMAT, path))]

    assert sums(spans) == counted(truth.count(folder))


def test_a_log_is_recognised_by_its_name_and_how_it_begins() -> None:
    content = FileSource.of(DEEPSEEK).document()

    assert FORMAT.recognise(FileSource.of(DEEPSEEK).sample()) is Match.LEAD
    assert FORMAT.recognise(FileSource("log.json", content).sample()) is Match.NO
    assert FORMAT.recognise(FileSource(DEEPSEEK.stem, b'{"a": 1}').sample()) is Match.NO


def test_a_call_is_whole_and_its_blocks_are_found_again() -> None:
    document = FileSource.of(CLAUDE[0]).document()
    (span,) = spans_of(items_of(FORMAT, CLAUDE[0]))
    chain = [link.segment for link in links(span.step.prefix)]

    assert span.step.recorded is Recorded.FULL
    assert [each.kind for each in chain[-2:]] == [SegmentKind.SYSTEM, SegmentKind.TASK]
    assert chain[0].name == "execute_terminal"
    block = json.loads(document[chain[0].offset : chain[0].offset + chain[0].length])
    assert block["function"]["name"] == "execute_terminal"


def test_the_model_is_the_one_behind_the_proxy() -> None:
    (span,) = spans_of(items_of(FORMAT, CLAUDE[0]))

    assert (span.step.model, span.charges[0].model) == ("claude-sonnet-4-20250514",) * 2


def test_calls_of_one_session_grow_from_one_another() -> None:
    first, second = (spans_of(items_of(FORMAT, path))[0].step.prefix for path in CLAUDE)

    assert first is not None
    assert shared(first, second) is not None
    assert first.digest in [link.digest for link in links(second)]


def test_the_timestamp_is_the_end_of_the_call() -> None:
    (span,) = spans_of(items_of(FORMAT, DEEPSEEK))
    log = json.loads(text_of(DEEPSEEK))

    assert span.ended_ns == pytest.approx(log["timestamp"] * 1e9, abs=1_000)
    assert span.step.at_ns == pytest.approx((log["timestamp"] - log["latency_sec"]) * 1e9, abs=1_000)
    assert span.reported_cost_picousd == 626_470_000


def test_a_log_without_an_answer_is_a_call_whose_bill_is_unknown() -> None:
    log = json.loads(text_of(DEEPSEEK)) | {"response": None}
    (span,) = spans_of(FORMAT.read(FileSource("a/b-1757015025.972.json", json.dumps(log).encode())))

    assert (span.usage_recorded, span.output_count) == (False, Output.MISSING)


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"messages": 3}', b'{"messages": [], "response": {', b"\xff"]
)
def test_a_damaged_log_is_one_skip(content: bytes) -> None:
    (skipped,) = FORMAT.read(FileSource("a-1757015025.972.json", content))

    assert isinstance(skipped, Skipped)
