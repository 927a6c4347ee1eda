"""Every file gets its part: from the store if it is unchanged, else read, on all cores."""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from farthing.ingest.gathering import Gathered, gather, part_key
from farthing.ingest.part_store import PartStore, open_store
from farthing.ingest.reading import HowToRead, ToRead
from farthing.ingest.walk import Found
from farthing.ingest.workers import Workers
from tests.ingest.toys import HOW, lines, talk, toy


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PartStore]:
    with closing(open_store(tmp_path / "cache", scratch=tmp_path)) as opened:
        yield opened


def found(path: Path, *, spooled: bool = False) -> Found:
    about = path.stat()
    return Found(path.name, str(path), about.st_size, about.st_mtime_ns, spooled)


def gathered(
    store: PartStore, *paths: Path, how: HowToRead = HOW
) -> tuple[list[Gathered], list[tuple[int, int]]]:
    """Return the parts, and what progress was heard of: nothing if all was in the store."""
    progress: list[tuple[int, int]] = []
    with Workers(2) as workers:
        parts = gather(
            [found(path) for path in paths],
            store=store,
            how=how,
            workers=workers,
            progress=lambda done, total: progress.append((done, total)),
        )
    return parts, progress


def steps(parts: Sequence[Gathered]) -> list[tuple[str, int]]:
    return [(part.wanted.file.name, part.summary.steps) for part in parts]


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_files_are_read_once(tmp_path: Path, store: PartStore) -> None:
    paths = [written(tmp_path / name, lines(*talk(name, 2))) for name in ("a", "b", "c")]
    first, progress = gathered(store, *paths)
    assert steps(first) == [("a", 2), ("b", 2), ("c", 2)]
    total = sum(path.stat().st_size for path in paths)
    assert progress[-1] == (total, total)
    again, progress = gathered(store, *paths)
    assert (again, progress) == (first, [])


def test_only_what_changed_is_read_again(tmp_path: Path, store: PartStore) -> None:
    paths = [written(tmp_path / name, lines(*talk(name, 2))) for name in ("a", "b")]
    gathered(store, *paths)
    written(paths[1], lines(*talk("b", 3)))
    parts, progress = gathered(store, *paths)
    assert steps(parts) == [("a", 2), ("b", 3)]
    assert progress == [(paths[1].stat().st_size,) * 2]


def test_a_file_is_read_again_when_what_lies_beside_it_changes(tmp_path: Path, store: PartStore) -> None:
    path = written(tmp_path / "a", lines(toy(do="beside")))
    for content, note in ((None, "partner: none"), (b"[]", "partner: []"), (b"{1}", "partner: {1}")):
        if content:
            (tmp_path / "partner.json").write_bytes(content)
        [part], progress = gathered(store, path)
        assert part.summary.notes == (note,)
        assert progress
    assert gathered(store, path)[1] == []


def test_a_spooled_stream_is_never_taken_for_an_older_one(tmp_path: Path, store: PartStore) -> None:
    path = written(tmp_path / "stream", lines(*talk("a", 1)))
    for number in (1, 2):
        os.utime(written(path, lines(*talk("abc"[number], 1))), ns=(0, 0))
        with Workers(1) as workers:
            [part] = gather(
                [found(path, spooled=True)], store=store, how=HOW, workers=workers, progress=lambda *_: None
            )
        store.want([part.id])
        assert part.summary.steps == 1
        assert len(store.shards()) == 1


def test_many_and_large_files_are_read_by_several_processes(tmp_path: Path, store: PartStore) -> None:
    small = [written(tmp_path / f"small-{n:04}", lines(*talk(f"s{n}", 2))) for n in range(1_200)]
    large = written(
        tmp_path / "zlarge", lines(*(one for n in range(90) for one in talk(f"l{n}", 30, padding=100)))
    )
    assert large.stat().st_size > 6 * 2**20
    parts, progress = gathered(store, *small, large)
    assert steps(parts[:1_200]) == [(path.name, 2) for path in small]
    ranges = parts[1_200:]
    assert len(ranges) == ranges[0].summary.ranges > 20
    assert sum(part.summary.steps for part in ranges) == 90 * 30
    assert progress == sorted(progress)
    assert progress[-1][0] == progress[-1][1]
    again, progress = gathered(store, *small, large)
    assert (again, progress) == (parts, [])


def test_a_file_that_kills_its_process_is_named_and_the_rest_counts(tmp_path: Path, store: PartStore) -> None:
    padded = [one for n in range(40) for one in talk(f"s{n}", 30, padding=100)]
    files = [written(tmp_path / f"{n}-good", lines(*padded)) for n in range(3)]
    files.append(written(tmp_path / "bad", lines(*talk("bad", 1), toy(do="die"))))
    files += [written(tmp_path / f"{n}-also-good", lines(*talk("t", 2))) for n in range(3)]
    how = HOW._replace(range_bytes=10**9)
    parts, _ = gathered(store, *files, how=how)
    assert [(name, count) for name, count in steps(parts) if count == 0] == [("bad", 0)]
    [dead] = [part for part in parts if part.wanted.file.name == "bad"]
    [line] = dead.summary.skipped
    assert line.reason.startswith("the process that read it was killed, probably for want of memory; ")


class TestKeys:
    def test_they_change_with_the_file_its_place_and_how_it_is_read(self, tmp_path: Path) -> None:
        path = written(tmp_path / "a", b"{}")
        file = found(path)
        key = part_key(ToRead(file), HOW)
        assert part_key(ToRead(file), HOW) == key
        assert part_key(ToRead(file, 1), HOW).place != key.place
        assert part_key(ToRead(Found("a", "/elsewhere", file.size, file.mtime_ns)), HOW).place != key.place
        for other in (Found("a", file.path, 99, file.mtime_ns), Found("a", file.path, file.size, 99)):
            assert part_key(ToRead(other), HOW).place == key.place
            assert part_key(ToRead(other), HOW).version != key.version
        assert part_key(ToRead(file), HOW._replace(range_bytes=5)).version != key.version
        assert part_key(ToRead(file), HOW._replace(readers="farthing.traces")) != key
