"""A Flow Manager configuration to a machine file and its config.yaml: the one door of this package.

Reads text and makes texts; `sagaloom import flow-manager` reads and writes the files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.definition.decode import NotText
from engine.definition.findings import Finding
from engine.definition.reader import check_text
from engine.definition.reporter import MAX_FINDINGS, Reporter, from_problem
from engine.definition.tree import NotYaml, Tree
from engine.foreign.flow_manager.config import channel_names, config_of
from engine.foreign.flow_manager.machine import machine_of
from engine.foreign.flow_manager.references import check_references
from engine.foreign.flow_manager.remarks import Remarks
from engine.foreign.flow_manager.shape import check_shape
from engine.foreign.json_text import parse_json
from engine.foreign.yaml_text import Path, write_yaml

HEAD = "Imported by `sagaloom import flow-manager`. What could not be carried over is in its report."


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came out.

    Attributes:
        machine, config: The texts of the two files; None when `findings` has errors.
        findings: What is wrong with the source, or what a person should know about the result.
    """

    machine: str | None = None
    config: str | None = None
    findings: tuple[Finding, ...]


def import_flow_manager(content: str | bytes, *, file: str, name: str) -> Imported:
    """Read a Flow Manager configuration.

    Args:
        file: What findings call it.
        name: Of the machine; the machine file is expected to be called NAME.yaml.
    """
    try:
        tree = parse_json(content)
    except NotText as error:
        return Imported(findings=(_not_text(error, file),))
    except NotYaml as error:
        return Imported(findings=(from_problem(error.problem, file),))
    if tree.problems:
        return Imported(findings=tuple(from_problem(each, file) for each in tree.problems[:MAX_FINDINGS]))
    report = Reporter(file, tree)
    check_shape(tree.data, report)
    if not _errors(report):
        check_references(tree.data, report)
    if _errors(report):
        return Imported(findings=report.findings())
    return _converted(tree, report, name, file)


def _converted(tree: Tree, report: Reporter, name: str, file: str) -> Imported:
    remarks = Remarks(report)
    names = channel_names(tree.data, remarks)
    machine = machine_of(tree.data, name, names, remarks)
    config = config_of(tree.data, f"{name}.yaml", name, names, remarks)
    remarks.comments[()] = [HEAD]
    text = write_yaml(machine, comments=_of(remarks, machine), block=_machine_block)
    checked = check_text(text, file=f"{name}.yaml")
    if checked.errors:
        return Imported(findings=(*report.findings(), *(_of_source(error, file) for error in checked.errors)))
    written = write_yaml(config, comments=_of(remarks, config), block=_config_block)
    return Imported(machine=text, config=written, findings=report.findings())


def _of_source(error: Finding, file: str) -> Finding:
    """What is wrong with the machine that was made, told of the file that it was made from."""
    message = f"the machine made from this file would not be valid: {error.message}"
    return replace(error, file=file, line=1, column=1, end_column=None, path="", message=message)


def _of(remarks: Remarks, file: dict[str, object]) -> dict[Path, list[str]]:
    """The comments that belong into this one of the two files."""
    return {path: lines for path, lines in remarks.comments.items() if not path or path[0] in file}


def _machine_block(path: Path) -> bool:
    if len(path) == 1:
        return path[0] not in ("metadata", "settings")
    return path[0] == "states" and (len(path) == 2 or path[2:] == ("on",))


def _config_block(path: Path) -> bool:
    return len(path) == 1 and path[0] != "machines"


def _errors(report: Reporter) -> bool:
    return any(finding.severity == "error" for finding in report.findings())


def _not_text(error: NotText, file: str) -> Finding:
    return Finding(
        code=error.code, severity="error", message=error.message, file=file, line=error.line,
        column=error.column, fix=error.fix,
    )  # fmt: skip
