from hypothesis import example, given
from hypothesis import strategies as st

from farthing.wire.sse import Event, EventStream, event
from tests.wire.recorded import COPIED, as_stream, split

FIELDS = (
    "data: a",
    "data:b",
    "data",
    "event: ping",
    ": note",
    "retry: 5",
    "id: 7",
    "datum: x",
    'data: {"a":1}',
)


def events(chunks: list[bytes]) -> list[Event]:
    stream = EventStream()
    whole = [one for chunk in chunks for one in stream.feed(chunk)]
    return whole + stream.close()


def said(chunks: list[bytes]) -> list[tuple[str, bytes | None]]:
    return [(one.name, one.data) for one in events(chunks) if one.data is not None]


def test_an_event_is_its_name_and_its_data() -> None:
    assert said([b"event: ping\ndata: {}\n\ndata: a\ndata:b\n\n"]) == [("ping", b"{}"), ("", b"a\nb")]


def test_line_ends_may_be_of_any_kind() -> None:
    expected = [("e", b"1"), ("", b"2")]
    for end in (b"\n", b"\r", b"\r\n"):
        assert said([end.join((b"event: e", b"data: 1", b"", b"data: 2", b"", b""))]) == expected


def test_only_one_space_belongs_to_the_field() -> None:
    assert event(b"data:  a \n\n").data == b" a "


def test_comments_and_unknown_fields_are_no_data() -> None:
    comment, bare = events([b": keep-alive\n\n", b"data\n\n"])
    assert (comment.data, bare.data) == (None, b"")
    assert said([b"retry: 3\nid: 1\nfoo: bar\n\n"]) == []


def test_a_byte_order_mark_is_no_field() -> None:
    assert said([b"\xef\xbb\xbfdata: a\n\n"]) == [("", b"a")]


def test_the_last_event_needs_no_empty_line() -> None:
    assert said([b"data: a\n\ndata: b"]) == [("", b"a"), ("", b"b")]


def test_an_event_is_given_as_soon_as_it_is_whole() -> None:
    stream = EventStream()
    assert stream.feed(b"data: a\n") == []
    assert [one.data for one in stream.feed(b"\ndata: b\n\nda")] == [b"a", b"b"]
    assert stream.close()[0].raw == b"da"
    assert stream.close() == []


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    end = draw(st.sampled_from(["\n", "\r", "\r\n"]))
    blocks = draw(st.lists(st.lists(st.sampled_from(FIELDS), max_size=4), max_size=6))
    text = "".join(end.join([*block, "", ""]) for block in blocks)
    return (text + draw(st.sampled_from(["", "data: cut", end]))).encode()


@given(streams(), st.lists(st.integers(0, 400), max_size=12))
@example(b"data: a\r\n\r\ndata: b\r\n\r\n", [8, 9, 10, 11])
@example(b"data: a\r\rdata: b\r\r", [8, 9])
def test_any_split_reads_alike(stream: bytes, cuts: list[int]) -> None:
    chunks = split(stream, cuts)
    assert said(chunks) == said([stream])
    assert b"".join(one.raw for one in events(chunks)) == stream


def test_a_recorded_stream_reads_alike_byte_by_byte() -> None:
    stream = as_stream(COPIED / "vercel-ai-provider-fixtures/anthropic-mcp.1.chunks.txt")
    whole = said([stream])
    assert len(whole) == stream.count(b"data: ")
    assert said([bytes((byte,)) for byte in stream]) == whole
