"""Where the words of blocks stand in the record that holds them, so that a report can quote them.

Platforms put JSON into strings, some of them twice, and spell letters beyond ASCII as they are or as escapes.
So words are looked for in each spelling that is met in practice, first in that of the words before, and
first near those, for most records keep the order of a conversation. A block that was respelt (arguments,
schemas) may not be found; then it is not quoted.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

_BEGIN_BYTES = 64
_NEAR_BYTES = 64 * 1024
_FAR_LOOKS = 32


class Found(NamedTuple):
    """Where words begin in a record, and how many bytes they take there."""

    start: int
    length: int


class Finder:
    """Finds words in one record, in about the time of reading it once. A machine without I/O.

    The whole record is looked through only so often: a long one with many respelt blocks would take
    the square of its length.
    """

    def __init__(self, record: bytes) -> None:
        self._record = record
        self._at = 0
        self._spelling = 0
        self._far_looks = _FAR_LOOKS

    def find(self, content: bytes) -> Found | None:
        """Return where `content`, the inside of a JSON string, stands; None if it was not found."""
        if not content:
            return None
        plain = content.decode("utf-8", "replace")
        found = self._found({_spelt(plain, self._spelling): self._spelling}, self._at, _NEAR_BYTES)
        if found is not None:
            return found
        # Spellings that come to the same words are looked for once.
        spelt: dict[bytes, int] = {}
        for number in range(len(_SPELLINGS)):
            spelt.setdefault(_spelt(plain, number), number)
        found = self._found(spelt, self._at, _NEAR_BYTES)
        if found is None and self._far_looks:
            self._far_looks -= 1
            found = self._found(spelt, 0, len(self._record))
        return found

    def _found(self, spelt: Mapping[bytes, int], start: int, within: int) -> Found | None:
        for words, number in spelt.items():
            place = self._look(words, start, within)
            if place >= 0:
                self._at, self._spelling = place, number
                return Found(place, len(words))
        return None

    def _look(self, words: bytes, start: int, within: int) -> int:
        """Return the first place of all the words, which begin no later than `within` bytes on.

        Their beginning is looked for first, since `find` takes time by its needle's length to prepare itself.
        """
        begin = words[:_BEGIN_BYTES]
        first = self._record.find(begin, start, start + within + len(begin))
        if first < 0 or self._record.startswith(words, first):
            return first
        return self._record.find(words, first, start + within + len(words))


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


# In a record, in a string of it, and in a string of that; the letters escaped within or without.
_SPELLINGS: tuple[tuple[Callable[[str], str], ...], ...] = (
    (),
    (_escaped,),
    (_inside,),
    (_escaped, _inside),
    (_inside, _escaped),
    (_inside, _inside),
    (_escaped, _inside, _inside),
    (_inside, _escaped, _inside),
)


def _spelt(plain: str, number: int) -> bytes:
    words = plain
    for respell in _SPELLINGS[number]:
        words = respell(words)
    return words.encode()
