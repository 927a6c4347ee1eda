"""Raw files of a folder, decompressed: the only reading that the counts share."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import zstandard


def text_of(path: Path) -> str:
    """Return a file's text, through gzip or zstd where its name says so."""
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes()).decode()
    if path.suffix == ".zst":
        with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as plain:
            return plain.read().decode()
    return path.read_text(encoding="utf-8")


def files(folder: Path, pattern: str) -> list[Path]:
    """Return the files below a folder whose name fits, in a fixed order."""
    return sorted(folder.rglob(pattern))


def lines(path: Path) -> Iterator[Any]:
    """Yield the JSON values of a file with one a line; blank lines are no records."""
    for line in text_of(path).split("\n"):
        if line.strip():
            yield json.loads(line)


def value(path: Path) -> Any:
    """Return the one JSON value of a file."""
    return json.loads(text_of(path))
