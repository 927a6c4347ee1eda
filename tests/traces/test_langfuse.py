"""Langfuse exports of eleven frameworks, and the ways in which exports differ."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from farthing.span import Output
from farthing.step import Recorded
from farthing.traces.langfuse import FORMAT
from farthing.traces.langfuse_usage import DISJOINT, WITHIN
from farthing.traces.source import Dropped, Item, Match, Note, Sample, Skipped
from farthing.usage import Usage
from tests.traces.file_source import FileSource
from tests.traces.folders import items
from tests.traces.instrumented import shapes, usages
from tests.traces.sums import counted, items_of, others_of, spans_of, sums
from tests.traces.tables import table, table_sample, write_table
from tests.truth import langfuse_framework_traces as truth

HERE = Path(__file__).parents[1] / "data" / "langfuse-framework-traces"


def observation(number: int = 1, /, **more: object) -> dict[str, object]:
    return {
        "id": f"o{number}",
        "traceId": "t",
        "parentObservationId": None,
        "type": "GENERATION",
        "model": "gpt-5-mini",
        "startTime": f"2026-01-01T00:00:0{number}.000Z",
        "input": [{"role": "user", "content": "Hello"}],
        "output": {"role": "assistant", "content": "Hi"},
        "usageDetails": {"input": 5, "output": 2, "total": 7},
        **more,
    }


def told(*observations: object) -> list[Item]:
    return list(FORMAT.read(FileSource("observations.json", json.dumps(observations).encode())))


def test_the_folder_agrees_with_an_independent_count(recorded: Callable[[str], Path]) -> None:
    folder = recorded("langfuse-framework-traces")
    copies = {span.response_id: span for span in spans_of(items(FORMAT, folder))}
    expected = truth.count(folder)
    assert sums(copies.values()) == counted(expected)
    assert sum(not span.usage_recorded for span in copies.values()) == expected.calls_without_usage


def test_a_trace_that_was_exported_twice_has_the_same_ids(recorded: Callable[[str], Path]) -> None:
    folder = recorded("langfuse-framework-traces")
    once, again = (
        items_of(FORMAT, folder / f"{name}-2025-06-06.trace.json")
        for name in ("pydantic-ai", "pydantic-ai-tools")
    )
    assert [span.response_id for span in spans_of(once)] == [span.response_id for span in spans_of(again)]


def test_what_a_test_expects_of_a_trace_is_read_with_it() -> None:
    beside = Sample(name="a.chatml.json", head=b"{}", whole=True, neighbours=("a.trace.json",))
    assert FORMAT.recognise(beside) is Match.MEMBER
    assert FORMAT.recognise(FileSource.of(HERE / "autogen-2025-06-06.trace.json").sample()) is Match.LEAD


def test_langfuses_own_guesses_are_calls_without_usage() -> None:
    found = items_of(FORMAT, HERE / "agno-2025-06-11.trace.json")
    assert usages(spans_of(found)) == [
        Usage(uncached_input_tokens=163, output_tokens=20),
        Usage(uncached_input_tokens=663, output_tokens=225),
    ]
    assert Dropped("spans of calls that another span tells as well", 2) in found
    (note,) = [item for item in found if isinstance(item, Note)]
    assert note.text.startswith("2 generations have only the counts of Langfuse's own tokenizer")


def test_the_inner_call_counts_and_its_wrapper_does_not() -> None:
    found = items_of(FORMAT, HERE / "vercel-aisdk-2025-11-17.trace.json")
    (call,) = spans_of(found)
    assert usages([call]) == [Usage(uncached_input_tokens=62, output_tokens=85)]
    assert shapes([call]) == [[("tools", "getWeather"), ("task", "")]]
    assert call.output[0].name == "getWeather"
    assert others_of(found) == [Dropped("spans that repeat the usage of the calls inside them", 1)]


def test_what_a_call_tells_of_itself() -> None:
    (call,) = spans_of(items_of(FORMAT, HERE / "pydantic-ai-with-gemini-2025-12-24.trace.json"))
    assert (call.step.model, call.step.provider, call.finish) == ("gemini-2.5-flash", "google", "stop")
    assert call.step.session == ""  # alone at the root of its trace
    assert call.reported_cost_picousd == int(Decimal("0.0004095") * 10**12)
    assert ("environment", "251216-langfuse-v3-test") in call.attributes
    assert call.ended_ns is not None
    assert call.step.at_ns is not None
    assert call.ended_ns - call.step.at_ns == 1_820_000_000


def test_tool_schemas_behind_the_messages_are_tools() -> None:
    spans = spans_of(items_of(FORMAT, HERE / "langgraph-python-2025-08-22.trace.json"))
    opening = [("tools", "Web-Search"), ("task", ""), ("user", "")]
    assert shapes(spans) == [opening, [*opening, ("tool_call", "Web-Search"), ("tool_result", "Web-Search")]]


def test_a_named_session_is_the_session() -> None:
    trace = {"trace": {"sessionId": "s", "userId": "u", "bookmarked": False}, "observations": [observation()]}
    (call,) = spans_of(FORMAT.read(FileSource("t.json", json.dumps(trace).encode())))
    assert (call.step.session, call.response_id) == ("s", "t/o1")
    assert ("user", "u") in call.attributes


def test_every_shape_of_an_export_reads_alike() -> None:
    one = observation(metadata={"a": 1})
    snake = {
        "id": "o1",
        "trace_id": "t",
        "parent_observation_id": None,
        "type": "GENERATION",
        "provided_model_name": "gpt-5-mini",
        "start_time": "2026-01-01 00:00:01.000",
        "input": json.dumps(one["input"]),
        "output": json.dumps(one["output"]),
        "usage_details": json.dumps(one["usageDetails"]),
        "metadata": json.dumps({"a": 1}),
    }
    lines = b"\n".join(json.dumps(each).encode() for each in (one, observation(2)))
    bodies = [
        json.dumps([one]).encode(),
        json.dumps({"data": [one], "meta": {"page": 1}}).encode(),
        json.dumps({"observations": [one], "id": "t"}, indent=1).encode(),
        json.dumps(snake).encode(),
        lines,
    ]
    for body in bodies:
        source = FileSource("observations.jsonl", body)
        assert FORMAT.recognise(source.sample()) is Match.LEAD
        call, *_ = spans_of(FORMAT.read(source))
        assert usages([call]) == [Usage(uncached_input_tokens=5, output_tokens=2)]
        assert shapes([call]) == [[("task", "")]]
        assert call.step.at_ns == 1_767_225_601_000_000_000


def test_a_table_reads_as_its_lines(tmp_path: Path) -> None:
    row = {
        "id": "o1",
        "trace_id": "t",
        "parent_observation_id": None,
        "type": "GENERATION",
        "provided_model_name": "gpt-5-mini",
        "input": '[{"role": "user", "content": "Hello"}]',
        "usage_details": '{"input": 5, "output": 2}',
    }
    path = write_table(tmp_path / "observations.parquet", row)
    assert FORMAT.recognise(table_sample(path)) is Match.LEAD
    (call,) = spans_of(FORMAT.read(table(path)))
    assert usages([call]) == [Usage(uncached_input_tokens=5, output_tokens=2)]
    assert call.step.prefix is not None
    assert (call.offset, call.step.prefix.segment.offset) == (0, -1)


def test_a_csv_export_reads_as_its_lines() -> None:
    content = (
        "id,traceId,type,model,input,usageDetails,startTime\n"
        'o1,t,GENERATION,gpt-5-mini,"[{""role"": ""user"", ""content"": ""Hello""}]",'
        '"{""input"": 5, ""output"": 2}",2026-01-01T00:00:00Z\n'
    )
    source = FileSource("observations.csv", content.encode())
    assert FORMAT.recognise(source.sample()) is Match.LEAD
    (call,) = spans_of(FORMAT.read(source))
    assert usages([call]) == [Usage(uncached_input_tokens=5, output_tokens=2)]
    assert shapes([call]) == [[("task", "")]]
    assert call.offset == content.index("o1")


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"usageDetails": {}, "usage": {"input": 5, "output": 2, "unit": "TOKENS"}}, (5, 2)),
        ({"usageDetails": None, "promptTokens": 5, "completionTokens": 2}, (5, 2)),
    ],
)
def test_older_spellings_of_usage(usage: dict[str, object], expected: tuple[int, int]) -> None:
    (call,) = spans_of(told(observation(1, **usage)))
    assert (call.charges[0].usage.input_tokens, call.charges[0].usage.output_tokens) == expected


def test_usage_that_its_sender_did_not_provide_is_a_guess() -> None:
    (call,) = spans_of(told(observation(1, providedUsageDetails={"input": 5})))
    (guessed,) = spans_of(told(observation(1, providedUsageDetails={})))
    assert call.usage_recorded
    assert (guessed.usage_recorded, guessed.output_count) == (False, Output.MISSING)


def test_what_is_no_call() -> None:
    embedding = observation(1, type="EMBEDDING")
    without_request = observation(2, input=None, usageDetails={})
    failed = observation(3, level="ERROR", usageDetails={})
    assert told(embedding, without_request, failed) == []


def test_a_failed_call_that_was_billed_counts() -> None:
    (call,) = spans_of(told(observation(1, level="ERROR")))
    assert (call.error, call.usage_recorded) == ("error", True)


def test_an_input_that_was_cut_off_leaves_the_counts() -> None:
    found = told(observation(1, input='[{"role": "user", "content": "What is'))
    (call,) = spans_of(found)
    assert (call.step.recorded, call.usage_recorded) == (Recorded.COUNTS, True)
    assert Note("1 calls have a request that was cut off: only their counts are used") in found


def test_damage_is_named_and_the_rest_is_read() -> None:
    good, bad = json.dumps(observation(1)), json.dumps(observation(2, usageDetails={"input": -5}))
    content = f'{good}\n{{"traceId": "t", "type": \n{bad}'.encode()
    found = list(FORMAT.read(FileSource("o.jsonl", content)))
    assert len(spans_of(found)) == 1
    offsets = [item.offset for item in found if isinstance(item, Skipped)]
    assert offsets == [len(good) + 1, content.rindex(b"\n") + 1]


def test_an_update_takes_the_place_of_what_it_updates() -> None:
    early = observation(1, usageDetails={})
    found = told(early, observation(1), early)
    assert usages(spans_of(found)) == [Usage(uncached_input_tokens=5, output_tokens=2)]
    assert Dropped("spans that stand twice (trace and span id)", 2) in found


def test_rules_are_told() -> None:
    inside = {"input": 10, "output": 2, "input_cached_tokens": 8, "total": 12}
    apart, within = spans_of(told(observation(1), observation(2, usageDetails=inside)))
    assert (apart.usage_rule, within.usage_rule) == (DISJOINT, WITHIN)
    assert within.charges[0].usage == Usage(
        uncached_input_tokens=2, cache_read_input_tokens=8, output_tokens=2
    )
