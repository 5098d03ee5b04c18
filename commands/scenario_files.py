"""Which scenario files the arguments of `sagaloom test` mean, and what comes of running them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from commands.files import machine_files
from engine.definition.findings import Finding
from engine.definition.reader import check_file
from engine.errors import DefinitionInvalid
from engine.machine.plan import Machine, compile_machine
from engine.rehearsal.playing import Coverage, Result, coverage, play
from engine.rehearsal.reading import ENDINGS, is_scenario_file, read_scenarios, scenarios_beside


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One machine, with all scenarios that were asked for; or a file that could not be run.

    Attributes:
        file: The machine's; the scenario file's, where that could not be read.
        machine: Its name, or the file's.
        coverage: None where something is wrong with a file.
    """

    file: Path
    machine: str
    results: tuple[Result, ...] = ()
    coverage: Coverage | None = None
    findings: tuple[Finding, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)


def load_suites(paths: Sequence[Path], name: str | None) -> list[Suite]:
    """Run what the paths mean, machine by machine; only scenarios whose name holds `name`.

    A machine in a folder without scenarios is a suite too: nothing of it is covered.

    Raises:
        click.UsageError: There is nothing to run.
    """
    files = list(dict.fromkeys(file for path in paths for file in _scenario_files(path)))
    lonely = _without_scenarios(paths)
    if not files and not lonely:
        raise click.UsageError(f"There is no scenario file (*{ENDINGS[0]}) there.")
    suites = [_run(file, name) for file in files]
    return _merged([*suites, *(_nothing(machine) for machine in lonely)])


def _scenario_files(path: Path) -> list[Path]:
    if path.is_dir():
        found = (file for ending in ENDINGS for file in path.rglob(f"*{ending}"))
        return sorted(file for file in found if not _hidden(file.relative_to(path)))
    if is_scenario_file(path):
        return [path]
    beside = scenarios_beside(path)
    return [beside] if beside is not None else []


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _without_scenarios(paths: Sequence[Path]) -> list[Path]:
    """Machine files among the paths that no scenario file lies beside."""
    try:
        machines = machine_files([path for path in paths if not is_scenario_file(path)])
    except click.UsageError:
        return []
    return [machine for machine in machines if scenarios_beside(machine) is None]


def _run(file: Path, name: str | None) -> Suite:
    read = read_scenarios(file)
    if read.machine is None:
        return Suite(file=file, machine=str(file), findings=read.findings, sources=read.sources)
    chosen = [each for each in read.scenarios if name is None or name in each.name]
    results = tuple(play(read.machine, scenario) for scenario in chosen)
    return Suite(
        file=read.machine_file or file,
        machine=read.machine.definition.name,
        results=results,
        coverage=coverage(read.machine, results) if not read.findings else None,
        findings=read.findings,
        sources=read.sources,
    )


def _nothing(file: Path) -> Suite:
    report = check_file(file)
    if report.definition is None:
        return Suite(file=file, machine=str(file), findings=report.errors, sources={str(file): report.source})
    try:
        machine: Machine = compile_machine(report.definition)
    except DefinitionInvalid as error:
        return Suite(file=file, machine=str(file), findings=tuple(error.findings))
    return Suite(file=file, machine=report.definition.name, coverage=coverage(machine, ()))


def _merged(suites: Sequence[Suite]) -> list[Suite]:
    """Several scenario files of one machine count together."""
    merged: dict[Path, Suite] = {}
    for suite in suites:
        before = merged.get(suite.file.resolve())
        merged[suite.file.resolve()] = suite if before is None else _both(before, suite)
    return list(merged.values())


def _both(one: Suite, other: Suite) -> Suite:
    return Suite(
        file=one.file,
        machine=one.machine,
        results=(*one.results, *other.results),
        coverage=_covered(one.coverage, other.coverage),
        findings=(*one.findings, *other.findings),
        sources={**one.sources, **other.sources},
    )


def _covered(one: Coverage | None, other: Coverage | None) -> Coverage | None:
    if one is None or other is None:
        return one or other
    missing = tuple(edge for edge in one.missing if edge in other.missing)
    return Coverage(machine=one.machine, edges=one.edges, missing=missing)
