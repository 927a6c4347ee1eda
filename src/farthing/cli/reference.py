"""The command line's reference as Markdown, made from the commands themselves so that it cannot drift.

`python -m farthing.cli.reference > docs/cli.md` remakes it; a test compares.
"""

from collections.abc import Iterator

import click

from farthing.cli import cli

_HEAD = """# The command line

Made from the commands by `python -m farthing.cli.reference > docs/cli.md`; do not edit it.

Every command exits with 0 if all is well, 1 if it found something to mend, 2 if it was called wrongly, and
writes errors to standard error in one line: a fact, then a way out. `-` as a path reads standard input.
"""


def reference() -> str:
    """Return the whole document."""
    context = click.Context(cli, info_name="farthing")
    parts = [_HEAD]
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None, name
        parts.append("\n".join(_section(command, click.Context(command, info_name=name, parent=context))))
    return "\n".join(parts)


def _section(command: click.Command, context: click.Context) -> Iterator[str]:
    pieces = " ".join(command.collect_usage_pieces(context))
    yield f"## farthing {context.info_name}\n"
    yield f"    farthing {context.info_name} {pieces}\n"
    yield f"{_unindented(command.help or '')}\n"
    for option in (each for each in command.params if isinstance(each, click.Option)):
        yield f"- `{_spelling(option, context)}`: {option.help}"
    yield ""


def _spelling(option: click.Option, context: click.Context) -> str:
    names = ", ".join(option.opts)
    return names if option.is_flag else f"{names} {option.make_metavar(context)}"


def _unindented(words: str) -> str:
    return "\n".join(line.strip() for line in words.strip().splitlines())


if __name__ == "__main__":
    click.echo(reference(), nl=False)
