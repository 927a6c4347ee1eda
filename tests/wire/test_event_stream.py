from struct import pack
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.errors import WireError
from farthing.wire.event_stream import Frame, FrameStream, encode
from tests.wire.recorded import split

PING = encode([(":event-type", "ping"), (":message-type", "event")], b'{"a":1}')
# Headers of types that Bedrock does not use, by hand: true, byte, short, int, long, bytes, timestamp, uuid.
OTHER_HEADERS = b"".join(
    (
        b"\x01t\x00",
        b"\x01b\x02\x07",
        b"\x01s\x03\x00\x07",
        b"\x01i\x04\x00\x00\x00\x07",
        b"\x01l\x05" + bytes(8),
        b"\x01y\x06\x00\x02ab",
        b"\x01d\x08" + bytes(8),
        b"\x01u\x09" + bytes(16),
        b"\x01n\x07\x00\x03abc",
    )
)


def framed(headers: bytes, payload: bytes) -> bytes:
    """Write a frame from the specification, without the code under test."""
    lengths = pack(">II", 16 + len(headers) + len(payload), len(headers))
    body = lengths + pack(">I", crc32(lengths)) + headers + payload
    return body + pack(">I", crc32(body))


def frames(chunks: list[bytes]) -> list[Frame]:
    stream = FrameStream()
    found = [frame for chunk in chunks for frame in stream.feed(chunk)]
    assert stream.is_whole
    return found


def test_a_frame_is_its_headers_and_its_payload() -> None:
    (frame,) = frames([PING])
    assert frame.payload == b'{"a":1}'
    assert frame.header(":event-type") == "ping"
    assert frame.header(":exception-type") == ""


def test_headers_of_other_types_are_stepped_over() -> None:
    assert frames([framed(OTHER_HEADERS, b"x")]) == [Frame((("n", "abc"),), b"x")]


@given(
    st.lists(st.tuples(st.dictionaries(st.text(max_size=8), st.text(max_size=40)), st.binary()), max_size=4),
    st.lists(st.integers(0, 500), max_size=9),
)
def test_any_split_gives_the_frames_that_were_written(
    written: list[tuple[dict[str, str], bytes]], cuts: list[int]
) -> None:
    stream = b"".join(encode(headers.items(), payload) for headers, payload in written)
    expected = [Frame(tuple(sorted(headers.items())), payload) for headers, payload in written]
    assert frames(split(stream, cuts)) == expected


@given(st.integers(0, len(PING) - 1), st.integers(1, 255))
def test_no_damaged_byte_passes(at: int, change: int) -> None:
    damaged = bytearray(PING)
    damaged[at] ^= change
    stream = FrameStream()
    with pytest.raises(WireError, match="event stream frame"):
        stream.feed(bytes(damaged) + bytes(64))


def test_an_error_says_where_in_the_stream_it_is() -> None:
    stream = FrameStream()
    stream.feed(PING)
    with pytest.raises(WireError) as raised:
        stream.feed(PING[:-1] + b"\0")
    assert raised.value.offset == len(PING)


@pytest.mark.parametrize("size", [15, 2**31])
def test_an_impossible_length_is_not_waited_for(size: int) -> None:
    lengths = pack(">II", size, 0)
    with pytest.raises(WireError, match="length"):
        FrameStream().feed(lengths + pack(">I", crc32(lengths)))


def test_headers_that_end_too_early_are_malformed() -> None:
    with pytest.raises(WireError, match="headers"):
        FrameStream().feed(framed(b"\x01x", b""))


def test_what_is_not_yet_whole_is_waited_for() -> None:
    stream = FrameStream()
    assert stream.feed(PING[:-1]) == []
    assert not stream.is_whole
    assert len(stream.feed(PING[-1:])) == 1
