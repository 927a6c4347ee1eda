"""Readers see lines and documents at their true places, whatever the file does."""

import gzip
import os
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from farthing.errors import RecordError
from farthing.ingest.blocks import BLOCK
from farthing.ingest.file_source import FileSource, Limits, Within, plain_name
from farthing.traces.source import Line, Note, Skipped, Source

LIMITS = Limits(line_bytes=1_000_000, document_bytes=2_000_000)


def source(path: Path) -> FileSource:
    return FileSource(str(path), str(path), limits=LIMITS)


def lines_within(path: Path, within: Within) -> list[Line]:
    reading = source(path)
    reading.narrow(within)
    return list(reading.lines())


def written(path: Path, content: bytes) -> FileSource:
    path.write_bytes(content)
    return source(path)


def test_it_is_what_readers_expect(tmp_path: Path) -> None:
    reading: Source = written(tmp_path / "a.jsonl.gz", gzip.compress(b"{}", mtime=0))
    assert reading.name == str(tmp_path / "a.jsonl")


class TestLines:
    def test_each_has_its_place_and_blank_ones_are_left_out(self, tmp_path: Path) -> None:
        reading = written(tmp_path / "a", b"\n{1}\r\n \t\n\n{22}\n{3}")
        assert list(reading.lines()) == [Line(1, b"{1}\r"), Line(10, b"{22}"), Line(15, b"{3}")]
        assert reading.records == 3

    def test_lines_longer_than_a_block(self, tmp_path: Path) -> None:
        long = [b"a" * (BLOCK - 1), b"b" * BLOCK, b"c" * (BLOCK + 1), b"d" * (3 * BLOCK), b"e"]
        reading = written(tmp_path / "a", b"\n".join(long))
        assert [line.data for line in reading.lines()] == long

    @given(st.lists(st.sampled_from([b"", b"a", b"bb", b" ", b"c" * 70_000]), max_size=12), st.booleans())
    def test_they_are_what_splitting_the_whole_gives(self, parts: list[bytes], packed: bool) -> None:
        descriptor = os.memfd_create("file")
        content = b"\n".join(parts)
        try:
            path = Path(f"/proc/self/fd/{descriptor}")
            path.write_bytes(zstandard.compress(content) if packed else content)
            lines = list(source(path).lines())
        finally:
            os.close(descriptor)
        assert [line.data for line in lines] == [part for part in parts if part.strip()]
        assert all(content[line.offset :].startswith(line.data) for line in lines)

    def test_a_mark_at_the_start_is_taken_for_blanks(self, tmp_path: Path) -> None:
        reading = written(tmp_path / "a", b'\xef\xbb\xbf{"a":1}\n{}')
        assert list(reading.lines()) == [Line(0, b'   {"a":1}'), Line(11, b"{}")]

    def test_a_line_without_end_is_reported_and_the_rest_is_read(self, tmp_path: Path) -> None:
        reading = written(tmp_path / "a", b"{1}\n" + b"x" * 2_500_000 + b"\n{2}\n" + b"y" * 1_000_001)
        assert list(reading.lines()) == [Line(0, b"{1}"), Line(2_500_005, b"{2}")]
        assert reading.troubles == [
            Skipped(4, "a line of 2 MB is too long; split its record"),
            Skipped(2_500_009, "a line of 0 MB is too long; split its record"),
        ]

    @pytest.mark.parametrize("name", ["a.gz", "a.zst"])
    def test_data_that_breaks_off_gives_its_whole_lines_and_a_note(self, tmp_path: Path, name: str) -> None:
        lines = [os.urandom(500).hex().encode() for _ in range(2_000)]
        content = b"\n".join(lines)
        packed = gzip.compress(content, mtime=0) if name == "a.gz" else zstandard.compress(content)
        reading = written(tmp_path / name, packed[: len(packed) // 2])
        read = [line.data for line in reading.lines()]
        assert read == lines[: len(read)]
        assert len(read) > 300
        [note] = reading.troubles
        assert isinstance(note, Note)
        assert "breaks off; what came before is read" in note.text


class TestRanges:
    @given(
        st.lists(st.integers(min_value=0, max_value=40), max_size=30), st.integers(min_value=1, max_value=50)
    )
    def test_ranges_share_out_the_lines(self, sizes: list[int], width: int) -> None:
        content = b"\n".join(b"%d" % number + b"x" * size for number, size in enumerate(sizes))
        descriptor = os.memfd_create("file")
        try:
            path = Path(f"/proc/self/fd/{descriptor}")
            path.write_bytes(content)
            whole = list(source(path).lines())
            ranges = [Within(start, start + width) for start in range(0, len(content), width)]
            shared = [line for within in ranges for line in lines_within(path, within)]
        finally:
            os.close(descriptor)
        assert shared == whole


class TestDocument:
    def test_it_comes_whole(self, tmp_path: Path) -> None:
        reading = written(tmp_path / "a.zst", zstandard.compress(b"[1]" * 300_000))
        assert reading.document() == b"[1]" * 300_000
        assert reading.records == 1

    def test_one_too_large_is_refused_with_a_way_out(self, tmp_path: Path) -> None:
        reading = written(tmp_path / "a.zst", zstandard.compress(b"0" * 50_000_000))
        with pytest.raises(
            RecordError, match="holds one document of more than 1 MB; export it as JSON Lines"
        ):
            reading.document()


class TestSample:
    def test_it_shows_the_beginning_and_the_neighbours(self, tmp_path: Path) -> None:
        (tmp_path / "b.json.gz").touch()
        reading = written(tmp_path / "a.json.gz", gzip.compress(b"0" * 100_000, mtime=0))
        sample = reading.sample()
        assert (sample.head, sample.whole) == (b"0" * 65_536, False)
        assert sample.name == str(tmp_path / "a.json")
        assert sample.neighbours == ("a.json", "b.json")
        assert reading.document() == b"0" * 100_000

    def test_a_small_file_is_seen_whole_and_read_after(self, tmp_path: Path) -> None:
        reading = written(tmp_path / "a", b"{1}\n{2}")
        assert reading.sample().whole
        assert [line.data for line in reading.lines()] == [b"{1}", b"{2}"]
        assert [line.data for line in reading.lines()] == [b"{1}", b"{2}"]

    def test_what_breaks_off_at_once_is_still_seen(self, tmp_path: Path) -> None:
        reading = written(
            tmp_path / "a.gz", gzip.compress(b"{1}\n" * 9_000 + os.urandom(3_000), mtime=0)[:1_500]
        )
        sample = reading.sample()
        assert sample.head.startswith(b"{1}\n")
        assert not sample.whole
        assert next(reading.lines()) == Line(0, b"{1}")


class TestBeside:
    def test_a_partner_is_found_packed_or_not(self, tmp_path: Path) -> None:
        (tmp_path / "b.json.zst").write_bytes(zstandard.compress(b"[]"))
        reading = written(tmp_path / "a.json", b"{}")
        partner = reading.beside("b.json")
        assert partner is not None
        assert (partner.document(), partner.name) == (b"[]", str(tmp_path / "b.json"))
        assert reading.beside("c.json") is None
        assert [(Path(about.path).name, about.size > 0) for about in reading.besides] == [
            ("b.json.zst", True),
            ("c.json", False),
        ]

    def test_a_new_neighbour_is_seen(self, tmp_path: Path) -> None:
        reading = written(tmp_path / "a", b"{}")
        assert reading.neighbours() == ("a",)
        (tmp_path / "b").touch()
        os.utime(tmp_path, ns=(1, 1))
        assert reading.neighbours() == ("a", "b")


def test_progress_counts_bytes_on_disk(tmp_path: Path) -> None:
    packed = zstandard.compress(os.urandom(3_000_000))
    (tmp_path / "a").write_bytes(packed)
    ticks: list[int] = []
    reading = FileSource(str(tmp_path / "a"), "a", limits=Limits(), tick=ticks.append)
    assert len(reading.document()) == 3_000_000
    assert sum(ticks) == len(packed)
    assert len(ticks) > 3


def test_plain_names() -> None:
    assert [plain_name(name) for name in ("a.jsonl.gz", "a.zst", "a.json")] == ["a.jsonl", "a", "a.json"]
