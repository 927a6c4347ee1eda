from decimal import Decimal

import pytest

from farthing.errors import RecordError
from farthing.traces.record import Record, instant_ns


def test_a_member_goes_by_many_names_and_may_stand_in_a_string() -> None:
    record = Record.of(b'{"traceId": null, "trace_id": "t", "usage": "{\\"input\\": 5}", "n": 3}')
    assert record.text("traceId", "trace_id") == "t"
    assert record.inner("usage").count("input") == 5
    assert record.text("n") == "3"
    assert record.text("absent") == ""
    assert Record.of(b'"{\\"a\\": 1}"').count("a") == 1
    assert not Record.of(b"[1]")


def test_counts_are_whole_and_not_negative() -> None:
    record = Record.of(b'{"a": 5, "b": "6", "c": 7.0, "d": 1.5, "e": "x", "f": null}')
    assert record.counts() == {"a": 5, "b": 6, "c": 7}
    with pytest.raises(RecordError, match="a is -5"):
        Record.of(b'{"a": -5}').count("a")


def test_lists_of_objects_and_words() -> None:
    record = Record.of(b'{"a": [{"b": 1}, {"b": 2}], "tags": "[\\"x\\", 3, \\"y\\"]"}')
    assert [each.count("b") for each in record.objects("a")] == [1, 2]
    assert record.words("tags") == ["x", "y"]


def test_numbers_and_money() -> None:
    record = Record.of(b'{"a": "0.5", "b": -1, "c": "NaN"}')
    assert (record.decimal("a"), record.decimal("c")) == (Decimal("0.5"), None)
    assert (record.picousd("a"), record.picousd("b"), record.picousd("z")) == (5 * 10**11, None, None)


@pytest.mark.parametrize(
    "told",
    [
        "2025-11-24T16:00:00Z",
        "2025-11-24T16:00:00.000000+00:00",
        "2025-11-24 16:00:00",
        "1764000000",
        "1764000000.0",
        "1764000000000",
        "1764000000000000",
        "1764000000000000000",
    ],
)
def test_instants_of_every_kind_are_one(told: str) -> None:
    assert instant_ns(told) == 1_764_000_000_000_000_000


@pytest.mark.parametrize("told", ["", "soon", "-5", "NaN", "Infinity", "0"])
def test_what_is_no_instant(told: str) -> None:
    assert instant_ns(told) is None
