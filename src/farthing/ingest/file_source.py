"""A file as readers see it (`traces/source.py`): lines or a document, with places in what it decompresses to.

What goes wrong below the reader, a line without end or data that breaks off, is kept in `troubles`
and reported with what the reader says. A huge plain file may be seen in part, as the lines that
begin `within` a range. A byte order mark becomes spaces: JSON allows them, and places stay true.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path, PurePath
from typing import NamedTuple

from farthing.errors import RecordError
from farthing.ingest.blocks import Compression, blocks, compression
from farthing.ingest.columns import PARQUET, column_names, rows
from farthing.traces.source import Line, Note, Sample, Skipped

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ABSENT = -1
_HEAD = 64 * 1024
_MEGABYTE = 1024 * 1024


class Limits(NamedTuple):
    """What is too large to be a line, and to be read whole."""

    line_bytes: int = 256 * _MEGABYTE
    document_bytes: int = 512 * _MEGABYTE


class Within(NamedTuple):
    """A range of a plain file; it has the lines that begin at `start` or later and before `end`."""

    start: int
    end: int


class Beside(NamedTuple):
    """What a reader took or looked for beside its file; its part is good as long as this is unchanged."""

    path: str
    size: int
    mtime_ns: int


class FileSource:
    """One file. `tick` is called with the number of bytes, as they lie on disk, read since its last call."""

    def __init__(
        self,
        path: str,
        name: str,
        *,
        limits: Limits,
        tick: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.name = plain_name(name.replace(os.sep, "/"))
        self.records = 0
        self.troubles: list[Skipped | Note] = []
        self.besides: list[Beside] = []
        self._path, self._limits, self._tick = Path(path), limits, tick
        self._within = Within(0, 2**63)
        self._ahead: Iterator[bytes] | None = None

    def sample(self) -> Sample:
        """Return how the file begins; what is read for it is not read again."""
        content = self._blocks(0)
        seen = [b""]
        whole = False
        try:
            while not whole and sum(map(len, seen)) <= _HEAD:
                block = next(content, None)
                whole = block is None
                seen.append(block or b"")
        except RecordError as error:
            if not any(seen):
                raise
            content = map(_raise, [error])  # once the reader gets there, not while we only look
        self._ahead = chain(seen, content)
        head = b"".join(seen)[:_HEAD]
        columns = column_names(self._path) if head.startswith(PARQUET) else ()
        return Sample(self.name, head, whole, self._folder().names, columns)

    def lines(self) -> Iterator[Line]:
        start, end = self._within
        rest = _Rest(self._limits.line_bytes)
        # One byte early: a line that begins at `start` is then told from the rest of one before it.
        offset = max(start - 1, 0)
        try:
            for block in chain(self._content(offset), [b"\n"]):
                begin = 0
                while (newline := block.find(b"\n", begin)) >= 0 and offset < end:
                    data = block[begin:newline]
                    size = rest.size + newline - begin
                    begin = newline + 1
                    if rest.size:
                        data = self._completed(rest, data, offset)
                    if data and offset >= start and not data.isspace():
                        self.records += 1
                        yield Line(offset, data)
                    offset += size + 1
                rest.add(block[begin:])
                if offset >= end or offset < start <= end <= offset + rest.size:
                    return
        except RecordError as error:
            self.troubles.append(Note(str(error)))

    def document(self) -> bytes:
        content = bytearray()
        for block in self._content(0):
            content += block
            if len(content) > self._limits.document_bytes:
                most = self._limits.document_bytes // _MEGABYTE
                raise RecordError(
                    f"holds one document of more than {most} MB", mend="export it as JSON Lines"
                )
        self.records += 1
        return bytes(content)

    def table(self) -> Iterator[Mapping[str, object]]:
        for row in rows(self._path):
            self.records += 1
            yield row

    def is_plain(self) -> bool:
        """Tell whether the file lies uncompressed on disk, so that reading may begin anywhere."""
        with self._path.open("rb", buffering=0) as file:
            return compression(file.read(4)) is Compression.NONE

    def narrow(self, within: Within) -> None:
        """See only the lines in a range of the file, which must be plain."""
        self._within = within

    def neighbours(self) -> Sequence[str]:
        self.besides.append(beside(self._path.parent))
        return self._folder().names

    def beside(self, file_name: str) -> "FileSource | None":
        real_name = self._folder().real.get(file_name, file_name)
        about = beside(self._path.with_name(real_name))
        self.besides.append(about)
        if about.size == _ABSENT:
            return None
        partner = FileSource(about.path, str(PurePath(self.name).with_name(real_name)), limits=self._limits)
        partner.troubles, partner.besides = self.troubles, self.besides
        return partner

    def _completed(self, rest: "_Rest", end: bytes, offset: int) -> bytes:
        """Return the line that goes on from earlier blocks; b"" if it is too long."""
        size = rest.size + len(end)
        if size > self._limits.line_bytes and offset >= self._within.start:
            fact = f"a line of {size // _MEGABYTE} MB is too long"
            self.troubles.append(Skipped(offset, f"{fact}; split its record"))
        return rest.complete(end)

    def _folder(self) -> "_Folder":
        folder = self._path.parent
        return _folder(folder, folder.stat().st_mtime_ns)

    def _content(self, start: int) -> Iterator[bytes]:
        ahead, self._ahead = self._ahead, None
        return ahead if ahead is not None and start == 0 else self._blocks(start)

    def _blocks(self, start: int) -> Iterator[bytes]:
        with self._path.open("rb", buffering=0) as file:
            ticked = start
            for block in blocks(file, start=start):
                is_first, place = ticked == 0, file.tell()
                self._tick(place - ticked)
                ticked = place
                yield _without_mark(block) if is_first else block


def plain_name(name: str) -> str:
    """Return the name of a file as if it were not compressed."""
    return name.removesuffix(".gz").removesuffix(".zst")


def beside(path: Path) -> Beside:
    """Return what a file or folder is now."""
    try:
        about = path.stat()
    except OSError:
        return Beside(str(path), _ABSENT, _ABSENT)
    return Beside(str(path), about.st_size, about.st_mtime_ns)


class _Folder(NamedTuple):
    """The names in a folder without .gz or .zst, sorted, and the real name of each."""

    names: tuple[str, ...]
    real: Mapping[str, str]


@lru_cache(maxsize=64)
def _folder(path: Path, mtime_ns: int) -> _Folder:  # noqa: ARG001 - a folder that changes is another key
    try:
        packed_first = sorted((entry.name for entry in path.iterdir()), reverse=True)
    except PermissionError:  # a file may be read where its folder may not
        packed_first = []
    real = {plain_name(name): name for name in packed_first}
    return _Folder(tuple(sorted(real)), real)


class _Rest:
    """What earlier blocks hold of a line that goes on; of one of more than `most` bytes only the size."""

    def __init__(self, most: int) -> None:
        self.size = 0
        self._most = most
        self._pieces: list[bytes] = []

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        self._pieces = [*self._pieces, piece] if self.size <= self._most else []

    def complete(self, end: bytes) -> bytes:
        """Return the whole line, b"" if it is too long, and hold nothing any more."""
        pieces, size = (*self._pieces, end), self.size + len(end)
        self._pieces, self.size = [], 0
        return b"".join(pieces) if size <= self._most else b""


def _raise(error: RecordError) -> bytes:
    raise error


def _without_mark(block: bytes) -> bytes:
    return b"   " + block[3:] if block.startswith(_BYTE_ORDER_MARK) else block
