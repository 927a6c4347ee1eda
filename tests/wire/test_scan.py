import json
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Raw

from farthing.errors import WireError
from farthing.segment import SegmentKind
from farthing.wire.message import BlockMemo
from farthing.wire.scan import (
    PLACE_UNKNOWN,
    Block,
    Scan,
    text,
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


def test_a_result_whose_call_is_elsewhere_is_named_anew_each_time() -> None:
    memo, reader, found = BlockMemo(), Reader(), []
    sent = body(message({"word": "done", "answers": "c"}), message("next"))
    for tool in ("read", "write"):
        scan = Scan(sent, memo=memo, names={"c": tool})
        scan.take_all("words", LISTS.decode(sent), reader)
        found.append(scan.segments[0].name)
    assert (found, reader.reads) == (["read", "write"], 2)


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
