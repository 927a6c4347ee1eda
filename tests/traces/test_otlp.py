"""OTLP JSON as seven instrumentations wrote it, and what a file may do wrong."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from farthing.span import Output, Span
from farthing.step import Recorded
from farthing.traces.otlp import FORMAT
from farthing.traces.source import Dropped, Item, Match, Note, Skipped
from farthing.usage import Usage
from tests.traces.file_source import FileSource
from tests.traces.instrumented import (
    ANTHROPIC,
    CLAUDES,
    GPTS,
    HERE,
    OPENAI,
    read,
    resends,
    shapes,
    usages,
)
from tests.traces.sums import counted, items_of, others_of, spans_of, sums
from tests.truth import open_agent_traces

RETOLD = "spans of calls that another span tells as well"
ROLLUPS = "spans that repeat the usage of the calls inside them"


def attribute(name: str, value: object) -> dict[str, object]:
    kind = "intValue" if isinstance(value, int) else "stringValue"
    return {"key": name, "value": {kind: str(value)}}


def span(span_id: str, parent: str = "", /, **attributes: object) -> dict[str, object]:
    """Return a span whose attributes have `__` for each dot of their names."""
    named = [attribute(name.replace("__", "."), value) for name, value in attributes.items()]
    times = {"startTimeUnixNano": "1764000000000000000", "endTimeUnixNano": "1764000001000000000"}
    return {
        "traceId": "t1",
        "spanId": span_id,
        "parentSpanId": parent,
        "name": span_id,
        **times,
        "attributes": named,
    }


def chat(span_id: str, parent: str = "", /, **attributes: object) -> dict[str, object]:
    about = {"gen_ai__operation__name": "chat", "gen_ai__request__model": "gpt-5-mini"}
    return span(span_id, parent, **{**about, **attributes})


def document(*spans: object, scope: str = "my-scope") -> bytes:
    inside = {"scope": {"name": scope}, "spans": spans}
    return json.dumps({"resourceSpans": [{"resource": {}, "scopeSpans": [inside]}]}).encode()


def told(*spans: object, scope: str = "my-scope") -> list[Item]:
    return list(FORMAT.read(FileSource("traces.jsonl", document(*spans, scope=scope))))


def test_the_folder_agrees_with_an_independent_count(recorded: Callable[[str], Path]) -> None:
    folder = recorded("open-agent-traces")
    (path,) = folder.glob("*.json")
    assert FORMAT.recognise(FileSource.of(path).sample()) is Match.LEAD
    assert sums(spans_of(items_of(FORMAT, path))) == counted(open_agent_traces.count(folder))
    assert items_of(FORMAT, path) == []


@pytest.mark.parametrize(
    ("name", "expected", "contexts"),
    [
        ("openllmetry_anthropic.jsonl", ANTHROPIC, CLAUDES),
        ("openllmetry_openai.jsonl", [*OPENAI, *OPENAI], [*GPTS, *GPTS]),
        ("openinference.jsonl", [*OPENAI, *ANTHROPIC], [*GPTS, *CLAUDES]),
        ("openinference_langchain.jsonl", ANTHROPIC, CLAUDES),
        ("aisdk6.jsonl", [*ANTHROPIC, *OPENAI], [*CLAUDES, *GPTS]),
    ],
)
def test_an_instrumented_agent_costs_what_its_provider_counted(
    name: str, expected: list[Usage], contexts: list[list[tuple[str, str]]]
) -> None:
    spans = read(FORMAT, name)
    assert usages(spans) == expected
    assert shapes(spans) == contexts
    for before, after in zip(spans[::2], spans[1::2], strict=True):
        assert resends(before, after)
        assert after.step.at_ns is not None
        assert before.step.at_ns is not None
        assert before.step.at_ns < after.step.at_ns
    assert {each.step.recorded for each in spans} == {Recorded.FULL}


def test_the_ai_sdk_5_tells_anthropics_usage_and_of_openai_no_cached_tokens() -> None:
    items = items_of(FORMAT, HERE / "aisdk5.jsonl")
    spans = spans_of(items)
    blind = [
        Usage(uncached_input_tokens=1_620, output_tokens=61),
        Usage(uncached_input_tokens=1_712, output_tokens=33),
    ]
    assert usages(spans) == [*ANTHROPIC, *blind]
    assert shapes(spans) == [*CLAUDES, *GPTS]
    (note,) = [item for item in items if isinstance(item, Note)]
    assert note.text.startswith("2 calls were traced by an instrumentation that tells no cached tokens")


def test_a_sub_agent_is_spend_of_the_session_that_called_it() -> None:
    first, critic, second = read(FORMAT, "pydantic_ai.jsonl")
    assert usages([first, second]) == ANTHROPIC
    assert usages([critic]) == OPENAI[1:]
    assert len({each.step.session for each in (first, critic, second)}) == 1
    assert (first.step.agent, second.step.agent) == ("", "")
    assert (critic.step.agent_label, critic.step.provider) == ("critic", "openai")
    assert critic.step.agent
    assert first.reported_cost_picousd == 8_307_000_000


def test_an_agents_own_sum_and_a_second_telling_are_left_out() -> None:
    items = items_of(FORMAT, HERE / "strands.jsonl")
    assert usages(spans_of(items)) == ANTHROPIC
    assert others_of(items) == [Dropped(RETOLD, 2), Dropped(ROLLUPS, 1)]
    assert {each.step.recorded for each in spans_of(items)} == {Recorded.DELTA}  # it writes no tool schemas


def test_claude_code_leaves_cached_tokens_out_of_its_input() -> None:
    first, second = read(FORMAT, "claude_code_traces.jsonl")
    assert [first.charges[0].usage.uncached_input_tokens, second.charges[0].usage.uncached_input_tokens] == [
        14,
        9,
    ]
    assert first.charges[0].usage.cache_creation_input_tokens == 1_600
    assert first.first_token_ns == (first.step.at_ns or 0) + 14_000_000
    assert first.step.session == second.step.session == "dfc66938-2107-4009-aed6-b89327c7da72"


def test_counts_without_content_are_counts() -> None:
    first, _ = read(FORMAT, "openai_v2.jsonl")
    assert (first.step.prefix, first.step.recorded) == (None, Recorded.COUNTS)
    assert first.step.session == "session-7"
    assert first.attributes == (("service", "weather-agent"), ("user", "ada"))
    (note,) = [item for item in items_of(FORMAT, HERE / "openai_v2.jsonl") if isinstance(item, Note)]
    assert "tells no cached tokens" in note.text


def test_a_stream_without_usage_is_a_call_without_usage() -> None:
    (call,) = read(FORMAT, "stream.jsonl")
    assert (call.charges, call.usage_recorded, call.output_count) == ((), False, Output.MISSING)


def test_a_printed_document_a_list_and_tempos_spelling_read_alike() -> None:
    body = json.loads(document(chat("a", gen_ai__usage__input_tokens=5, gen_ai__usage__output_tokens=2)))
    tempo = {"batches": [{"instrumentationLibrarySpans": body["resourceSpans"][0]["scopeSpans"]}]}
    forms = [
        json.dumps(body),
        json.dumps(body, indent=2),
        json.dumps([body]),
        json.dumps(tempo),
        json.dumps({"trace": tempo}),
    ]
    for form in forms:
        source = FileSource("traces.json", form.encode())
        assert FORMAT.recognise(source.sample()) is Match.LEAD
        assert usages(spans_of(FORMAT.read(source))) == [Usage(uncached_input_tokens=5, output_tokens=2)]


def test_lines_in_any_order_make_one_trace() -> None:
    counts = {"gen_ai__usage__input_tokens": 5, "gen_ai__usage__output_tokens": 2}
    parent = span("agent", gen_ai__operation__name="invoke_agent", session__id="s1", **counts)
    lines = [document(parent), document(chat("leaf", "agent", **counts))]
    for order in (lines, lines[::-1]):
        spans = spans_of(FORMAT.read(FileSource("traces.jsonl", b"\n".join(order))))
        assert [(each.step.session, each.offset > 0) for each in spans] == [("s1", True)]


def test_damage_is_named_and_the_rest_is_read() -> None:
    good = document(chat("good", gen_ai__usage__input_tokens=5))
    odd = document({"traceId": 7}, chat("negative", gen_ai__usage__input_tokens=-5))
    content = b"\n".join([good, b'{"resourceSpans": [', b'{"resourceSpans": 3}', odd])
    items = list(FORMAT.read(FileSource("traces.jsonl", content)))
    assert len(spans_of(items)) == 1
    reasons = [(item.offset, item.reason) for item in items if isinstance(item, Skipped)]
    after = len(good) + 1
    assert reasons[0][0] == after
    assert "JSON" in reasons[0][1]
    assert reasons[1:2] == [(after + len(b'{"resourceSpans": [') + 1, "the document does not follow OTLP")]
    assert [reason for _, reason in reasons[2:]] == [
        "the span does not follow OTLP",
        "gen_ai.usage.input_tokens is -5; a count cannot be negative",
    ]
    places = [content[offset : offset + 9] for offset, _ in reasons[2:]]
    assert places == [b'{"traceId', b'{"traceId']


def test_a_prompt_is_quoted_out_of_the_string_that_holds_it() -> None:
    message = {"role": "user", "parts": [{"type": "text", "content": 'Is it "raining"?'}]}
    prompt = {"gen_ai__input__messages": json.dumps([message]), "gen_ai__usage__input_tokens": 5}
    content = document(chat("first")) + b"\n" + document(chat("a", **prompt))
    found = spans_of(FORMAT.read(FileSource("traces.jsonl", content)))[-1].step.prefix
    assert found is not None
    quoted = content[found.segment.offset :][: found.segment.length]
    assert quoted == json.dumps(json.dumps('Is it "raining"?')[1:-1])[1:-1].encode()


def test_a_message_that_was_cut_off_leaves_the_counts() -> None:
    cut = '[{"role": "user", "parts": [{"type": "text", "content": "What is the wea'
    items = told(chat("a", gen_ai__input__messages=cut, gen_ai__usage__input_tokens=5))
    (call,) = spans_of(items)
    assert call.step.recorded is Recorded.COUNTS
    assert usages([call]) == [Usage(uncached_input_tokens=5)]
    assert Note("1 calls have a request that was cut off: only their counts are used") in items


def test_embeddings_tools_and_failures_are_no_calls() -> None:
    counts = {"gen_ai__usage__input_tokens": 5}
    failed = {**chat("failed"), "status": {"code": 2}}
    items = told(
        chat("embedded", gen_ai__operation__name="embeddings", **counts),
        span("tool", gen_ai__operation__name="execute_tool", **counts),
        failed,
    )
    assert items == []


def test_events_of_older_conventions_hold_the_messages() -> None:
    events = [
        {"name": "gen_ai.system.message", "attributes": [attribute("content", "Be kind.")]},
        {"name": "gen_ai.user.message", "attributes": [attribute("content", "Hello")]},
        {"name": "gen_ai.choice", "attributes": [attribute("message", "Hi")]},
    ]
    (call,) = spans_of(told({**chat("a", gen_ai__usage__input_tokens=5), "events": events}))
    assert shapes([call]) == [[("system", ""), ("task", "")]]
    assert [(block.kind.value, block.size) for block in call.output] == [("assistant", 2)]


def test_indexed_attributes_hold_the_messages() -> None:
    indexed = {
        "gen_ai__prompt__0__role": "user",
        "gen_ai__prompt__0__content": "Hello",
        "gen_ai__completion__0__role": "assistant",
        "gen_ai__completion__0__content": "Hi",
        "llm__request__functions__0__name": "look",
        "llm__request__functions__0__description": "Looks.",
        "llm__usage__total_tokens": 7,
        "gen_ai__usage__prompt_tokens": 5,
        "gen_ai__usage__completion_tokens": 2,
    }
    (call,) = spans_of(told(chat("a", **indexed), scope="opentelemetry.instrumentation.openai.v1"))
    assert shapes([call]) == [[("tools", "look"), ("task", "")]]
    assert usages([call]) == [Usage(uncached_input_tokens=5, output_tokens=2)]
    assert [block.kind.value for block in call.output] == ["assistant"]


def test_only_traces_are_recognised() -> None:
    for body in (b'{"resourceLogs": []}', b'{"messages": [{"content": "resourceSpans"}]}', b"", b"PAR1"):
        assert FORMAT.recognise(FileSource("x.json", body).sample()) is Match.NO


def test_a_call_alone_in_its_trace_is_left_to_lineage() -> None:
    messages = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "Hello"}]}])
    counts = {"gen_ai__usage__input_tokens": 5}
    alone, bare = (
        spans_of(told(chat("a", gen_ai__input__messages=messages, **counts)))[0],
        spans_of(told(chat("a", **counts)))[0],
    )
    assert (alone.step.session, bare.step.session) == ("", "t1")
    assert isinstance(alone, Span)
    assert alone.response_id == "t1/a"
