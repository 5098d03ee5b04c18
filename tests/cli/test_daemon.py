"""`serve` as a process, and the saga commands against it."""

from __future__ import annotations

import json
import signal
import socket
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli import app
from tests.cli.daemon import Running, serving

MACHINE = """
machine: door
version: 1
initialState: CLOSED
creationEvent: built
keys: [metadata.number]
businessStates:
  SHUT: {id: 0, description: Nobody gets in}
  GONE: {id: 1, description: Taken away}
commands:
  ring: {channel: bell, replies: {done: rung}, retry: {attempts: 1, delay: 1ms}}
states:
  CLOSED:
    businessState: SHUT
    on: {opened: OPEN, pushed: RINGING, removed: REMOVED}
  RINGING:
    businessState: SHUT
    command: ring
    on: {rung: OPEN}
  OPEN: {businessState: SHUT, on: {closed: CLOSED, removed: REMOVED}}
  REMOVED: {businessState: GONE, final: true}
"""

CONFIG = """
store: {type: sqlite, path: sagaloom.db}
machines: [door.yaml]
defaultMachine: door
channels:
  bell: {type: rest, url: "http://127.0.0.1:%d/", timeout: 1s}
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("house")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        (folder / "door.yaml").write_text(MACHINE)
        (folder / "config.yaml").write_text(CONFIG % nobody.getsockname()[1])
        yield folder


@pytest.fixture(scope="module")
def daemon(house: Path) -> Iterator[Running]:
    with serving("--config", "config.yaml", folder=house) as running:
        yield running


def saga(daemon: Running, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["saga", *arguments, "--url", daemon.url])


def answer(daemon: Running, *arguments: str) -> Any:
    result = saga(daemon, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def parked(daemon: Running, number: str) -> str:
    """A saga whose command nobody takes, once the daemon has set it aside for a person."""
    saga_id: str = answer(daemon, "start", "door", "--metadata", json.dumps({"number": number}))["sagaId"]
    answer(daemon, "send", saga_id, "pushed")
    wait_until(daemon, saga_id, "parked")
    return saga_id


def wait_until(daemon: Running, saga_id: str, flag: str) -> None:
    """Ask until the saga is `parked` or `isFinal`; the daemon's disk sets the pace."""
    end = time.monotonic() + 30
    while not answer(daemon, "show", saga_id)[flag]:
        assert time.monotonic() < end, f"{saga_id} is not {flag}"


def test_it_prints_where_it_listens_what_it_runs_and_where_it_keeps_it(daemon: Running, house: Path) -> None:
    assert daemon.url.startswith("http://127.0.0.1:")
    assert not daemon.url.endswith(":0")
    text = "\n".join(daemon.lines)
    assert "door" in text
    assert str(house / "sagaloom.db") in text
    assert "/documentation" in text
    with urllib.request.urlopen(f"{daemon.url}/-/ready") as response:
        assert response.status == 200


def test_a_saga_is_started_told_shown_and_listed(daemon: Running) -> None:
    started = saga(daemon, "start", "--metadata", '{"number": "1"}', "--entity", "house-7", "--id", "door-1")
    assert started.stdout == "door-1 started: CLOSED\n"
    sent = saga(daemon, "send", "1", "opened", "--event-id", "e1")
    assert sent.stdout == "door-1 applied opened: OPEN\n"
    assert "as told before" in saga(daemon, "send", "1", "opened", "--event-id", "e1").stdout
    shown = saga(daemon, "show", "door-1").stdout
    assert "OPEN" in shown
    assert "house-7" in shown
    assert '"number": "1"' in shown
    listed = saga(daemon, "list", "--entity", "house-7").stdout
    assert listed.splitlines()[0].startswith("SAGA")
    assert "door-1" in listed


def test_the_whole_history_comes_as_rows(daemon: Running) -> None:
    saga_id = answer(daemon, "start", "--metadata", '{"number": "2"}')["sagaId"]
    for event in ("opened", "closed", "removed"):
        answer(daemon, "send", saga_id, event)
    rows = answer(daemon, "show", saga_id, "--history")["rows"]
    assert [row["to"] for row in rows] == ["CLOSED", "OPEN", "CLOSED", "REMOVED"]
    assert "REMOVED" in saga(daemon, "list", "--final").stdout


def test_a_state_that_does_not_take_the_event_says_no(daemon: Running) -> None:
    saga_id = answer(daemon, "start", "--metadata", '{"number": "3"}')["sagaId"]
    result = saga(daemon, "send", saga_id, "closed")
    assert result.exit_code == 1
    assert "closed" in result.stderr


def test_an_unknown_saga_is_refused(daemon: Running) -> None:
    assert saga(daemon, "show", "nobody").exit_code == 1


def test_no_match_is_no_error(daemon: Running) -> None:
    result = saga(daemon, "list", "--state", "NOWHERE")
    assert (result.exit_code, result.stdout) == (0, "")


def test_what_is_parked_is_listed_and_can_be_answered_with_a_reason(daemon: Running) -> None:
    saga_id = parked(daemon, "4")
    assert saga_id in saga(daemon, "list", "--parked").stdout
    assert "ring" in saga(daemon, "show", saga_id).stdout
    assert saga(daemon, "answer", saga_id, "--reply", "done", "--reason", "went and looked").exit_code == 0
    rows = answer(daemon, "show", saga_id, "--history")["rows"]
    assert rows[-1]["reason"] == "went and looked"
    assert rows[-1]["to"] == "OPEN"


def test_what_is_parked_can_be_skipped_and_tried_again(daemon: Running) -> None:
    saga_id = parked(daemon, "5")
    assert saga(daemon, "retry", saga_id, "--reason", "once more").exit_code == 0
    wait_until(daemon, saga_id, "parked")
    assert saga(daemon, "skip", saga_id, "--reason", "no bell here").exit_code == 0
    shown = answer(daemon, "show", saga_id)
    assert (shown["parked"], shown["agenda"], shown["currentState"]) == (False, [], "RINGING")


def test_a_saga_is_moved_by_hand(daemon: Running) -> None:
    saga_id = answer(daemon, "start", "--metadata", '{"number": "6"}')["sagaId"]
    assert saga(daemon, "move", saga_id, "REMOVED", "--reason", "torn down").exit_code == 0
    assert answer(daemon, "show", saga_id)["isFinal"] is True
    assert saga(daemon, "move", saga_id, "CLOSED", "--reason", "x").exit_code in (0, 1)
    assert saga(daemon, "move", saga_id, "NOWHERE", "--reason", "x").exit_code == 1


def test_an_intervention_needs_a_reason(daemon: Running) -> None:
    result = saga(daemon, "move", "x", "CLOSED")
    assert result.exit_code == 2
    assert "--reason" in result.stderr


def test_the_way_of_a_saga_is_drawn_from_the_daemon(daemon: Running, tmp_path: Path) -> None:
    answer(daemon, "start", "--metadata", '{"number": "7"}', "--id", "drawn")
    answer(daemon, "send", "drawn", "opened")
    out = tmp_path / "way.svg"
    result = CliRunner().invoke(app, ["draw", "--saga", "drawn", "--url", daemon.url, "-o", str(out)])
    assert result.exit_code == 0, result.output
    assert 'class="node state visited current"' in out.read_text()


def test_two_daemons_do_not_share_a_store(daemon: Running, house: Path, tmp_path: Path) -> None:
    arguments = ["draw", "--saga", "drawn", "--data", str(house)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 3
    assert "Traceback" not in result.output


def test_a_machine_without_a_name_in_a_daemon_without_a_default_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("store: {type: memory}\n")
    with serving("--config", "config.yaml", folder=tmp_path) as running:
        result = saga(running, "start")
        assert result.exit_code == 1


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order_and_the_sagas_are_there_afterwards(
    how: signal.Signals, tmp_path: Path
) -> None:
    metadata = '{"shopTransactionId": "t1", "amount": 100, "currency": "EUR"}'
    with serving("--data", "kept", folder=tmp_path) as first:
        answer(first, "start", "payment", "--metadata", metadata, "--id", "p1")
        assert first.stop(how) == 0
    with serving("--data", "kept", folder=tmp_path) as second:
        assert answer(second, "show", "t1")["sagaId"] == "p1"


def test_its_log_is_json_and_holds_no_payload(tmp_path: Path) -> None:
    metadata = '{"orderNumber": "secret-number", "total": 100, "currency": "EUR"}'
    with serving("--data", "kept", folder=tmp_path) as running:
        saga_id = answer(running, "start", "order", "--metadata", metadata)["sagaId"]
        wait_until(running, saga_id, "isFinal")
        running.stop()
    logged = (tmp_path / "stderr.txt").read_text()
    assert "secret-number" not in logged
    assert all(json.loads(line)["event"] for line in logged.splitlines())


def test_a_changed_machine_under_the_same_version_is_refused_unless_dev(tmp_path: Path) -> None:
    (tmp_path / "door.yaml").write_text(MACHINE)
    (tmp_path / "config.yaml").write_text(CONFIG % 1)
    with serving("--config", "config.yaml", folder=tmp_path) as running:
        running.stop()
    (tmp_path / "door.yaml").write_text(MACHINE.replace("Nobody gets in", "Nobody at all"))
    refused = CliRunner().invoke(app, ["serve", "--config", str(tmp_path / "config.yaml"), "--port", "0"])
    assert refused.exit_code == 2
    assert "version" in refused.stderr
    with serving("--config", "config.yaml", "--dev", folder=tmp_path) as running:
        running.stop()


def test_a_port_that_is_taken_is_told_in_a_sentence(daemon: Running, tmp_path: Path) -> None:
    port = daemon.url.rpartition(":")[2]
    result = CliRunner().invoke(app, ["serve", "--port", port, "--data", str(tmp_path)])
    assert result.exit_code == 2
    assert "address already in use" in result.stderr
    assert "Traceback" not in result.output


def test_wrong_machines_stop_it_with_their_findings(tmp_path: Path) -> None:
    (tmp_path / "door.yaml").write_text(MACHINE.replace("{opened: OPEN", "{opened: OPN"))
    (tmp_path / "config.yaml").write_text(CONFIG % 1)
    result = CliRunner().invoke(app, ["serve", "--config", str(tmp_path / "config.yaml"), "--port", "0"])
    assert result.exit_code == 2
    assert "OPN" in result.stderr
    assert "door.yaml" in result.stderr


def test_a_wrong_config_stops_it_with_its_findings(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("http: {prot: 1}\n")
    result = CliRunner().invoke(app, ["serve", "--config", str(tmp_path / "config.yaml")])
    assert result.exit_code == 2
    assert "prot" in result.stderr
    assert "port" in result.stderr
