import json
from typing import Any

import pytest

from farthing.prefix import links
from farthing.segment import SegmentKind
from farthing.step import Recorded
from farthing.traces import batch
from farthing.traces.source import Match, Note, Skipped
from tests.traces.file_source import FileSource
from tests.traces.recordings import calls
from tests.traces.sums import others_of, spans_of

FORMAT = batch.FORMAT
CLAUDE_CODE = calls("claude-code-files")


def lines(*records: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def openai_request(number: int) -> dict[str, Any]:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": f"Question {number}"}]
    body = {"model": "gpt-4.1", "messages": messages, "max_tokens": 50}
    return {"custom_id": f"question-{number}", "method": "POST", "url": "/v1/chat/completions", "body": body}


def openai_answer(number: int) -> dict[str, Any]:
    body = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1_764_000_000,
        "model": "gpt-4.1-2025-04-14",
        "choices": [{"message": {"role": "assistant", "content": "An answer."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 20 + number, "completion_tokens": 3, "total_tokens": 23 + number},
    }
    response = {"status_code": 200, "request_id": f"req-{number}", "body": body}
    return {
        "id": f"batch_req_{number}",
        "custom_id": f"question-{number}",
        "response": response,
        "error": None,
    }


REQUESTS = lines(*(openai_request(number) for number in range(3)))
# Answers come in any order.
ANSWERS = lines(*(openai_answer(number) for number in (2, 0, 1)))


def test_answers_are_joined_to_their_requests_by_id() -> None:
    source = FileSource(
        "out/batch_1_output.jsonl", ANSWERS, {"batch_1_input.jsonl": REQUESTS, "notes.txt": b"x"}
    )
    spans = spans_of(FORMAT.read(source))

    assert [span.response_id for span in spans] == ["chatcmpl-2", "chatcmpl-0", "chatcmpl-1"]
    assert [span.charges[0].usage.input_tokens for span in spans] == [22, 20, 21]
    for span in spans:
        kinds = [link.segment.kind for link in links(span.step.prefix)]
        assert kinds == [SegmentKind.SYSTEM, SegmentKind.TASK]
    assert spans[0].step.recorded is Recorded.FULL
    assert spans[0].step.model == "gpt-4.1"
    assert spans[0].attributes == (("custom_id", "question-2"),)
    assert spans[0].step.at_ns == 1_764_000_000 * 10**9


def test_a_batch_is_billed_as_one() -> None:
    spans = spans_of(FORMAT.read(FileSource("out.jsonl", ANSWERS)))

    assert {charge.tier for span in spans for charge in span.charges} == {"batch"}


def test_requests_are_read_with_their_answers_alone() -> None:
    assert FORMAT.recognise(FileSource("in.jsonl", REQUESTS).sample()) is Match.MEMBER
    assert FORMAT.recognise(FileSource("out.jsonl", ANSWERS).sample()) is Match.LEAD
    assert FORMAT.recognise(FileSource("a.jsonl", b'{"request": {}}\n').sample()) is Match.NO


def test_without_requests_calls_have_counts_and_that_is_said() -> None:
    items = list(FORMAT.read(FileSource("out.jsonl", ANSWERS, {"other.jsonl": b'{"a": 1}\n'})))

    assert {span.step.recorded for span in spans_of(items)} == {Recorded.COUNTS}
    assert others_of(items) == [
        Note("the batch's requests are not in its folder: calls have counts and no context")
    ]


def test_anthropics_batch_is_read_too() -> None:
    asked = [{"custom_id": f"call {n}", "params": call.request} for n, call in enumerate(CLAUDE_CODE)]
    answered = [
        {"custom_id": f"call {n}", "result": {"type": "succeeded", "message": call.message}}
        for n, call in enumerate(CLAUDE_CODE)
    ]
    source = FileSource("results.jsonl", lines(*answered), {"requests.jsonl": lines(*asked)})
    spans = spans_of(FORMAT.read(source))

    assert FORMAT.recognise(source.sample()) is Match.LEAD
    assert FORMAT.recognise(FileSource("requests.jsonl", lines(*asked)).sample()) is Match.MEMBER
    assert [span.charges[0].usage.input_tokens for span in spans] == [
        sum(call.message["usage"].get(name) or 0 for name in COUNTS) for call in CLAUDE_CODE
    ]
    assert {charge.tier for span in spans for charge in span.charges} == {"batch"}
    assert spans[1].step.session == "04a72b7b-d7b0-4666-9de8-bac9cf2fa06a"


COUNTS = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def test_failed_and_expired_requests_are_left_out_and_said() -> None:
    answers = lines(
        openai_answer(1) | {"response": {"status_code": 400, "body": {"error": {"code": "bad"}}}},
        {"custom_id": "b", "response": None, "error": {"code": "batch_expired"}},
        {"custom_id": "c", "result": {"type": "errored", "error": {"type": "error"}}},
        {"custom_id": "d", "result": {"type": "expired"}},
    )
    items = list(FORMAT.read(FileSource("out.jsonl", answers)))

    assert not spans_of(items)
    assert Note("left out, as no answered model calls: 4 that failed") in items


def test_embeddings_are_no_calls() -> None:
    asked = openai_request(0) | {"url": "/v1/embeddings", "body": {"model": "e", "input": "a"}}
    source = FileSource("out.jsonl", lines(openai_answer(0)), {"in.jsonl": lines(asked)})

    assert list(FORMAT.read(source)) == [Note("left out, as no answered model calls: 1 embedding")]


def test_a_damaged_line_costs_only_itself() -> None:
    damaged = ANSWERS[: len(ANSWERS) // 2 - 40] + b"\n" + lines(openai_answer(7))
    items = list(FORMAT.read(FileSource("out.jsonl", damaged)))

    assert [span.response_id for span in spans_of(items)][-1] == "chatcmpl-7"
    assert any(isinstance(item, Skipped) for item in items)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[]\n", b"{}\n"])
def test_what_is_no_batch_is_one_skip(content: bytes) -> None:
    (skipped,) = FORMAT.read(FileSource("a.jsonl", content))

    assert isinstance(skipped, Skipped)
