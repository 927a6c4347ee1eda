"""Words found again in a record that put them into strings, and those into others."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.traces.finding import Finder, Found
from farthing.wire.spelling import text

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def find(content: bytes, line: bytes) -> Found | None:
    return Finder(line).find(content)


def record(words: str, *, depth: int, is_ascii: bool) -> bytes:
    """Return a record with the words in a message, in `depth` strings around it."""
    value: object = [{"role": "user", "content": words}]
    for _ in range(depth):
        value = json.dumps(value, ensure_ascii=is_ascii)
    return json.dumps({"id": 1, "input": value}, ensure_ascii=is_ascii).encode()


def unescaped(content: bytes, depth: int) -> str:
    value = content.decode()
    for _ in range(depth + 1):
        value = json.loads(f'"{value}"')
    return value


@pytest.mark.parametrize("depth", [0, 1, 2])
@pytest.mark.parametrize("is_ascii", [True, False])
@pytest.mark.parametrize(
    "words", ["Rain?", 'Say "rain"\n\tor C:\\new', "Прогноз für Köln 🌧", 'é "quoted" 🌧\n', "a \u2028 b"]
)
def test_words_are_found_in_strings_of_strings(words: str, depth: int, is_ascii: bool) -> None:
    line = record(words, depth=depth, is_ascii=is_ascii)
    found = find(text(words), line)
    assert found is not None
    assert unescaped(line[found.start : found.start + found.length], depth) == words


@given(WORDS, st.integers(0, 2), st.booleans())
def test_what_is_found_says_the_words(words: str, depth: int, is_ascii: bool) -> None:
    line = record(words, depth=depth, is_ascii=is_ascii)
    found = find(text(words), line)
    if found is not None:
        shown = line[found.start : found.start + found.length]
        assert any(unescaped(shown, times) == words for times in range(-1, 3) if _is_json(shown, times))
    else:
        # Python and the spelling of segments escape some control characters differently.
        assert any(character < " " or character == "\x7f" for character in words)


def _is_json(content: bytes, depth: int) -> bool:
    try:
        unescaped(content, depth)
    except ValueError:
        return False
    return True


def test_a_beginning_that_others_share_is_passed_over() -> None:
    same = "The same instructions for every agent of this company, word by word, and then: "
    line = json.dumps([same + "first", same + "second"]).encode()
    found = find((same + "second").encode(), line)
    assert found == Found(line.index(b"second") - len(same), len(same) + 6)


@pytest.mark.parametrize("content", [b"", b"Snow?", b"Rain? Yes."])
def test_what_is_not_there_is_not_found(content: bytes) -> None:
    assert find(content, record("Rain?", depth=1, is_ascii=True)) is None


def test_bytes_that_are_no_letters_are_looked_for_and_not_found() -> None:
    assert find(b"\xff\xfe", b'{"input": "Rain?"}') is None


def test_words_are_looked_for_near_those_before() -> None:
    line = b'["Rain?", "Yes.", "Rain?", "No."]'
    finder = Finder(line)
    for words in (b"Yes.", b"Rain?", b"No."):
        assert finder.find(words) == Found(line.rindex(words), len(words))
    assert finder.find(b"Yes.") == Found(line.index(b"Yes."), 4)


def test_far_words_are_found_until_too_many_were_not() -> None:
    line = b'["first", "' + b"-" * 200_000 + b'", "last"]'
    finder = Finder(line)
    assert finder.find(b"last") == Found(line.index(b"last"), 4)
    assert finder.find(b"first") == Found(2, 5)
    assert [finder.find(b"absent") for _ in range(40)] == [None] * 40
    assert (finder.find(b"last"), finder.find(b"first")) == (None, Found(2, 5))
