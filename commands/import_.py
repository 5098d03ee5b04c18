"""`sagaloom import flow-manager`: configurations of Mia-Platform's Flow Manager become machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.terminal import note, print_json, safe, safe_lines, say
from engine.definition.findings import Finding

if TYPE_CHECKING:
    from engine.foreign.flow_manager.importer import Imported

CONFIG = "config.yaml"
_MAY_HOLD_SECRETS = ("/communicationProtocols", "/persistencyManagement")
"""Findings there are shown without their line: a header or an address in it may be a secret."""


@click.group("import")
def command() -> None:
    """Turn the configuration of another engine into a machine."""


@command.command("flow-manager")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", default=Path(),
    help="Write NAME.yaml and config.yaml into this folder; left out, this one.",
)  # fmt: skip
@click.option("--name", metavar="NAME", help="The machine's name; left out, what FILE is called.")
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def flow_manager(file: Path, output: Path, name: str | None, force: bool, as_json: bool) -> None:
    """Import a Mia-Platform Flow Manager configuration.

    Reports what cannot be carried over, with its place in FILE. Exits with 1, and writes nothing, if FILE has
    errors.
    """
    machine = _name(file, name)
    targets = (output / f"{machine}.yaml", output / CONFIG)
    _keep(targets, force)
    imported, source = _imported(file, machine)
    done = imported.machine is not None and imported.config is not None
    if imported.machine is not None and imported.config is not None:
        _write(targets, (imported.machine, imported.config))
    if as_json:
        print_json(_report(imported.findings, targets if done else ()))
    else:
        _show(imported.findings, source, targets if done else ())
    if not done:
        raise click.exceptions.Exit(1)


def _name(file: Path, name: str | None) -> str:
    from engine.foreign.naming import NAME, as_name

    chosen = name if name is not None else as_name(file.stem, "machine")
    if not NAME.fullmatch(chosen) or chosen.startswith("."):
        raise click.UsageError(f"{safe(chosen)} is no name for a machine: letters, digits, _, - and . only.")
    if chosen == Path(CONFIG).stem:
        raise click.UsageError(
            "A machine called config would be written over config.yaml: give it another --name."
        )
    return chosen


def _keep(targets: Sequence[Path], force: bool) -> None:
    for target in targets:
        if target.exists() and not force:
            raise click.UsageError(f"{safe(target)} is there already; --force overwrites it.")


def _imported(file: Path, machine: str) -> tuple[Imported, str]:
    from engine.definition.decode import MAX_BYTES
    from engine.foreign.flow_manager.importer import import_flow_manager

    with file.open("rb") as opened:
        content = opened.read(MAX_BYTES + 1)
    return import_flow_manager(content, file=str(file), name=machine), content.decode("utf-8", "replace")


def _write(targets: Sequence[Path], texts: Sequence[str]) -> None:
    targets[0].parent.mkdir(parents=True, exist_ok=True)
    for target, text in zip(targets, texts, strict=True):
        target.write_text(text, encoding="utf-8")


def _report(findings: Sequence[Finding], written: Sequence[Path]) -> dict[str, object]:
    from engine.definition.reports import as_json

    return {"written": [str(path) for path in written], "findings": json.loads(as_json(findings))}


def _show(findings: Sequence[Finding], source: str, written: Sequence[Path]) -> None:
    from engine.definition import frames

    if findings:
        shown = (frames.show([one], {} if _secret(one) else {one.file: source}) for one in findings)
        say(safe_lines("\n\n".join(shown)))
    for path in written:
        note(f"Wrote {safe(path)}.")
    note(_summary(findings, bool(written)))


def _secret(finding: Finding) -> bool:
    return finding.path.startswith(_MAY_HOLD_SECRETS)


def _summary(findings: Sequence[Finding], done: bool) -> str:
    count = f"{len(findings)} finding{'s' * (len(findings) != 1)}"
    if not done:
        return f"Nothing was written: {count}."
    return f"{count}: read them before you run it." if findings else "Everything was carried over."
