"""One file becomes one part, whatever it holds and whatever its reader does."""

import gzip
from pathlib import Path

import pytest
import zstandard

from farthing.ingest.reading import BytesRead, FramesRead, PartRead, Told, ToRead, read_part
from farthing.ingest.walk import Found, SkippedAt
from tests.ingest.toys import HOW, lines, talk, toy


def read(path: Path, *, number: int = 0) -> tuple[PartRead, list[Told]]:
    about = path.stat()
    told: list[Told] = []
    file = Found(path.name, str(path), about.st_size, about.st_mtime_ns)
    return read_part(ToRead(file, number), HOW, told.append), told


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_the_summary_says_what_the_file_gave(tmp_path: Path) -> None:
    toys = [*talk("s", 3), toy(do="note"), toy(do="drop"), toy(do="succeed"), toy(do="drop")]
    part, told = read(written(tmp_path / "a", lines(*toys)))
    summary = part.summary
    assert (summary.format, summary.member, summary.ranges) == ("toy", False, 1)
    assert (summary.records, summary.steps) == (7, 3)
    assert summary.rules == (("toys count every letter", 3),)
    assert summary.models == (("", "toy-1"),)
    assert summary.dropped == (("a toy's own rule", 6),)
    assert summary.notes == ("is a toy",)
    assert summary.skipped == ()
    assert len(part.frames) == 1
    assert told == []
    assert part.untold_bytes == (tmp_path / "a").stat().st_size


def test_a_member_is_not_read(tmp_path: Path) -> None:
    part, _ = read(written(tmp_path / "a.member", lines(*talk("s", 3))))
    assert (part.summary.member, part.summary.steps, part.frames) == (True, 0, ())


class TestBadRecords:
    def test_damaged_and_truncated_lines_cost_themselves(self, tmp_path: Path) -> None:
        first, second, third = (lines(one) for one in talk("s", 3))
        part, _ = read(
            written(tmp_path / "a", first + b'{"toy": 1, "sess\n' + b"\xff\xfe\n" + second + third[:-9])
        )
        assert part.summary.steps == 2
        assert [line.reason for line in part.summary.skipped] == ["is damaged; export it again"] * 3
        assert part.summary.skipped[0].where == f"byte {len(first)}"

    @pytest.mark.parametrize("what", ["huge", "half"])
    def test_what_no_part_can_hold_costs_itself(self, tmp_path: Path, what: str) -> None:
        part, _ = read(written(tmp_path / "a", lines(toy(do=what), *talk("s", 1))))
        assert part.summary.steps == 1
        [line] = part.summary.skipped
        assert line.reason.startswith("holds a number or a text that no trace can mean; ")

    def test_many_bad_records_are_counted_and_not_listed(self, tmp_path: Path) -> None:
        part, _ = read(written(tmp_path / "a", lines(*talk("s", 1)) + b"{rubbish\n" * 5_000))
        assert len(part.summary.skipped) == 51
        assert part.summary.skipped[-1] == SkippedAt("", "4,950 more records like these")
        assert part.summary.steps == 1

    def test_a_line_without_end_is_named_once_in_whichever_range_it_begins(self, tmp_path: Path) -> None:
        first, second = (lines(one) for one in talk("s", 2))
        path = written(tmp_path / "a", first + b"x" * 3_000_000 + b"\n" + second)
        summaries = [read(path, number=number)[0].summary for number in range(16)]
        assert summaries[0].ranges == 16
        assert [summary.steps for summary in summaries] == [1, *[0] * 14, 1]
        assert [line for summary in summaries for line in summary.skipped] == [
            SkippedAt(f"byte {len(first)}", "a line of 2 MB is too long; split its record")
        ]


class TestBadFiles:
    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"# Notes", "not a trace format known here; "),
            (b"\x89PNG\r\n\x1a\n\0\0", "binary content that is no trace known here; "),
            ('{"toy":1}'.encode("utf-16"), "UTF-16 text; make it UTF-8"),
            (gzip.compress(b"", mtime=0)[:5], "the gzip data breaks off; "),
            (gzip.compress(b'{"toy"' * 99, mtime=0)[:20] + b"rubbish", "the gzip data is damaged"),
            (b"\x28\xb5\x2f\xfd" + b"\xff" * 99, "the zstd data is damaged"),
        ],
    )
    def test_each_has_one_line_that_says_what_and_how_to_mend_it(
        self, tmp_path: Path, content: bytes, reason: str
    ) -> None:
        part, _ = read(written(tmp_path / "a", content))
        assert part.summary.format == ""
        [line] = part.summary.skipped
        assert line.reason.startswith(reason)
        assert "; " in line.reason

    def test_one_that_has_gone_since_it_was_found(self, tmp_path: Path) -> None:
        part = read_part(ToRead(Found("a", str(tmp_path / "a"), 5, 0)), HOW, lambda _: None)
        [line] = part.summary.skipped
        assert line.reason.startswith("cannot be read further: No such file or directory; ")

    def test_a_document_too_large_to_be_read_whole(self, tmp_path: Path) -> None:
        part, _ = read(written(tmp_path / "a", b'{"whole"' + b" " * 2_500_000))
        assert part.summary.steps == 0
        [line] = part.summary.skipped
        assert line.reason == "holds one document of more than 1 MB; export it as JSON Lines"

    def test_a_reader_that_fails_costs_the_rest_of_its_file_and_tells_no_secret(self, tmp_path: Path) -> None:
        part, _ = read(written(tmp_path / "a", lines(*talk("s", 2), toy(do="raise"), *talk("t", 1))))
        assert part.summary.steps == 2
        [line] = part.summary.skipped
        assert line.reason.startswith("its reader failed (KeyError at toy.py:")
        assert "secret" not in line.reason

    @pytest.mark.parametrize("name", ["gz", "zst"])
    def test_compressed_data_that_breaks_off_counts_as_far_as_it_goes(
        self, tmp_path: Path, name: str
    ) -> None:
        toys = [one for number in range(200) for one in talk(f"s{number}", 5, padding=99)]
        packed = gzip.compress(lines(*toys), mtime=0) if name == "gz" else zstandard.compress(lines(*toys))
        part, _ = read(written(tmp_path / f"a.{name}", packed[: len(packed) * 2 // 3]))
        assert 400 < part.summary.steps < 900
        assert part.summary.skipped == ()
        [note] = part.summary.notes
        assert "breaks off" in note


class TestHugeFiles:
    def toys(self, path: Path) -> Path:
        return written(
            path, lines(*(one for number in range(60) for one in talk(f"s{number}", 9, padding=150)))
        )

    def test_a_plain_one_is_read_in_ranges(self, tmp_path: Path) -> None:
        path = self.toys(tmp_path / "a")
        first, _ = read(path)
        assert first.summary.ranges == -(-path.stat().st_size // HOW.range_bytes) > 3
        parts = [read(path, number=number)[0] for number in range(first.summary.ranges)]
        assert [part.summary.steps > 50 for part in parts[:-1]] == [True] * (len(parts) - 1)
        assert sum(part.summary.steps for part in parts) == 540

    def test_a_compressed_one_gives_its_frames_as_it_goes(self, tmp_path: Path) -> None:
        path = self.toys(tmp_path / "a")
        packed = written(tmp_path / "a.zst", zstandard.compress(path.read_bytes()))
        part, told = read(packed)
        assert part.summary.ranges == 1
        assert part.summary.steps == 540
        frames = [frame for news in told if isinstance(news, FramesRead) for frame in news.frames]
        assert len([news for news in told if isinstance(news, FramesRead)]) >= 3
        assert len({frame.shard for frame in frames}) > 30

    def test_progress_is_told_as_it_goes(self, tmp_path: Path) -> None:
        content = lines(*talk("s", 2)) * 40_000
        path = written(tmp_path / "a.gz", gzip.compress(content, compresslevel=0, mtime=0))
        part, told = read(path)
        bytes_read = [news.more for news in told if isinstance(news, BytesRead)]
        assert len(bytes_read) >= 2
        assert sum(bytes_read) + part.untold_bytes == path.stat().st_size


def test_what_a_reader_found_beside_is_remembered(tmp_path: Path) -> None:
    (tmp_path / "partner.json").write_text("[]")
    part, _ = read(written(tmp_path / "a", lines(toy(do="beside"))))
    assert part.summary.notes == ("partner: []",)
    assert [(Path(other.path).name, other.size) for other in part.summary.besides] == [("partner.json", 2)]
