"""`farthing profile [PATH...]`: where the tokens go, what each lever addresses, the bill at scale."""

import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click

from farthing.analysis.profile import Profile
from farthing.analysis.waterfall import WaterfallStep
from farthing.cli.output import terminal_width, wants_colour, write
from farthing.cli.profiling import Asked, one_session, price_book, profile, read_outcomes
from farthing.cli.quoting import with_excerpts
from farthing.cli.reading import cache_directory, reading, reads_traces
from farthing.report import document, html, text


@click.command("profile")
@reads_traces
@click.option(
    "--sessions-per-day", type=click.FloatRange(min=0, min_open=True), help="Project the bill to so many."
)
@click.option(
    "--by", multiple=True, metavar="LABEL", help="Also by model, agent, provider, tier or any attribute."
)
@click.option("--session", metavar="ID", help="Show one session, step by step.")
@click.option(
    "--outcomes", metavar="FILE", type=click.Path(path_type=Path), help="How sessions ended: session,success."
)
@click.option("--top", default=5, show_default=True, type=click.IntRange(min=1), help="Rows of each table.")
@click.option("--no-content", is_flag=True, help="Leave out every word of the traces' own text.")
@click.option("--strict", is_flag=True, help="Exit with 2 if anything could not be read or priced.")
@click.option(
    "--format", "style", type=click.Choice(["text", "json", "html"]), default="text", help="How to write it."
)
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help="Write to a file.")
@click.option(
    "--json-schema", is_flag=True, help="Print the JSON Schema of `--format json`, and do nothing else."
)
def command(  # noqa: PLR0913 (one argument for each option)
    *,
    paths: tuple[str, ...],
    price_files: tuple[Path, ...],
    no_cache: bool,
    sessions_per_day: float | None,
    by: tuple[str, ...],
    session: str | None,
    outcomes: Path | None,
    top: int,
    no_content: bool,
    strict: bool,
    style: str,
    output: Path | None,
    json_schema: bool,
) -> int:
    """Show where the tokens go, what each lever addresses, and the bill at production scale.

    PATH is a file or a folder of traces of any format, plain or .gz or .zst, or - for standard
    input. Without a PATH the sessions of the coding agents on this machine are read.
    """
    if json_schema:
        write(document.schema(), output)
        return 0
    asked = Asked(by, sessions_per_day, read_outcomes(outcomes) if outcomes else {})
    with reading(paths, no_cache=no_cache) as intake:
        cache = None if no_cache else cache_directory()
        prices = price_book(intake, price_files=price_files, cache=cache, today_ns=time.time_ns())
        found = profile(intake, prices, asked)
        if not no_content:
            found = with_excerpts(found, intake.paths)
        steps = one_session(intake, prices, session or _dearest(found)) if session or style == "html" else []
    wanted = _Wanted(style, top, session, shlex.join(["farthing", "profile", *paths]))
    write(_written(found, steps, wanted), output)
    return 2 if strict and _lacks_something(found) else 0


class _Wanted(NamedTuple):
    """How the report is to be written; `called` is what its hints build on."""

    style: str
    top: int
    session: str | None
    called: str


def _written(found: Profile, steps: Sequence[WaterfallStep], wanted: _Wanted) -> str:
    width, colour = terminal_width(), wants_colour()
    match wanted.style, wanted.session:
        case "json", _:
            return document.encode(found)
        case "html", session:
            return html.render(found, steps, name=session or _dearest(found))
        case _, None:
            return text.render(found, width=width, top=wanted.top, colour=colour, command=wanted.called)
        case _, str(session):
            return text.session(steps, profile=found, name=session, width=width, colour=colour)


def _dearest(found: Profile) -> str:
    return found.sessions[0].id if found.sessions else ""


def _lacks_something(found: Profile) -> bool:
    return bool(found.totals.at_least) or any(source.skipped for source in found.sources)
