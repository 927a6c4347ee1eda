"""`farthing import PATH... -o DIR`: any traces as canonical Parquet, without their content."""

from pathlib import Path

import click

from farthing.cli.reading import reading
from farthing.ingest.canonical import write_canonical
from farthing.ingest.intake import map_sessions
from farthing.session import Session


@click.command("import")
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option(
    "-o", "--output", required=True, metavar="DIR", type=click.Path(path_type=Path), help="A new folder."
)
@click.option("--no-cache", is_flag=True, help="Read everything anew, and keep nothing for later.")
def command(*, paths: tuple[str, ...], output: Path, no_cache: bool) -> int:
    """Write traces of any format as Parquet: calls, their contexts as digests, what was billed.

    No prompt, answer or tool result is written. `farthing profile DIR` reads the folder and gives
    the numbers that the traces gave; so does any engine that reads Parquet.
    """
    with reading(paths, no_cache=no_cache) as intake:
        steps = write_canonical(map_sessions(intake, _as_it_is), output)
        click.echo(f"{steps:,} calls of {len(intake.sources):,} files in {output}", err=True)
    return 0


def _as_it_is(session: Session) -> Session:
    return session
