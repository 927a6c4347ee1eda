import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from farthing.traces.raw_shape import ABSENT_VALUE, Columns, sniff, url_of
from farthing.wire import anthropic
from farthing.wire.recognise import WireFormat

CHAT: dict[str, Any] = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "hi"}]}
COMPLETION: dict[str, Any] = {"object": "chat.completion", "choices": [{"message": {"content": "ho"}}]}
CLAUDE: dict[str, Any] = CHAT | {"model": "claude-opus-4-8", "max_tokens": 10}
MESSAGE: dict[str, Any] = {"type": "message", "content": [], "usage": {"input_tokens": 1}}
STREAM = 'event: message_start\ndata: {"type": "message_start", "message": {}}\n\n'


def record(**members: Any) -> bytes:
    return json.dumps(members).encode()


EVENTS = [{"type": "message_start"}]
QUOTED = {"call": {"request_body": json.dumps(CHAT), "response_body": json.dumps(COMPLETION)}}
FAILED = {"status": 500, "body": {"error": "no"}}
IS_CHAT, IS_ANTHROPIC = WireFormat.OPENAI_CHAT, WireFormat.ANTHROPIC


@pytest.mark.parametrize(
    ("given", "asked", "answered", "wire"),
    [
        (record(request=CHAT, response=COMPLETION), "request", "response", IS_CHAT),
        (record(req=CLAUDE, res=MESSAGE), "req", "res", IS_ANTHROPIC),
        (record(input=CLAUDE, output=MESSAGE), "input", "output", IS_ANTHROPIC),
        (record(kwargs=CHAT, result=COMPLETION), "kwargs", "result", IS_CHAT),
        (record(q={"body": CLAUDE}, a={"body_raw": STREAM}), "q body", "a body_raw", IS_ANTHROPIC),
        (record(q={"body": CLAUDE}, a={"events": EVENTS}), "q body", "a events", IS_ANTHROPIC),
        (record(data=QUOTED), "data call request_body", "data call response_body", IS_CHAT),
        (record(request=CHAT, **COMPLETION), "request", "", IS_CHAT),
        (record(**CHAT, response=COMPLETION), "", "response", IS_CHAT),
        (record(**CHAT, choices=[{"message": {}}], usage={}), "", "", IS_CHAT),
        (record(request=CLAUDE, response=None), "request", None, IS_ANTHROPIC),
        # An error follows no format, so there the name tells.
        (record(request=CHAT, response=FAILED), "request", "response body", IS_CHAT),
        # An answer tells the format better than a short request does, and a URL tells it best.
        (record(request=CHAT, response=MESSAGE), "request", "response", IS_ANTHROPIC),
        (record(url="/v1/messages", body=CHAT, response=COMPLETION), "body", "response", IS_ANTHROPIC),
    ],
)
def test_bodies_are_found_wherever_they_stand(
    given: bytes, asked: str, answered: str | None, wire: WireFormat
) -> None:
    shape = sniff(given)

    assert shape is not None
    assert shape.asked == tuple(asked.split())
    assert shape.answered == (None if answered is None else tuple(answered.split()))
    assert shape.wire is wire


def test_what_stands_around_the_bodies_goes_by_name_the_nearest_first() -> None:
    shape = sniff(
        record(
            timestamp="2026-01-01T00:00:00Z",
            session_id="a",
            user="b",
            request={
                "url": "https://api.openai.com/v1/chat/completions",
                "headers": {},
                "ts": 1,
                "body": CHAT,
            },
            response={"status_code": 200, "headers": {}, "timestamp": 2, "body": COMPLETION},
        )
    )

    assert shape is not None
    assert dict(shape.facts) == {
        "url": ("request", "url"),
        "asked": ("request", "headers"),
        "at": ("request", "ts"),
        "session": ("session_id",),
        "status": ("response", "status_code"),
        "answered": ("response", "headers"),
        "ended": ("response", "timestamp"),
    }
    assert shape.labels == (("user", ("user",)),)


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        record(a=1),
        record(request={"url": "https://api.openai.com/v1/models"}),
        # Members called input are no requests of their own.
        record(type="message", content=[{"type": "tool_use", "id": "t", "name": "n", "input": {"a": "b"}}]),
        record(type="response.custom_tool_call_input.done", input="*** Begin Patch"),
        # Words asked and said, in no provider's format.
        record(input=[{"role": "user", "content": "hi"}], output="ho", model="m", usage={}),
    ],
)
def test_other_records_hold_no_request(given: bytes) -> None:
    assert sniff(given) is None


NAMES = st.sampled_from(["request", "response", "body", "messages", "model", "input", "session", "url"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES | st.text(), inner),
    max_leaves=20,
)


@given(value=JSON)
def test_nothing_makes_us_fall_over(value: object) -> None:
    shape = sniff(json.dumps(value).encode())

    assert shape is None or shape.wire in WireFormat


def test_columns_decode_certain_places_and_nothing_else() -> None:
    columns = Columns({("a", "b"): Raw, ("a", "c"): object, ("d",): object})
    raw, number, absent, beyond = columns.read(b'{"x": [1], "a": {"c": 2, "y": {}, "b": {"z": 3}}}')

    assert isinstance(raw, Raw)
    assert bytes(raw) == b'{"z": 3}'
    assert (number, absent, beyond) == (2, None, None)
    assert ABSENT_VALUE == -1


def test_a_body_must_be_there_and_be_one() -> None:
    columns = Columns({("request", "body"): anthropic.Body, ("at",): object})

    assert isinstance(columns.read(b'{"request": {"body": {"messages": []}}}')[0], anthropic.Body)
    for other in (b"{}", b'{"request": null}', b'{"request": {"body": "text"}}', b'{"request": {}}'):
        with pytest.raises(msgspec.ValidationError):
            columns.read(other)


def test_less_around_it_than_expected_is_another_shape() -> None:
    columns = Columns({("response", "status"): object})

    assert columns.read(b"{}") == (None, None)
    with pytest.raises(msgspec.ValidationError):
        columns.read(b'{"response": null}')


def test_the_url_of_a_record_without_a_request() -> None:
    assert url_of(record(request={"url": "https://a.b"}, response={})) == "https://a.b"
    assert url_of(record(uri="https://a.b")) == "https://a.b"
    assert url_of(b"[]") == ""
