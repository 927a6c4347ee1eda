"""Toy traces on disk, and how to ingest them: shared by the tests of this folder."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import msgspec

from farthing.ingest.file_source import Limits
from farthing.ingest.intake import Intake, Options, ingest, map_sessions
from farthing.ingest.reading import HowToRead
from farthing.session import Session
from tests.ingest.readers.toy import Toy

HOW = HowToRead(
    readers="tests.ingest.readers",
    limits=Limits(line_bytes=1_000_000, document_bytes=2_000_000),
    range_bytes=200_000,
)


def lines(*toys: Toy) -> bytes:
    return b"".join(msgspec.json.encode(toy) + b"\n" for toy in toys)


def toy(words: str = "", says: str = "", **fields: object) -> Toy:
    return msgspec.convert({"toy": 1, "words": words.split(), "says": says.split(), **fields}, Toy)


def talk(session: str, steps: int, *, start: int = 0, padding: int = 0) -> list[Toy]:
    """Return the calls of one session that grows; `padding` is the length of each of its words."""
    words = ["sys", f"task-{session}"]
    toys = []
    for step in range(steps):
        call = f"call-{session}-{step}" + "x" * padding
        toys.append(
            toy(" ".join(words), call, session=session, at=start + step, out=10, id=f"{session}.{step}")
        )
        words += [call, f"result-{session}-{step}" + "y" * padding]
    return toys


@contextmanager
def ingested(
    *paths: Path | str, cache: Path | None = None, workers: int = 2, stdin: bytes = b"", how: HowToRead = HOW
) -> Iterator[Intake]:
    options = Options(cache=cache, workers=workers, how=how, standard_input=BytesIO(stdin))
    with ingest([str(path) for path in paths], options) as intake:
        yield intake


def sessions_of(intake: Intake) -> list[Session]:
    return sorted(map_sessions(intake, same), key=lambda session: session.id)


def same(session: Session) -> Session:
    return session


def contexts(session: Session) -> Sequence[int]:
    return [span.step.prefix.depth if span.step.prefix else 0 for span in session.spans]
