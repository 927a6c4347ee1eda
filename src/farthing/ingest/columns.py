"""Parquet as rows, in batches, so that a table need not fit in memory. pyarrow is an extra and comes late."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from farthing.errors import RecordError

PARQUET = b"PAR1"
_BATCH_ROWS = 1_000


def column_names(path: Path) -> Sequence[str]:
    """Return the names of a table's columns; none if it is damaged or pyarrow is not installed."""
    if find_spec("pyarrow") is None:
        return ()
    from pyarrow import ArrowException  # noqa: PLC0415 (an extra)
    from pyarrow.parquet import read_schema  # noqa: PLC0415

    try:
        names: Sequence[str] = read_schema(path).names
    except (ArrowException, OSError):
        return ()
    return names


def rows(path: Path) -> Iterator[Mapping[str, object]]:
    """Yield the rows of a table. Raises RecordError if it is damaged or pyarrow is not installed."""
    if find_spec("pyarrow") is None:
        raise RecordError("is Parquet, which needs pyarrow", mend="install farthing[parquet]")
    from pyarrow import ArrowException  # noqa: PLC0415 (an extra)
    from pyarrow.parquet import ParquetFile  # noqa: PLC0415

    try:
        with ParquetFile(path) as table:
            for batch in table.iter_batches(_BATCH_ROWS):
                yield from batch.to_pylist()
    except (ArrowException, OSError) as error:
        raise RecordError(f"is damaged Parquet: {type(error).__name__}", mend="export it again") from None
