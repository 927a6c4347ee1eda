"""The rows of a CSV file as JSON objects, for readers that know their columns from JSON and Parquet.

A data frame writes a cell that is a list or an object as Python spells it; that becomes JSON. Any other
cell stays a string, for digits may be an id.
"""

import re
from ast import literal_eval
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from farthing.traces.source import Line, Skipped

_CELL = re.compile(r'(?:"([^"]*(?:""[^"]*)*)"|([^,]*))(,|\Z)')
_LITERAL = re.compile(r"\s*(?:\[\s*)?\{\s*'|\s*\[\s*'")
_QUOTE = b'"'
_LONGEST_ROW_BYTES = 64 * 1024 * 1024


class Row(NamedTuple):
    """One row as an object of its columns, and where it begins in the source."""

    raw: bytes
    offset: int


def columns(head: bytes) -> list[str]:
    """Return the names in a file's first line."""
    return _cells(head.partition(b"\n")[0])


def rows(lines: Iterable[Line]) -> Iterator[Row | Skipped]:
    """Yield the rows below the first, which names their columns."""
    names: list[str] = []
    for record in _records(lines):
        if isinstance(record, Skipped):
            yield record
        elif not names:
            names = _cells(record.data)
        else:
            cells = _cells(record.data)
            if len(cells) != len(names):
                yield Skipped(record.offset, f"the row has {len(cells)} cells for {len(names)} columns")
                continue
            yield Row(_object(names, cells), record.offset)


def _records(lines: Iterable[Line]) -> Iterator[Line | Skipped]:
    """Join the lines of each row: a cell in quotes may have several, so they end where quotes are even."""
    start, end, row, is_open = 0, 0, bytearray(), False
    for line in lines:
        if is_open:
            # Blank lines are not told, but leave a gap.
            row += b"\n" * max(line.offset - end, 1) + line.data
        else:
            start, row = line.offset, bytearray(line.data)
        end = line.offset + len(line.data)
        is_open ^= line.data.count(_QUOTE) % 2 == 1
        if not is_open:
            yield Line(start, bytes(row))
        elif len(row) > _LONGEST_ROW_BYTES:
            break
    if is_open:
        yield Skipped(start, "the row does not end; what follows is not read")


def _cells(record: bytes) -> list[str]:
    text = record.decode("utf-8", "replace").removeprefix("\ufeff").removesuffix("\r")
    found = []
    for cell in _CELL.finditer(text):
        quoted, plain, comma = cell.groups()
        found.append(plain if quoted is None else quoted.replace('""', '"'))
        if not comma:
            break
    return found


def _object(names: Iterable[str], cells: Iterable[str]) -> bytes:
    given = {name: _json(cell) for name, cell in zip(names, cells, strict=True) if cell}
    return msgspec.json.encode(given)


def _json(cell: str) -> msgspec.Raw:
    """Return a cell as JSON; null for a Python literal that cannot be read, such as an array's."""
    if not _LITERAL.match(cell):
        return msgspec.Raw(msgspec.json.encode(cell))
    try:
        value: object = literal_eval(cell.strip())
        return msgspec.Raw(msgspec.json.encode(value, enc_hook=str))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return msgspec.Raw(b"null")
