import msgspec
import pytest
from msgspec import Raw

from farthing.errors import WireError
from farthing.wire.buffer import (
    decode,
    mend,
    place_of,
)
from farthing.wire.message import Place

LISTS = msgspec.json.Decoder(list[Raw])


def test_a_twin_is_not_taken_for_a_block() -> None:
    """The bytes of a block may stand before it, as a role does before a content."""
    raw = b'{"role": "user", "content": "user"}'
    content = msgspec.json.decode(raw, type=dict[str, Raw])["content"]
    assert place_of(content, raw) == Place(28, 34)
    assert raw.index(bytes(content)) == 9


def test_lone_surrogates_are_mended_in_place() -> None:
    raw = rb'{"a": "\ud83d!", "b": "\\ud83d", "c": "\ud83d\ude00", "d": "\\\udc00"}'
    mended = mend(raw)
    assert mended is not None
    assert len(mended) == len(raw)
    assert msgspec.json.decode(mended) == {"a": "�!", "b": "\\ud83d", "c": "😀", "d": "\\�"}
    assert mend(b'{"a": "\\n"}') is None


def test_a_body_with_a_lone_surrogate_is_read() -> None:
    found, buffer = decode(LISTS, rb'["\ud83d", 1]', "body")
    assert [place_of(raw, buffer) for raw in found] == [Place(1, 9), Place(11, 12)]


@pytest.mark.parametrize(
    ("raw", "offset"),
    [(b"{", None), (b'["a" 1]', 5), (b"\xff", 0), (b"[" * 100_000, None), (b'{"a":1}', None)],
)
def test_bytes_of_another_format_are_an_error(raw: bytes, offset: int | None) -> None:
    with pytest.raises(WireError) as raised:
        decode(LISTS, raw, "request body")
    assert raised.value.offset == offset
    assert "request body" in str(raised.value)
