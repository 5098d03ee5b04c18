"""`sagaloom test`: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from cli import app

HOUSE = Path(__file__).parents[2]

DOOR = """
machine: door
version: 1
initialState: CLOSED
creationEvent: built
businessStates: {SHUT: {id: 0, description: Shut}}
commands: {ring: {channel: bell, replies: {done: rung, failed: broken}}}
states:
  CLOSED: {businessState: SHUT, on: {pushed: RINGING}}
  RINGING: {businessState: SHUT, command: ring, on: {rung: CLOSED, broken: GONE}}
  GONE: {businessState: SHUT, final: true}
"""
RUNS = """
scenarios:
  - name: somebody rings
    steps:
      - send: pushed
      - expect: {state: RINGING, commands: [ring]}
      - reply: {ring: done}
      - expect: {state: CLOSED}
"""
FAILS = """
  - name: the bell breaks
    steps:
      - send: pushed
      - reply: {ring: failed}
      - expect: {state: CLOSED}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "door.yaml").write_text(DOOR)
    (tmp_path / "door.scenarios.yaml").write_text(RUNS)
    return tmp_path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["test", *map(str, arguments)])


def test_the_shipped_scenarios_pass_and_take_every_edge() -> None:
    result = run(HOUSE / "machines", "--min-coverage", "100")
    assert result.exit_code == 0, result.output
    assert "not taken" not in result.stdout


def test_each_scenario_has_a_line_and_each_machine_its_coverage(folder: Path) -> None:
    result = run(folder)
    assert result.exit_code == 0
    assert "ok     door: somebody rings" in result.stdout
    assert "door: 2 of 3 transitions taken (67 %)" in result.stdout
    assert "not taken: RINGING --broken--> GONE" in result.stdout
    assert "1 scenario, 0 failed." in result.stderr


def test_a_machine_file_stands_for_the_scenarios_beside_it(folder: Path) -> None:
    assert run(folder / "door.yaml").stdout == run(folder / "door.scenarios.yaml").stdout


def test_a_failure_says_where_what_was_expected_and_the_way(folder: Path) -> None:
    (folder / "door.scenarios.yaml").write_text(RUNS + FAILS)
    result = run(folder)
    assert result.exit_code == 1
    assert "FAILED door: the bell breaks" in result.stdout
    assert "door.scenarios.yaml:14" in result.stdout
    assert "expected state CLOSED\n       there was      GONE" in result.stdout
    assert "reply ring: failed -> GONE" in result.stdout


def test_coverage_below_what_is_asked_for_fails(folder: Path) -> None:
    assert run(folder, "--min-coverage", "60").exit_code == 0
    result = run(folder, "--min-coverage", "70")
    assert result.exit_code == 1
    assert "door: 67 % of the transitions are taken, 70 % are asked for" in result.stderr


def test_a_machine_without_scenarios_counts_as_not_covered(folder: Path) -> None:
    (folder / "other.yaml").write_text(DOOR.replace("machine: door", "machine: other"))
    result = run(folder, "--min-coverage", "1")
    assert result.exit_code == 1
    assert "other: 0 of 3 transitions taken" in result.stdout


def test_scenarios_are_chosen_by_name(folder: Path) -> None:
    (folder / "door.scenarios.yaml").write_text(RUNS + FAILS)
    result = run(folder, "-k", "rings")
    assert result.exit_code == 0
    assert "the bell breaks" not in result.stdout


def test_json_has_it_all(folder: Path) -> None:
    (folder / "door.scenarios.yaml").write_text(RUNS + FAILS)
    found = json.loads(run(folder, "--json").stdout)
    assert [each["ok"] for each in found["scenarios"]] == [True, False]
    assert found["scenarios"][1]["failure"]["mismatches"] == [
        {"what": "state", "expected": "CLOSED", "found": "GONE"}
    ]
    assert (found["coverage"][0]["taken"], found["coverage"][0]["missing"]) == (3, [])


def test_junit_has_a_case_a_scenario(folder: Path) -> None:
    (folder / "door.scenarios.yaml").write_text(RUNS + FAILS)
    assert run(folder, "--junit", folder / "out.xml").exit_code == 1
    (suite,) = ElementTree.parse(folder / "out.xml").getroot()
    assert (suite.get("name"), suite.get("tests"), suite.get("failures"), suite.get("errors")) == (
        "door",
        "2",
        "1",
        "0",
    )
    failure = suite.find("testcase[@name='the bell breaks']/failure")
    assert failure is not None
    assert "there was" in (failure.text or "")


def test_what_is_wrong_with_a_file_is_a_finding_and_an_error_for_junit(folder: Path) -> None:
    (folder / "door.scenarios.yaml").write_text(RUNS.replace("send: pushed", "send: pusht"))
    result = run(folder, "--junit", folder / "out.xml")
    assert result.exit_code == 1
    assert "error[unknown-event]" in result.stdout
    assert "did you mean pushed?" in result.stdout
    (suite,) = ElementTree.parse(folder / "out.xml").getroot()
    assert suite.get("errors") == "1"


def test_a_broken_machine_fails_the_run(folder: Path) -> None:
    (folder / "door.yaml").write_text(DOOR.replace("pushed: RINGING", "pushed: RINGNG"))
    result = run(folder)
    assert result.exit_code == 1
    assert "did you mean RINGING?" in result.stdout


def test_without_anything_to_run_it_is_a_usage_error(tmp_path: Path) -> None:
    assert run(tmp_path).exit_code == 2
    assert run(tmp_path / "nowhere.yaml").exit_code == 2


def test_a_hostile_scenario_does_not_steer_the_terminal(folder: Path) -> None:
    (folder / "door.scenarios.yaml").write_text(RUNS.replace("somebody rings", '"\\e]0;x\\a rings"'))
    result = run(folder, "--junit", folder / "out.xml")
    assert result.exit_code == 0
    assert not set("\x1b\x07") & set(result.output)
    ElementTree.parse(folder / "out.xml")


def test_validate_deep_shows_the_way_to_what_is_wrong(folder: Path) -> None:
    (folder / "door.yaml").write_text(DOOR.replace("rung: CLOSED", "rung: {if: payload.loud, to: CLOSED}"))
    result = CliRunner().invoke(app, ["validate", "--deep", str(folder / "door.yaml")])
    assert result.exit_code == 0
    assert "warning[dead-end]" in result.stdout
    assert "      - send: pushed\n      - reply: {ring: done}  # if payload.loud: no" in result.stdout
    assert "looked at 4 configurations" in result.stderr
    found = CliRunner().invoke(app, ["validate", "--deep", "--json", str(folder / "door.yaml")])
    assert "reply: {ring: done}" in json.loads(found.stdout)[0]["scenario"]
    sarif = CliRunner().invoke(app, ["validate", "--deep", "--format", "sarif", str(folder / "door.yaml")])
    assert json.loads(sarif.stdout)["runs"][0]["results"][0]["ruleId"] == "dead-end"
