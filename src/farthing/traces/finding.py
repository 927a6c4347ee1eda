"""Where the words of blocks stand in the record that holds them, so that a report can quote them.

Platforms put JSON into strings, some of them twice, and spell letters beyond ASCII as they are or as escapes.
So words are looked for in each spelling that is met in practice, first in that of the words before, and
first near those, for most records keep the order of a conversation. A block that was respelt (arguments,
schemas) may not be found; then it is not quoted.
"""

from collections.abc import Callable
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
        plain = content.decode("utf-8", "replace")
        numbers = dict.fromkeys((self._spelling, *range(len(_SPELLINGS)))) if content else ()
        # Spellings that come to the same words are looked for once.
        spelt = {_spelt(plain, number): number for number in reversed(numbers)}
        ordered = list(reversed(spelt.items()))
        for within in (_NEAR_BYTES, len(self._record)):
            is_far = within > _NEAR_BYTES
            if is_far and not self._far_looks:
                break
            self._far_looks -= is_far
            for words, number in ordered:
                start = self._look(words, 0 if is_far else self._at, within)
                if start >= 0:
                    self._at, self._spelling = start, number
                    return Found(start, len(words))
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
