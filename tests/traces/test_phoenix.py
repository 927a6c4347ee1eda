"""Data frames of spans as Phoenix exports them."""

import json
from pathlib import Path

from farthing.traces.phoenix import FORMAT
from farthing.traces.source import Dropped, Match, Skipped
from farthing.usage import Usage
from tests.traces.file_source import FileSource
from tests.traces.instrumented import ANTHROPIC, CLAUDES, GPTS, HERE, OPENAI, resends, shapes, usages
from tests.traces.sums import items_of, others_of, spans_of
from tests.traces.tables import table, table_sample

RETOLD = Dropped("spans of calls that another span tells as well", 2)


def row(**columns: object) -> dict[str, object]:
    return {"context.span_id": "s", "context.trace_id": "t", "span_kind": "LLM", "parent_id": None, **columns}


def one(*rows: object) -> list[Usage]:
    return usages(spans_of(FORMAT.read(FileSource("spans.json", json.dumps(rows).encode()))))


def test_rows_of_a_frame_are_the_calls_that_were_traced() -> None:
    items = items_of(FORMAT, HERE / "phoenix.jsonl")
    spans = spans_of(items)
    assert FORMAT.recognise(FileSource.of(HERE / "phoenix.jsonl").sample()) is Match.LEAD
    assert usages(spans) == [*OPENAI, *ANTHROPIC]
    assert shapes(spans) == [*GPTS, *CLAUDES]
    assert {span.step.session for span in spans} == {"session-8"}
    assert all(resends(before, after) for before, after in (spans[:2], spans[2:]))
    assert others_of(items) == [RETOLD]


def test_parquet_reads_as_json() -> None:
    path = HERE / "phoenix.parquet"
    assert FORMAT.recognise(table_sample(path)) is Match.LEAD
    items = list(FORMAT.read(table(path)))
    spans = spans_of(items)
    assert usages(spans) == [*OPENAI, *ANTHROPIC]
    assert shapes(spans) == [*GPTS, *CLAUDES]
    assert others_of(items) == [RETOLD]
    assert [span.step.at_ns for span in spans] == sorted(span.step.at_ns or 0 for span in spans)


def test_csv_reads_as_json() -> None:
    path = HERE / "phoenix.csv"
    assert FORMAT.recognise(FileSource.of(path).sample()) is Match.LEAD
    items = items_of(FORMAT, path)
    spans = spans_of(items)
    assert usages(spans) == [*OPENAI, *ANTHROPIC]
    assert shapes(spans) == [*GPTS, *CLAUDES]
    assert others_of(items) == [RETOLD]


def test_sums_over_children_are_not_read() -> None:
    assert one(row(**{"cumulative_token_count.prompt": 99, "attributes.llm.token_count.prompt": 5.0})) == [
        Usage(uncached_input_tokens=5)
    ]


def test_the_apis_spans_and_nested_attributes_read_alike() -> None:
    nested = {"llm": {"token_count": {"prompt": 5}}}
    plain = {
        "span_kind": "LLM",
        "parent_id": None,
        "context": {"span_id": "s", "trace_id": "t"},
        "attributes": {"llm.token_count.prompt": 5, "openinference.span.kind": "LLM"},
    }
    content = json.dumps({"data": [plain]}).encode()
    assert FORMAT.recognise(FileSource("spans.json", content).sample()) is Match.LEAD
    assert usages(spans_of(FORMAT.read(FileSource("spans.json", content)))) == [
        Usage(uncached_input_tokens=5)
    ]
    kind = {"attributes.openinference.span.kind": "LLM"}
    assert one(row(**kind, attributes=nested)) == [Usage(uncached_input_tokens=5)]


def test_damage_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    bad = row(**{"attributes.llm.token_count.prompt": -5, "attributes.openinference.span.kind": "LLM"})
    items = list(FORMAT.read(FileSource("spans.jsonl", json.dumps(bad).encode() + b"\n{")))
    assert [item.offset for item in items if isinstance(item, Skipped)] == [0, len(json.dumps(bad)) + 1]
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 and nothing of it")
    (skipped,) = FORMAT.read(table(broken))
    assert isinstance(skipped, Skipped)
    assert "damaged Parquet" in skipped.reason
