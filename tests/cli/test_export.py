from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import app
from tests.cli.test_validate import BAD, GOOD


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "door.yaml"
    path.write_text(GOOD)
    return path


def export(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["export", *map(str, arguments)])


@pytest.mark.parametrize(
    ("kind", "start"),
    [("scxml", "<?xml"), ("xstate", "{"), ("mermaid", "stateDiagram-v2"), ("dot", "digraph")],
)
def test_each_format_goes_to_stdout(file: Path, kind: str, start: str) -> None:
    result = export(file, "--format", kind)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(start)
    assert "RINGING" in result.stdout


@pytest.mark.parametrize(
    ("name", "start"), [("a.scxml", "<?xml"), ("a.json", "{"), ("a.mmd", "state"), ("a.dot", "digraph")]
)
def test_the_ending_says_the_format(file: Path, tmp_path: Path, name: str, start: str) -> None:
    out = tmp_path / "new" / name
    result = export(file, "-o", out)
    assert (result.exit_code, result.stdout) == (0, "")
    assert out.read_text().startswith(start)
    assert name in result.stderr


def test_format_overrules_the_ending(file: Path, tmp_path: Path) -> None:
    export(file, "-o", tmp_path / "a.scxml", "--format", "xstate")
    assert json.loads((tmp_path / "a.scxml").read_text())["id"] == "door"


def test_a_file_with_errors_is_shown_and_not_exported(file: Path, tmp_path: Path) -> None:
    file.write_text(BAD)
    result = export(file, "-o", tmp_path / "a.scxml")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "RINGNG" in result.stderr
    assert not (tmp_path / "a.scxml").exists()


def test_a_file_that_is_not_there_and_a_format_that_is_not_known_are_usage_errors(file: Path) -> None:
    assert export("nowhere.yaml").exit_code == 2
    assert export(file, "--format", "bpmn").exit_code == 2
    assert export(file, "-o", "/proc/nowhere/a.scxml").exit_code == 2
