"""LiteLLM's payloads and its table of spend."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from farthing.span import Output
from farthing.step import Recorded
from farthing.traces.litellm import FORMAT
from farthing.traces.source import Item, Match, Note, Skipped
from farthing.usage import Usage
from tests.traces.file_source import FileSource
from tests.traces.instrumented import ANTHROPIC, CLAUDES, GPTS, HERE, OPENAI, read, resends, shapes, usages
from tests.traces.sums import items_of, others_of, spans_of
from tests.traces.tables import table, table_sample, write_table


def payload(number: int = 1, /, **more: object) -> dict[str, object]:
    return {
        "id": f"c{number}",
        "litellm_call_id": f"l{number}",
        "trace_id": f"t{number}",
        "call_type": "acompletion",
        "status": "success",
        "custom_llm_provider": "openai",
        "model": "gpt-5-mini",
        "startTime": 1_764_000_000.5,
        "endTime": 1_764_000_001.5,
        "messages": [{"role": "user", "content": "Hello"}],
        "response": {
            "choices": [{"message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}]
        },
        "prompt_tokens": 10,
        "completion_tokens": 2,
        **more,
    }


def told(*payloads: object) -> list[Item]:
    return list(
        FORMAT.read(FileSource("l.jsonl", b"\n".join(json.dumps(each).encode() for each in payloads)))
    )


def test_payloads_cost_what_their_provider_counted() -> None:
    spans = read(FORMAT, "litellm.jsonl")
    assert FORMAT.recognise(FileSource.of(HERE / "litellm.jsonl").sample()) is Match.LEAD
    assert usages(spans) == [*OPENAI, *ANTHROPIC, OPENAI[1]]
    assert shapes(spans)[:4] == [*GPTS, *CLAUDES]
    assert [span.step.session for span in spans] == ["session-5", "session-5", "session-6", "session-6", ""]
    assert all(resends(before, after) for before, after in (spans[:2], spans[2:4]))
    assert spans[0].attributes == (("tags", "prod"), ("user", "ada"))
    assert (spans[0].step.provider, spans[2].step.provider) == ("openai", "anthropic")


def test_an_answer_from_litellms_own_cache_is_no_call() -> None:
    assert others_of(items_of(FORMAT, HERE / "litellm.jsonl")) == [
        Note("1 calls were answered from LiteLLM's own cache and cost nothing: left out")
    ]


def test_the_request_can_be_quoted() -> None:
    content = (HERE / "litellm.jsonl").read_bytes()
    first, *_ = read(FORMAT, "litellm.jsonl")
    assert first.step.prefix is not None
    task = first.step.prefix.segment
    assert content[task.offset : task.offset + task.length] == b"What is the weather in Berlin?"


def test_the_usage_object_is_taken_before_the_sums_of_the_table() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 8}}
    (full,) = spans_of(told(payload(1, metadata={"usage_object": usage})))
    (bare,) = spans_of(told(payload(1)))
    assert usages([full]) == [Usage(uncached_input_tokens=2, cache_read_input_tokens=8, output_tokens=2)]
    assert usages([bare]) == [Usage(uncached_input_tokens=10, output_tokens=2)]


def test_anthropics_own_usage_passes_through() -> None:
    usage = {
        "input_tokens": 10,
        "output_tokens": 2,
        "cache_read_input_tokens": 8,
        "cache_creation_input_tokens": 0,
    }
    (call,) = spans_of(told(payload(1, call_type="anthropic_messages", metadata={"usage_object": usage})))
    assert usages([call]) == [Usage(uncached_input_tokens=10, cache_read_input_tokens=8, output_tokens=2)]


def test_a_trace_id_that_calls_share_is_a_session() -> None:
    spans = spans_of(told(payload(1, trace_id="a"), payload(2, trace_id="a"), payload(3)))
    assert [span.step.session for span in spans] == ["a", "a", ""]
    (bare,) = spans_of(told(payload(1, messages="redacted-by-litellm", response={})))
    assert bare.step.session == ""


def test_a_failed_attempt_shares_the_trace_of_what_followed_and_is_no_call() -> None:
    failed = payload(1, trace_id="a", status="failure", prompt_tokens=0, completion_tokens=0)
    spans = spans_of(told(failed, payload(2, trace_id="a")))
    assert [(span.response_id, span.step.session) for span in spans] == [("c2", "")]


def test_keys_are_told_apart_and_not_told() -> None:
    spans = spans_of(told(*(payload(n, metadata={"user_api_key_hash": f"hash-{n % 2}"}) for n in (1, 2, 3))))
    accounts = [span.step.account for span in spans]
    assert accounts[0] == accounts[2] != accounts[1]
    assert "hash" not in "".join(accounts)


def test_a_cut_prompt_leaves_the_counts() -> None:
    cut = [{"role": "user", "content": "Hel... (litellm_truncated 3000 chars)"}]
    items = told(payload(1, messages=cut))
    (call,) = spans_of(items)
    assert (call.step.recorded, usages([call])) == (
        Recorded.COUNTS,
        [Usage(uncached_input_tokens=10, output_tokens=2)],
    )
    assert Note("1 calls have a request that was cut off: only their counts are used") in items


def test_rows_of_the_table_of_spend(tmp_path: Path) -> None:
    row = {
        "request_id": "r1",
        "call_type": "acompletion",
        "spend": 0.5,
        "prompt_tokens": 10,
        "completion_tokens": 2,
        "startTime": "2026-01-01T00:00:00",
        "model": "azure/gpt-5-mini",
        "custom_llm_provider": "azure",
        "session_id": "s",
        "cache_hit": "False",
        "messages": "{}",
        "proxy_server_request": '{"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Hello"}]}',
        "response": "{}",
        "metadata": "{}",
        "request_tags": '["prod"]',
    }
    path = write_table(tmp_path / "spend.parquet", row)
    readers: list[Callable[[], list[Item]]] = [lambda: told(row), lambda: list(FORMAT.read(table(path)))]
    assert FORMAT.recognise(table_sample(path)) is Match.LEAD
    assert FORMAT.recognise(FileSource("s.jsonl", json.dumps(row).encode()).sample()) is Match.LEAD
    for reader in readers:
        (call,) = spans_of(reader())
        assert (call.step.session, call.step.provider, call.response_id) == ("s", "azure", "r1")
        assert shapes([call]) == [[("task", "")]]
        assert call.reported_cost_picousd == 5 * 10**11
        assert ("tags", "prod") in call.attributes


@pytest.mark.parametrize("work", ["aembedding", "image_generation", "arerank", "transcription", "moderation"])
def test_other_work_is_no_call(work: str) -> None:
    assert told(payload(1, call_type=work)) == []


def test_a_call_without_usage() -> None:
    (call,) = spans_of(told(payload(1, prompt_tokens=0, completion_tokens=0)))
    assert (call.usage_recorded, call.output_count) == (False, Output.MISSING)


def test_damage_is_named_and_the_rest_is_read() -> None:
    items = told(payload(1, prompt_tokens=-1), payload(2))
    assert len(spans_of(items)) == 1
    assert [item.offset for item in items if isinstance(item, Skipped)] == [0]
