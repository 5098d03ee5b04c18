"""The command line: which commands there are, and how every failure ends in a sentence and an exit code.

Each command lives in a module of commands/, which is imported when the command is called.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from commands.failures import report

COMMANDS = {
    "serve": "commands.serve",
    "validate": "commands.validate",
    "test": "commands.test_",
    "simulate": "commands.simulate",
    "draw": "commands.draw",
    "schema": "commands.schema",
    "import": "commands.import_",
    "export": "commands.export",
    "saga": "commands.saga",
    "merchant": "commands.merchant",
    "preview": "commands.preview",
    "migrate": "commands.migrate",
    "hold": "commands.hold",
    "resume": "commands.resume",
    "user": "commands.user",
    "key": "commands.key",
    "demo": "commands.demo",
    "completion": "commands.completion",
    "version": "commands.version",
}
"""Command -> module that has it as `command`, in the order of the help page."""


class Root(click.Group):
    """Imports a command when it is asked for, and turns what it raises into a sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[name]).command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            ctx.exit(report(error, debug=ctx.params["debug"]))


def _show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from commands.version import line

        click.echo(line())
        ctx.exit()


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version.",
)
def app(debug: bool) -> None:
    """Sagaloom: declarative sagas that run durably.

    Exit codes: 0 fine, 1 findings or refused, 2 usage or configuration, 3 something outside is not there.
    """


def main() -> None:
    """Entry point of the program `sagaloom`."""
    try:
        app(prog_name="sagaloom")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
