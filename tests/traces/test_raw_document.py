import json
from typing import Any

import pytest

from farthing.traces import raw_document
from farthing.traces.source import Match, Skipped
from tests.traces.file_source import FileSource
from tests.traces.recordings import calls
from tests.traces.sums import spans_of

FORMAT = raw_document.FORMAT
RECORDS = [{"request": call.request, "response": call.stream} for call in calls("pi-stream-tool")]


@pytest.mark.parametrize(
    "document", [RECORDS, {"data": RECORDS}, {"meta": {"n": 2}, "log": {"calls": RECORDS}}, RECORDS[0]]
)
@pytest.mark.parametrize("indent", [None, 2])
def test_records_are_found_in_a_document(document: Any, indent: int | None) -> None:
    content = json.dumps(document, indent=indent).encode()
    source = FileSource("log.json", content)
    spans = spans_of(FORMAT.read(source))

    assert FORMAT.recognise(source.sample()) is Match.LEAD
    assert len(spans) == (1 if document is RECORDS[0] else 2)
    for span in spans:
        assert content[span.offset : span.offset + 1] == b"{"
        assert span.step.prefix is not None
        segment = span.step.prefix.segment
        assert json.loads(content[segment.offset : segment.offset + segment.length])


def test_a_long_document_is_recognised_by_how_it_begins() -> None:
    long = [{"request": call.request, "response": call.stream} for call in calls("claude-code-files")]

    assert FORMAT.recognise(FileSource("a.json", json.dumps(long).encode()).sample()) is Match.LEAD


def test_a_long_answer_alone_is_not_one_of_these() -> None:
    call = {"type": "tool_use", "name": "n", "input": {"tools": "x" * 70_000}}
    answer = {"type": "message", "model": "m", "content": [call]}

    assert FORMAT.recognise(FileSource("a.json", json.dumps(answer, indent=2).encode()).sample()) is Match.NO


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b"[1, 2]", b'{"a": [{"b": 1}]}', b'{"request": {"messages": []}}\n{"a": 1}\n'],
)
def test_other_documents_are_not(content: bytes) -> None:
    assert FORMAT.recognise(FileSource("a.json", content).sample()) is Match.NO


def test_a_damaged_record_costs_only_itself() -> None:
    items = list(FORMAT.read(FileSource("a.json", json.dumps([*RECORDS, {"request": 3}]).encode())))

    assert len(spans_of(items)) == 2
    assert isinstance(items[-1], Skipped)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe"])
def test_what_is_no_document_is_one_skip(content: bytes) -> None:
    (skipped,) = FORMAT.read(FileSource("a.json", content))

    assert isinstance(skipped, Skipped)
