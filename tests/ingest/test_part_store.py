"""Parts are kept whole, found by key, and thrown away in time."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from farthing.ingest.file_source import Beside
from farthing.ingest.part import FrameBytes, Summary
from farthing.ingest.part_store import PartKey, PartStore, RankedFrame, ShardSize, cache_folder, open_store
from farthing.ingest.walk import SkippedAt

SUMMARY = Summary(
    format="toy",
    steps=3,
    rows=b"\0\1",
    rules=(("a rule", 3),),
    skipped=(SkippedAt("byte 5", "is damaged"),),
    besides=(Beside("/x", 1, 2),),
)


@contextmanager
def store_in(folder: Path) -> Iterator[PartStore]:
    with closing(open_store(folder, scratch=folder)) as store:
        yield store


def added(
    store: PartStore, place: bytes, frames: Sequence[FrameBytes] = (), *, version: bytes = b"v", size: int = 1
) -> int:
    part = store.new_part()
    store.add_frames(part, frames, first=0)
    store.add(part, PartKey(place, version), SUMMARY, size=size)
    store.commit()
    return part


def age(folder: Path, statement: str) -> None:
    [path] = folder.glob("*.sqlite")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


def count(folder: Path, table: str) -> int:
    [path] = folder.glob("*.sqlite")
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_a_part_is_found_by_its_key_in_a_later_run(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        part = added(store, b"a")
    with store_in(tmp_path) as store:
        found = store.find(PartKey(b"a", b"v"))
        assert found is not None
        assert (found.id, found.summary) == (part, SUMMARY)
        assert store.find(PartKey(b"a", b"other")) is None
        assert store.find(PartKey(b"b", b"v")) is None


def test_a_part_that_was_not_completed_is_not_there(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        part = store.new_part()
        store.add_frames(part, [FrameBytes(1, b"half")], first=0)
    with store_in(tmp_path) as store:
        assert store.find(PartKey(b"a", b"v")) is None
        assert count(tmp_path, "part") == 0


def test_shards_come_in_the_order_of_the_wanted_parts(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        one = added(store, b"1", [FrameBytes(5, b"one"), FrameBytes(7, b"other"), FrameBytes(5, b"more")])
        added(store, b"2", [FrameBytes(5, b"unwanted")])
        two = added(store, b"3", [FrameBytes(5, b"two")])
        store.want([two, one])
        assert store.shard(5) == [RankedFrame(0, b"two"), RankedFrame(1, b"one"), RankedFrame(1, b"more")]
        assert store.shards() == [ShardSize(5, 10), ShardSize(7, 5)]
        store.want([one])
        assert store.shard(7) == [RankedFrame(0, b"other")]


def test_results_are_kept(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        assert store.result(b"k") is None
        store.keep_result(b"k", b"data" * 1_000)
    with store_in(tmp_path) as store:
        assert store.result(b"k") == b"data" * 1_000


def test_no_two_parts_have_one_id(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        assert len({store.new_part() for _ in range(200_000)}) == 200_000


class TestPruning:
    def test_nothing_goes_within_a_day_of_its_use(self, tmp_path: Path) -> None:
        with store_in(tmp_path) as store:
            added(store, b"a", [FrameBytes(1, b"x")], size=10**9)
            added(store, b"a", [FrameBytes(1, b"y")], version=b"w", size=10**9)
            store.add_frames(store.new_part(), [FrameBytes(1, b"still coming")], first=0)
            store.prune(most_bytes=1)
            assert (count(tmp_path, "part"), count(tmp_path, "frame")) == (2, 3)

    def test_older_versions_and_the_longest_unused_go(self, tmp_path: Path) -> None:
        with store_in(tmp_path) as store:
            added(store, b"changed", [FrameBytes(1, b"old")])
        age(tmp_path, "UPDATE part SET used_at = used_at - 90000, id = id - 90000 * (1 << 31)")
        age(tmp_path, "UPDATE frame SET part = part - 90000 * (1 << 31)")
        with store_in(tmp_path) as store:
            added(store, b"changed", [FrameBytes(1, b"new")], version=b"w", size=40)
            for name in (b"a", b"b"):
                added(store, name, [FrameBytes(1, name)], size=40)
        assert count(tmp_path, "part") == 3
        age(tmp_path, "UPDATE part SET used_at = used_at - 90000 - (place = X'61')")
        with store_in(tmp_path) as store:
            store.prune(most_bytes=100)
            assert store.find(PartKey(b"a", b"v")) is None
            assert store.find(PartKey(b"b", b"v")) is not None
        assert (count(tmp_path, "part"), count(tmp_path, "frame")) == (2, 2)

    def test_frames_whose_part_never_came_go(self, tmp_path: Path) -> None:
        with store_in(tmp_path) as store:
            store.add_frames(store.new_part(), [FrameBytes(1, b"lost")], first=0)
            store.commit()
        age(tmp_path, "UPDATE frame SET part = part - 90000 * (1 << 31)")
        with store_in(tmp_path) as store:
            store.prune()
        assert count(tmp_path, "frame") == 0

    def test_a_part_in_use_counts_as_used(self, tmp_path: Path) -> None:
        with store_in(tmp_path) as store:
            added(store, b"a", size=100)
        age(tmp_path, "UPDATE part SET used_at = used_at - 90000")
        with store_in(tmp_path) as store:
            assert store.find(PartKey(b"a", b"v")) is not None
            store.prune(most_bytes=1)
            assert store.find(PartKey(b"a", b"v")) is not None


class TestOtherRuns:
    def test_two_may_use_it_at_once(self, tmp_path: Path) -> None:
        with store_in(tmp_path) as ours, store_in(tmp_path) as theirs:
            part = added(ours, b"a", [FrameBytes(1, b"ours")])
            other = added(theirs, b"a", [FrameBytes(1, b"theirs")])
            ours.want([part])
            theirs.want([other])
            assert ours.shard(1) == [RankedFrame(0, b"ours")]
            assert theirs.shard(1) == [RankedFrame(0, b"theirs")]


class TestFailing:
    @pytest.mark.parametrize("rubbish", [b"no database at all" * 99, b"SQLite format 3\0" + b"\xff" * 4_000])
    def test_a_damaged_file_is_made_anew(self, tmp_path: Path, rubbish: bytes) -> None:
        with store_in(tmp_path) as store:
            added(store, b"a")
            path = store.path
        path.write_bytes(rubbish)
        with store_in(tmp_path) as store:
            assert store.find(PartKey(b"a", b"v")) is None
            added(store, b"a")
            assert store.find(PartKey(b"a", b"v")) is not None

    def test_a_folder_that_cannot_be_written_is_said_and_done_without(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        with closing(open_store(tmp_path / "file", scratch=tmp_path)) as store:
            assert "nothing is kept for the next run: " in store.note
            assert "FARTHING_CACHE_DIR" in store.note
            added(store, b"a")
            assert store.find(PartKey(b"a", b"v")) is not None

    def test_discarding_begins_again(self, tmp_path: Path) -> None:
        with store_in(tmp_path) as store:
            added(store, b"a")
            store.discard()
            assert store.find(PartKey(b"a", b"v")) is None


def test_only_its_owner_may_read_it_and_backups_leave_it_out(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    with store_in(folder) as store:
        assert folder.stat().st_mode & 0o077 == 0
        assert store.path.stat().st_mode & 0o077 == 0
    assert (folder / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")


def test_without_a_folder_it_lives_in_the_scratch_folder(tmp_path: Path) -> None:
    with closing(open_store(None, scratch=tmp_path)) as store:
        assert store.path.parent == tmp_path
        assert store.note == ""


@pytest.mark.parametrize(
    ("environment", "platform", "folder"),
    [
        ({"FARTHING_CACHE_DIR": "/mine", "XDG_CACHE_HOME": "/x"}, "linux", "/mine"),
        ({"XDG_CACHE_HOME": "/x"}, "linux", "/x/farthing"),
        ({}, "linux", "/home/zoe/.cache/farthing"),
        ({}, "darwin", "/home/zoe/Library/Caches/farthing"),
        ({"LOCALAPPDATA": "/local"}, "win32", "/local/farthing/cache"),
    ],
)
def test_the_cache_lies_where_the_platform_has_its_caches(
    environment: dict[str, str], platform: str, folder: str
) -> None:
    assert cache_folder(Path("/home/zoe"), environment, platform) == Path(os.fspath(folder))
