"""`sagaloom schema`: the JSON Schemas of what people write, for editors."""

from __future__ import annotations

from pathlib import Path

import click

from commands.terminal import say

_HOUSE = Path(__file__).resolve().parent.parent
FILES = {
    "machine": _HOUSE / "engine" / "definition" / "machine.schema.json",
    "scenarios": _HOUSE / "engine" / "rehearsal" / "scenarios.schema.json",
    "config": _HOUSE / "engine" / "config.schema.json",
}


@click.command("schema")
@click.argument("kind", type=click.Choice(list(FILES)), default="machine")
def command(kind: str) -> None:
    """Print the JSON Schema (draft-07) of machine files, of scenario files or of config.yaml.

    An editor with a YAML language server completes and checks a file that begins with the line
    `# yaml-language-server: $schema=PATH`.
    """
    say(FILES[kind].read_text("utf-8").rstrip("\n"))
