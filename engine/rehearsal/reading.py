"""Scenario files to scenarios: text, YAML, structure, names, in this order. Whatever is wrong becomes a finding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.definition.decode import MAX_BYTES, NotText, decode
from engine.definition.findings import Finding
from engine.definition.reader import check_file
from engine.definition.reporter import MAX_FINDINGS, Reporter, from_problem
from engine.definition.structure import check_against
from engine.definition.tree import NotYaml, Place, Problem, Tree, parse
from engine.errors import DefinitionInvalid
from engine.machine.plan import Machine, compile_machine
from engine.rehearsal.acts import Act, Scenario
from engine.rehearsal.codes import SCENARIO_CODES
from engine.rehearsal.naming import check_names
from engine.rehearsal.schema import scenario_schema
from engine.rehearsal.stage import START

ENDINGS = (".scenarios.yaml", ".scenarios.yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioFile:
    """What a scenario file says.

    Attributes:
        machine: The machine it belongs to; None if that has errors or is not there.
        scenarios: Empty if there are errors.
        sources: The texts that findings point into.
    """

    file: Path
    machine: Machine | None = None
    machine_file: Path | None = None
    scenarios: tuple[Scenario, ...] = ()
    findings: tuple[Finding, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)


def is_scenario_file(path: Path) -> bool:
    """Whether the name is one of a scenario file."""
    return path.name.endswith(ENDINGS)


def scenarios_beside(machine: Path) -> Path | None:
    """The scenario file of a machine file, if there is one."""
    beside = (machine.with_name(machine.stem + ending) for ending in ENDINGS)
    return next((path for path in beside if path.is_file()), None)


def read_scenarios(path: Path) -> ScenarioFile:
    """Read a scenario file and its machine, and check both."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        source = decode(content)
        tree = parse(source)
    except OSError as error:
        reason = (error.strerror or "it is not a file").lower()
        return _stopped(path, "", "file-unreadable", f"the file cannot be read: {reason}")
    except NotText as error:
        return _stopped(path, error.text, error.code, error.message, Place(error.line, error.column))
    except NotYaml as error:
        problem = error.problem
        return _stopped(path, source, problem.code, problem.message, problem.place, problem.fix)
    if tree.problems:
        found = tuple(from_problem(problem, str(path)) for problem in tree.problems[:MAX_FINDINGS])
        return ScenarioFile(file=path, findings=found, sources={str(path): source})
    return _checked(path, source, tree)


def _checked(path: Path, source: str, tree: Tree) -> ScenarioFile:
    report = Reporter(str(path), tree)
    check_against(tree.data, scenario_schema(), report)
    if report.codes:
        return ScenarioFile(file=path, findings=report.findings(), sources={str(path): source})
    machine_file = _machine_file(path, tree.data)
    machine, findings, machine_source = _machine(machine_file)
    scenarios: tuple[Scenario, ...] = ()
    if machine is None:
        severity = SCENARIO_CODES["no-machine"].severity
        message = (
            f"the machine {machine_file.name} is not there" if not findings else "the machine has errors"
        )
        report.report("no-machine", ("machine",), message, fix="name it: `machine: PATH`", severity=severity)
    else:
        check_names(tree.data, machine, report)
        scenarios = _scenarios(path, tree, report)
    own = report.findings()
    return ScenarioFile(
        file=path,
        machine=machine,
        machine_file=machine_file,
        scenarios=() if own else scenarios,
        findings=(*findings, *own),
        sources={str(path): source, str(machine_file): machine_source},
    )


def _machine_file(path: Path, data: Mapping[str, Any]) -> Path:
    if "machine" in data:
        return path.parent / str(data["machine"])
    ending = next(each for each in (*ENDINGS, path.suffix) if path.name.endswith(each))
    stem = path.name.removesuffix(ending)
    beside = [path.with_name(stem + suffix) for suffix in (".yaml", ".yml")]
    return next((each for each in beside if each.is_file()), beside[0])


def _machine(path: Path) -> tuple[Machine | None, tuple[Finding, ...], str]:
    """The machine, and what is wrong with it; a mere warning is the business of `validate`."""
    if not path.is_file():
        return None, (), ""
    report = check_file(path)
    if report.definition is None:
        return None, report.errors, report.source
    try:
        return compile_machine(report.definition), (), report.source
    except DefinitionInvalid as error:
        return None, tuple(error.findings), report.source


def _scenarios(path: Path, tree: Tree, report: Reporter) -> tuple[Scenario, ...]:
    return tuple(
        _scenario(str(path), tree, ("scenarios", index), each, report)
        for index, each in enumerate(tree.data["scenarios"])
    )


def _scenario(
    file: str, tree: Tree, at: tuple[str | int, ...], data: Mapping[str, Any], report: Reporter
) -> Scenario:
    acts = [
        Act(kind=kind, value=value, line=tree.locate((*at, "steps", index)).line)
        for index, step in enumerate(data["steps"])
        for kind, value in step.items()
    ]
    return Scenario(
        name=data["name"],
        metadata=data.get("metadata", {}),
        entity_id=data.get("entityId", ""),
        now=_moment(data.get("now"), (*at, "now"), report),
        acts=tuple(acts),
        file=file,
        line=tree.locate(at).line,
    )


def _moment(text: str | None, at: tuple[str | int, ...], report: Reporter) -> int:
    if text is None:
        return START
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        report.report(
            "bad-moment", at, "now is no ISO 8601 moment", fix='write e.g. now: "2026-01-01T09:00:00Z"',
            severity=SCENARIO_CODES["bad-moment"].severity,
        )  # fmt: skip
        return START
    return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


def _stopped(
    path: Path, source: str, code: str, message: str, place: Place | None = None, fix: str | None = None
) -> ScenarioFile:
    problem = Problem(code=code, message=message, place=place or Place(1, 1), fix=fix)
    return ScenarioFile(file=path, findings=(from_problem(problem, str(path)),), sources={str(path): source})
