"""From paths to sessions: the one door of this room.

    with ingest(["traces"], options) as intake:
        intake.sources                      # what was read, what was not, and why
        map_sessions(intake, analyse)       # a pure function over every session, on all cores

Sessions are loaded shard by shard, so that memory does not grow with the corpus. What a function made
of a shard can be kept: `fold_shards` calls it again only for shards whose content is new.
"""

import sqlite3
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self, TypeVar

from xxhash import xxh3_128, xxh3_128_digest

from farthing.errors import FarthingError
from farthing.ingest.duplicates import duplicates
from farthing.ingest.gathering import Gathered, Progress, gather
from farthing.ingest.part_store import PartStore, RankedFrame, open_store
from farthing.ingest.reading import HowToRead
from farthing.ingest.sessions import ShardFrame, sessions
from farthing.ingest.sources import in_few_lines, not_read, source_number, source_reports, totals
from farthing.ingest.walk import Walk, walk
from farthing.ingest.workers import Died, Done, Said, Workers, cores, run_here
from farthing.session import Session

Result = TypeVar("Result")
Shard = tuple[ShardFrame, ...]

_HERE_BYTES = 256 * 1024  # of frames, some thousand spans: starting processes would take longer


class Options(NamedTuple):
    """`cache` None keeps nothing for the next run; `workers` None means all cores."""

    cache: Path | None = None
    workers: int | None = None
    how: HowToRead = HowToRead()
    standard_input: BinaryIO | None = None


def no_progress(done: int, total: int) -> None:
    """Hear of bytes read, and do nothing."""


def ingest(paths: Sequence[str], options: Options, progress: Progress = no_progress) -> "Intake":
    """Read all traces under `paths`. Raises StoreError if our own disk fails."""
    with ExitStack() as owned:
        scratch = Path(owned.enter_context(tempfile.TemporaryDirectory(prefix="farthing-")))
        store = owned.enter_context(closing(open_store(options.cache, scratch=scratch)))
        workers = owned.enter_context(Workers(options.workers or cores()))
        walked = walk(paths, spool=scratch, standard_input=options.standard_input or sys.stdin.buffer)
        parts = _gathered(walked, store, options.how, workers, progress)
        return Intake(walked, parts, store, workers, owned)


class Intake:
    """What was read, and the way to its sessions. It owns processes and temporary files: close it.

    `paths` are where excerpts are found, by source number. `rules` are the ways in which cached tokens
    were counted and `duplicates` the reasons for which copies were dropped, each with how often. `models`
    are those billed, as (provider, model).
    `skipped` are files that are no source; lines about records stand with their source.
    """

    def __init__(
        self, walked: Walk, parts: Sequence[Gathered], store: PartStore, workers: Workers, owned: ExitStack
    ) -> None:
        self.store, self.workers = store, workers
        self._parts = [part for part in parts if part.summary.format and not part.summary.member]
        self._numbers = [source_number(part.wanted.file) for part in self._parts]
        self._copies = duplicates([part.summary.rows for part in self._parts], self._numbers)
        summaries = [part.summary for part in self._parts]
        by_part = self._copies.counts
        self.sources = source_reports(self._parts, by_part)
        self.paths = {source_number(part.wanted.file): part.wanted.file.path for part in self._parts}
        self.skipped = in_few_lines([*walked.skipped, *not_read(parts)])
        self.rules = totals([*(summary.rules for summary in summaries)])
        self.duplicates = totals(
            [*(summary.dropped for summary in summaries), *(by.items() for by in by_part.values())]
        )
        self.models = tuple(dict.fromkeys(model for summary in summaries for model in summary.models))
        self.notes = (store.note,) if store.note else ()
        store.want([part.id for part in self._parts])
        self._shards = store.shards()
        self._owned = owned.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._owned.close()

    @property
    def frame_bytes(self) -> int:
        """Return how much there is to load, whatever it was as text."""
        return sum(shard.size for shard in self._shards)

    def cached_result(self, key: str, compute: Callable[[], bytes]) -> bytes:
        """Return what `compute` gave for the same content and key, in this run or an earlier one.

        `key` names the computation, its version, and all it depends on besides the traces.
        """
        parts = ",".join(str(part.id) for part in self._parts)
        return _kept(self.store, xxh3_128_digest(f"{key}\0{parts}".encode()), compute)

    def shards(self) -> Iterator[Shard]:
        """Yield the shards that have sessions, each read when its turn comes."""
        for shard, _ in self._shards:
            yield tuple(self._frame(shard, frame) for frame in self.store.shard(shard))

    def _frame(self, shard: int, frame: RankedFrame) -> ShardFrame:
        dropped = self._copies.numbers.get((frame.rank, shard), ())
        return ShardFrame(self._numbers[frame.rank], frozenset(dropped), frame.data)


def map_sessions(intake: Intake, function: Callable[[Session], Result]) -> Iterator[Result]:
    """Yield what `function` makes of each session, on all cores, in an order that is the same each time.

    It is sent to other processes: it must be a top-level function or a `partial` of one.
    """
    for results in _on_shards(intake, partial(_each, function), intake.shards()):
        yield from results


def fold_shards(intake: Intake, function: Callable[[Sequence[Session]], bytes], *, key: str) -> list[bytes]:
    """Return what `function` makes of each shard's sessions; it is called for shards with new content only.

    `key` names the function, its version, and all it depends on besides the sessions.
    """
    results: list[bytes | None] = []
    keys = []
    for shard in intake.shards():
        keys.append(_shard_key(key, shard))
        results.append(intake.store.result(keys[-1]))
    missing = [number for number, result in enumerate(results) if result is None]
    again = (shard for number, shard in enumerate(intake.shards()) if results[number] is None)
    for number, result in zip(missing, _on_shards(intake, function, again), strict=True):
        intake.store.keep_result(keys[number], result)
        results[number] = result
    return [result for result in results if result is not None]


def _on_shards(
    intake: Intake, function: Callable[[list[Session]], Result], shards: Iterator[Shard]
) -> Iterator[Result]:
    """Yield what `function` makes of the sessions of each shard, in order; few shards are held at a time."""
    small = intake.frame_bytes < _HERE_BYTES
    coming = enumerate(shards)
    todo = deque(islice(coming, intake.workers.number + 1))
    done: dict[int, Result] = {}
    turn = 0
    for heard in (run_here if small else intake.workers.run)(partial(_load_and, function), todo):
        match heard:
            case Done(argument=argument, result=result):
                todo.extend(islice(coming, 1))
                done[argument[0]] = result
            case Died():
                fact = "a process that analysed sessions was killed, probably for want of memory"
                raise FarthingError(fact, mend="free some, or give fewer traces at a time")
            case Said():
                raise AssertionError("an analysis tells nothing")
        while turn in done:
            yield done.pop(turn)
            turn += 1


def _load_and(
    function: Callable[[list[Session]], Result], numbered: tuple[int, Shard], _: Callable[[None], None]
) -> Result:
    return function(sessions(numbered[1]))


def _each(function: Callable[[Session], Result], found: list[Session]) -> list[Result]:
    return [function(session) for session in found]


def _shard_key(key: str, shard: Shard) -> bytes:
    digest = xxh3_128(key.encode())
    for frame in shard:
        digest.update(f"{frame.source} {sorted(frame.dropped)} {len(frame.data)} ".encode())
        digest.update(frame.data)
    return digest.digest()


def _kept(store: PartStore, key: bytes, compute: Callable[[], bytes]) -> bytes:
    kept = store.result(key)
    if kept is None:
        kept = compute()
        store.keep_result(key, kept)
    return kept


def _gathered(
    walked: Walk, store: PartStore, how: HowToRead, workers: Workers, progress: Progress
) -> list[Gathered]:
    try:
        return gather(walked.files, store=store, how=how, workers=workers, progress=progress)
    except sqlite3.DatabaseError:  # the kept file is damaged, which shows only where its pages are read
        store.discard()
        return gather(walked.files, store=store, how=how, workers=workers, progress=progress)
