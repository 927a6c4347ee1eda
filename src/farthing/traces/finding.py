"""Where the words of a block stand in the record that holds them, so that a report can quote them.

Platforms put JSON into strings, some of them twice, and spell letters beyond ASCII as they are or as escapes.
So the words are looked for in each spelling that is met in practice, the plainest first. A block
that was respelt (arguments, schemas) may not be found; then it is not quoted.
"""

from typing import NamedTuple

import msgspec

_BEGIN_BYTES = 64


class Found(NamedTuple):
    """Where words begin in a record, and how many bytes they take there."""

    start: int
    length: int


def find(content: bytes, record: bytes) -> Found | None:
    """Return where `content`, the inside of a JSON string, stands in `record`; None if it does not."""
    if not content:
        return None
    for words in _spellings(content):
        start = _find(words, record)
        if start >= 0:
            return Found(start, len(words))
    return None


def _spellings(content: bytes) -> list[bytes]:
    """Return the words as they stand in a record, in a string of it, and in a string of that."""
    plain = content.decode("utf-8", "replace")
    spelt = [plain] if plain.isascii() else [plain, _escaped(plain)]
    once = [_inside(words) for words in spelt] + [_escaped(_inside(words)) for words in spelt]
    twice = [_inside(words) for words in once]
    return [words.encode() for words in dict.fromkeys((*spelt, *once, *twice))]


def _inside(words: str) -> str:
    """Return words as they stand inside a JSON string."""
    return msgspec.json.encode(words)[1:-1].decode()


def _escaped(words: str) -> str:
    """Return words with every letter beyond ASCII as an escape, as Python's own JSON writes them."""
    if words.isascii():
        return words
    units = words.encode("utf-16-be", "surrogatepass")
    codes = (int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2))
    return "".join(chr(code) if code < 0x80 else f"\\u{code:04x}" for code in codes)


def _find(words: bytes, record: bytes) -> int:
    """Return the first place of all the words.

    Their beginning is looked for first, since `find` takes time by its needle's length to prepare itself.
    """
    start = record.find(words[:_BEGIN_BYTES])
    if start < 0 or record.startswith(words, start):
        return start
    return record.find(words)
