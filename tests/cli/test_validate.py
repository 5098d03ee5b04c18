from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import app

HOUSE = Path(__file__).parents[2]

GOOD = """
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
BAD = GOOD.replace("pushed: RINGING", "pushed: RINGNG")
WARNED = GOOD.replace(
    "SHUT: {id: 0, description: Shut}",
    "SHUT: {id: 0, description: Shut}, LOST: {id: 1, description: Nowhere}",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.yaml").write_text(GOOD)
    return tmp_path


def validate(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["validate", *map(str, arguments)])


def test_a_good_file_passes(folder: Path) -> None:
    result = validate(folder / "good.yaml")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "Nothing to mend in 1 file" in result.stderr


def test_the_shipped_machines_pass_with_the_example_config_and_strictly() -> None:
    result = validate(HOUSE / "machines", "--config", HOUSE / "config.example.yaml", "--strict")
    assert result.exit_code == 0, result.output


def test_an_error_is_shown_with_place_frame_and_guess_and_ends_with_1(folder: Path) -> None:
    (folder / "bad.yaml").write_text(BAD)
    result = validate(folder / "bad.yaml")
    assert result.exit_code == 1
    assert "bad.yaml:9" in result.stdout
    assert "RINGNG" in result.stdout
    assert "did you mean RINGING?" in result.stdout
    assert "1 error" in result.stderr


def test_folders_are_searched_and_scenarios_and_hidden_folders_left_out(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / ".hidden").mkdir()
    (folder / "deep" / "bad.yml").write_text(BAD)
    (folder / ".hidden" / "bad.yaml").write_text(BAD)
    (folder / "good.scenarios.yaml").write_text("scenarios: []")
    result = validate(folder)
    assert result.exit_code == 1
    assert "in 2 files" in result.stderr


@pytest.mark.parametrize("kind", ["json", "github", "sarif"])
def test_findings_come_in_the_formats_that_programs_read(folder: Path, kind: str) -> None:
    (folder / "bad.yaml").write_text(BAD)
    result = validate(folder, "--format", kind)
    assert result.exit_code == 1
    assert "RINGNG" in result.stdout
    if kind == "github":
        assert result.stdout.startswith("::error file=")
    else:
        assert json.loads(result.stdout)


def test_json_of_nothing_to_mend_is_json_too(folder: Path) -> None:
    result = validate(folder, "--json")
    assert result.exit_code == 0
    json.loads(result.stdout)


def test_a_channel_that_the_config_does_not_bind_is_found(folder: Path) -> None:
    (folder / "config.yaml").write_text("machines: [good.yaml]\nchannels: {horn: {type: log}}\n")
    result = validate("--config", folder / "config.yaml")
    assert result.exit_code == 1
    assert "bell" in result.stdout


def test_a_wrong_config_is_a_finding_like_any_other(folder: Path) -> None:
    (folder / "config.yaml").write_text("machines: [good.yaml]\nchannels: {bell: {type: lgo}}\n")
    result = validate("--config", folder / "config.yaml")
    assert result.exit_code == 1
    assert "did you mean log?" in result.stdout


def test_warnings_pass_unless_strict(folder: Path) -> None:
    (folder / "good.yaml").write_text(WARNED)
    assert validate(folder).exit_code == 0
    assert validate(folder, "--strict").exit_code == 1


def test_without_anything_to_check_it_is_a_usage_error(tmp_path: Path) -> None:
    assert validate().exit_code == 2
    assert validate(tmp_path).exit_code == 2
    assert validate(tmp_path / "nowhere.yaml").exit_code == 2


@pytest.mark.parametrize(
    "content", [b"", b"\x00", b"\xff\xfe\x00", b"a: [", b"- 1", b"a: *b", b"{" * 5_000, b"a: &a [*a]"]
)
def test_no_file_whatever_it_holds_makes_a_traceback(folder: Path, content: bytes) -> None:
    (folder / "odd.yaml").write_bytes(content)
    result = validate(folder / "odd.yaml")
    assert result.exit_code == 1
    assert "odd.yaml" in result.stdout
    assert "Traceback" not in result.output


def test_a_hostile_file_does_not_steer_the_terminal(folder: Path) -> None:
    (folder / "odd.yaml").write_text(GOOD.replace("pushed: RINGING", '"pu\\x1b[2Jshed": "\\e]0;x\\a"'))
    result = validate(folder / "odd.yaml")
    assert result.exit_code == 1
    assert not set("\x1b\x07") & set(result.output)


KAFKA = """
machines: [%s]
channels:
  bus: {type: kafka, brokers: ["one:9092"], %s}
"""


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        ("outputTopics: [commands]", 0, "Nothing to mend"),
        ("inputTopics: [events]", 1, "consumerGroup"),
        ("clientId: me", 1, "outputTopics"),
        ("outputTopics: []", 1, "outputTopics"),
        ("outputTopics: [a b]", 1, "a b"),
        ("outputTopics: [c], security: {protocol: SASL_SSL, username: me}", 2, "password"),
        ("outputTopics: [c], security: {username: me, password: pw}", 2, "SASL"),
    ],
)
def test_a_kafka_channel_that_cannot_be_is_told_before_it_runs(
    options: str, code: int, told: str, tmp_path: Path
) -> None:
    (tmp_path / "machine.yaml").write_text(QUIET)
    (tmp_path / "config.yaml").write_text(KAFKA % ("machine.yaml", options))
    result = validate("--config", tmp_path / "config.yaml")
    assert result.exit_code == code, result.output
    assert told in result.output


def test_a_job_without_a_calendar_is_told_before_it_runs(tmp_path: Path) -> None:
    (tmp_path / "machine.yaml").write_text(QUIET)
    job = "jobs: {nightly: {cron: '0 25 * * *', start: {machine: quiet}}}"
    (tmp_path / "config.yaml").write_text(f"machines: [machine.yaml]\n{job}\n")
    result = validate("--config", tmp_path / "config.yaml")
    assert result.exit_code == 2
    assert "job nightly: cron" in result.output


QUIET = """
machine: quiet
version: 1
initialState: A
creationEvent: begun
businessStates: {OPEN: {id: 0, description: Open}, SHUT: {id: 1, description: Shut}}
states:
  A: {businessState: OPEN, on: {ended: Z}}
  Z: {businessState: SHUT, final: true}
"""
