"""Every machine in the repository is sound: the shipped files, and those that pages show."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from engine.definition.findings import Finding
from engine.definition.reader import check_file, check_text
from tests.architecture.source import kept_files, shown
from tests.docs.pages import Block, blocks

SHOWN = ("machines/", "docs/")


def _machine_files() -> list[Path]:
    yaml = [path for path in kept_files() if path.suffix == ".yaml" and shown(path).startswith(SHOWN)]
    return [path for path in yaml if not path.name.endswith(".scenarios.yaml")]


def _errors(findings: Iterable[Finding]) -> list[str]:
    errors = [each for each in findings if each.severity == "error"]
    return [f"{each.file}:{each.line}: {each.code}: {each.message}" for each in errors]


@pytest.mark.parametrize("path", _machine_files(), ids=shown)
def test_a_shipped_machine_has_no_errors(path: Path) -> None:
    assert _errors(check_file(path).findings) == []


def test_machines_are_shipped() -> None:
    assert {"payment", "order"} <= {path.stem for path in _machine_files()}


@pytest.mark.parametrize("block", [*blocks("yaml", "machine")], ids=str)
def test_a_machine_on_a_page_has_the_findings_that_the_page_says(block: Block) -> None:
    report = check_text(block.body, file=str(block))
    said = [word.removeprefix("finds=") for word in block.info if word.startswith("finds=")]
    expected = {code for codes in said for code in codes.split(",")}
    if expected:
        assert {finding.code for finding in report.findings} == expected
    else:
        assert _errors(report.findings) == []
