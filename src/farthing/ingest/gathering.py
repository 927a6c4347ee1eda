"""The parts of all files: those that the store has, and those that must be read now, on all cores.

Huge files are read in ranges and small ones in batches, so that no core waits for another and no
process is bothered for a kilobyte. A process that dies costs the file it was reading: its batch is
tried again file by file, so that the file is named and the others count.
"""

import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from xxhash import xxh3_128_digest

from farthing.ingest.file_source import beside
from farthing.ingest.formats import installed, stamp
from farthing.ingest.part import FrameBytes, Summary
from farthing.ingest.part_store import PartKey, PartStore
from farthing.ingest.reading import BytesRead, FramesRead, HowToRead, PartRead, Tell, Told, ToRead, read_part
from farthing.ingest.walk import Found, SkippedAt
from farthing.ingest.workers import Died, Done, Said, Workers, run_here

_MEGABYTE = 1024 * 1024
_BATCH_BYTES = 4 * _MEGABYTE
_BATCH_FILES = 500
_HERE_BYTES = 6 * _MEGABYTE  # read in this process: starting others would take longer
_UNPACKED = 8  # how much larger than on disk a compressed trace is; it is 2 to 30 times

Batch = tuple[ToRead, ...]
Heard = Said[Batch, Told] | Done[Batch, list[PartRead]] | Died[Batch]
Progress = Callable[[int, int], None]


class Gathered(NamedTuple):
    """A part: of which file, which range of it, and under which id the store has its frames."""

    wanted: ToRead
    id: int
    summary: Summary


def gather(
    files: Sequence[Found], *, store: PartStore, how: HowToRead, workers: Workers, progress: Progress
) -> list[Gathered]:
    """Return the parts of all files, in the order of files and ranges; what was read is in the store."""
    gathering = _Gathering(store, how, progress)
    missing = gathering.look_up(files)
    todo = deque(sorted(_batches(missing), key=lambda batch: sum(map(_weight, batch)), reverse=True))
    small = sum(map(_weight, missing)) < _HERE_BYTES
    if missing and not small:
        installed(how.readers)  # before processes are forked, so that the readers are imported once
    run = run_here if small else workers.run
    for heard in run(partial(read_batch, how), todo):
        todo += gathering.take(heard)
    gathering.tell_end()
    return [part for file in files for part in gathering.all_of(file)]


def read_batch(how: HowToRead, batch: Batch, tell: Tell) -> list[PartRead]:
    return [read_part(wanted, how, tell) for wanted in batch]


def part_key(wanted: ToRead, how: HowToRead) -> PartKey:
    """Return the key of a part: it changes with the file, its name, and all code that reads it."""
    file = wanted.file
    place = f"{how.readers}\0{wanted.number}\0".encode() + os.fsencode(file.path)
    version = stamp(how.readers) + repr((file.size, file.mtime_ns, how.limits, how.range_bytes)).encode()
    return PartKey(xxh3_128_digest(place), xxh3_128_digest(version))


class _Gathering:
    """Takes what the store has and what the workers say, until every part is there."""

    def __init__(self, store: PartStore, how: HowToRead, progress: Progress) -> None:
        self.parts: dict[ToRead, Gathered] = {}
        self._store, self._how, self._progress = store, how, progress
        self._begun: dict[ToRead, _Begun] = {}
        self._total = 0
        self._read = 0

    def look_up(self, files: Sequence[Found]) -> list[ToRead]:
        """Take what the store has; return what it lacks."""
        missing = []
        for first in map(ToRead, files):
            missing += self._lacking_after(first) if self._has(first) else [first]
        self._total = sum(_bytes(wanted, self._how) for wanted in missing)
        return missing

    def all_of(self, file: Found) -> list[Gathered]:
        ranges = self.parts[ToRead(file)].summary.ranges
        return [self.parts[ToRead(file, number)] for number in range(ranges)]

    def take(self, heard: Heard) -> list[Batch]:
        """Take one thing that was heard; return what must be read because of it."""
        match heard:
            case Said(news=news):
                self._hear(news)
                return []
            case Done(result=parts):
                lacking = [batch for part in parts for batch in self._finish(part)]
                self._store.commit()
                return lacking
            case Died(argument=batch, exit_code=exit_code):
                return self._bury(batch, exit_code)

    def _hear(self, news: Told) -> None:
        match news:
            case FramesRead(wanted=wanted, frames=frames):
                self._begun.setdefault(wanted, _Begun(self._store)).add(frames)
            case BytesRead(more=more):
                self._report(more)

    def _has(self, wanted: ToRead) -> bool:
        key = part_key(wanted, self._how)
        stored = None if wanted.file.spooled else self._store.find(key)
        if stored is None or any(beside(Path(other.path)) != other for other in stored.summary.besides):
            return False
        self.parts[wanted] = Gathered(wanted, stored.id, stored.summary)
        return True

    def _lacking_after(self, first: ToRead) -> list[ToRead]:
        """Return what the store lacks of the other ranges, if this is the first of a file read in ranges."""
        ranges = self.parts[first].summary.ranges if first.number == 0 else 1
        later = (ToRead(first.file, number) for number in range(1, ranges))
        return [wanted for wanted in later if not self._has(wanted)]

    def _finish(self, part: PartRead) -> list[Batch]:
        begun = self._begun.pop(part.wanted, None) or _Begun(self._store)
        begun.add(part.frames)
        key = part_key(part.wanted, self._how)
        self._store.add(begun.id, key, part.summary, size=begun.size)
        self.parts[part.wanted] = Gathered(part.wanted, begun.id, part.summary)
        self._report(part.untold_bytes)
        return [(wanted,) for wanted in self._lacking_after(part.wanted)]

    def _bury(self, batch: Batch, exit_code: int) -> list[Batch]:
        """Have the files of a batch tried one by one; one that ends a process by itself gets a line."""
        for wanted in batch:
            self._begun.pop(wanted, None)
        if len(batch) > 1:
            return [(wanted,) for wanted in batch]
        [wanted] = batch
        summary = Summary(skipped=(SkippedAt("", _ended(exit_code)),))
        self.parts[wanted] = Gathered(wanted, self._store.new_part(), summary)
        return []

    def tell_end(self) -> None:
        """Say that all is read: bytes that nobody had to look at were never reported."""
        if self._read < self._total:
            self._report(self._total - self._read)

    def _report(self, more: int) -> None:
        self._read = min(self._read + more, self._total)
        self._progress(self._read, self._total)


class _Begun:
    """A part whose frames are coming in."""

    def __init__(self, store: PartStore) -> None:
        self.id = store.new_part()
        self.size = 0
        self._store, self._count = store, 0

    def add(self, frames: Sequence[FrameBytes]) -> None:
        self._store.add_frames(self.id, frames, first=self._count)
        self._count += len(frames)
        self.size += sum(len(frame.data) for frame in frames)


def _batches(missing: Sequence[ToRead]) -> Iterator[Batch]:
    """Yield batches of small files that stand together; a large one is a batch alone."""
    batch: list[ToRead] = []
    weight = 0
    for wanted in missing:
        if batch and (weight + _weight(wanted) > _BATCH_BYTES or len(batch) == _BATCH_FILES):
            yield tuple(batch)
            batch, weight = [], 0
        batch.append(wanted)
        weight += _weight(wanted)
    if batch:
        yield tuple(batch)


def _bytes(wanted: ToRead, how: HowToRead) -> int:
    """Return how many bytes are to be read; the first range stands for its whole file until that is known."""
    return how.range_bytes if wanted.number else wanted.file.size


def _weight(wanted: ToRead) -> int:
    """Return about how many bytes will have to be looked at."""
    return wanted.file.size * (_UNPACKED if wanted.file.name.endswith((".gz", ".zst")) else 1)


def _ended(exit_code: int) -> str:
    if exit_code == -signal.SIGKILL:
        return "the process that read it was killed, probably for want of memory; free some, or leave it out"
    return f"the process that read it ended with {exit_code}; leave it out, and please report it"
