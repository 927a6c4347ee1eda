"""The JSON documents of a file: one a line, or one that fills it, the members of a list, or a table's rows.

Platforms export the same records in all these ways, and pretty-print some. A line that is not JSON is
passed over and said so; the rest is still read.
"""

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import NamedTuple

import msgspec
from msgspec import Raw

from farthing.errors import RecordError, WireError
from farthing.traces import csv_rows
from farthing.traces.source import Line, Sample, Skipped, Source
from farthing.wire.scan import PLACE_UNKNOWN, decode, place_of

_ANY = msgspec.json.Decoder(Raw)
_LIST = msgspec.json.Decoder(list[Raw])
_PARQUET = (".parquet", ".pq")
_CSV = ".csv"
_OPENS_LIST = re.compile(rb"\A\s*\[")


class Document(NamedTuple):
    """One JSON value, where it stands in the source, and the buffer that it is a view of.

    A row of a Parquet file stands at its number, and any table's buffer nowhere.
    """

    raw: bytes
    offset: int
    line: Line

    @property
    def is_quotable(self) -> bool:
        """Whether the value's bytes stand in the source as they are."""
        return self.line.offset >= 0


def documents(source: Source) -> Iterator[Document | Skipped]:
    """Yield the values of a file's lines, or of the whole where the first line is none by itself.

    A row of a Parquet or CSV file is an object of its columns.
    """
    if source.name.endswith(_PARQUET):
        yield from _rows(source)
        return
    if source.name.endswith(_CSV):
        for row in csv_rows.rows(source.lines()):
            yield row if isinstance(row, Skipped) else Document(*row, Line(PLACE_UNKNOWN, row.raw))
        return
    for line in _lines(source):
        if isinstance(line, Skipped):
            yield line
            continue
        try:
            value, data = decode(_ANY, line.data, "line")
        except WireError as error:
            yield Skipped(line.offset, str(error))
            continue
        buffer = Line(line.offset, data)
        for raw in _LIST.decode(value) if _OPENS_LIST.match(data) else (value,):
            yield Document(raw, line.offset + place_of(raw, data).start, buffer)


def inner(document: Document, raw: bytes) -> Document:
    """Return a value inside a document as a document of its own."""
    if not document.is_quotable:
        return document._replace(raw=raw)
    return Document(raw, document.line.offset + place_of(raw, document.line.data).start, document.line)


def has_signs(sample: Sample, signs: Iterable[Sequence[bytes]]) -> bool:
    """Tell whether a file is JSON that has all the words of one of the signs in its first bytes."""
    if sample.head.lstrip()[:1] not in (b"{", b"["):
        return False
    return any(all(word in sample.head for word in words) for words in signs)


def has_columns(sample: Sample, columns: Iterable[Set[str]]) -> bool:
    """Tell whether a table has all the columns of one of the sets."""
    found = csv_rows.columns(sample.head) if sample.name.endswith(_CSV) else sample.columns
    return any(names.issubset(found) for names in map(frozenset, columns))


def _rows(source: Source) -> Iterator[Document | Skipped]:
    try:
        for number, row in enumerate(source.table()):
            raw = msgspec.json.encode(row, enc_hook=str)
            yield Document(raw, number, Line(PLACE_UNKNOWN, raw))
    except RecordError as error:
        yield Skipped(0, str(error))


def _lines(source: Source) -> Iterator[Line | Skipped]:
    lines = source.lines()
    first = next(lines, None)
    if first is None:
        return
    if _is_whole(first.data):
        yield first
        yield from lines
        return
    following = next(lines, None)
    if following is not None and _is_whole(following.data) and following.data.lstrip()[:1] in (b"{", b"["):
        # A damaged first line of many, not the first line of a printed document.
        yield first
        yield following
        yield from lines
        return
    try:
        yield Line(0, source.document())
    except RecordError as error:
        yield Skipped(0, str(error))


def _is_whole(data: bytes) -> bool:
    try:
        _ANY.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # A lone surrogate is mended when the line is read.
        return data.rstrip()[-1:] in (b"}", b"]") and b"\\ud" in data.lower()
    return True
