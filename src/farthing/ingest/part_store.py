"""Parts kept between runs, and results made of them: one SQLite file in the user's cache folder.

A hundred thousand small files would be as many small parts, so they share a file. A transaction keeps
each of them whole, and an interrupted run leaves nothing half-written. Several runs may use the file
at once: nothing is deleted within a day of its last use, and only a run's main process touches it. It
holds nothing that cannot be made again, so a damaged one is thrown away, and where none can be written
a temporary one takes its place.
"""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from secrets import randbits
from typing import NamedTuple

import msgspec
import zstandard

from farthing.errors import StoreError
from farthing.ingest.part import FrameBytes, Summary

_HOUR_S = 3_600
_DAY_S = 24 * _HOUR_S
_WEEK_S = 7 * _DAY_S
_BUSY_S = 30.0
_MOST_BYTES = 1024**3

# The file's name changes with its tables; what a row means is part of its key. A run numbers its parts on
# from the second in which it began and a random number: frames whose part never came can then be told from
# those of a run that is still going on.
_FILE = "ingest-1.sqlite"
_RANDOM_BITS = 31
_PRAGMAS = """
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
"""
_TABLES = """
CREATE TABLE IF NOT EXISTS part (
    id INTEGER PRIMARY KEY,
    place BLOB NOT NULL,
    version BLOB NOT NULL,
    summary BLOB NOT NULL,
    size INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    UNIQUE (place, version)
);
CREATE TABLE IF NOT EXISTS frame (
    shard INTEGER NOT NULL,
    part INTEGER NOT NULL,
    number INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (shard, part, number)
);
CREATE TABLE IF NOT EXISTS result (key BLOB PRIMARY KEY, data BLOB NOT NULL, used_at INTEGER NOT NULL);
CREATE TEMP TABLE wanted (part INTEGER PRIMARY KEY, rank INTEGER NOT NULL);
CREATE TEMP TABLE old (part INTEGER PRIMARY KEY);
"""
_ADD = """
INSERT INTO part (id, place, version, summary, size, used_at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (place, version) DO UPDATE SET
id = excluded.id, summary = excluded.summary, size = excluded.size, used_at = excluded.used_at
"""
_TOUCH = "UPDATE part SET used_at = ? WHERE id = ?"
_OUTDATED = """
INSERT INTO old SELECT id FROM part WHERE used_at < ?
AND EXISTS (SELECT 1 FROM part AS newer WHERE newer.place = part.place AND newer.id > part.id)
"""
_UNUSED = """
INSERT OR IGNORE INTO old
SELECT id FROM (SELECT id, used_at, sum(size) OVER (ORDER BY used_at DESC, id DESC) AS upto FROM part)
WHERE used_at < ? AND upto > ?
"""
_ORPHANED = (
    "INSERT OR IGNORE INTO old SELECT part FROM frame WHERE part < ? AND part NOT IN (SELECT id FROM part)"
)
_CACHE_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# Made by farthing. It is safe to delete.\n"

_summaries = msgspec.msgpack.Decoder(Summary)
_encoder = msgspec.msgpack.Encoder()


class PartKey(NamedTuple):
    """`place` says which part of which file; `version` what the file was, and which code read it."""

    place: bytes
    version: bytes


class Stored(NamedTuple):
    """A part that the store has."""

    id: int
    summary: Summary


class RankedFrame(NamedTuple):
    """A frame; `rank` is where its part stands among those that were wanted."""

    rank: int
    data: bytes


class ShardSize(NamedTuple):
    """A shard that has frames, and the bytes in them."""

    shard: int
    size: int


def cache_folder(home: Path, environment: Mapping[str, str], platform: str) -> Path:
    """Return where the user's caches go: FARTHING_CACHE_DIR, else the platform's own place."""
    if own := environment.get("FARTHING_CACHE_DIR"):
        return Path(own)
    if platform == "darwin":
        return home / "Library/Caches/farthing"
    if platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or home / "AppData/Local") / "farthing/cache"
    return Path(environment.get("XDG_CACHE_HOME") or home / ".cache") / "farthing"


def open_store(folder: Path | None, *, scratch: Path) -> "PartStore":
    """Return the store in `folder`; where that is None or will not do, one in the folder `scratch`."""
    if folder is None:
        return PartStore(scratch / _FILE)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "CACHEDIR.TAG").write_text(_CACHE_TAG)
        return PartStore(folder / _FILE)
    except (OSError, sqlite3.OperationalError) as error:
        store = PartStore(scratch / _FILE)
        store.note = f"nothing is kept for the next run: {error}; set FARTHING_CACHE_DIR to a writable folder"
        return store


class PartStore:
    """Parts of this and earlier runs; `note` is for the user. Raises StoreError if the disk fails it."""

    def __init__(self, path: Path) -> None:
        self.note = ""
        self.path = path
        self._now_s = int(time.time())
        self._ids = count(self._now_s << _RANDOM_BITS | randbits(_RANDOM_BITS))
        self._has_grown = False
        self._connection = self._opened()

    def close(self) -> None:
        if self._has_grown:
            self.prune()
        self._connection.close()

    def discard(self) -> None:
        """Throw everything away and begin again: a damaged file is good for nothing else."""
        self._connection.close()
        self._delete()
        self._connection = self._connect()

    def new_part(self) -> int:
        """Return an id that no part has."""
        return next(self._ids)

    def find(self, key: PartKey) -> Stored | None:
        """Return the part with this key, if there is one."""
        query = "SELECT id, summary, used_at FROM part WHERE place = ? AND version = ?"
        row = self._execute(query, key).fetchone()
        if row is None:
            return None
        if row[2] < self._now_s - _HOUR_S:
            self._execute(_TOUCH, (self._now_s, row[0]))
        return Stored(row[0], _summaries.decode(row[1]))

    def add_frames(self, part: int, frames: Sequence[FrameBytes], *, first: int) -> None:
        """Add frames to a part, numbered on from `first`; nothing finds them until the part is added."""
        rows = ((frame.shard, part, number, frame.data) for number, frame in enumerate(frames, first))
        self._execute_all("INSERT INTO frame VALUES (?, ?, ?, ?)", rows)

    def add(self, part: int, key: PartKey, summary: Summary, *, size: int) -> None:
        self._has_grown = True
        row = (part, *key, _encoder.encode(summary), size, self._now_s)
        self._execute(_ADD, row)

    def commit(self) -> None:
        self._commit()

    def want(self, parts: Sequence[int]) -> None:
        """Choose the parts, in order, of which `shard` and `shards` speak from now on."""
        self._execute("DELETE FROM wanted")
        self._execute_all("INSERT INTO wanted VALUES (?, ?)", zip(parts, count()))
        self._commit()

    def shards(self) -> list[ShardSize]:
        """Return which shards have frames, and how large they are together."""
        query = "SELECT shard, sum(length(data)) FROM frame JOIN wanted USING (part) GROUP BY shard"
        return list(map(ShardSize._make, self._execute(query)))

    def shard(self, shard: int) -> list[RankedFrame]:
        """Return the frames of one shard in the order of the wanted parts."""
        query = "SELECT rank, data FROM frame JOIN wanted USING (part) WHERE shard = ? ORDER BY rank, number"
        return list(map(RankedFrame._make, self._execute(query, (shard,))))

    def result(self, key: bytes) -> bytes | None:
        """Return what was kept under a key."""
        row = self._execute("SELECT data FROM result WHERE key = ?", (key,)).fetchone()
        return zstandard.ZstdDecompressor().decompress(row[0]) if row else None

    def keep_result(self, key: bytes, data: bytes) -> None:
        packed = zstandard.ZstdCompressor(level=1).compress(data)
        self._execute("INSERT OR REPLACE INTO result VALUES (?, ?, ?)", (key, packed, self._now_s))
        self._commit()

    def prune(self, most_bytes: int = _MOST_BYTES) -> None:
        """Delete older versions of parts, frames that never got a part, and what is over `most_bytes`."""
        yesterday = self._now_s - _DAY_S
        execute = self._execute
        execute(_OUTDATED, (yesterday,))
        execute(_UNUSED, (yesterday, most_bytes))
        execute(_ORPHANED, (yesterday << _RANDOM_BITS,))
        execute("DELETE FROM frame WHERE part IN (SELECT part FROM old)")
        execute("DELETE FROM part WHERE id IN (SELECT part FROM old)")
        execute("DELETE FROM result WHERE used_at < ?", (self._now_s - _WEEK_S,))
        execute("DELETE FROM old")
        self._commit()
        execute("PRAGMA incremental_vacuum")

    def _execute(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        with self._disk_errors():
            return self._connection.execute(statement, values)

    def _execute_all(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        with self._disk_errors():
            self._connection.executemany(statement, rows)

    def _commit(self) -> None:
        with self._disk_errors():
            self._connection.commit()

    @contextmanager
    def _disk_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            mend = "free space, or set FARTHING_CACHE_DIR to another disk"
            raise StoreError(str(error), path=str(self.path), mend=mend) from error

    def _opened(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.OperationalError:
            raise  # locked, or no place to write: not the file's fault
        except sqlite3.DatabaseError:
            self._delete()
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_BUSY_S)
        try:
            connection.executescript(_PRAGMAS + _TABLES)
            self.path.chmod(0o600)
        except (OSError, sqlite3.Error):
            connection.close()
            raise
        return connection

    def _delete(self) -> None:
        for ending in ("", "-wal", "-shm"):
            Path(f"{self.path}{ending}").unlink(missing_ok=True)
