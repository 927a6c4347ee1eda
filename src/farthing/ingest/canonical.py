"""Writes sessions as canonical Parquet: the tables of `traces/canonical.py`, streamed, whole or not at all.

Tokens and picodollars are 64-bit integers, always: a sum of 32-bit columns wraps silently in some engines.
The folder appears under its name when every table is complete.
"""

import shutil
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import msgspec
from msgspec import Struct

from farthing.errors import InputError, StoreError
from farthing.prefix import links
from farthing.session import Session
from farthing.span import Span
from farthing.traces.canonical import (
    CHARGES,
    LINKS,
    OUTPUTS,
    SESSIONS,
    STEPS,
    ChargeRow,
    LinkRow,
    OutputRow,
    SessionRow,
    StepRow,
    charge_row,
    link_row,
    output_row,
    step_row,
)

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_ROWS = 20_000


def write_canonical(sessions: Iterable[Session], folder: Path) -> int:
    """Write the sessions into a new folder and return the number of calls.

    Raises InputError if the folder is there already or pyarrow is not installed, StoreError if it
    cannot be written; then nothing of it is left.
    """
    if find_spec("pyarrow") is None:
        raise InputError("Parquet needs pyarrow", mend="install farthing[parquet]")
    if folder.exists():
        raise InputError("is there already", where=str(folder), mend="name a new folder with -o")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    except OSError as error:
        raise StoreError(f"cannot be made: {error.strerror}", path=str(folder)) from None
    try:
        with _Tables(draft) as tables:
            for session in sessions:
                tables.add(session)
            steps = tables.steps
        draft.chmod(0o755)
        draft.replace(folder)
    except OSError as error:
        raise StoreError(f"cannot be written: {error.strerror}", path=str(folder)) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return steps


class _Tables:
    """The open tables, and the numbers of the links written so far in one session."""

    def __init__(self, folder: Path) -> None:
        from farthing.ingest.arrow_schemas import schema_of  # noqa: PLC0415 (pyarrow is an extra)

        self.steps = 0
        self._links = 0
        self._owned = ExitStack()
        kinds: dict[str, type[Struct]] = {
            STEPS: StepRow,
            LINKS: LinkRow,
            CHARGES: ChargeRow,
            OUTPUTS: OutputRow,
            SESSIONS: SessionRow,
        }
        self._tables = {
            name: self._owned.enter_context(_Table(folder / f"{name}.parquet", schema_of(kind)))
            for name, kind in kinds.items()
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._owned.__exit__(kind, error, trace)

    def add(self, session: Session) -> None:
        numbers: dict[bytes, int] = {}
        for span in session.spans:
            self._add_step(session.id, span, self._link(span, numbers))
        self._tables[SESSIONS].add(
            SessionRow(session=session.id, success=session.success, score=session.score)
        )

    def _link(self, span: Span, numbers: dict[bytes, int]) -> int | None:
        """Write the links of a context that are new in its session; return the number of its end."""
        prefix = span.step.prefix
        if prefix is None:
            return None
        known = prefix
        while known.parent is not None and known.digest not in numbers:
            known = known.parent
        above = known.depth if known.digest in numbers else 0
        for link in links(prefix, above=above):
            self._links += 1
            numbers[link.digest] = self._links
            parent = None if link.parent is None else numbers[link.parent.digest]
            self._tables[LINKS].add(link_row(self._links, parent, link.segment))
        return numbers[prefix.digest]

    def _add_step(self, session: str, span: Span, link: int | None) -> None:
        self.steps += 1
        self._tables[STEPS].add(step_row(self.steps, session, span, link=link))
        for charge in span.charges:
            self._tables[CHARGES].add(charge_row(self.steps, charge))
        for segment in span.output:
            self._tables[OUTPUTS].add(output_row(self.steps, segment))


class _Table:
    """One Parquet file that is written batch by batch."""

    def __init__(self, path: Path, schema: "pa.Schema") -> None:
        from pyarrow.parquet import ParquetWriter  # noqa: PLC0415 (an extra)

        self._schema = schema
        self._writer: ParquetWriter = ParquetWriter(path, schema, compression="zstd")
        self._rows: list[Struct] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._flush(self._rows)
        self._writer.close()

    def add(self, row: Struct) -> None:
        self._rows.append(row)
        if len(self._rows) == _BATCH_ROWS:
            self._flush(self._rows)
            self._rows = []

    def _flush(self, rows: Sequence[Struct]) -> None:
        from pyarrow import Table  # noqa: PLC0415 (an extra)

        plain = msgspec.to_builtins(rows, builtin_types=(bytes,))
        self._writer.write_table(Table.from_pylist(plain, schema=self._schema))
