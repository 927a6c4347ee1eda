"""What a trace reader gets and what it gives: bytes with places in, spans and skips out.

Readers do no I/O. Ingest opens, decompresses, pools and caches; a reader sees a `Source`, asks
it for lines or for the whole document, and yields items in the order of the file. A reader
never raises for a bad record: it yields a `Skipped` that says where and why, and goes on.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from msgspec import Struct

from farthing.span import Span


class Line(NamedTuple):
    """One line without its newline, and where it starts in the decompressed source."""

    offset: int
    data: bytes


class Source(Protocol):
    """One file (or standard input) as a reader sees it, decompressed."""

    @property
    def name(self) -> str:
        """The path as the user would write it, with "/" between folders and without .gz or .zst."""
        ...

    def lines(self) -> Iterator[Line]:
        """Yield the lines, streamed; blank lines are left out."""
        ...

    def document(self) -> bytes:
        """Return the whole content. Raises RecordError above the size that may be read whole."""
        ...

    def table(self) -> Iterator[Mapping[str, object]]:
        """Yield the rows of a Parquet file, streamed. Raises RecordError if it cannot be read."""
        ...

    def neighbours(self) -> Sequence[str]:
        """Return the file names in the same folder, sorted, without .gz or .zst."""
        ...

    def beside(self, file_name: str) -> "Source | None":
        """Return a file of the same folder by that name, compressed or not; None if there is none."""
        ...


class Sample(Struct, frozen=True):
    """What is known of a file before it is read: its name, its first 64 KB, and its neighbours.

    `whole` is true where `head` is the entire content, so that it may be parsed as a document.
    `columns` are the names of a Parquet file's columns.
    """

    name: str
    head: bytes
    whole: bool
    neighbours: Sequence[str] = ()
    columns: Sequence[str] = ()


class Match(StrEnum):
    """`lead`: read this file. `member`: it belongs to the format, and is read with its lead."""

    NO = "no"
    LEAD = "lead"
    MEMBER = "member"


class Skipped(Struct, frozen=True):
    """A record that could not be used: the byte offset, what is wrong, and how to mend it."""

    offset: int
    reason: str


class Outcome(Struct, frozen=True):
    """How a session ended, where the trace says so: a reward, a verdict. `score` is decimal text."""

    session: str
    success: bool
    score: str = ""


class Dropped(Struct, frozen=True):
    """Records that a reader knew to be repeats and left out; `rule` is words for the report."""

    rule: str
    count: int


class Note(Struct, frozen=True):
    """Something the reader of the report must know of this source, in one sentence."""

    text: str


Item = Span | Skipped | Outcome | Dropped | Note


class Format(Struct, frozen=True, kw_only=True):
    """A trace format: its short name, how to know it, how to read it.

    `splittable` lines stand for themselves, so that one huge file may be read in ranges, each by a
    `read` of its own, which asks for its lines once.
    `priority` orders recognition: lower is asked first; formats with a sure sign come early.
    """

    name: str
    title: str
    recognise: Callable[[Sample], Match]
    read: Callable[[Source], Iterator[Item]]
    splittable: bool = False
    priority: int = 50
