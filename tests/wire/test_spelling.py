import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from farthing.wire.spelling import (
    compact,
    is_string,
    respelt,
    text,
    text_of,
)


@given(st.text(), st.booleans())
def test_a_text_digests_alike_however_it_is_escaped(value: str, ascii_only: bool) -> None:
    written = json.dumps(value, ensure_ascii=ascii_only)
    assert text_of(Raw(written.encode())) == text(value)
    assert text_of(Raw(msgspec.json.encode(value))) == text(value)
    assert len(text("")) == 0


@given(st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5), st.lists))
def test_whitespace_and_escapes_are_no_content(value: object) -> None:
    spellings = {
        respelt(json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode())
        for indent in (None, 1)
        for ascii_only in (True, False)
    }
    assert len(spellings) == 1
    assert json.loads(spellings.pop()) == value


def test_the_order_of_keys_is_content() -> None:
    assert respelt(b'{"b": 1, "a": [1, 2]}') == b'{"b":1,"a":[1,2]}'


def test_markers_are_left_out_wherever_blocks_stand_and_nowhere_else() -> None:
    image = {"type": "image", "source": {"n": 1}}
    arguments = {"cache_control": 1}
    plain = {"content": [{"type": "text", "text": "a"}, image], "input": arguments}
    marker = {"cache_control": {"type": "ephemeral"}}
    marked_image = {**image, "source": {"n": 1, **marker}, **marker}
    marked = {
        **marker,
        "content": [{**marker, "type": "text", "text": "a"}, marked_image],
        "input": arguments,
    }
    spelt = [compact(json.dumps(block).encode(), without="cache_control") for block in (plain, marked)]
    assert spelt[0] == spelt[1] == json.dumps(plain, separators=(",", ":")).encode()


def test_null_is_absent_and_one_text_is_its_string() -> None:
    assert compact(b'{"a":null,"content":[{"type":"text","text":"x"}]}') == b'{"content":"x"}'
    assert compact(b'[{"text":"x","citations":null}]') == b'"x"'
    assert compact(b'[{"text":"x","title":"y"}]') == b'[{"text":"x","title":"y"}]'


def test_a_string_is_told_by_its_first_byte() -> None:
    assert [is_string(Raw(raw)) for raw in (b'"a"', b"[]", b"null", b"")] == [True, False, False, False]
