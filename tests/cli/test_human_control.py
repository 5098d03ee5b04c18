"""People at the command line: pause, resume and mend one saga or many; versions; a daemon that holds."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli import app
from tests.cli.daemon import Running, serving

DOOR = """
machine: door
version: 1
initialState: CLOSED
creationEvent: built
keys: [metadata.number]
businessStates:
  SHUT: {id: 0, description: Nobody gets in}
commands:
  ring: {channel: bell, replies: {done: rung}, retry: {attempts: 1, delay: 1ms}}
states:
  CLOSED: {businessState: SHUT, on: {opened: OPEN, pushed: RINGING}, after: {24h: GONE}}
  RINGING: {businessState: SHUT, command: ring, on: {rung: OPEN}}
  OPEN: {businessState: SHUT, on: {closed: CLOSED}}
  GONE: {businessState: SHUT, final: true}
"""
DOOR_2 = DOOR.replace("version: 1", "version: 2").replace("OPEN", "AJAR")
BROKEN = DOOR_2.replace("closed: CLOSED", "closed: NOWHERE")

CONFIG = """
store: {type: sqlite, path: sagaloom.db}
machines: [door.yaml]
channels:
  bell: {type: rest, url: "http://127.0.0.1:%d/", timeout: 1s}
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Path]:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        (tmp_path / "door.yaml").write_text(DOOR)
        (tmp_path / "config.yaml").write_text(CONFIG % nobody.getsockname()[1])
        yield tmp_path


@pytest.fixture
def daemon(house: Path) -> Iterator[Running]:
    with serving("--config", "config.yaml", folder=house) as running:
        yield running


def run(daemon: Running, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--url", daemon.url])


def answer(daemon: Running, *arguments: str) -> Any:
    result = run(daemon, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def doors(daemon: Running, count: int) -> list[str]:
    return [
        answer(daemon, "saga", "start", "door", "--metadata", json.dumps({"number": str(n)}))["sagaId"]
        for n in range(count)
    ]


def until(what: Callable[[], bool]) -> None:
    """Ask until it is so; the daemon's disk sets the pace."""
    end = time.monotonic() + 30
    while not what():
        assert time.monotonic() < end, "it did not come about"


def parked(daemon: Running, count: int) -> list[str]:
    found = doors(daemon, count)
    for saga_id in found:
        answer(daemon, "saga", "send", saga_id, "pushed")
    until(lambda: len(answer(daemon, "saga", "list", "--parked")) == count)
    return found


def newest(daemon: Running) -> int:
    saga = answer(daemon, "saga", "start", "door")
    version: int = saga["machineVersion"]
    return version


def test_a_creation_that_is_repeated_says_that_the_saga_was_there(daemon: Running) -> None:
    start = ("saga", "start", "door", "--metadata", '{"number": "7"}', "--id", "d7")
    assert run(daemon, *start).stdout == "d7 started: CLOSED\n"
    assert run(daemon, *start[:-2]).stdout == "d7 was there already: CLOSED\n"


def test_a_saga_is_paused_shown_and_resumed(daemon: Running) -> None:
    (saga_id,) = doors(daemon, 1)
    assert "applied $pause" in run(daemon, "saga", "pause", saga_id, "--reason", "wait").stdout
    shown = run(daemon, "saga", "show", saga_id).stdout
    assert "Paused" in shown
    assert "paused" in shown
    assert [one["sagaId"] for one in answer(daemon, "saga", "list", "--paused")] == [saga_id]
    assert "paused" in run(daemon, "saga", "list").stdout
    assert run(daemon, "saga", "pause", saga_id, "--reason", "wait").exit_code == 1
    assert run(daemon, "saga", "resume", saga_id, "--reason", "go").exit_code == 0
    assert answer(daemon, "saga", "list", "--paused") == []


def test_a_retry_can_carry_other_data(daemon: Running) -> None:
    (saga_id,) = parked(daemon, 1)
    result = run(daemon, "saga", "retry", saga_id, "--metadata", '{"bell": "back"}', "--reason", "r")
    assert result.exit_code == 0, result.output
    assert answer(daemon, "saga", "show", saga_id)["metadata"]["bell"] == "back"
    until(lambda: bool(answer(daemon, "saga", "list", "--parked")))
    result = run(daemon, "saga", "retry", saga_id, "--payload", '{"loud": true}', "--reason", "r")
    assert result.exit_code == 0, result.output
    assert "loud" not in answer(daemon, "saga", "show", saga_id)["metadata"]


def test_all_that_is_parked_is_tried_first_and_then_answered_by_hand(daemon: Running) -> None:
    found = parked(daemon, 3)
    order = (
        "saga",
        "answer",
        "--all",
        "--machine",
        "door",
        "--state",
        "RINGING",
        "--reply",
        "done",
        "--reason",
        "r",
    )
    dry = run(daemon, *order, "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert "would be done to 3 sagas" in dry.stderr
    assert len(answer(daemon, "saga", "list", "--parked")) == 3
    first = answer(daemon, *order, "--limit", "2")
    assert (first["done"], first["more"]) == (2, True)
    assert answer(daemon, *order)["done"] == 1
    states = {answer(daemon, "saga", "show", saga_id)["currentState"] for saga_id in found}
    assert states == {"OPEN"}


def test_what_cannot_be_done_is_listed_with_its_reason_and_the_exit_code_says_so(daemon: Running) -> None:
    doors(daemon, 2)
    result = run(daemon, "saga", "move", "--all", "NOWHERE", "--reason", "r")
    assert result.exit_code == 1
    assert "Left as they are:" in result.stdout
    assert "has no state 'NOWHERE'" in result.stdout
    moved = run(daemon, "saga", "move", "--all", "OPEN", "--machine", "door", "--reason", "r")
    assert moved.exit_code == 0, moved.output
    assert "done to 2 sagas." in moved.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("retry", "--reason", "r"),
        ("retry", "x", "--all", "--reason", "r"),
        ("pause", "x", "--machine", "door", "--reason", "r"),
        ("skip", "x", "--dry-run", "--reason", "r"),
        ("skip", "--all", "--entry", "e", "--reason", "r"),
        ("move", "x", "--reason", "r"),
        ("retry", "--all"),
    ],
)
def test_one_saga_or_all_of_a_filter_but_not_both_or_neither(arguments: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, ["saga", *arguments])
    assert result.exit_code == 2, result.output


def test_sagas_go_to_another_version_with_a_map_after_a_dry_run(daemon: Running, house: Path) -> None:
    closed, opened = doors(daemon, 2)
    answer(daemon, "saga", "send", opened, "opened")
    (house / "door.yaml").write_text(DOOR_2)
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: newest(daemon) == 2)
    migrate = (
        "migrate",
        "door",
        "--from",
        "1",
        "--to",
        "2",
        "--where",
        "final=false",
        "--reason",
        "ajar now",
    )
    dry = run(daemon, *migrate, "--dry-run")
    assert dry.exit_code == 1
    assert "version 2 has no state OPEN: map it to one" in dry.stdout
    assert answer(daemon, "saga", "show", closed)["machineVersion"] == 1
    (house / "map.yaml").write_text("states: {OPEN: AJAR}\n")
    real = run(daemon, *migrate, "--map", str(house / "map.yaml"))
    assert real.exit_code == 0, real.output
    assert answer(daemon, *migrate, "--map", str(house / "map.yaml"))["matched"] == 0
    moved = answer(daemon, "saga", "show", opened)
    assert (moved["machineVersion"], moved["currentState"]) == (2, "AJAR")
    assert moved["history"]["events"][-1]["reason"] == "ajar now"


@pytest.mark.parametrize(
    "text", ["", "a: [", "other: {}", "states: [A]", "states: {A: 1}", "states: {A: B}\nmore: 1"]
)
def test_a_map_that_is_none_is_refused_before_the_daemon_is_asked(tmp_path: Path, text: str) -> None:
    (tmp_path / "map.yaml").write_text(text)
    order = [
        "migrate",
        "door",
        "--from",
        "1",
        "--to",
        "2",
        "--reason",
        "r",
        "--map",
        str(tmp_path / "map.yaml"),
    ]
    result = CliRunner().invoke(app, order)
    assert result.exit_code == 2, result.output
    assert "--map" in result.output


@pytest.mark.parametrize("condition", ["state", "machine=door", "parked=perhaps", "=x"])
def test_a_condition_that_is_none_is_refused(condition: str) -> None:
    order = ["migrate", "door", "--from", "1", "--to", "2", "--reason", "r", "--where", condition]
    result = CliRunner().invoke(app, order)
    assert result.exit_code == 2, result.output


def test_a_broken_file_leaves_the_old_machine_running_and_says_so(daemon: Running, house: Path) -> None:
    (house / "door.yaml").write_text(BROKEN)
    daemon.process.send_signal(signal.SIGHUP)
    log = house / "stderr.txt"
    until(lambda: "machines.not_reloaded" in log.read_text())
    assert "NOWHERE" in log.read_text()
    assert newest(daemon) == 1


def test_while_developing_a_file_that_changes_is_taken_by_itself(house: Path) -> None:
    with serving("--config", "config.yaml", "--dev", folder=house) as daemon:
        assert newest(daemon) == 1
        (house / "door.yaml").write_text(DOOR_2)
        until(lambda: newest(daemon) == 2)


def test_a_changed_file_under_an_old_version_is_refused_at_start_with_what_to_do(house: Path) -> None:
    with serving("--config", "config.yaml", folder=house) as daemon:
        newest(daemon)
    (house / "door.yaml").write_text(DOOR.replace("24h", "12h"))
    result = CliRunner().invoke(app, ["serve", "--config", str(house / "config.yaml"), "--port", "0"])
    assert result.exit_code == 2
    assert "bump version to 2" in result.stderr


def test_a_daemon_that_starts_paused_takes_events_and_sends_nothing_until_it_is_resumed(house: Path) -> None:
    with serving("--config", "config.yaml", "--paused", folder=house) as daemon:
        assert any("sagaloom resume" in line for line in daemon.lines)
        (saga_id,) = doors(daemon, 1)
        answer(daemon, "saga", "send", saga_id, "pushed")
        document = answer(daemon, "saga", "show", saga_id)
        assert (document["currentState"], document["agenda"][0]["attempts"]) == ("RINGING", 0)
        assert "begins what sagas owe" in run(daemon, "resume").stdout
        until(lambda: bool(answer(daemon, "saga", "list", "--parked")))
        assert answer(daemon, "hold") == {"state": "held"}
