import json

import pytest

from farthing.wire import anthropic
from tests.wire.anthropic_scene import END, FIXTURES, MORE, START, STOP, WORDS, Record, bill, streamed
from tests.wire.recorded import (
    as_stream,
)


@pytest.mark.parametrize(
    ("told", "tier"),
    [({"service_tier": "standard"}, ""), ({"service_tier": "batch"}, "batch"), ({"speed": "fast"}, "fast")],
)
def test_the_tier_is_the_one_that_was_given(told: Record, tier: str) -> None:
    usage = {"input_tokens": 1, "output_tokens": 1, **told}
    (charge,) = anthropic.answer(json.dumps({"model": "m", "usage": usage}).encode()).charges
    assert charge.tier == tier


def test_compaction_and_advice_are_lines_of_their_own() -> None:
    iterations = [
        {"type": "compaction", "input_tokens": 180, "output_tokens": 3},
        {"type": "message", "input_tokens": 20, "output_tokens": 4},
        {"type": "advisor_message", "model": "claude-opus-5", "input_tokens": 8, "output_tokens": 16},
    ]
    usage = {"input_tokens": 20, "output_tokens": 4, "service_tier": "priority", "iterations": iterations}
    response = anthropic.answer(json.dumps({"model": "m", "usage": usage}).encode())
    assert bill(response) == [
        ("m", "", 20, 4),
        ("m", "compaction", 180, 3),
        ("claude-opus-5", "advisor", 8, 16),
    ]
    assert [charge.tier for charge in response.charges] == ["priority", "priority", ""]


def test_a_fall_back_bills_who_answered_and_who_had_begun_to() -> None:
    for ending in (".json", ".chunks.txt"):
        path = FIXTURES / f"anthropic-fallback{ending}"
        read = anthropic.answer if ending == ".json" else lambda raw: anthropic.fold([raw])
        response = read(path.read_bytes() if ending == ".json" else as_stream(path))
        assert bill(response) == [("claude-opus-4-8", "", 412, 264)]
        assert response.model == "claude-opus-4-8"
    iterations = [
        {"type": "message", "model": "a", "input_tokens": 5, "output_tokens": 2},
        {"type": "message", "model": "b", "input_tokens": 6, "output_tokens": 1},
        {"type": "fallback_message", "model": "b", "input_tokens": 7, "output_tokens": 3},
    ]
    usage = {"input_tokens": 13, "output_tokens": 4, "iterations": iterations}
    begun = anthropic.answer(json.dumps({"model": "b", "usage": usage}).encode())
    assert bill(begun) == [("b", "", 13, 4), ("a", "declined", 5, 2)]


def test_a_refusal_costs_nothing_unless_output_had_begun() -> None:
    refused = [
        anthropic.answer((FIXTURES / "anthropic-refusal.json").read_bytes()),
        anthropic.fold([as_stream(FIXTURES / "anthropic-refusal.chunks.txt")]),
    ]
    assert [(one.charges, one.usage_recorded, one.finish) for one in refused] == [((), True, "refusal")] * 2
    message = {"model": "m", "stop_reason": "refusal", "usage": {"input_tokens": 5, "output_tokens": 3}}
    begun = anthropic.answer(json.dumps({**message, "content": [{"type": "text", "text": "I"}]}).encode())
    assert bill(begun) == [("m", "", 5, 3)]


def test_counts_of_a_stream_are_cumulative_field_by_field() -> None:
    response = streamed(START, WORDS, {"type": "ping"}, MORE, END, STOP)
    assert bill(response) == [("m", "", 13, 5)]
    assert (response.complete, response.finish, response.response_id) == (True, "end_turn", "m1")
    late = {**END, "usage": {"input_tokens": 2, "cache_read_input_tokens": None, "output_tokens": 6}}
    assert bill(streamed(START, END, late, STOP)) == [("m", "", 6, 6)]
