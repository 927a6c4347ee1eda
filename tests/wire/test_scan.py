import json
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Raw

from farthing.errors import WireError
from farthing.segment import SegmentKind
from farthing.wire.message import BlockMemo, Place
from farthing.wire.scan import (
    PLACE_UNKNOWN,
    Block,
    Scan,
    compact,
    decode,
    is_string,
    mend,
    place_of,
    respelt,
    text,
    text_of,
)

LISTS = msgspec.json.Decoder(list[Raw])


class Word(msgspec.Struct):
    """A made format: a message is a list of these. `call` and `answers` are calls and results of tools."""

    word: str
    call: str = ""
    answers: str = ""
    cache_control: dict[str, str] | None = None


WORDS = msgspec.json.Decoder(Word)


class Reader:
    """Reads the made format, and counts how often it is asked to."""

    def __init__(self) -> None:
        self.reads = 0

    def __call__(self, raw: bytes, /) -> Iterator[Block]:
        self.reads += 1
        for part in LISTS.decode(raw):
            word = WORDS.decode(part)
            kind = SegmentKind.TOOL_CALL if word.call else SegmentKind.USER
            kind = SegmentKind.TOOL_RESULT if word.answers else kind
            yield Block(
                part,
                kind,
                "user",
                text(word.word),
                name=word.word if word.call else "",
                call=word.call or word.answers,
                ttl_s=300 if word.cache_control else None,
            )


def scanned(body: bytes, memo: BlockMemo | None, reader: Reader, base: int = 0) -> Scan:
    scan = Scan(body, memo=memo, base=base)
    scan.take_all("words", LISTS.decode(body), reader)
    return scan


def message(*words: object) -> str:
    return json.dumps([word if isinstance(word, dict) else {"word": word} for word in words])


def body(*messages: str, between: str = ", ") -> bytes:
    return f" [{between.join(messages)}] ".encode()


def marked(word: str) -> dict[str, object]:
    return {"word": word, "cache_control": {"type": "ephemeral"}}


def test_what_was_read_once_is_not_read_again() -> None:
    memo, reader = BlockMemo(), Reader()
    first = scanned(body(message("a"), message("b")), memo, reader)
    second = scanned(body(message("a"), message("b"), message("c")), memo, reader)
    assert reader.reads == 3
    assert second.segments[:2] == first.segments
    assert second.segments[0] is first.segments[0]


def test_history_that_was_edited_is_read_where_it_is_new() -> None:
    memo, reader = BlockMemo(), Reader()
    scanned(body(message("a"), message("b"), message("c")), memo, reader)
    edited = scanned(body(message("a"), message("x"), message("c")), memo, reader)
    assert reader.reads == 4
    assert edited.segments == scanned(body(message("a"), message("x"), message("c")), None, Reader()).segments


def test_a_marker_that_moves_on_costs_no_second_reading() -> None:
    memo, reader = BlockMemo(), Reader()
    first = scanned(body(message("a"), message("b", marked("c"))), memo, reader)
    second = scanned(body(message("a"), message("b", "c"), message(marked("d"))), memo, reader)
    assert reader.reads == 3
    assert [one.digest for one in second.segments[:3]] == [one.digest for one in first.segments]
    assert [(one.depth, one.ttl_s) for one in first.breakpoints + second.breakpoints] == [(3, 300), (4, 300)]
    assert (
        second.places()
        == scanned(body(message("a"), message("b", "c"), message(marked("d"))), None, reader).places()
    )


def test_a_marker_is_only_cut_out_where_it_is_one() -> None:
    """A word that ends in what looks like a marker stays whole."""
    memo, reader = BlockMemo(), Reader()
    trap = {"cache_control": {"type": "ephemeral"}, "word": 'x,"cache_control":{"a":1}'}
    scanned(body(message(trap)), memo, reader)
    again = scanned(body(message({"word": "x"})), memo, reader)
    assert reader.reads == 2
    assert again.breakpoints == []


def test_a_result_is_named_after_its_call_in_this_conversation() -> None:
    memo, reader = BlockMemo(), Reader()
    answer = message({"word": "done", "answers": "call_1"})
    names = []
    for tool in ("read", "write", "read"):
        scan = scanned(body(message({"word": tool, "call": "call_1"}), answer), memo, reader)
        names.append(scan.segments[1].name)
    assert names == ["read", "write", "read"]
    assert scanned(body(answer), memo, reader).segments[0].name == ""


def test_a_call_in_another_body_is_found_by_the_names_that_are_passed_on() -> None:
    names: dict[str, str] = {}
    found = []
    for raw in (message({"word": "read", "call": "c"}), message({"word": "done", "answers": "c"})):
        scan = Scan(raw.encode(), names=names, base=PLACE_UNKNOWN)
        scan.take("words", Raw(raw.encode()), Reader())
        found += scan.segments
    assert names == {"c": "read"}
    assert [one.name for one in found] == ["read", "read"]


def test_offsets_are_those_of_the_first_sight() -> None:
    memo, reader = BlockMemo(), Reader()
    source = body(message("a")) + b"\n" + body(message("a"), message("b"))
    at = source.index(b"\n") + 1
    scanned(source[: at - 1], memo, reader, base=0)
    later = scanned(source[at:], memo, reader, base=at)
    found = [source[one.offset : one.offset + one.length] for one in later.segments]
    assert found == [b'{"word": "a"}', b'{"word": "b"}']
    assert later.segments[0].offset < at < later.segments[1].offset


def test_a_body_that_does_not_stand_in_its_source_has_no_offsets() -> None:
    scan = scanned(body(message("a")), None, Reader(), base=PLACE_UNKNOWN)
    assert (scan.segments[0].offset, scan.segments[0].length) == (PLACE_UNKNOWN, 13)


def test_a_twin_is_not_taken_for_a_block() -> None:
    """The bytes of a block may stand before it, as a role does before a content."""
    raw = b'{"role": "user", "content": "user"}'
    content = msgspec.json.decode(raw, type=dict[str, Raw])["content"]
    assert place_of(content, raw) == Place(28, 34)
    assert raw.index(bytes(content)) == 9


def test_content_that_is_not_of_the_format_is_an_error_without_its_words() -> None:
    with pytest.raises(WireError) as raised:
        scanned(b'[[{"word": 5, "secret": "abc"}]]', None, Reader())
    assert "abc" not in str(raised.value)


def test_the_memo_forgets_its_older_half() -> None:
    memo, reader = BlockMemo(most=4), Reader()
    for word in "abcde":
        scanned(body(message(word)), memo, reader)
    scanned(body(message("e")), memo, reader)
    assert reader.reads == 5
    scanned(body(message("a")), memo, reader)
    assert reader.reads == 6


words = st.sampled_from(["a", "b", "é", 'q"\\', "read", "write"])
parts = st.one_of(
    words.map(lambda word: {"word": word}),
    words.map(marked),
    st.tuples(words, st.sampled_from(["1", "2"])).map(lambda pair: {"word": pair[0], "call": pair[1]}),
    st.tuples(words, st.sampled_from(["1", "2"])).map(lambda pair: {"word": pair[0], "answers": pair[1]}),
)
messages = st.lists(parts, min_size=1, max_size=3).map(lambda listed: message(*listed))
histories = st.lists(
    st.tuples(st.lists(messages, max_size=4), st.integers(0, 8), st.sampled_from([",", ", ", "\n\t, "])),
    max_size=6,
)


@given(histories)
@example([([message("a"), message("b", marked("a"))], 0, ","), ([message("b")], 1, ",")])
def test_a_memo_changes_nothing_but_the_cost(history: list[tuple[list[str], int, str]]) -> None:
    """Bodies that grow, are cut back, are edited and are spaced in other ways, all with one memo."""
    memo = BlockMemo(most=20)
    conversation: list[str] = []
    for added, kept, between in history:
        conversation = conversation[:kept] + added
        sent = body(*conversation, between=between)
        fast, plain = scanned(sent, memo, Reader()), scanned(sent, None, Reader())
        assert [(one.kind, one.name, one.digest, one.size) for one in fast.segments] == [
            (one.kind, one.name, one.digest, one.size) for one in plain.segments
        ]
        assert fast.breakpoints == plain.breakpoints
        assert fast.places() == plain.places()
        assert [json.loads(sent[start:end])["word"] for start, end in fast.places()] == [
            part["word"] for one in conversation for part in json.loads(one)
        ]


@given(st.text(), st.booleans())
def test_a_text_digests_alike_however_it_is_escaped(value: str, ascii_only: bool) -> None:
    written = json.dumps(value, ensure_ascii=ascii_only)
    assert text_of(Raw(written.encode())) == text(value)
    assert text_of(Raw(msgspec.json.encode(value))) == text(value)
    assert len(text("")) == 0


@given(st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5), st.lists))
def test_whitespace_and_escapes_are_no_content(value: object) -> None:
    spellings = {respelt(json.dumps(value, indent=indent).encode()) for indent in (None, 1)}
    assert spellings == {
        json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    } or spellings == {msgspec.json.encode(value)}


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


def test_a_string_is_told_by_its_first_byte() -> None:
    assert [is_string(Raw(raw)) for raw in (b'"a"', b"[]", b"null", b"")] == [True, False, False, False]
