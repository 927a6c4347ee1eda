import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from farthing.segment import SegmentKind
from farthing.span import Output, Span
from farthing.step import Recorded
from farthing.traces import answers
from farthing.traces.source import Match, Note, Skipped
from tests.traces.file_source import FileSource
from tests.traces.recordings import calls
from tests.traces.sums import counted, items_of, others_of, spans_of, sums
from tests.truth import vercel_ai_provider_fixtures as truth
from tests.truth.files import files

FORMAT = answers.FORMAT
HERE = Path(__file__).parents[1] / "data" / "vercel-ai-provider-fixtures"


def spans_below(folder: Path) -> list[Span]:
    """Return the calls of every recognised file, one for each id."""
    found: dict[object, Span] = {}
    for path in (*files(folder, "*.json"), *files(folder, "*.chunks.txt")):
        source = FileSource.of(path)
        if FORMAT.recognise(source.sample()) is Match.LEAD:
            for number, span in enumerate(spans_of(FORMAT.read(source))):
                found.setdefault(span.response_id or (path, number), span)
    return list(found.values())


def test_all_bodies_and_streams_agree(recorded: Callable[[str], Path]) -> None:
    folder = recorded("vercel-ai-provider-fixtures")
    spans, totals = spans_below(folder), truth.count(folder)

    assert sums(spans) == counted(totals)
    assert sum(not span.charges for span in spans) == totals.calls_without_usage
    assert {span.step.recorded for span in spans} == {Recorded.COUNTS}


def of(name: str) -> list[Span]:
    return spans_of(items_of(FORMAT, HERE / name))


def usage(spans: Iterable[Span]) -> list[tuple[str, int, int]]:
    charges = [charge for span in spans for charge in span.charges]
    return [(charge.model, charge.usage.input_tokens, charge.usage.output_tokens) for charge in charges]


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("anthropic-json-tool.2.chunks.txt", "claude-haiku-4-5-20251001"),
        ("google-text.chunks.txt", "gemini-3-pro-preview"),
        ("mistral-tool-call.chunks.txt", "mistral-small-latest"),
        ("openai-custom-tool.1.chunks.txt", "gpt-5.2-codex"),
        ("xai-text.json", "grok-3-mini"),
        ("openai-completion-text.json", "gpt-3.5-turbo-instruct:20230824-v2"),
        ("amazon-bedrock-text.chunks.txt", ""),
        ("google-interactions-basic.chunks.txt", "gemini-2.5-flash"),
    ],
)
def test_every_family_is_read(name: str, model: str) -> None:
    (span,) = of(name)

    assert FORMAT.recognise(FileSource.of(HERE / name).sample()) is Match.LEAD
    assert span.charges[0].model == model
    assert span.charges[0].usage.output_tokens > 0
    assert span.output


def test_a_stream_and_a_body_of_one_answer_have_one_id() -> None:
    ids = [of(f"openai-custom-tool.1.{ending}")[0].response_id for ending in ("json", "chunks.txt")]

    assert ids == ["resp_custom_tool_test_001"] * 2


def test_several_answers_in_one_file_are_several_calls() -> None:
    spliced = of("spliced-message-start.chunks.txt")

    assert len({span.response_id for span in spliced}) == len(spliced) == 2
    assert [span.output_count for span in spliced] == [Output.PLACEHOLDER, Output.FINAL]


def test_a_start_that_is_sent_twice_is_one_answer() -> None:
    assert len(of("duplicate-message-start.chunks.txt")) == 1


@pytest.mark.parametrize("name", ["anthropic-refusal.json", "anthropic-refusal.chunks.txt"])
def test_a_refusal_before_any_output_is_not_billed(name: str) -> None:
    (span,) = of(name)

    assert (span.charges, span.usage_recorded, span.finish) == ((), True, "refusal")


@pytest.mark.parametrize(
    ("name", "note"),
    [("openai-embedding.json", "1 embedding"), ("google-429-retry-info.json", "1 that failed")],
)
def test_other_work_and_errors_are_left_out_and_said(name: str, note: str) -> None:
    items = items_of(FORMAT, HERE / name)

    assert items == [Note(f"left out, as no answered model calls: {note}")]


def test_events_that_tell_nothing_are_skipped() -> None:
    (skipped,) = items_of(FORMAT, HERE / "parallel-tool-call-wrapper.1.chunks.txt")

    assert isinstance(skipped, Skipped)


def test_a_stream_as_it_came_is_read() -> None:
    call = calls("pi-stream-tool")[0]
    source = FileSource("stream.txt", call.stream.encode())
    (span,) = spans_of(FORMAT.read(source))

    assert FORMAT.recognise(source.sample()) is Match.LEAD
    assert usage([span]) == [(call.message["model"], 1_867, 98)]
    assert {segment.kind for segment in span.output} >= {SegmentKind.TOOL_CALL}


def test_a_list_of_bodies_is_read() -> None:
    bodies = [json.loads((HERE / name).read_text()) for name in ("xai-text.json", "mistral-tool-call.json")]
    source = FileSource("bodies.json", json.dumps(bodies).encode())

    assert len(spans_of(FORMAT.read(source))) == 2


def test_an_answer_that_is_longer_than_the_sample_is_recognised() -> None:
    body = json.loads((HERE / "anthropic-fallback.json").read_text())
    long = json.dumps(body | {"content": [{"type": "text", "text": "x" * 70_000}]}).encode()

    assert FORMAT.recognise(FileSource("a.json", long).sample()) is Match.LEAD


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"a": 1}', b"a,b\n1,2\n", b"\xff\xfe"])
def test_other_files_are_not_recognised(content: bytes) -> None:
    assert FORMAT.recognise(FileSource("a.json", content).sample()) is Match.NO


def test_what_cannot_be_read_ends_without_a_call() -> None:
    for content in (b"", b"{", b"\xff\xfe", b"17"):
        assert not spans_of(FORMAT.read(FileSource("a.json", content)))


def test_what_is_beside_it_is_said_once() -> None:
    assert not others_of(items_of(FORMAT, HERE / "google-text.json"))
