import msgspec
import pytest

from farthing.wire.fields import (
    ABSENT,
    count,
    failure,
    inside,
    is_given,
    items,
    members,
    session_named,
    settings,
    string,
)


def raw(text: str) -> bytes:
    return msgspec.Raw(text)


@pytest.mark.parametrize(("value", "given"), [(ABSENT, False), (raw("null"), False), (raw("0"), True)])
def test_null_is_absent(value: bytes, given: bool) -> None:
    assert is_given(value) is given


def test_odd_types_are_absent_ones() -> None:
    assert members(raw("[1]")) == {}
    assert string(raw("7")) == ""
    assert list(items(raw("null"))) == []
    assert [bytes(item) for item in items(raw('{"a": 1}'))] == [b'{"a": 1}']
    assert [bytes(item) for item in items(raw("[1, 2]"))] == [b"1", b"2"]


@pytest.mark.parametrize(
    ("value", "expected"), [(7, 7), (0, 0), (-1, None), (True, None), ("7", None), (1.5, None)]
)
def test_a_count_is_a_whole_number(value: object, expected: int | None) -> None:
    assert count(value) == expected


def test_settings_are_sorted_and_equal_when_they_are() -> None:
    assert settings([("b", raw('"high"')), ("a", raw('{"x": [1, 2]}')), ("c", raw("null"))]) == (
        ("a", '{"x":[1,2]}'),
        ("b", "high"),
    )
    assert settings([("a", raw('{ "x":[1,2] }'))]) == settings([("a", raw('{"x": [1, 2]}'))])


def test_a_long_setting_is_named_by_its_digest() -> None:
    schema = msgspec.json.encode({"schema": "x" * 300})
    ((_, value),) = settings([("response_format", schema)])
    assert value.startswith("xxh3:")
    assert len(value) == len("xxh3:") + 32


def test_members_of_an_object_are_settings_of_their_own() -> None:
    options = raw('{"mode": "explicit", "comparison_response_id": "resp_1"}')
    assert settings(inside("options", options, "mode", "ttl")) == (("options.mode", "explicit"),)


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (
            '{"message": "words", "type": "invalid_request_error", "code": "model_not_found"}',
            "model_not_found",
        ),
        ('{"message": "words", "type": "insufficient_quota", "code": null}', "insufficient_quota"),
        ('{"code": 429, "message": "words", "status": "RESOURCE_EXHAUSTED"}', "RESOURCE_EXHAUSTED"),
        ('{"code": 502, "message": "words"}', "502"),
        ('{"detail": "words"}', "error"),
        ('"words"', "error"),
    ],
)
def test_an_error_is_told_by_its_code_and_never_by_its_words(error: str, name: str) -> None:
    assert failure(raw(error)) == name


def test_a_session_is_named_by_the_clients_labels() -> None:
    assert session_named("metadata", raw('{"thread_id": "t-1"}')) == ("metadata.thread_id", "t-1")
    assert session_named("metadata", raw('{"user": "ann"}')) is None
