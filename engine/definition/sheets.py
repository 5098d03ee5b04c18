"""YAML files of ours that are no machines: bytes, text, tree, and the schema that they are held against.

Whatever is wrong becomes findings, as with machines. hub/connectors.py reads connector files with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.definition.decode import MAX_BYTES, NotText, decode
from engine.definition.findings import Finding
from engine.definition.reporter import MAX_FINDINGS, Reporter, from_problem
from engine.definition.structure import check_against
from engine.definition.tree import NotYaml, Place, Problem, parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What a file holds.

    Attributes:
        data: Plain data that fit the schema; None where `findings` says why there are none.
        report: For what is found wrong later; None where the file could not be read.
        source: The text as far as it could be read, for code frames.
    """

    data: Mapping[str, Any] | None
    report: Reporter | None
    findings: tuple[Finding, ...]
    source: str


def read_sheet(path: Path, schema: Mapping[str, Any]) -> Sheet:
    """Read a file and hold it against a schema without $ref (see `structure.inlined`)."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "it is not a file").lower()
        message = f"the file cannot be read: {reason}"
        return _stopped(Problem(code="file-unreadable", message=message, place=Place(1, 1)), path, "")
    return _sheet(content, path, schema)


def _sheet(content: bytes, path: Path, schema: Mapping[str, Any]) -> Sheet:
    try:
        source = decode(content)
    except NotText as error:
        place = Place(error.line, error.column)
        problem = Problem(code=error.code, message=error.message, place=place, fix=error.fix)
        return _stopped(problem, path, error.text)
    try:
        tree = parse(source)
    except NotYaml as error:
        return _stopped(error.problem, path, source)
    if tree.problems:
        found = tuple(from_problem(problem, str(path)) for problem in tree.problems[:MAX_FINDINGS])
        return Sheet(data=None, report=None, findings=found, source=source)
    report = Reporter(str(path), tree)
    check_against(tree.data, schema, report)
    findings = report.findings()
    return Sheet(data=None if findings else tree.data, report=report, findings=findings, source=source)


def _stopped(problem: Problem, path: Path, source: str) -> Sheet:
    return Sheet(data=None, report=None, findings=(from_problem(problem, str(path)),), source=source)
