import msgspec
from hypothesis import given
from hypothesis import strategies as st

from farthing.traces.otlp_values import KeyValue, Value, instant, plain, plain_members

VALUE = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def wrapped(value: object) -> dict[str, object]:
    """Return a value as OTLP writes it."""
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [wrapped(each) for each in value]}}
        case dict():
            return {
                "kvlistValue": {
                    "values": [{"key": key, "value": wrapped(each)} for key, each in value.items()]
                }
            }
        case _:
            return {"stringValue": value}


def stringed(value: object) -> object:
    """Return a value with its whole numbers as digits, as int64 are in JSON."""
    match value:
        case bool():
            return value
        case int():
            return str(value)
        case list():
            return [stringed(each) for each in value]
        case dict():
            return {key: stringed(each) for key, each in value.items()}
        case _:
            return value


@given(VALUE)
def test_the_wrapping_comes_off(value: object) -> None:
    raw = msgspec.json.encode(wrapped(value))
    assert msgspec.json.decode(plain(msgspec.json.decode(raw, type=Value))) == stringed(value)


def test_what_holds_nothing_is_null_and_what_has_no_value_is_left_out() -> None:
    raw = b'[{"key": "a", "value": {}}, {"key": "b"}, {"key": "c", "value": {"bytesValue": "AA=="}}]'
    told = plain_members(msgspec.json.decode(raw, type=list[KeyValue]))
    assert {name: bytes(value) for name, value in told.items()} == {"a": b"null", "c": b"null"}
    assert plain_members(None) == {}


def test_instants_are_numbers_or_digits() -> None:
    assert instant("1764000000000000000") == instant(1_764_000_000_000_000_000) == 1_764_000_000_000_000_000
    assert (instant(None), instant("0"), instant("soon")) == (None, None, None)
