"""Reads a whole folder of recorded traces with one reader."""

from collections.abc import Iterator
from pathlib import Path

from farthing.traces.source import Format, Item, Match
from tests.traces.file_source import FileSource

_ENDINGS = (".gz", ".zst", ".json", ".jsonl")


def items(form: Format, folder: Path) -> Iterator[Item]:
    """Yield what the reader gives for every file of the folder that it recognises."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in _ENDINGS:
            source = FileSource.of(path)
            if form.recognise(source.sample()) is Match.LEAD:
                yield from form.read(source)
