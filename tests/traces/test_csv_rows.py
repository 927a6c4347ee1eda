"""Rows of CSV files, among them those that data frames wrote."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.traces.csv_rows import Row, columns, rows
from farthing.traces.source import Line, Skipped
from tests.traces.file_source import FileSource

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0\ufeff"))


def read(content: str) -> list[dict[str, object]]:
    found = rows(FileSource("t.csv", content.encode()).lines())
    return [json.loads(row.raw) for row in found if isinstance(row, Row)]


def written(*table: list[str]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(table)
    return file.getvalue()


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1))
def test_what_was_written_is_read(table: list[tuple[str, str]]) -> None:
    filled = [[f"1{first}", f"2{second}"] for first, second in table]
    assert read(written(["a", "b"], *filled)) == [{"a": first, "b": second} for first, second in filled]


def test_cells_stay_words_and_empty_ones_are_absent() -> None:
    assert read("id,count,none\n0012,5.0,\n") == [{"id": "0012", "count": "5.0"}]


def test_python_literals_become_json() -> None:
    cells = ["[{'role': 'user', 'content': \"It's\"}]", "{'a': {'b': None}}", "['x']", "[1]"]
    assert read(written(list("abcd"), cells)) == [
        {"a": [{"role": "user", "content": "It's"}], "b": {"a": {"b": None}}, "c": ["x"], "d": "[1]"}
    ]


@pytest.mark.parametrize(
    "cell",
    [
        "[{'role': array([1])}]",
        "[{'a': 1}\n {'b': 2}]",
        "{'a': ",
        "{'a': {[]}}",
        "['" + "(" * 9_000,
        "{'a': " + "-" * 9_000 + "1}",
        "['\\ud800']",
    ],
)
def test_literals_that_cannot_be_read_are_absent(cell: str) -> None:
    assert read(written(["a", "b"], ["x", cell])) == [{"a": "x", "b": None}]


def test_rows_stand_where_they_begin_and_keep_blank_lines() -> None:
    content = b'a,b\n1,"one\n\n\ntwo"\n2,"x\n"\n'
    found = list(rows(FileSource("t.csv", content).lines()))
    assert found == [
        Row(b'{"a":"1","b":"one\\n\\n\\ntwo"}', 4),
        Row(b'{"a":"2","b":"x\\n"}', content.index(b"2,")),
    ]


def test_windows_lines_and_a_byte_order_mark() -> None:
    head = b"\xef\xbb\xbfa,b\r\n1,2\r\n"
    assert columns(head) == ["a", "b"]
    lines = [Line(0, b"\xef\xbb\xbfa,b\r"), Line(8, b"1,2\r")]
    assert list(rows(lines)) == [Row(b'{"a":"1","b":"2"}', 8)]


def test_damaged_rows_are_named() -> None:
    found = list(rows(FileSource("t.csv", b'a,b\n1\n1,2\n3,"4\n5,6\n').lines()))
    assert found == [
        Skipped(4, "the row has 1 cells for 2 columns"),
        Row(b'{"a":"1","b":"2"}', 6),
        Skipped(10, "the row does not end; what follows is not read"),
    ]


def test_a_row_without_an_end_does_not_take_all_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("farthing.traces.csv_rows._LONGEST_ROW_BYTES", 100)
    lines = (Line(0, b"a,b"), Line(4, b'1,"'), *(Line(10 + at, b"word") for at in range(0, 10_000, 5)))
    assert list(rows(lines)) == [Skipped(4, "the row does not end; what follows is not read")]


def test_an_empty_file_has_no_rows() -> None:
    assert (list(rows([])), columns(b"")) == ([], [""])
