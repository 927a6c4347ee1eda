import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.traces.documents import Document, documents, has_columns, has_signs, inner
from farthing.traces.source import Sample, Skipped
from farthing.wire.fields import items
from tests.traces.file_source import FileSource

OBJECTS = st.lists(
    st.dictionaries(st.text(max_size=3), st.integers(), min_size=1, max_size=2), min_size=1, max_size=4
)


def values(content: bytes) -> list[object]:
    found = list(documents(FileSource("x.json", content)))
    for each in found:
        if isinstance(each, Document):
            assert content[each.offset :].startswith(bytes(each.raw)[:1])
    return [json.loads(bytes(each.raw)) if isinstance(each, Document) else each for each in found]


@given(objects=OBJECTS, indent=st.none() | st.integers(0, 2))
def test_lines_lists_and_printed_documents_hold_the_same(objects: list[object], indent: int | None) -> None:
    assert values("\n".join(json.dumps(each) for each in objects).encode()) == objects
    assert values(json.dumps(objects, indent=indent).encode()) == objects
    assert values(json.dumps(objects[0], indent=indent).encode()) == objects[:1]


def test_a_damaged_line_is_named_wherever_it_stands() -> None:
    good = b'{"a": 1}'
    for at in range(3):
        lines = [good, good]
        lines.insert(at, b'{"a": ')
        found = values(b"\n".join(lines))
        assert found.count({"a": 1}) == 2
        (skipped,) = [each for each in found if isinstance(each, Skipped)]
        assert skipped.offset == at * (len(good) + 1)


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_nothing_is_no_document(content: bytes) -> None:
    assert values(content) == []


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b'{"a": 1', b'{"a":\n', b"plain words\n"])
def test_what_is_no_json_is_skipped(content: bytes) -> None:
    (skipped,) = values(content)
    assert isinstance(skipped, Skipped)


def test_a_lone_surrogate_does_not_lose_the_line() -> None:
    assert values(b'{"a": "\\ud83d"}\n{"b": 1}') == [{"a": "�"}, {"b": 1}]


def test_a_value_inside_knows_its_place() -> None:
    content = b' {"a": [1, {"b": 2}]}'
    (document,) = documents(FileSource("x.json", content))
    assert isinstance(document, Document)
    inside = items(document.raw)[0]
    assert inner(document, inside).offset == 1


def test_signs_are_of_json_and_columns_of_tables() -> None:
    sample = Sample(name="x", head=b' {"run_type": 1, "trace_id": 2}', whole=True)
    assert has_signs(sample, [(b'"run_type"', b'"trace_id"')])
    assert not has_signs(sample, [(b'"run_type"', b'"absent"')])
    assert not has_signs(Sample(name="x", head=b'a,"run_type"', whole=True), [(b'"run_type"',)])
    table = Sample(name="x", head=b"PAR1", whole=False, columns=("a", "b"))
    assert has_columns(table, [{"a", "b"}])
    assert not has_columns(table, [{"a", "c"}])
    assert has_columns(Sample(name="x.csv", head=b"a,b\n1,2", whole=True), [{"a", "b"}])


def test_rows_of_csv_are_documents_that_are_not_quoted() -> None:
    first, second = documents(FileSource("x.csv", b"a,b\n1,2\n3\n"))
    assert isinstance(first, Document)
    assert (bytes(first.raw), first.offset, first.is_quotable) == (b'{"a":"1","b":"2"}', 4, False)
    assert isinstance(second, Skipped)
