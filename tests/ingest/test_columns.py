"""Parquet as rows: streamed, and damage is an error with a way out."""

from pathlib import Path

import pytest

from farthing.errors import RecordError
from farthing.ingest.columns import column_names, rows

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def test_columns_and_rows(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    parquet.write_table(pa.table({"id": list(range(2_500)), "name": ["x"] * 2_500}), path)
    assert list(column_names(path)) == ["id", "name"]
    found = list(rows(path))
    assert len(found) == 2_500
    assert found[-1] == {"id": 2_499, "name": "x"}


def test_damage_is_named(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    path.write_bytes(b"PAR1 and nothing else")
    assert column_names(path) == ()
    with pytest.raises(RecordError, match="damaged Parquet"):
        list(rows(path))
