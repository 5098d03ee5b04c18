"""What is wrong with a scenario file is shown as with machines: place, frame, guess."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.definition.frames import show
from engine.definition.schema import machine_schema
from engine.definition.structure import KNOWN_KEYWORDS
from engine.rehearsal.acts import KINDS
from engine.rehearsal.codes import SCENARIO_CODES
from engine.rehearsal.reading import ScenarioFile, read_scenarios, scenarios_beside
from engine.rehearsal.schema import scenario_schema
from tests.unit.rehearsal.trip import TRIP

BAD = Path(__file__).with_name("bad")
FILES = sorted(BAD.glob("*.scenarios.yaml"))


def written(folder: Path, text: str, name: str = "trip.scenarios.yaml") -> ScenarioFile:
    (folder / "trip.yaml").write_text(TRIP)
    (folder / name).write_text(text)
    return read_scenarios(folder / name)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.split(".")[0])
def test_a_bad_file_is_shown_as_agreed(path: Path, tmp_path: Path) -> None:
    read = written(tmp_path, path.read_text())
    file = str(tmp_path / "trip.scenarios.yaml")
    shown = show([f for f in read.findings if f.file == file], read.sources).replace(file, path.name)
    assert f"{shown}\n" == path.with_name(path.name.removesuffix(".scenarios.yaml") + ".txt").read_text()
    assert read.scenarios == ()


def test_every_code_of_scenario_files_has_a_bad_file() -> None:
    assert set(SCENARIO_CODES) <= {path.name.removesuffix(".scenarios.yaml") for path in FILES}


def test_a_scenario_keeps_the_lines_of_its_steps(tmp_path: Path) -> None:
    read = written(
        tmp_path, "scenarios:\n  - name: a\n    steps:\n      - wait: 1h\n      - send: cancelled\n"
    )
    (scenario,) = read.scenarios
    assert [act.line for act in scenario.acts] == [4, 5]
    assert scenario.line == 2


def test_the_machine_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    read = written(
        tmp_path, "machine: ../trip.yaml\nscenarios: [{name: a, steps: []}]\n", "deep/other.scenarios.yaml"
    )
    assert read.machine is not None
    assert read.machine.definition.name == "trip"


def test_a_machine_knows_the_scenarios_beside_it(tmp_path: Path) -> None:
    written(tmp_path, "scenarios: [{name: a, steps: []}]\n")
    assert scenarios_beside(tmp_path / "trip.yaml") == tmp_path / "trip.scenarios.yaml"
    assert scenarios_beside(tmp_path / "other.yaml") is None


def test_the_findings_of_a_broken_machine_are_told(tmp_path: Path) -> None:
    (tmp_path / "trip.yaml").write_text(TRIP.replace("command: bookCar", "command: bookCa"))
    (tmp_path / "trip.scenarios.yaml").write_text("scenarios: [{name: a, steps: []}]\n")
    codes = [finding.code for finding in read_scenarios(tmp_path / "trip.scenarios.yaml").findings]
    assert codes[0] == "unknown-command"
    assert codes[-1] == "no-machine"


def test_a_file_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    assert [f.code for f in read_scenarios(tmp_path / "no.scenarios.yaml").findings] == ["file-unreadable"]


@pytest.mark.parametrize(
    "content", [b"", b"\x00", b"\xff\xfe\x00", b"a: [", b"- 1", b"a: *b", b"{" * 5_000, b"scenarios: 1"]
)
def test_no_file_whatever_it_holds_raises(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "trip.yaml").write_text(TRIP)
    (tmp_path / "trip.scenarios.yaml").write_bytes(content)
    assert read_scenarios(tmp_path / "trip.scenarios.yaml").findings


def test_the_schema_and_the_player_know_the_same_steps() -> None:
    step = scenario_schema()["properties"]["scenarios"]["items"]["properties"]["steps"]["items"]
    assert set(step["properties"]) == {*KINDS, "expect"}


def test_the_schema_uses_only_what_the_reader_obeys() -> None:
    assert _keywords(scenario_schema()) <= KNOWN_KEYWORDS
    assert machine_schema()["$schema"] == scenario_schema()["$schema"]


def _keywords(schema: object) -> set[str]:
    """The keywords of a schema; the names of properties are none."""
    if isinstance(schema, list):
        return {word for part in schema for word in _keywords(part)}
    if not isinstance(schema, dict):
        return set()
    found = set(schema)
    for key, part in schema.items():
        found |= _keywords(list(part.values()) if key == "properties" else part)
    return found


if __name__ == "__main__":
    import tempfile

    for each in FILES:
        with tempfile.TemporaryDirectory() as folder:
            made = written(Path(folder), each.read_text())
            name = str(Path(folder) / "trip.scenarios.yaml")
            text = show([f for f in made.findings if f.file == name], made.sources).replace(name, each.name)
            each.with_name(each.name.removesuffix(".scenarios.yaml") + ".txt").write_text(f"{text}\n")
