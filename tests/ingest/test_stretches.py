"""A file in stretches has the same lines as the file."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.ingest.file_source import FileSource, Limits
from farthing.ingest.stretches import stretches


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stretches") / "file"
    path.write_bytes(b"\n".join(b"%d" % number for number in range(1_000)))
    return path


@given(size=st.integers(min_value=1, max_value=5_000))
def test_they_share_out_the_lines(numbered: Path, size: int) -> None:
    source = FileSource(str(numbered), "file", limits=Limits())
    read = [[int(line.data) for line in stretch.lines()] for stretch in stretches(source, size)]
    assert [number for part in read for number in part] == list(range(1_000))
    assert all(sum(len(str(number)) for number in part[:-1]) <= size for part in read)
    assert source.records == 1_000


def test_one_that_reads_the_document_is_the_only_one(numbered: Path) -> None:
    source = FileSource(str(numbered), "file", limits=Limits())
    [content] = [stretch.document() for stretch in stretches(source, 10)]
    assert content.startswith(b"0\n1\n")


def test_in_all_else_they_are_the_file(numbered: Path) -> None:
    source = FileSource(str(numbered), "file", limits=Limits())
    stretch = next(iter(stretches(source, 10)))
    assert (stretch.name, stretch.neighbours(), stretch.beside("none")) == ("file", ("file",), None)
