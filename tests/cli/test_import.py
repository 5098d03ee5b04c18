from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli import app
from tests.unit.foreign.flow_manager import PAYMENT, small, state


def import_(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["import", "flow-manager", *map(str, arguments)])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return written(tmp_path, small())


def written(folder: Path, config: Any) -> Path:
    path = folder / "shop saga.json"
    path.write_text(json.dumps(config, indent=2))
    return path


def test_it_writes_a_machine_and_a_config_that_are_both_valid(tmp_path: Path) -> None:
    result = import_(PAYMENT, "-o", tmp_path / "out", "--name", "payment")
    assert result.exit_code == 0, result.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"payment.yaml", "config.yaml"}
    checked = CliRunner().invoke(app, ["validate", "--config", str(tmp_path / "out" / "config.yaml")])
    assert checked.exit_code == 0, checked.output
    assert "Wrote" in result.stderr


def test_the_name_comes_from_the_file_if_none_is_given(source: Path, tmp_path: Path) -> None:
    assert import_(source, "-o", tmp_path).exit_code == 0
    assert (tmp_path / "shop_saga.yaml").read_text().splitlines()[1] == "machine: shop_saga"


def test_the_report_shows_what_is_lost_with_its_lines(tmp_path: Path) -> None:
    config = small()
    state(config)["outputCommand"]["hook"] = {"type": "file", "content": "export default 1"}
    result = import_(written(tmp_path, config), "-o", tmp_path)
    assert result.exit_code == 0
    assert "warning[hook-left-out]" in result.stdout
    assert '"hook": {' in result.stdout
    assert "2 findings" in result.stderr


def test_the_report_as_json_has_pointers_and_lines_and_what_was_written(source: Path, tmp_path: Path) -> None:
    result = import_(source, "-o", tmp_path, "--json")
    report = json.loads(result.stdout)
    assert report["written"] == [str(tmp_path / "shop_saga.yaml"), str(tmp_path / "config.yaml")]
    (finding,) = report["findings"]
    assert (finding["code"], finding["path"], finding["severity"]) == (
        "store-replaced",
        "/persistencyManagement",
        "warning",
    )
    assert finding["line"] > 1


def test_a_secret_of_the_source_is_shown_nowhere(tmp_path: Path) -> None:
    config = small()
    config["communicationProtocols"][0]["configurations"]["headers"] = {"authorization": "Bearer hunter2"}
    config["persistencyManagement"] = {
        "type": "mongo",
        "configurations": {"connectionUri": "mongodb://a:hunter2@b/c"},
    }
    file = written(tmp_path, config)
    for arguments in ([], ["--json", "--force"]):
        result = import_(file, "-o", tmp_path, *arguments)
        assert result.exit_code == 0
        assert "plain-secret" in result.stdout
        assert "hunter2" not in result.output
    assert not [path for path in tmp_path.glob("*.yaml") if "hunter2" in path.read_text()]


def test_a_file_with_errors_is_shown_and_nothing_is_written(tmp_path: Path) -> None:
    config = small()
    state(config)["outgoingTransitions"][0]["targetState"] = "C"
    result = import_(written(tmp_path, config), "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "error[unknown-state]" in result.stdout
    assert '"targetState": "C"' in result.stdout
    assert not (tmp_path / "out").exists()


def test_errors_as_json_say_that_nothing_was_written(tmp_path: Path) -> None:
    result = import_(written(tmp_path, {"settings": {}}), "-o", tmp_path, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["written"] == []


def test_files_that_are_there_are_kept_unless_forced(source: Path, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("mine")
    result = import_(source, "-o", tmp_path)
    assert result.exit_code == 2
    assert "--force" in result.stderr
    assert (tmp_path / "config.yaml").read_text() == "mine"
    assert not (tmp_path / "shop_saga.yaml").exists()
    assert import_(source, "-o", tmp_path, "--force").exit_code == 0
    assert (tmp_path / "config.yaml").read_text() != "mine"


@pytest.mark.parametrize("name", ["a b", "", "../x", "config", ".hidden"])
def test_a_name_that_no_machine_may_have_is_a_usage_error(source: Path, tmp_path: Path, name: str) -> None:
    result = import_(source, "-o", tmp_path, "--name", name)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_source_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    assert import_(tmp_path / "nowhere.json").exit_code == 2
    assert import_(tmp_path).exit_code == 2
