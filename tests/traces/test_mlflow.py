"""MLflow traces of three autologged SDKs."""

import json

from farthing.traces.mlflow import FORMAT
from farthing.traces.source import Dropped, Item, Match, Skipped
from farthing.usage import Usage
from tests.traces.file_source import FileSource
from tests.traces.instrumented import ANTHROPIC, CLAUDES, GPTS, HERE, OPENAI, read, resends, shapes, usages
from tests.traces.sums import items_of, others_of, spans_of


def trace(*spans: object) -> bytes:
    info = {
        "trace_id": "tr",
        "trace_metadata": {"mlflow.trace.session": "s", "mlflow.trace_schema.version": "3"},
    }
    return json.dumps({"info": info, "data": {"spans": spans}}).encode()


def span(**attributes: object) -> dict[str, object]:
    """Return a span of the older kind, with its ids in a context."""
    named = {name.replace("__", "."): json.dumps(value) for name, value in attributes.items()}
    context = {"span_id": "0x1", "trace_id": "0x2"}
    return {
        "name": "n",
        "context": context,
        "parent_id": None,
        "start_time": 1_764_000_000_000_000_000,
        "attributes": named,
    }


def told(content: bytes) -> list[Item]:
    return list(FORMAT.read(FileSource("traces.jsonl", content)))


def test_traces_cost_what_their_provider_counted() -> None:
    spans = read(FORMAT, "mlflow.jsonl")
    assert FORMAT.recognise(FileSource.of(HERE / "mlflow.jsonl").sample()) is Match.LEAD
    assert usages(spans)[:4] == [*OPENAI, *ANTHROPIC]
    assert shapes(spans)[:4] == [*GPTS, *CLAUDES]
    assert {span.step.session for span in spans} == {"session-m"}
    assert {span.attributes for span in spans} == {(("user", "ada"),)}
    assert all(resends(before, after) for before, after in zip(spans[::2], spans[1::2], strict=True))


def test_langchains_wrapper_and_the_call_inside_are_one() -> None:
    """MLflow tells no cache writes of LangChain, and no usage of the call inside."""
    spans = read(FORMAT, "mlflow.jsonl")[4:]
    assert usages(spans) == [
        Usage(uncached_input_tokens=1_614, output_tokens=61),
        Usage(uncached_input_tokens=84, cache_read_input_tokens=1_600, output_tokens=33),
    ]
    assert others_of(items_of(FORMAT, HERE / "mlflow.jsonl")) == [
        Dropped("spans of calls that another span tells as well", 2)
    ]


def test_older_spans_and_printed_documents_read_alike() -> None:
    usage = {"input_tokens": 10, "output_tokens": 2, "cache_read_input_tokens": 8}
    one = span(mlflow__spanType="CHAT_MODEL", mlflow__chat__tokenUsage=usage, mlflow__llm__model="m")
    content = trace(one)
    for form in (content, json.dumps(json.loads(content), indent=2).encode(), b"[" + content + b"]"):
        (call,) = spans_of(told(form))
        assert usages([call]) == [Usage(uncached_input_tokens=2, cache_read_input_tokens=8, output_tokens=2)]
        assert (call.step.session, call.step.model, call.step.at_ns) == ("s", "m", 1_764_000_000_000_000_000)


def test_damage_is_named_and_the_rest_is_read() -> None:
    bad = span(mlflow__spanType="LLM", mlflow__chat__tokenUsage={"input_tokens": -1})
    content = trace(bad) + b"\n{"
    items = told(content)
    offsets = [item.offset for item in items if isinstance(item, Skipped)]
    assert offsets == [content.index(b'{"name"'), len(content) - 1]
