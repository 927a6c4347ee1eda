"""Traces through canonical Parquet and back: the same calls, contexts and bills; nothing half-written."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from farthing.errors import InputError, StoreError
from farthing.ingest.canonical import write_canonical
from farthing.ingest.intake import Options, ingest, map_sessions
from farthing.prefix import links
from farthing.session import Session

parquet = pytest.importorskip("pyarrow.parquet")


def itself(session: Session) -> Session:
    return session


def read(path: Path) -> list[Session]:
    with ingest([str(path)], Options(workers=1)) as intake:
        return sorted(map_sessions(intake, itself), key=lambda session: session.id)


def told(sessions: Sequence[Session]) -> list[object]:
    """Return what must survive, in a form that compares: places in the source do not."""
    return [
        (
            session.id,
            session.success,
            [(span.step.at_ns, span.step.agent, span.charges, span.finish) for span in session.spans],
            [[link.digest for link in links(span.step.prefix)] for span in session.spans],
            [[segment.digest for segment in span.output] for span in session.spans],
            [span.step.breakpoints for span in session.spans],
        )
        for session in sessions
    ]


@pytest.mark.parametrize("corpus", ["claude-code-sessions", "codex-rollouts", "tau-bench"])
def test_what_comes_back_is_what_was_written(
    recorded: Callable[[str], Path], tmp_path: Path, corpus: str
) -> None:
    sessions = read(recorded(corpus))
    steps = write_canonical(sessions, tmp_path / "tables")
    assert steps == sum(len(session.spans) for session in sessions) > 0
    assert told(read(tmp_path / "tables")) == told(sessions)


def test_integers_are_64_bits_and_no_text_is_written(recorded: Callable[[str], Path], tmp_path: Path) -> None:
    write_canonical(read(recorded("codex-rollouts")), tmp_path / "tables")
    charges = parquet.read_schema(tmp_path / "tables/charges.parquet")
    assert {str(charges.field(name).type) for name in charges.names if name.endswith("_tokens")} == {"int64"}
    named = {name for path in (tmp_path / "tables").iterdir() for name in parquet.read_schema(path).names}
    assert not named & {"text", "content", "body", "arguments"}


def test_a_folder_that_is_there_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    with pytest.raises(InputError, match="is there already"):
        write_canonical([], tmp_path / "tables")


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> Iterator[Session]:
        yield Session(id="s", spans=())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_canonical(interrupted(), tmp_path / "tables")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        write_canonical([], tmp_path / "file" / "tables")
