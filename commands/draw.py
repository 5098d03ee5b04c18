"""`sagaloom draw`: diagrams of machines, and of the way that one saga took."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from commands.client import Address
from commands.files import machine_files
from commands.options import daemon_options, level_option
from commands.terminal import note, safe, tracked

if TYPE_CHECKING:
    from commands.saga_way import Way
    from engine.definition.ir import Definition
    from engine.drawing.diagram import Format
    from engine.drawing.graph import Level

ENDINGS = {
    ".svg": "svg",
    ".png": "png",
    ".dot": "dot",
    ".gv": "dot",
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
}


@click.command("draw")
@click.argument("paths", metavar="[FILES|FOLDERS]...", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="PATH",
    help="Write here; a folder for several machines. Left out, or -: stdout.",
)  # fmt: skip
@click.option(
    "--format", "kind", type=click.Choice(["svg", "png", "dot", "mermaid"]),
    help="What to write; left out, what the name of PATH says, else svg.",
)  # fmt: skip
@level_option
@click.option("--saga", metavar="ID", help="Show this saga's way; without FILES, on the machine it runs on.")
@click.option(
    "--data", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR",
    help="With --saga: read the store in DIR (no daemon may run on it) instead of asking --url.",
)  # fmt: skip
@daemon_options
def command(
    paths: tuple[Path, ...],
    output: Path | None,
    kind: str | None,
    level: str,
    saga: str | None,
    data: Path | None,
    address: Address,
) -> None:
    """Draw machines as SVG, PNG, DOT or Mermaid.

    SVG and PNG need the package graphviz-pure, which comes with Sagaloom, or Graphviz.
    """
    if saga is None and not paths:
        raise click.UsageError("Name machine files or folders, or a --saga.")
    form = _format(kind, output)
    if saga is None:
        _draw_machines(machine_files(paths), output, form, cast("Level", level))
    else:
        _draw_saga(saga, paths, data, address, output, form, cast("Level", level))


def _format(kind: str | None, output: Path | None) -> Format:
    named = ENDINGS.get(output.suffix.lower()) if output else None
    return cast("Format", kind or named or "svg")


def _draw_machines(files: list[Path], output: Path | None, form: Format, level: Level) -> None:
    if len(files) > 1 and (output is None or output.is_file() or output.suffix in ENDINGS):
        raise click.UsageError("Several machines need a folder: -o FOLDER.")
    into_folder = output is not None and (len(files) > 1 or output.is_dir())
    for file in tracked(files, "drawing machines"):
        definition = _loaded(file)
        target = output / f"{file.stem}.{form}" if output and into_folder else output
        _write(_drawn(definition, form, level), target, form)


def _draw_saga(
    saga: str,
    paths: tuple[Path, ...],
    data: Path | None,
    address: Address,
    output: Path | None,
    form: Format,
    level: Level,
) -> None:
    from commands.saga_way import way_from_daemon, way_from_store

    if len(paths) > 1:
        raise click.UsageError("A saga is drawn on one machine: name at most one file.")
    way = way_from_store(saga, data) if data else way_from_daemon(saga, address)
    definition = _loaded(paths[0]) if paths else way.definition
    _write(_drawn(definition, form, level, way), output, form)


def _loaded(file: Path) -> Definition:
    """The definition, or the findings on stderr and exit code 1."""
    from commands.failures import show_findings
    from engine.definition.reader import check_file

    report = check_file(file)
    if report.definition is None:
        show_findings(report.findings)
        raise click.ClickException(f"{safe(file)} has errors and cannot be drawn.")
    return report.definition


def _drawn(definition: Definition, form: Format, level: Level, way: Way | None = None) -> bytes:
    from engine.drawing.diagram import draw

    if way is None:
        return draw(definition, format=form, level=level)
    return draw(definition, format=form, level=level, visited=way.moves, current=way.current)


def _write(picture: bytes, target: Path | None, form: Format) -> None:
    if target is None or str(target) == "-":
        if form == "png" and sys.stdout.isatty():
            raise click.UsageError("A PNG is not for the terminal: -o FILE.png.")
        click.echo(picture, nl=False)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(picture)
    note(f"Wrote {safe(target)}.")
