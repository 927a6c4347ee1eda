"""Helicone's rows, transcribed from its export example (Helicone/helicone, examples/export, 2026-08)."""

import json

from farthing.span import Span
from farthing.traces.helicone import FORMAT
from farthing.traces.source import Item, Match, Note, Skipped
from farthing.usage import Usage, cache_writes
from tests.traces.file_source import FileSource
from tests.traces.instrumented import shapes, usages
from tests.traces.sums import spans_of


def row(**more: object) -> dict[str, object]:
    return {
        "response_id": "r1",
        "request_id": "q1",
        "request_created_at": "2026-01-01T00:00:00+00:00",
        "response_created_at": "2026-01-01T00:00:02+00:00",
        "response_status": 200,
        "provider": "ANTHROPIC",
        "request_model": "claude-sonnet-4-5",
        "request_properties": {"Helicone-Session-Id": "s", "Helicone-Session-Path": "/weather"},
        "request_user_id": "ada",
        "prompt_tokens": 9,
        "completion_tokens": 33,
        **more,
    }


def told(*rows: object) -> list[Item]:
    return list(FORMAT.read(FileSource("h.jsonl", b"\n".join(json.dumps(each).encode() for each in rows))))


def one(**more: object) -> Span:
    (span,) = spans_of(told(row(**more)))
    return span


def test_with_bodies_a_row_is_a_request_and_an_answer() -> None:
    usage = {
        "input_tokens": 9,
        "output_tokens": 33,
        "cache_read_input_tokens": 1_600,
        "cache_creation_input_tokens": 75,
        "cache_creation": {"ephemeral_1h_input_tokens": 75},
    }
    answer = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5-20250929",
        "content": [{"type": "text", "text": "It rains."}],
        "usage": usage,
    }
    request = {
        "model": "claude-sonnet-4-5",
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "Rain?"}],
    }
    call = one(request_body=request, response_body=answer)
    assert usages([call]) == [
        Usage(
            uncached_input_tokens=9,
            cache_read_input_tokens=1_600,
            cache_writes=cache_writes(one_hour=75),
            output_tokens=33,
        )
    ]
    assert shapes([call]) == [[("system", ""), ("task", "")]]
    assert (call.response_id, call.step.session, call.charges[0].model) == (
        "msg_1",
        "s",
        "claude-sonnet-4-5-20250929",
    )
    assert call.attributes == (("feature", "/weather"), ("user", "ada"))


def test_without_bodies_its_counts_are_left() -> None:
    call = one(prompt_cache_read_tokens=1_600, prompt_cache_write_tokens=75)
    assert usages([call]) == [
        Usage(
            uncached_input_tokens=9,
            cache_read_input_tokens=1_600,
            cache_writes=cache_writes(unknown=75),
            output_tokens=33,
        )
    ]
    assert (call.step.provider, call.response_id) == ("anthropic", "r1")


def test_its_own_cache_costs_nothing() -> None:
    (note,) = told(row(cache_enabled=True, cache_reference_id="r0"))
    assert note == Note("1 requests were answered from Helicone's cache and cost nothing: left out")


def test_a_refused_request_is_no_call() -> None:
    assert told(row(response_status=429, prompt_tokens=0, completion_tokens=0)) == []


def test_pages_and_lines_are_recognised() -> None:
    content = json.dumps({"data": [row()]}, indent=1).encode()
    assert FORMAT.recognise(FileSource("h.json", content).sample()) is Match.LEAD
    assert len(spans_of(FORMAT.read(FileSource("h.json", content)))) == 1


def test_damage_is_named_and_the_rest_is_read() -> None:
    items = told(row(prompt_tokens=-5), row(request_body='{"messages": [{"role": "us'), row())
    cut, _ = spans_of(items)
    assert (cut.step.prefix, cut.usage_recorded) == (None, True)
    assert [item.offset for item in items if isinstance(item, Skipped)] == [0]
    assert Note("1 calls have a request that was cut off: only their counts are used") in items
