"""Short texts for people, found again where a segment stands in its file, with secrets masked.

No text is kept in memory or in the cache: a report asks for the few excerpts that it shows. A file is
opened once for all of them and, if it is compressed, read once from its start.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from farthing.errors import RecordError
from farthing.ingest.blocks import Compression, blocks, compression
from farthing.ingest.secrets import hidden
from farthing.segment import Segment

_LOOKED_AT = 64 * 1024  # bytes of a segment; who differs only later shows no difference
_MARGIN = 2_048  # read past what is shown, so that a secret at the border is seen whole
_BEFORE = 24  # characters shown before a difference
_ELLIPSIS = "…"

_MAIN_TEXT = re.compile(r'"(?:text|content|thinking|arguments|input|output|result|parts)"\s*:\s*"')
_STRING = re.compile(r'(?:[^"\\]|\\.)*', re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_PLAIN_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": " ", "f": " "}
# Control characters, among them those that steer a terminal or turn the direction of a text around.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\s]+")


class Place(NamedTuple):
    """Bytes of a decompressed source."""

    source: int
    offset: int
    length: int


def excerpts(paths: Mapping[int, str], segments: Sequence[Segment], limit: int) -> list[str]:
    """Return how each segment begins, in at most `limit` characters; "" where it cannot be found."""
    contents = read_places(paths, [_place(segment, 4 * limit + _MARGIN) for segment in segments])
    return [_shown(_text(content), 0, limit) for content in contents]


def excerpt(paths: Mapping[int, str], segment: Segment, limit: int) -> str:
    return excerpts(paths, [segment], limit)[0]


def difference(paths: Mapping[int, str], before: Segment, after: Segment, limit: int) -> tuple[str, str]:
    """Return both texts from shortly before the first character in which they differ."""
    contents = read_places(paths, [_place(before, _LOOKED_AT), _place(after, _LOOKED_AT)])
    left, right = map(_text, contents)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))
    start = max(same - _BEFORE, 0)
    return _shown(left, start, limit), _shown(right, start, limit)


def read_places(paths: Mapping[int, str], places: Sequence[Place]) -> list[bytes]:
    """Return the bytes at each place; b"" where the file has gone or changed its size."""
    by_source: dict[int, list[Place]] = defaultdict(list)
    for place in sorted(set(places)):
        by_source[place.source].append(place)
    found: dict[Place, bytes] = {}
    for source, wanted in by_source.items():
        if source in paths:
            found.update(zip(wanted, _read(Path(paths[source]), wanted), strict=False))
    return [found.get(place, b"") for place in places]


def _place(segment: Segment, most: int) -> Place:
    if segment.offset < 0:
        return Place(-1, 0, 0)
    return Place(segment.source, segment.offset, min(segment.length, most))


def _read(path: Path, wanted: Sequence[Place]) -> Iterator[bytes]:
    """Yield the bytes at places in the order of their offsets, until the file fails us."""
    try:
        with path.open("rb") as file:
            if compression(file.read(4)) is Compression.NONE:
                for place in wanted:
                    file.seek(place.offset)
                    yield file.read(place.length)
            else:
                file.seek(0)
                yield from _pick(blocks(file), wanted)
    except (OSError, RecordError):
        return


def _pick(content: Iterator[bytes], wanted: Sequence[Place]) -> Iterator[bytes]:
    """Yield the bytes at places of a stream, which is kept from the start of the place that is looked for."""
    kept, start = b"", 0
    for place in wanted:
        while start + len(kept) < place.offset + place.length and (block := next(content, b"")):
            skip = max(min(place.offset - start, len(kept)), 0)
            kept, start = kept[skip:] + block, start + skip
        yield kept[place.offset - start :][: place.length]


def _text(content: bytes) -> str:
    """Return what a person would call the text of a block: its main string, without escapes, in one line."""
    text = content.decode("utf-8", "replace")
    main = _MAIN_TEXT.search(text) if text.startswith("{") else None
    if main or text.startswith('"'):
        text = next(_STRING.finditer(text, main.end() if main else 1))[0]
    plain = _unescaped(text)
    if plain.startswith(("{", "[")) and plain != text:
        plain = _unescaped(plain)  # a JSON text inside a JSON text, as attributes of spans hold it
    return _UNPRINTABLE.sub(" ", plain).strip()


def _unescaped(text: str) -> str:
    plain = _ESCAPE.sub(_character, text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # joins pairs of halves


def _character(escape: re.Match[str]) -> str:
    code = escape[1]
    return chr(int(code[1:], 16)) if len(code) > 1 else _PLAIN_ESCAPES.get(code, code)


def _shown(text: str, start: int, limit: int) -> str:
    """Return at most `limit` characters from `start` on, without secrets, and marked where they are cut."""
    shown = [_ELLIPSIS] if start else []
    done = start
    for place in hidden(text):
        if place.end > done:
            shown += [text[done : place.start], place.shown]
            done = place.end
    line = "".join([*shown, text[done:]])
    return line if len(line) <= limit else line[: limit - 1] + _ELLIPSIS
