"""`sagaloom validate`: checks machine files, and config.yaml with them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import click

from commands.files import machine_files
from commands.terminal import note, safe_lines, say, tracked
from engine.definition.findings import Finding


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
def command(
    paths: tuple[Path, ...], config_file: Path | None, strict: bool, kind: str, as_json: bool
) -> None:
    """Check machine files: schema, names, reachability, expressions, and more.

    Exits with 1 if there are errors (with --strict, warnings too).
    """
    if not paths and config_file is None:
        raise click.UsageError("Name machine files or folders, or a --config.")
    findings, channels, bound = _check_config(config_file)
    files = machine_files(paths or bound)
    found, sources = _check(files, channels)
    findings += found
    _show(findings, sources, "json" if as_json else kind, len(files) + (config_file is not None))
    if any(finding.severity == "error" or strict for finding in findings):
        raise click.exceptions.Exit(1)


def _check_config(file: Path | None) -> tuple[list[Finding], Collection[str] | None, tuple[Path, ...]]:
    """What is wrong with the config, the channels it binds, its machines (none of these where it is wrong)."""
    if file is None:
        return [], None, ()
    from engine.config import load_config
    from engine.errors import ConfigInvalid

    try:
        config = load_config(file)
    except ConfigInvalid as error:
        if not error.findings:
            raise
        return list(error.findings), None, ()
    return [], config.channels, config.machines


def _check(files: Sequence[Path], channels: Collection[str] | None) -> tuple[list[Finding], dict[str, str]]:
    from engine.definition.reader import check_file

    findings: list[Finding] = []
    sources: dict[str, str] = {}
    for file in tracked(files, "checking machines"):
        report = check_file(file, channels=channels)
        findings += report.findings
        if report.findings:
            sources.update(dict.fromkeys((finding.file for finding in report.findings), report.source))
    return findings, sources


def _show(findings: list[Finding], sources: dict[str, str], kind: str, files: int) -> None:
    from engine.definition import frames, reports

    if kind == "text":
        if findings:
            say(safe_lines(frames.show(findings, _all(findings, sources))))
        note(_summary(findings, files))
        return
    written = {"json": reports.as_json, "github": reports.as_github, "sarif": reports.as_sarif}[kind](
        findings
    )
    if written:
        say(written)


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
