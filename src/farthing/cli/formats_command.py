"""`farthing formats`: the trace formats that are known here."""

import json

import click

from farthing.ingest.formats import installed


@click.command("formats")
@click.option(
    "--format", "style", type=click.Choice(["text", "json"]), default="text", help="How to write it."
)
def command(*, style: str) -> int:
    """List the trace formats that farthing reads. It tells them file by file, by itself."""
    known = sorted(installed("farthing.traces"), key=lambda form: form.name)
    if style == "json":
        rows = [{"name": form.name, "title": form.title} for form in known]
        click.echo(json.dumps({"schema": "farthing/formats/1", "formats": rows}, indent=2))
        return 0
    width = max(len(form.name) for form in known)
    for form in known:
        click.echo(f"{form.name:<{width}}  {form.title}")
    return 0
