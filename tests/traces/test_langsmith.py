"""LangSmith runs as the SDK sent them, and the places in which older ones keep their usage."""

import json
from pathlib import Path

import pytest

from farthing.span import Output
from farthing.step import Recorded
from farthing.traces.langsmith import FORMAT
from farthing.traces.source import Item, Match, Note, Skipped
from farthing.usage import Usage, cache_writes
from tests.traces.file_source import FileSource
from tests.traces.instrumented import ANTHROPIC, CLAUDES, GPTS, HERE, OPENAI, read, resends, shapes, usages
from tests.traces.sums import spans_of
from tests.traces.tables import table, table_sample, write_table


def run(number: int = 1, /, **more: object) -> dict[str, object]:
    return {
        "id": f"r{number}",
        "trace_id": "t",
        "parent_run_id": None,
        "dotted_order": f"2026{number}",
        "session_id": "the-project",
        "run_type": "llm",
        "start_time": "2026-01-01T00:00:00Z",
        "inputs": {"messages": [{"role": "user", "content": "Hello"}]},
        "outputs": {"role": "assistant", "content": "Hi"},
        "extra": {"metadata": {"ls_provider": "anthropic", "ls_model_name": "claude-sonnet-4-5"}},
        **more,
    }


def told(*runs: object) -> list[Item]:
    return list(FORMAT.read(FileSource("runs.jsonl", b"\n".join(json.dumps(each).encode() for each in runs))))


def test_runs_cost_what_their_provider_counted() -> None:
    spans = read(FORMAT, "langsmith.jsonl")
    assert FORMAT.recognise(FileSource.of(HERE / "langsmith.jsonl").sample()) is Match.LEAD
    assert usages(spans) == [*OPENAI, *ANTHROPIC, OPENAI[0], ANTHROPIC[0]]
    assert shapes(spans) == [*GPTS, *CLAUDES, GPTS[0], CLAUDES[0]]
    assert [span.step.session for span in spans] == ["thread-3"] * 4 + ["conv-4"] * 2
    assert all(resends(before, after) for before, after in (spans[:2], spans[2:4]))


def test_ids_models_and_places_are_the_providers_own() -> None:
    first, *_ = read(FORMAT, "langsmith.jsonl")
    assert (first.response_id, first.finish) == ("chatcmpl-0001", "tool_calls")
    assert (first.step.model, first.charges[0].model) == ("gpt-5-mini", "gpt-5-mini-2025-08-07")
    content = (HERE / "langsmith.jsonl").read_bytes()
    assert first.step.prefix is not None
    task = first.step.prefix.segment
    assert content[task.offset : task.offset + task.length] == b"What is the weather in Berlin?"


@pytest.mark.parametrize(
    "where",
    [
        {
            "outputs": {
                "usage_metadata": {
                    "input_tokens": 10,
                    "output_tokens": 2,
                    "input_token_details": {"cache_read": 8},
                }
            }
        },
        {"prompt_tokens": 10, "completion_tokens": 2, "prompt_token_details": {"cache_read": 8}},
        {
            "outputs": {
                "llm_output": {
                    "token_usage": {
                        "prompt_tokens": 10,
                        "completion_tokens": 2,
                        "prompt_tokens_details": {"cached_tokens": 8},
                    }
                }
            }
        },
        {
            "extra": {
                "metadata": {
                    "usage_metadata": {
                        "input_tokens": 10,
                        "output_tokens": 2,
                        "input_token_details": {"cache_read": 8},
                    }
                }
            }
        },
    ],
)
def test_usage_is_found_wherever_it_is_kept(where: dict[str, object]) -> None:
    (call,) = spans_of(told(run(1, **where)))
    assert usages([call]) == [Usage(uncached_input_tokens=2, cache_read_input_tokens=8, output_tokens=2)]


def test_lifetimes_and_the_sum_of_writes_are_told_twice() -> None:
    details = {"cache_creation": 30, "ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}
    usage = {"input_tokens": 100, "output_tokens": 2, "input_token_details": details}
    (call,) = spans_of(told(run(1, outputs={"usage_metadata": usage})))
    assert usages([call]) == [
        Usage(
            uncached_input_tokens=70, cache_writes=cache_writes(five_minutes=10, one_hour=20), output_tokens=2
        )
    ]


def test_a_count_that_leaves_cached_tokens_out_shows_it() -> None:
    """What SDKs before 2026-03 sent of Anthropic's answers: two calls that show it, and one that cannot."""

    def sent(number: int, given: int, read: int) -> dict[str, object]:
        usage = {"input_tokens": given, "output_tokens": 2, "input_token_details": {"cache_read": read}}
        return run(number, outputs={"usage_metadata": usage})

    spans = spans_of(told(sent(1, 9, 1_000), sent(2, 12, 2_000), sent(3, 500, 400)))
    assert [span.charges[0].usage.uncached_input_tokens for span in spans] == [9, 12, 500]
    assert len({span.usage_rule for span in spans}) == 2


def test_parents_carry_sums_and_are_no_calls() -> None:
    parent = run(1, run_type="chain", prompt_tokens=99, completion_tokens=9)
    child = run(2, parent_run_id="r1", prompt_tokens=10, completion_tokens=2)
    assert [span.charges[0].usage.input_tokens for span in spans_of(told(parent, child))] == [10]


def test_the_conversation_is_named_in_the_metadata_and_not_by_the_project() -> None:
    named = run(1, extra={"metadata": {"conversation_id": "c"}})
    assert [span.step.session for span in spans_of(told(named))] == ["c"]
    assert [span.step.session for span in spans_of(told(run(1)))] == [""]


def test_a_failed_run_is_no_call_and_a_run_without_usage_is_one() -> None:
    assert told(run(1, error="RateLimitError()")) == []
    (call,) = spans_of(told(run(1)))
    assert (call.usage_recorded, call.output_count) == (False, Output.MISSING)


def test_a_bulk_export_is_a_table(tmp_path: Path) -> None:
    row = run(1, prompt_tokens=10, completion_tokens=2)
    row = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in row.items()}
    path = write_table(tmp_path / "runs.parquet", row)
    assert FORMAT.recognise(table_sample(path)) is Match.LEAD
    (call,) = spans_of(FORMAT.read(table(path)))
    assert shapes([call]) == [[("task", "")]]
    assert usages([call]) == [Usage(uncached_input_tokens=10, output_tokens=2)]


def test_a_page_of_runs_reads_as_its_runs() -> None:
    content = json.dumps({"runs": [run(1, prompt_tokens=10)], "cursors": {}}, indent=1).encode()
    assert FORMAT.recognise(FileSource("runs.json", content).sample()) is Match.LEAD
    (call,) = spans_of(FORMAT.read(FileSource("runs.json", content)))
    assert content[call.offset :].startswith(b"{\n")


def test_damage_is_named_and_the_rest_is_read() -> None:
    cut = run(2, inputs='{"messages": [{"role": "user", "content": "What', prompt_tokens=10)
    items = told(run(1, prompt_tokens=-1), cut)
    (call,) = spans_of(items)
    assert call.step.recorded is Recorded.COUNTS
    assert [item.reason for item in items if isinstance(item, Skipped)] == [
        "prompt_tokens is -1; a count cannot be negative"
    ]
    assert Note("1 calls have a request that was cut off: only their counts are used") in items
