"""The made corpora of the bench: each is known by its name alone, reproducible, and written beside its truth.

    full-context-0.2gb         whole requests and responses, eight sessions at once, 50 KB a record
    full-context-0.2gb.zst     the same lines compressed; .gz as well
    long-session-3000          one session of 3,000 steps, compacted now and then (1 GB)
    growing-session-3000       one session of 3,000 small steps, never compacted (3.3 GB)
    claude-code-200mb          a Claude Code store of 176 files
    small-files-100000         a Claude Code store of 100,000 files with one call each
    large-file-700mb           a Claude Code session in one file

A corpus is a folder with `traces/` and `truth.json`. It is built under another name and renamed when it is
whole, so that an interrupted build is never taken for a corpus.
"""

import argparse
import gzip
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

from bench.claude_store import TraceFile, endless_session, group, small_session
from bench.full_context import AVERAGE, GROWING, LONG, Exchange, Shape, exchanges
from bench.truth import Tally, Truth
from bench.wording import wording

# The seed of everything, and part of each folder's name: raise it when the bytes of a corpus change.
EDITION = "1"
_SESSIONS_PER_GB = 1_365
_MB_PER_GROUP = 12.5

Writer = Callable[[Path, Tally], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """A corpus on disk."""

    name: str
    traces: Path
    truth: Truth

    @property
    def gigabytes(self) -> float:
        """The uncompressed size."""
        return self.truth.bytes / 1e9


def corpus(name: str, folder: Path) -> Corpus:
    """Return the corpus called `name` under `folder`; it is written first if it is not there."""
    home = home_of(name, folder)
    if not home.exists():
        _build(writer(name), home)
    return Corpus(name=name, traces=home / "traces", truth=Truth.load(home / "truth.json"))


def home_of(name: str, folder: Path) -> Path:
    return folder / f"{name}-v{EDITION}"


def writer(name: str) -> Writer:
    """Return what writes the corpus called `name`. Raises ValueError if no corpus has a name like that."""
    for pattern, make in _WRITERS:
        if found := re.fullmatch(pattern, name):
            return make(*found.groups(default=""))
    raise ValueError(
        f"no corpus is called {name!r}; names look like those in `python -m bench.corpora --help`"
    )


def _build(write: Writer, home: Path) -> None:
    partial = home.with_name(f".{home.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "traces").mkdir(parents=True)
    tally = Tally()
    write(partial / "traces", tally)
    tally.truth().save(partial / "truth.json")
    partial.rename(home)


def _full_context(gigabytes: str, packing: str) -> Writer:
    sessions = max(1, round(float(gigabytes) * _SESSIONS_PER_GB))
    return _exchanges(f"exchanges.jsonl{packing}", sessions, AVERAGE)


def _long_session(steps: str) -> Writer:
    return _exchanges("exchanges.jsonl", 1, LONG.of(int(steps)))


def _growing_session(steps: str) -> Writer:
    return _exchanges("exchanges.jsonl", 1, GROWING.of(int(steps)))


def _claude_code(megabytes: str) -> Writer:
    groups = max(1, round(float(megabytes) / _MB_PER_GROUP))
    words = wording(EDITION)
    return _files(file for number in range(groups) for file in group(number, words, EDITION))


def _small_files(amount: str) -> Writer:
    words = wording(EDITION)
    return _files(small_session(number, words, EDITION) for number in range(int(amount)))


def _large_file(megabytes: str) -> Writer:
    def write(folder: Path, tally: Tally) -> None:
        tally.files = tally.sessions = 1
        for piece in endless_session(wording(EDITION), EDITION):
            _append(folder, piece, tally)
            if tally.bytes >= float(megabytes) * 1e6:
                return

    return write


_WRITERS: tuple[tuple[str, Callable[..., Writer]], ...] = (
    (r"full-context-([\d.]+)gb(\.zst|\.gz)?", _full_context),
    (r"long-session-(\d+)", _long_session),
    (r"growing-session-(\d+)", _growing_session),
    (r"claude-code-([\d.]+)mb", _claude_code),
    (r"small-files-(\d+)", _small_files),
    (r"large-file-([\d.]+)mb", _large_file),
)


def _exchanges(name: str, sessions: int, shape: Shape) -> Writer:
    def write(folder: Path, tally: Tally) -> None:
        tally.files, tally.sessions = 1, sessions
        with _packed(folder / name) as sink:
            for exchange in exchanges(sessions, shape, EDITION):
                _write_exchange(sink, exchange, tally)

    return write


def _write_exchange(sink: BinaryIO, exchange: Exchange, tally: Tally) -> None:
    sink.write(exchange.line)
    tally.add(exchange.spent)
    tally.lines += 1
    tally.bytes += len(exchange.line)


def _files(files: Iterable[TraceFile]) -> Writer:
    def write(folder: Path, tally: Tally) -> None:
        for file in files:
            _append(folder, file, tally)
            tally.files += 1
            tally.sessions += file.is_session

    return write


def _append(folder: Path, file: TraceFile, tally: Tally) -> None:
    path = folder / file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as sink:
        sink.writelines(file.lines)
    for spent in file.spent:
        tally.add(spent)
    tally.lines += len(file.lines)
    tally.bytes += sum(map(len, file.lines))
    tally.duplicates += file.duplicates


@contextmanager
def _packed(path: Path) -> Iterator[BinaryIO]:
    """Open `path` for writing, compressed as its ending says, with the level that people have by default."""
    with path.open("wb") as raw:
        if path.suffix == ".zst":
            with zstandard.ZstdCompressor(level=3).stream_writer(raw) as sink:
                yield cast(BinaryIO, sink)
        elif path.suffix == ".gz":
            with gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6, mtime=0) as sink:
                yield cast(BinaryIO, sink)
        else:
            yield raw


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.corpora",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="+")
    parser.add_argument("--dir", type=Path, required=True, help="the folder that holds the corpora")
    arguments = parser.parse_args()
    for name in arguments.name:
        began = time.perf_counter()
        made = corpus(name, arguments.dir)
        took_s = time.perf_counter() - began
        print(f"{made.traces}: {made.truth.bytes / 1e6:,.0f} MB in {took_s:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
