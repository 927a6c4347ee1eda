"""Where a command's result goes: to standard output, or to a file that is whole or not there at all."""

import os
import sys
import tempfile
from pathlib import Path

import click

from farthing.errors import StoreError


def write(content: str, path: Path | None) -> None:
    """Print `content`, or write it to `path`. Raises StoreError if the file cannot be written."""
    if path is None:
        click.echo(content, nl=not content.endswith("\n"))
        return
    try:
        _replace(path, content.encode("utf-8", "replace"))
    except OSError as error:
        raise StoreError(
            f"cannot be written: {error.strerror}", path=str(path), mend="name another file with -o"
        ) from None


def terminal_width(*, most: int = 100, least: int = 72) -> int:
    """Return how many columns a report may take."""
    return max(least, min(most, int(os.environ.get("COLUMNS") or _columns())))


def wants_colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return 100


def _replace(path: Path, content: bytes) -> None:
    """Write beside the target and rename, so that an interruption leaves what was there before."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(draft).chmod(0o644)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
