"""The command line: one command does one thing; exit 0 fine, 1 finding, 2 wrong call.

A command's module is imported when it is called, so that `farthing --help` stays quick.
"""

import sys
from importlib import import_module

import click

from farthing import __version__
from farthing.errors import FarthingError

_COMMANDS = {
    "profile": "Show where the tokens go, what each lever addresses, and the bill at production scale.",
    "import": "Write any traces as canonical Parquet, without their content.",
    "formats": "List the trace formats that are known here.",
    "prices": "Show the rate used for a model at an instant, and where it comes from.",
}
_INTERRUPTED = 130


class _LazyGroup(click.Group):
    """Knows its commands by name and summary; loads the one that is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"farthing.cli.{cmd_name}_command")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(
    cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="farthing")
def cli() -> None:
    """The same agent, cheaper.

    Point farthing at the traces you already have; it shows where the money goes and which lever
    mends it.
    """


def main() -> None:
    """Run the command line; every error is one line on standard error."""
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("farthing: interrupted; nothing half-written was left", err=True)
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except FarthingError as error:
        click.echo(f"farthing: {error}", err=True)
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)
