"""From a folder of anything to sessions, the report of what was read, and results that are kept."""

import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
import zstandard

from farthing.errors import FarthingError, StoreError
from farthing.ingest.duplicates import ELSEWHERE, REPLAYED
from farthing.ingest.excerpt import excerpt
from farthing.ingest.intake import Intake, fold_shards, map_sessions
from farthing.ingest.walk import SkippedAt
from farthing.prefix import links
from farthing.session import Session
from tests.ingest.readers.toy import Toy
from tests.ingest.toys import HOW, contexts, ingested, lines, sessions_of, talk, toy


def written(path: Path, content: bytes | Sequence[Toy]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else lines(*content))
    return path


class TestWhatWasRead:
    def test_mixed_formats_in_one_tree(self, tmp_path: Path) -> None:
        written(tmp_path / "t/a.jsonl", talk("a", 3))
        written(tmp_path / "t/deep/b.jsonl.gz", gzip.compress(lines(*talk("b", 2)), mtime=0))
        written(tmp_path / "t/deep/c.zst", zstandard.compress(lines(*talk("c", 1))))
        written(tmp_path / "t/d.json", b'{"whole": []}')
        written(tmp_path / "t/e.member", talk("never", 9))
        with ingested(tmp_path / "t") as intake:
            report = [
                (Path(source.path).name, source.format, source.records, source.steps)
                for source in intake.sources
            ]
            found = sessions_of(intake)
        assert report == [
            ("a.jsonl", "toy", 3, 3),
            ("d.json", "whole", 1, 1),
            ("b.jsonl.gz", "toy", 2, 2),
            ("c.zst", "toy", 1, 1),
        ]
        assert [(session.id, contexts(session)) for session in found] == [
            ("a", [2, 4, 6]),
            ("b", [2, 4]),
            ("c", [2]),
            ("document of 13", [0]),
        ]
        assert intake.skipped == ()
        assert intake.rules == (("toys count every letter", 6),)
        assert set(intake.models) == {("", "toy-1")}

    def test_standard_input(self) -> None:
        with ingested("-", stdin=zstandard.compress(lines(*talk("a", 2)))) as intake:
            assert [(source.path, source.steps) for source in intake.sources] == [("-", 2)]
            assert [len(session.spans) for session in sessions_of(intake)] == [2]

    def test_a_text_is_found_again(self, tmp_path: Path) -> None:
        written(tmp_path / "a", talk("alpha", 2))
        with ingested(tmp_path) as intake:
            [session] = sessions_of(intake)
            chain = links(session.spans[1].step.prefix)
            assert [excerpt(intake.paths, link.segment, 40) for link in chain] == [
                *("sys", "task-alpha", "call-alpha-0", "result-alpha-0")
            ]
            assert (
                {link.segment.source for link in chain} == {intake.sources[0].number} == set(session.sources)
            )

    def test_a_source_keeps_its_number_when_others_come(self, tmp_path: Path) -> None:
        written(tmp_path / "b", talk("b", 1))
        with ingested(tmp_path) as intake:
            before = intake.sources[0].number
        written(tmp_path / "a", talk("a", 1))
        with ingested(tmp_path) as intake:
            assert [source.number == before for source in intake.sources] == [False, True]

    def test_no_traces_at_all(self, tmp_path: Path) -> None:
        with ingested(tmp_path) as intake:
            assert intake.sources == []
            assert list(map_sessions(intake, len_of)) == []


class TestDuplicates:
    def test_a_resumed_session_repeats_and_is_counted_once(self, tmp_path: Path) -> None:
        first = talk("first", 3)
        resumed = [
            toy(" ".join(one.words), session="second", at=one.at, out=one.out, id=one.id) for one in first
        ]
        more = toy(" ".join([*first[-1].words, "call", "result"]), session="second", at=50, out=3, id="new")
        written(tmp_path / "1", first)
        written(tmp_path / "2", [*resumed, more])
        with ingested(tmp_path) as intake:
            assert [(source.steps, source.duplicates) for source in intake.sources] == [(3, 0), (1, 3)]
            assert intake.duplicates == ((ELSEWHERE, 3),)
            found = sessions_of(intake)
        assert [(session.id, contexts(session)) for session in found] == [
            ("first", [2, 4, 6]),
            ("second", [8]),
        ]

    def test_every_reason_is_counted(self, tmp_path: Path) -> None:
        written(tmp_path / "1", [*talk("s", 1), toy(do="drop")])
        written(tmp_path / "2", [toy("sys", session="t", id="s.0", out=99, replayed=True)])
        with ingested(tmp_path) as intake:
            assert intake.duplicates == (("a toy's own rule", 3), (REPLAYED, 1))
            assert [(source.steps, source.duplicates) for source in intake.sources] == [(1, 3), (0, 1)]


class TestBadInput:
    """Each gets one line that says what, where and how to mend it, and everything else is read."""

    def lines(self, folder: Path) -> list[tuple[str, str]]:
        written(folder / "good", talk("good", 2))
        with ingested(folder) as intake:
            assert [session.id for session in sessions_of(intake)] == ["good"]
            return [(Path(line.where).name, line.reason) for line in intake.skipped]

    def test_files_that_are_no_traces(self, tmp_path: Path) -> None:
        written(tmp_path / "empty", b"")
        written(tmp_path / "notes.md", b"# Notes")
        written(tmp_path / "picture.png", b"\x89PNG\r\n\x1a\n\0\0")
        written(tmp_path / "wide.json", '{"toy":1}'.encode("utf-16"))
        (tmp_path / "loop").symlink_to(tmp_path)
        (tmp_path / "gone").symlink_to("nowhere")
        os.mkfifo(tmp_path / "pipe")
        found = self.lines(tmp_path)
        assert sorted(where for where, _ in found) == [
            *("empty", "gone", "loop", "notes.md", "picture.png", "pipe", "wide.json")
        ]
        assert all("; " in reason for _, reason in found)

    def test_many_of_a_kind_are_one_line(self, tmp_path: Path) -> None:
        for number in range(312):
            written(tmp_path / f"{number:03}.txt", b"not a trace")
        [(where, reason)] = self.lines(tmp_path)
        assert where == "000.txt the first"
        assert reason == "not a trace format known here; leave it out, or see `farthing formats`"
        with ingested(tmp_path) as intake:
            assert intake.skipped[0].where.startswith("312 files, ")

    def test_a_clock_that_runs_backwards_and_absurd_instants(self, tmp_path: Path) -> None:
        one, two, three = talk("s", 3)
        one.at, two.at, three.at = 10**18, -(2**63), 5
        written(tmp_path / "a", [one, two, three, toy("sys", session="t", at=2**62)])
        with ingested(tmp_path) as intake:
            assert sum(len(session.spans) for session in sessions_of(intake)) == 4

    def test_records_that_are_damaged_are_named_by_file_and_place(self, tmp_path: Path) -> None:
        written(tmp_path / "a", lines(*talk("s", 1)) + b'{"toy": rubbish}\n' + lines(*talk("t", 1)))
        with ingested(tmp_path) as intake:
            [source] = intake.sources
            place = len(lines(*talk("s", 1)))
            assert source.skipped == (SkippedAt(f"byte {place}", "is damaged; export it again"),)
            assert source.steps == 2
            assert intake.skipped == ()

    def test_many_small_files(self, tmp_path: Path) -> None:
        for number in range(3_000):
            written(tmp_path / f"{number % 7}/{number}", talk(f"s{number}", 1))
        with ingested(tmp_path) as intake:
            assert sum(source.steps for source in intake.sources) == len(intake.sources) == 3_000
            assert len(sessions_of(intake)) == 3_000


def len_of(session: Session) -> tuple[str, int]:
    return session.id, len(session.spans)


def fatal(_: Session) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def a_corpus(folder: Path) -> None:
    """Write some megabytes, large enough to be read and analysed in other processes too."""
    for number in range(100):
        written(folder / f"{number}", talk(f"s{number}", 40, padding=30))


class TestSessions:
    def test_they_come_in_the_same_order_from_one_process_or_many(self, tmp_path: Path) -> None:
        a_corpus(tmp_path)
        orders = []
        for workers in (1, 2, 3):
            with ingested(tmp_path, workers=workers) as intake:
                orders.append(list(map_sessions(intake, len_of)))
        assert orders[0] == orders[1] == orders[2]
        assert sorted(orders[0]) == sorted((f"s{number}", 40) for number in range(100))

    def test_a_session_in_many_files_is_one(self, tmp_path: Path) -> None:
        for number, one in enumerate(talk("s", 30)):
            written(tmp_path / f"{number:02}", [one])
        with ingested(tmp_path) as intake:
            [session] = sessions_of(intake)
        assert contexts(session) == list(range(2, 62, 2))
        assert len(session.sources) == 30

    def test_a_huge_file_in_ranges_gives_the_sessions_that_it_gives_in_one_piece(
        self, tmp_path: Path
    ) -> None:
        talks = [talk(f"s{number}", 30, start=number, padding=60) for number in range(30)]
        unnamed = [toy(" ".join(one.words), at=one.at, id=one.id) for talk in talks for one in talk]
        written(tmp_path / "a", sorted(unnamed, key=lambda one: (one.at or 0, one.id)))
        found = []
        for range_bytes in (100_000, 10**9):
            with ingested(tmp_path, how=HOW._replace(range_bytes=range_bytes)) as intake:
                found.append(
                    {
                        session.id: [span.response_id for span in session.spans]
                        for session in sessions_of(intake)
                    }
                )
        assert found[0] == found[1]
        assert sorted(map(len, found[0].values())) == [30] * 30

    def test_a_process_that_dies_in_analysis_is_told(self, tmp_path: Path) -> None:
        a_corpus(tmp_path)
        with ingested(tmp_path) as intake, pytest.raises(FarthingError, match="analysed sessions was killed"):
            list(map_sessions(intake, fatal))


def names(found: Sequence[Session]) -> bytes:
    return ",".join(sorted(session.id for session in found)).encode()


def noted(log: Path, found: Sequence[Session]) -> bytes:
    with log.open("ab") as file:
        file.write(names(found) + b"\n")
    return names(found)


class TestKeptResults:
    def fold(self, intake: Intake, log: Path, key: str = "k") -> set[str]:
        log.write_bytes(b"")
        results = fold_shards(intake, partial(noted, log), key=key)
        return {name for result in results for name in result.decode().split(",")}

    def test_a_shard_is_computed_again_only_if_its_content_is_new(self, tmp_path: Path) -> None:
        log, cache, folder = tmp_path / "log", tmp_path / "cache", tmp_path / "traces"
        for number in range(40):
            written(folder / f"{number}", talk(f"s{number}", 2))
        everything = {f"s{number}" for number in range(40)}
        with ingested(folder, cache=cache) as intake:
            assert self.fold(intake, log) == everything
        assert len(log.read_text().split()) > 20
        with ingested(folder, cache=cache) as intake:
            assert self.fold(intake, log) == everything
            assert log.read_text() == ""
            assert self.fold(intake, log, key="another") == everything
            assert log.read_text() != ""
        written(folder / "0", talk("s0", 3))
        written(folder / "a-new-one", talk("new", 1))
        with ingested(folder, cache=cache) as intake:
            assert self.fold(intake, log) == everything | {"new"}
            assert 1 <= len(log.read_text().split()) <= 2

    def test_one_result_for_everything(self, tmp_path: Path) -> None:
        calls: list[int] = []

        def compute() -> bytes:
            calls.append(1)
            return b"the report"

        written(tmp_path / "t/a", talk("a", 1))
        for _ in range(3):
            with ingested(tmp_path / "t", cache=tmp_path / "cache") as intake:
                assert intake.cached_result("report 1", compute) == b"the report"
        assert len(calls) == 1
        written(tmp_path / "t/a", talk("a", 2))
        with ingested(tmp_path / "t", cache=tmp_path / "cache") as intake:
            intake.cached_result("report 1", compute)
            intake.cached_result("report 2", compute)
        assert len(calls) == 3

    def test_a_copy_that_comes_or_goes_changes_what_is_kept(self, tmp_path: Path) -> None:
        log, cache = tmp_path / "log", tmp_path / "cache"
        written(tmp_path / "t/a", talk("a", 1))
        with ingested(tmp_path / "t", cache=cache) as intake:
            assert self.fold(intake, log) == {"a"}
        written(tmp_path / "t/b", [toy("sys", session="b", id="a.0", out=99)])
        with ingested(tmp_path / "t", cache=cache) as intake:
            assert self.fold(intake, log) == {"b", ""}


class TestCache:
    def test_a_damaged_cache_is_made_anew(self, tmp_path: Path) -> None:
        written(tmp_path / "t/a", talk("a", 400, padding=50))
        with ingested(tmp_path / "t", cache=tmp_path / "cache") as intake:
            before = sessions_of(intake)
        [file] = (tmp_path / "cache").glob("*.sqlite")
        content = bytearray(file.read_bytes())
        content[4_096:] = b"\xaa" * (len(content) - 4_096)
        file.write_bytes(content)
        with ingested(tmp_path / "t", cache=tmp_path / "cache") as intake:
            assert [contexts(session) for session in sessions_of(intake)] == [contexts(one) for one in before]

    def test_nothing_of_a_text_is_kept(self, tmp_path: Path) -> None:
        written(tmp_path / "t/a", talk("visible-name", 3, padding=9))
        with ingested(tmp_path / "t", cache=tmp_path / "cache"):
            pass
        kept = b"".join(path.read_bytes() for path in (tmp_path / "cache").iterdir())
        assert len(kept) > 4_096
        assert b"task-" not in kept
        assert b"result-" not in kept

    def test_without_a_cache_nothing_is_left_behind(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        temporary = tmp_path / "tmp"
        temporary.mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(temporary))
        written(tmp_path / "t/a", talk("a", 1))
        with ingested(tmp_path / "t", "-", stdin=lines(*talk("b", 1))) as intake:
            assert len(list(temporary.iterdir())) == 1
            assert len(intake.sources) == 2
        assert list(temporary.iterdir()) == []

    def test_a_full_disk_is_said_with_a_way_out(self, tmp_path: Path) -> None:
        """SQLite reports a limit on pages as it reports a full disk."""
        written(tmp_path / "t/a", talk("a", 400, padding=50))
        with ingested(tmp_path / "t") as intake:
            store = intake.store
            store._connection.execute("PRAGMA max_page_count = 1")
            with pytest.raises(StoreError, match=r"disk is full; free space, or set FARTHING_CACHE_DIR"):
                intake.cached_result("large", lambda: os.urandom(100_000))


INTERRUPTED = """
import sys
from pathlib import Path
from tests.ingest.toys import ingested
with ingested(sys.argv[1], cache=Path(sys.argv[2])) as intake:
    print("done", len(intake.sources))
"""


def test_an_interrupt_leaves_nothing_half_written_and_the_next_run_is_right(tmp_path: Path) -> None:
    a_corpus(tmp_path / "t")
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path / "t"), str(tmp_path / "cache")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        deadline = time.monotonic() + 60
        while not list((tmp_path / "cache").glob("*.sqlite-wal")) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        output, complaint = process.communicate(timeout=60)
    assert process.returncode != 0, output
    assert complaint.rstrip().endswith(b"KeyboardInterrupt")
    with ingested(tmp_path / "t", cache=tmp_path / "cache") as intake:
        assert sorted(map_sessions(intake, len_of)) == sorted((f"s{number}", 40) for number in range(100))
