import json
from typing import Any

import pytest

from farthing.traces import instant
from farthing.traces.raw_layout import Layout, Pair
from farthing.traces.raw_shape import sniff
from farthing.traces.source import Line
from farthing.wire.message import BlockMemo
from farthing.wire.recognise import NotACall, WireFormat

CHAT: dict[str, Any] = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 9}
ANSWER: dict[str, Any] = {
    "object": "chat.completion",
    "created": 1_764_000_000,
    "choices": [{"message": {"role": "assistant", "content": "ho"}}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
}


def layout_of(record: dict[str, Any]) -> Layout:
    shape = sniff(json.dumps(record).encode())
    assert shape is not None
    return Layout(shape)


def pair(record: dict[str, Any], *, layout: Layout | None = None, offset: int = 0) -> Pair:
    line = Line(offset, json.dumps(record).encode())
    layout = layout or layout_of(record)
    return layout.pair(layout.columns.read(line.data), line, BlockMemo())


@pytest.mark.parametrize(
    "record",
    [
        {"request": CHAT, "response": ANSWER},
        {"request": json.dumps(CHAT), "response": json.dumps(ANSWER)},
        {**CHAT, "response": ANSWER},
        {"request": CHAT, **ANSWER},
    ],
)
def test_both_bodies_are_read_however_they_stand(record: dict[str, Any]) -> None:
    found = pair(record)

    assert (found.request.model, found.request.max_output_tokens) == ("gpt-4.1", 9)
    assert found.response is not None
    assert found.response.charges[0].usage.input_tokens == 3
    assert not found.is_doubtful


def test_a_block_stands_where_the_line_begins_and_further() -> None:
    record = {"request": CHAT, "response": ANSWER}
    (segment,) = pair(record, offset=1_000).request.segments
    (quoted,) = pair({"request": json.dumps(CHAT), "response": ANSWER}, offset=1_000).request.segments

    assert segment.offset == 1_000 + json.dumps(record).index('"hi"')
    assert quoted.offset == -1


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        ({"timestamp": "2026-01-01T00:00:00Z"}, "2026-01-01T00:00:00Z"),
        ({"ended_at": 1_767_225_605}, "2026-01-01T00:00:05Z"),
        ({"response_headers": {"Date": "Thu, 01 Jan 2026 00:00:07 GMT"}}, "2026-01-01T00:00:07Z"),
        ({}, "2025-11-24T16:00:00Z"),  # `created`
    ],
)
def test_a_call_is_dated_by_the_best_that_is_there(around: dict[str, Any], expected: str) -> None:
    found = pair({"request_body": CHAT, "response_body": ANSWER, **around})

    assert found.facts.at_ns == instant.from_iso(expected)


def test_facts_of_odd_types_are_none() -> None:
    odd = {"status": "ok", "cost": "much", "session_id": 7, "url": 3, "headers": [1], "timestamp": []}
    facts = pair({"request": CHAT, "response": {**ANSWER, "created": 0}, **odd}).facts

    assert (facts.status, facts.session, facts.url, facts.at_ns) == (None, "", "", None)
    assert facts.reported_cost_picousd is None


@pytest.mark.parametrize("cost", [-1, True])
def test_an_impossible_cost_is_none(cost: float) -> None:
    layout = layout_of({"request": CHAT, "response": ANSWER, "cost": 1})

    assert (
        pair({"request": CHAT, "response": ANSWER, "cost": cost}, layout=layout).facts.reported_cost_picousd
        is None
    )


def test_another_shape_does_not_fit() -> None:
    quoted = layout_of({"request": json.dumps(CHAT), "response": ANSWER})

    for other in ({"request": CHAT, "response": ANSWER}, {"req": CHAT}, {"request": json.dumps(CHAT)}):
        assert not quoted.fits(quoted.columns.read(json.dumps(other).encode()))


def test_a_records_url_tells_what_it_is() -> None:
    layout = layout_of({"url": "https://a.b/v1/chat/completions", "body": CHAT, "response": ANSWER})

    def meaning(url: object) -> object:
        return layout.meaning(layout.columns.read(json.dumps({"url": url, "body": CHAT}).encode()))

    assert meaning("https://a.b/v1/chat/completions") is WireFormat.OPENAI_CHAT
    assert meaning("https://a.b/v1/messages/count_tokens") is NotACall.COUNT
    assert meaning("https://a.b/") is WireFormat.OPENAI_CHAT
    assert meaning(None) is WireFormat.OPENAI_CHAT


def test_an_answer_that_says_nothing_is_doubtful_without_a_url() -> None:
    layout = layout_of({"request": CHAT, "response": ANSWER})
    foreign = {"request": CHAT, "response": {"type": "message", "content": [{"type": "text", "text": "ho"}]}}

    assert pair(foreign, layout=layout).is_doubtful
