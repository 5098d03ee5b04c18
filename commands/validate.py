"""`sagaloom validate`: checks machine files, and config.yaml with them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.files import is_connector, machine_files
from commands.terminal import note, print_json, safe, safe_lines, say, tracked
from engine.definition.findings import Finding

if TYPE_CHECKING:
    from engine.config import Config
    from engine.definition.ir import Definition

Ways = dict[Finding, str]
"""A finding of the model check, and the scenario that leads there; "" where there is none to show."""


@click.command("validate")
@click.argument("paths", metavar="[FILES|FOLDERS]...", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--config",
    "config_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Check this config.yaml too, and that it binds every channel; without FILES, its machines.",
)
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="text for people, json for programs, github for annotations, sarif for code scanning.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--deep", is_flag=True, help="Walk through everything that can happen to a saga, too.")
@click.option(
    "--bound", type=click.IntRange(1), default=20_000, show_default=True, metavar="N",
    help="With --deep: look at N configurations of a machine at most.",
)  # fmt: skip
def command(
    paths: tuple[Path, ...],
    config_file: Path | None,
    strict: bool,
    kind: str,
    as_json: bool,
    deep: bool,
    bound: int,
) -> None:
    """Check machine files: schema, names, reachability, expressions, and more; and connector files.

    Exits with 1 if there are errors (with --strict, warnings too).
    """
    if not paths and config_file is None:
        raise click.UsageError("Name machine files or folders, or a --config.")
    findings, channels, configured = _check_config(config_file)
    files = machine_files(paths or configured)
    found, sources, ways = _check(files, channels, bound if deep else 0)
    findings += found
    _show(findings, sources, ways, "json" if as_json else kind, len(files) + (config_file is not None))
    if any(finding.severity == "error" or strict for finding in findings):
        raise click.exceptions.Exit(1)


def _check_config(file: Path | None) -> tuple[list[Finding], Collection[str] | None, tuple[Path, ...]]:
    """What is wrong with the config, the channels it binds, its machines (none of these where it is wrong)."""
    if file is None:
        return [], None, ()
    from commands.wiring import check
    from engine.config import load_config
    from engine.errors import ConfigInvalid

    try:
        config = load_config(file)
        check(config)
    except ConfigInvalid as error:
        if not error.findings:
            raise
        return list(error.findings), None, ()
    return [], config.channels, (*config.machines, *_connectors(config))


def _connectors(config: Config) -> tuple[Path, ...]:
    """The connector files that the config names."""
    named = [one.options.get("file") for one in config.providers.values() if one.type == "connector"]
    return tuple(config.base / str(file) for file in named if file)


def _check(
    files: Sequence[Path], channels: Collection[str] | None, bound: int
) -> tuple[list[Finding], dict[str, str], Ways]:
    """All findings, the texts they point into, and the ways that the model check found (with a `bound`)."""
    from engine.definition.reader import check_file

    findings: list[Finding] = []
    sources: dict[str, str] = {}
    ways: Ways = {}
    for file in tracked(files, "checking machines"):
        if is_connector(file):
            from hub.connector_files import check_connector

            declared = check_connector(file)
            found, checked, source = list(declared.findings), {}, declared.source
        else:
            report = check_file(file, channels=channels)
            checked = _walked(report.definition, bound) if bound and report.definition is not None else {}
            found, source = [*report.findings, *checked], report.source
        findings += found
        ways |= checked
        if found:
            sources.update(dict.fromkeys((finding.file for finding in found), source))
    return findings, sources, ways


def _walked(definition: Definition, bound: int) -> Ways:
    """What the model check says, with the way to each."""
    from engine.rehearsal.verdicts import model_check

    check = model_check(definition, bound=bound)
    note(f"{safe(definition.name)}: looked at {check.configurations:,} configurations.")
    return {verdict.finding: verdict.scenario for verdict in check.verdicts}


def _show(findings: list[Finding], sources: dict[str, str], ways: Ways, kind: str, files: int) -> None:
    from engine.definition import frames, reports

    if kind == "text":
        texts = _all(findings, sources)
        shown = [frames.show([one], texts) + _way(ways.get(one, "")) for one in findings]
        if findings:
            say(safe_lines("\n\n".join(shown)))
        note(_summary(findings, files))
    elif kind == "json":
        print_json([asdict(one) | ({"scenario": ways[one]} if one in ways else {}) for one in findings])
    elif written := {"github": reports.as_github, "sarif": reports.as_sarif}[kind](findings):
        say(written)


def _way(scenario: str) -> str:
    """The shortest way to what is wrong, as a scenario."""
    return f"\n\n{scenario.rstrip()}" if scenario else ""


def _all(findings: list[Finding], sources: dict[str, str]) -> dict[str, str]:
    from commands.failures import sources_of

    return sources_of([one for one in findings if one.file not in sources]) | sources


def _summary(findings: list[Finding], files: int) -> str:
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    where = f"in {files} file{'s' * (files != 1)}"
    if not findings:
        return f"Nothing to mend {where}."
    return f"{errors} error{'s' * (errors != 1)}, {warnings} warning{'s' * (warnings != 1)} {where}."
