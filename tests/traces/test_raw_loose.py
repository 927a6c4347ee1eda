import json
from typing import Any

import pytest

from farthing.segment import SegmentKind
from farthing.traces import instant
from farthing.traces.raw_layout import Pair
from farthing.traces.raw_loose import is_loose, loose
from farthing.traces.source import Line
from farthing.wire.message import BlockMemo
from farthing.wire.recognise import WireFormat

MESSAGES = [{"role": "system", "content": "Brief."}, {"role": "user", "content": "hi"}]
USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}


def read(record: dict[str, Any]) -> tuple[WireFormat, Pair]:
    return loose(Line(50, json.dumps(record).encode()), BlockMemo())


@pytest.mark.parametrize(
    "record",
    [
        {"prompt": "p", "completion": "c", "model": "m"},
        {"messages": MESSAGES, "output": {"role": "assistant", "content": "c"}, "usage": USAGE},
        {"input": {"messages": MESSAGES}, "answer": {"a": 1}, "model": "m"},
    ],
)
def test_words_asked_and_said_count_if_a_model_or_usage_is_named(record: dict[str, Any]) -> None:
    assert is_loose(json.dumps(record).encode())


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"[]",
        b"{",
        b"{}",
        b'{"prompt": "p", "completion": "c"}',  # an example to train on
        b'{"prompt": "p", "model": "m"}',
        b'{"completion": "c", "usage": {}}',
    ],
)
def test_other_records_do_not(record: bytes) -> None:
    assert not is_loose(record)


def test_messages_keep_their_places() -> None:
    record = {"input": MESSAGES, "output": "ho", "model": "m", "usage": USAGE, "session_id": "s"}
    wire, pair = read(record)

    assert wire is WireFormat.OPENAI_CHAT
    assert [segment.kind for segment in pair.request.segments] == [SegmentKind.SYSTEM, SegmentKind.TASK]
    assert pair.request.segments[1].offset == 50 + json.dumps(record).index('"hi"')
    assert pair.facts.session == "s"
    assert pair.response is not None
    assert [segment.size for segment in pair.response.output] == [2]
    assert pair.response.charges[0].usage.input_tokens == 9


def test_a_prompt_is_one_message_without_a_place() -> None:
    _, pair = read({"prompt": "hi", "completion": "ho", "model": "m", "timestamp": "2026-01-01T00:00:00Z"})
    (segment,) = pair.request.segments

    assert (segment.kind, segment.size, segment.offset) == (SegmentKind.TASK, 2, -1)
    assert pair.facts.at_ns == instant.from_iso("2026-01-01T00:00:00Z")
    assert pair.response is not None
    assert not pair.response.usage_recorded


def test_anthropics_counters_leave_cached_tokens_out_of_the_input() -> None:
    usage = {"input_tokens": 3, "output_tokens": 4, "cache_read_input_tokens": 2}
    wire, pair = read({"prompt": "hi", "completion": "ho", "usage": usage})

    assert wire is WireFormat.ANTHROPIC
    assert pair.response is not None
    assert pair.response.charges[0].usage.input_tokens == 5


@pytest.mark.parametrize("said", [["a", "b"], {"a": 1}, 7])
def test_an_answer_of_an_odd_kind_is_content_all_the_same(said: object) -> None:
    _, pair = read({"prompt": "hi", "output": said, "model": "m"})

    assert pair.response is not None
