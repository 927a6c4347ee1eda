"""What every command that reads traces shares: its options, its progress bar, its errors."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

from farthing.errors import InputError
from farthing.ingest.gathering import Progress
from farthing.ingest.intake import Intake, Options, ingest
from farthing.ingest.part_store import cache_folder
from farthing.ingest.walk import local_stores

Given = ParamSpec("Given")
Returned = TypeVar("Returned")

_BAR_WIDTH = 30
_SECONDS_BETWEEN = 0.1
_QUIET_S = 0.5


def reads_traces(command: Callable[Given, Returned]) -> Callable[Given, Returned]:
    """Give a command the arguments of reading: PATH..., --prices, --no-cache."""
    for decorate in (
        click.option(
            "--no-cache", is_flag=True, help="Read everything anew and keep nothing for the next run."
        ),
        click.option(
            "--prices",
            "price_files",
            multiple=True,
            metavar="FILE",
            type=click.Path(path_type=Path),
            help="Your own prices, as [[price]] tables; they win over the installed ones.",
        ),
        click.argument("paths", metavar="[PATH]...", nargs=-1),
    ):
        command = decorate(command)
    return command


def cache_directory() -> Path:
    """Return where farthing keeps what it has read, between runs."""
    return cache_folder(Path.home(), os.environ, sys.platform)


@contextmanager
def reading(paths: Sequence[str], *, no_cache: bool) -> Iterator[Intake]:
    """Give the traces under `paths` or, without any, those of the coding agents on this machine."""
    given = list(paths) or local_stores(Path.home(), os.environ)
    if not given:
        raise InputError(
            "no path was given, and no coding agent's sessions lie in their usual places",
            mend="name a file or a folder of traces",
        )
    for path in given:
        if path != "-" and not Path(path).exists():
            raise InputError("there is no such file or folder", where=path, mend="name one that exists")
    options = Options(cache=None if no_cache else cache_directory())
    with _progress() as progress, ingest(given, options, progress) as intake:
        yield intake


@contextmanager
def _progress() -> Iterator[Progress]:
    """Give a bar on a terminal's standard error that shows itself only if reading takes its time."""
    if not sys.stderr.isatty():
        yield _silent
        return
    bar = _Bar()
    try:
        yield bar.show
    finally:
        bar.clear()


def _silent(done: int, total: int) -> None:
    """Nobody is watching."""


class _Bar:
    def __init__(self) -> None:
        self._started_s = self._shown_s = time.monotonic()
        self._is_there = False

    def show(self, done: int, total: int) -> None:
        now_s = time.monotonic()
        if now_s - self._started_s < _QUIET_S or now_s - self._shown_s < _SECONDS_BETWEEN:
            return
        self._shown_s, self._is_there = now_s, True
        filled = _BAR_WIDTH * done // max(total, 1)
        bar = "━" * filled + "─" * (_BAR_WIDTH - filled)
        click.echo(f"\rreading {bar} {done / 1e6:,.0f} of {total / 1e6:,.0f} MB", nl=False, err=True)

    def clear(self) -> None:
        if self._is_there:
            click.echo("\r\033[K", nl=False, err=True)
