from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path

import pytest

from farthing.span import Output, Span
from farthing.step import Recorded
from farthing.traces import cassette
from farthing.traces.source import Dropped, Match, Note, Skipped
from tests.traces.file_source import FileSource
from tests.traces.sums import counted, items_of, others_of, spans_of, sums
from tests.truth import Totals
from tests.truth.files import files

FORMAT = cassette.FORMAT
HERE = Path(__file__).parents[1] / "data"
PYDANTIC = HERE / "pydantic-ai-cassettes"
OPENLLMETRY = HERE / "openllmetry-cassettes"
CASSETTES = ("pydantic-ai-cassettes", "openllmetry-cassettes", "otel-python-contrib-cassettes")


def distinct(spans: Iterable[Span]) -> list[Span]:
    """Return the calls as ingest will count them: one for each answer, with its bill if any copy has it."""
    found: dict[object, Span] = {}
    for number, span in enumerate(spans):
        key = span.response_id or number
        if key not in found or (span.charges and not found[key].charges):
            found[key] = span
    return list(found.values())


def truth(corpus: str, folder: Path) -> Totals:
    totals: Totals = import_module(f"tests.truth.{corpus.replace('-', '_')}").count(folder)
    return totals


def spans_below(folder: Path) -> list[Span]:
    return distinct(span for path in files(folder, "*.yaml") for span in spans_of(items_of(FORMAT, path)))


@pytest.mark.parametrize("corpus", CASSETTES)
def test_totals_agree_with_the_plain_count(corpus: str) -> None:
    assert sums(spans_below(HERE / corpus)) == counted(truth(corpus, HERE / corpus))


@pytest.mark.parametrize("corpus", CASSETTES)
def test_all_cassettes_agree(corpus: str, recorded: Callable[[str], Path]) -> None:
    folder = recorded(corpus)
    spans, totals = spans_below(folder), truth(corpus, folder)

    assert sums(spans) == counted(totals)
    assert sum(not span.charges for span in spans) == totals.calls_without_usage


@pytest.mark.parametrize("corpus", CASSETTES)
def test_cassettes_are_recognised(corpus: str) -> None:
    for path in files(HERE / corpus, "*.yaml"):
        assert FORMAT.recognise(FileSource.of(path).sample()) is Match.LEAD


def test_other_yaml_is_no_cassette() -> None:
    assert FORMAT.recognise(FileSource("a.yaml", b"services:\n  web: {}\n").sample()) is Match.NO


def test_a_response_in_the_background_is_one_call_that_ends_with_a_poll() -> None:
    (span,) = spans_of(items_of(FORMAT, PYDANTIC / "test_background_mode_reasoning_vcr.yaml"))

    assert span.charges
    assert span.finish == "completed"
    assert span.step.prefix is not None
    assert span.step.recorded is Recorded.FULL


def test_polls_of_a_call_that_is_counted_are_dropped() -> None:
    items = items_of(FORMAT, PYDANTIC / "test_background_mode_streaming_continuation_vcr.yaml")

    assert len({span.response_id for span in spans_of(items)}) == len(spans_of(items))
    assert [item for item in items if isinstance(item, Dropped)] == [
        Dropped("polls of a response that is counted already", 1)
    ]


def test_copies_of_an_exchange_have_one_id_even_where_the_body_has_none() -> None:
    copies = files(OPENLLMETRY, "test_imported_model_completion*.yaml")
    ids = {span.response_id for path in copies for span in spans_of(items_of(FORMAT, path))}

    assert len(copies) == 2
    assert ids == {"9857a894-dcae-4481-b47f-5ed82e1d6b68"}  # x-amzn-requestid


def test_counts_in_headers_are_a_bill() -> None:
    (span,) = spans_of(items_of(FORMAT, OPENLLMETRY / "test_imported_model_completion.yaml"))
    (charge,) = span.charges

    assert (charge.usage.input_tokens, charge.usage.output_tokens) == (6, 100)
    assert span.step.provider == "aws"


def test_a_filtered_prompt_is_no_call() -> None:
    items = items_of(FORMAT, OPENLLMETRY / "test_prompt_content_filtering.yaml")

    assert Note("left out, as no answered model calls: 1 that failed") in others_of(items)


def test_coheres_billed_units_are_its_bill() -> None:
    spans = spans_of(items_of(FORMAT, PYDANTIC / "test_cohere_model_thinking_part.yaml"))
    cohere = next(span for span in spans if span.step.provider == "cohere")

    assert cohere.charges[0].model == "command-a-reasoning-08-2025"
    assert (cohere.charges[0].usage.input_tokens, cohere.charges[0].usage.output_tokens) == (431, 661)


def test_calls_are_dated_by_the_header_or_else_by_the_answer() -> None:
    (by_header,) = spans_of(items_of(FORMAT, OPENLLMETRY / "test_imported_model_completion.yaml"))
    (by_answer,) = spans_of(items_of(FORMAT, PYDANTIC / "test_background_mode_reasoning_vcr.yaml"))

    assert by_header.step.at_ns == 1_741_682_064_000_000_000 + 7 * 10**9
    assert by_answer.step.at_ns is not None


CASSETTE = """\
interactions:
- request:
    method: POST
    uri: https://api.openai.com/v1/chat/completions
    headers: {authorization: [Bearer sk-secret]}
    body: '{"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}'
  response:
    status: {code: 200}
    headers: {}
    body:
      string: '{"id": "chatcmpl-1", "model": "gpt-4o", "choices": [{"message": {"content": "ho"}}]}'
- request: {method: POST, uri: "https://api.openai.com/v1/chat/completions", body: "{cut"}
  response: {status: {code: 200}, headers: {}, body: {string: "{}"}}
- 17
"""


def test_a_damaged_interaction_costs_only_itself() -> None:
    items = list(FORMAT.read(FileSource("a.yaml", CASSETTE.encode())))

    (span,) = spans_of(items)
    assert span.output_count is Output.MISSING
    skipped = [item.offset for item in items if isinstance(item, Skipped)]
    assert skipped == [CASSETTE.index("- request: {method"), -1]


def test_no_credential_is_kept() -> None:
    items = list(FORMAT.read(FileSource("a.yaml", CASSETTE.encode())))

    assert "sk-secret" not in repr(items)
    assert spans_of(items)[0].step.account


@pytest.mark.parametrize("content", [b"", b"{", b"interactions: 3", b"\xff\xfe", b"a: [b"])
def test_what_is_no_cassette_is_one_skip(content: bytes) -> None:
    (skipped,) = FORMAT.read(FileSource("a.yaml", content))

    assert isinstance(skipped, Skipped)
