"""Parquet files as readers see them: the columns that recognition is told, and the rows."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from farthing.ingest.file_source import FileSource, Limits
from farthing.traces.source import Sample


def table(path: Path) -> FileSource:
    """Return the source that ingest makes of a table; the test is skipped where pyarrow is missing."""
    pytest.importorskip("pyarrow", reason="Parquet needs the extra farthing[parquet]")
    return FileSource(str(path), path.name, limits=Limits())


def table_sample(path: Path) -> Sample:
    parquet = pytest.importorskip("pyarrow.parquet", reason="Parquet needs the extra farthing[parquet]")
    head = path.read_bytes()[:65_536]
    return Sample(name=path.name, head=head, whole=False, columns=tuple(parquet.read_schema(path).names))


def write_table(path: Path, *rows: Mapping[str, object]) -> Path:
    pyarrow = pytest.importorskip("pyarrow", reason="Parquet needs the extra farthing[parquet]")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path)
    return path
