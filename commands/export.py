"""`sagaloom export`: machines in the formats of other tools."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from commands.terminal import note, safe
from engine.definition.ir import Definition

ENDINGS = {".scxml": "scxml", ".xml": "scxml", ".json": "xstate", ".mmd": "mermaid", ".mermaid": "mermaid",
           ".dot": "dot", ".gv": "dot"}  # fmt: skip


@click.command("export")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--format", "kind", type=click.Choice(["scxml", "xstate", "mermaid", "dot"]),
    help="What to write; left out, what the name of PATH says, else scxml.",
)  # fmt: skip
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="PATH",
    help="Write here. Left out, or -: stdout.",
)  # fmt: skip
def command(file: Path, kind: str | None, output: Path | None) -> None:
    """Write a machine as SCXML, XState v5, Mermaid or DOT.

    Expressions, payloads and retries do not exist there; they are kept as notes (docs/export.md).
    """
    named = ENDINGS.get(output.suffix.lower()) if output else None
    text = _writers()[kind or named or "scxml"](_loaded(file))
    if output is None or str(output) == "-":
        click.echo(text, nl=False)
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8")
    note(f"Wrote {safe(output)}.")


def _writers() -> dict[str, Callable[[Definition], str]]:
    from engine.drawing.diagram import draw
    from engine.foreign.scxml import to_scxml
    from engine.foreign.xstate import to_xstate

    return {
        "scxml": to_scxml,
        "xstate": to_xstate,
        "mermaid": lambda definition: draw(definition, format="mermaid").decode(),
        "dot": lambda definition: draw(definition, format="dot").decode(),
    }


def _loaded(file: Path) -> Definition:
    """The definition, or the findings on stderr and exit code 1."""
    from commands.failures import show_findings
    from engine.definition.reader import check_file

    report = check_file(file)
    if report.definition is None:
        show_findings(report.findings)
        raise click.ClickException(f"{safe(file)} has errors and cannot be exported.")
    return report.definition
