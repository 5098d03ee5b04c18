"""Machine files to definitions: text, YAML, structure, parts, checks, in this order.

The way in for everybody else. Whatever is wrong with a file becomes findings; only `load` raises.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from engine.definition.checks import check_all
from engine.definition.decode import MAX_BYTES, NotText, decode
from engine.definition.findings import Finding
from engine.definition.ir import Definition
from engine.definition.parser import parse
from engine.definition.reporter import MAX_FINDINGS, Reporter, from_problem
from engine.definition.structure import check_structure
from engine.definition.tree import BEGIN, NotYaml, Place, Problem, Tree
from engine.definition.tree import parse as parse_yaml
from engine.errors import DefinitionInvalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a file says.

    Attributes:
        definition: None when there are errors.
        findings: In the order of the file.
        source: The text as far as it could be read, for code frames.
    """

    definition: Definition | None
    findings: tuple[Finding, ...]
    source: str

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == "error")


def check_file(path: Path, *, channels: Collection[str] | None = None) -> Report:
    """Read and check a machine file; a file that cannot be read is a finding too."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "it is not a file").lower()
        problem = Problem(
            code="file-unreadable", message=f"the file cannot be read: {reason}", place=Place(1, 1)
        )
        return _stopped(problem, str(path), "")
    return check_text(content, file=str(path), channels=channels)


def check_text(text: str | bytes, *, file: str, channels: Collection[str] | None = None) -> Report:
    """Check the text of a machine.

    Args:
        file: What findings and run-time messages call it.
        channels: The channels that config.yaml binds; None leaves that unchecked.
    """
    try:
        source = decode(text)
    except NotText as error:
        place = Place(error.line, error.column)
        problem = Problem(code=error.code, message=error.message, place=place, fix=error.fix)
        return _stopped(problem, file, error.text)
    try:
        tree = parse_yaml(source)
    except NotYaml as error:
        return _stopped(error.problem, file, source)
    if tree.problems:
        findings = tuple(from_problem(problem, file) for problem in tree.problems[:MAX_FINDINGS])
        return Report(definition=None, findings=findings, source=source)
    return _check_data(tree, source, file, channels)


def load(path: Path, *, channels: Collection[str] | None = None) -> Definition:
    """The definition in a file.

    Raises:
        DefinitionInvalid: With all its findings.
    """
    report = check_file(path, channels=channels)
    if report.definition is None:
        count = len(report.errors)
        first = report.errors[0]
        more = f" (and {count - 1} more)" if count > 1 else ""
        message = f"{first.file}:{first.line}:{first.column}: {first.message}{more}"
        raise DefinitionInvalid(message, report.findings)
    return report.definition


def _check_data(tree: Tree, source: str, file: str, channels: Collection[str] | None) -> Report:
    problem = _no_machine(tree)
    if problem is not None:
        return _stopped(problem, file, source)
    report = Reporter(file, tree)
    check_structure(tree.data, report)
    if report.codes - {"unknown-key"}:
        return Report(definition=None, findings=report.findings(), source=source)
    definition = parse(tree.data, report, source=source, file=file)
    check_all(tree.data, definition, report, channels)
    findings = report.findings()
    broken = any(finding.severity == "error" for finding in findings)
    return Report(definition=None if broken else definition, findings=findings, source=source)


def _no_machine(tree: Tree) -> Problem | None:
    if isinstance(tree.data, dict):
        return None
    if tree.data is None:
        return Problem(code="empty-file", message="the file is empty", place=Place(1, 1), fix=BEGIN)
    message = "the file is not a mapping of keys to values"
    return Problem(code="not-a-mapping", message=message, place=tree.locate(()), fix=BEGIN)


def _stopped(problem: Problem, file: str, source: str) -> Report:
    return Report(definition=None, findings=(from_problem(problem, file),), source=source)
