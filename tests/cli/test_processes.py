"""`serve` with several processes, and with one role: real processes over one database."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import signal
import socket
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli import app
from commands.daemon import Order
from commands.member import Place
from tests.cli.daemon import Running, serving
from tests.cli.test_daemon import MACHINE
from tests.contract import mongo_server
from tests.fakes.waiting import wait_until

CONFIG = """
store: {type: mongo, uri: "%s", database: %s}
machines: [door.yaml]
defaultMachine: door
channels:
  bell: {type: log}
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Path]:
    database = mongo_server.new_database()
    (tmp_path / "door.yaml").write_text(MACHINE)
    (tmp_path / "config.yaml").write_text(CONFIG % (mongo_server.uri(), database))
    yield tmp_path
    asyncio.run(mongo_server.drop(database))


def ports(count: int) -> int:
    """The first of so many ports in a row that nobody listens on."""
    for _ in range(50):
        with contextlib.ExitStack() as stack:
            first = 0
            for offset in range(count):
                one = stack.enter_context(socket.socket())
                try:
                    one.bind(("127.0.0.1", first + offset if first else 0))
                except OSError:
                    break
                first = first or one.getsockname()[1]
            else:
                return first
    raise AssertionError("no ports in a row")


def children(daemon: Running) -> set[int]:
    pid = daemon.process.pid
    return {int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def alive(pid: int) -> bool:
    """Neither gone nor a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def get(url: str) -> Any:
    with urllib.request.urlopen(url) as response:
        return json.loads(response.read())


def come(what: str, found: Callable[[], Awaitable[bool]]) -> None:
    asyncio.run(wait_until(found, within=60, what=what, every=0.1))


def reach(probes: int, count: int, state: str) -> None:
    """Come back when each process says on its own port that its dispatch is so."""

    async def found() -> bool:
        try:
            return all(
                get(f"http://127.0.0.1:{probes + number}/-/ready")["dispatch"] == state
                for number in range(count)
            )
        except OSError:
            return False

    come(f"{count} processes that are {state}", found)


def test_processes_share_a_port_revive_and_hold_together(house: Path) -> None:
    probes = ports(2)
    arguments = ("--config", "config.yaml", "--processes", "2", "--probes-port", str(probes))
    with serving(*arguments, folder=house) as daemon:
        assert "Processes:              2" in daemon.lines
        first, second = sorted(children(daemon))
        reach(probes, 2, "running")
        assert CliRunner().invoke(app, ["hold", "--url", daemon.url]).exit_code == 0
        reach(probes, 2, "held")
        os.kill(first, signal.SIGKILL)

        async def revived() -> bool:
            return len(children(daemon) - {first}) == 2

        come("a new process", revived)
        reach(probes, 2, "held")  # who comes later knows of it as well
        assert second in children(daemon)
        assert CliRunner().invoke(app, ["resume", "--url", daemon.url]).exit_code == 0
        reach(probes, 2, "running")
        members = children(daemon)
        assert daemon.stop() == 0
        assert not any(alive(pid) for pid in members)
    log = (house / "stderr.txt").read_text()
    died = [json.loads(line) for line in log.splitlines() if "process.died" in line]
    assert [(one["pid"], one["code"], one["again_in"]) for one in died] == [(first, -9, 0.5)]


def test_a_rolling_restart_replaces_every_process_and_refuses_no_request(house: Path) -> None:
    with serving("--config", "config.yaml", "--processes", "2", folder=house) as daemon:
        before = children(daemon)
        daemon.process.send_signal(signal.SIGUSR2)
        host = daemon.url.removeprefix("http://")
        number = 0
        connection = http.client.HTTPConnection(host, timeout=30)
        while children(daemon) & before:
            number += 1
            body = json.dumps({"metadata": {"number": str(number)}})
            connection.request("POST", "/saga", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            assert (answer.status, bool(answer.read())) == (200, True)
            if answer.getheader("Connection", "").lower() == "close" or number % 5 == 0:
                connection.close()
        connection.close()
        assert len(children(daemon)) == 2
        assert len(get(f"{daemon.url}/api/v1/sagas?limit=500")["items"]) == min(number, 500)
        assert daemon.stop() == 0


def test_a_rolling_restart_into_a_broken_configuration_changes_nothing(house: Path) -> None:
    with serving("--config", "config.yaml", "--processes", "2", folder=house) as daemon:
        before = children(daemon)
        (house / "config.yaml").write_text("store: {type: nothing}\n")
        daemon.process.send_signal(signal.SIGUSR2)

        async def told() -> bool:
            return "process.not_replaced" in (house / "stderr.txt").read_text()

        come("the supervisor to say so", told)
        assert children(daemon) == before
        assert get(f"{daemon.url}/-/healthz") == {"status": "ok"}
        assert daemon.stop() == 0


def test_without_their_supervisor_the_processes_end_by_themselves(house: Path) -> None:
    with serving("--config", "config.yaml", "--processes", "2", folder=house) as daemon:
        members = children(daemon)
        daemon.process.kill()
        daemon.process.wait()

        async def gone() -> bool:
            return not any(alive(pid) for pid in members)

        come("the processes to end", gone)


def test_a_machine_that_is_sent_to_one_process_is_known_to_all(house: Path) -> None:
    with serving("--config", "config.yaml", "--processes", "2", folder=house) as daemon:
        text = MACHINE.replace("machine: door", "machine: gate")
        request = urllib.request.Request(
            f"{daemon.url}/api/v1/machines",
            data=text.encode(),
            headers={"Content-Type": "application/yaml"},
        )
        with urllib.request.urlopen(request) as response:
            assert response.status == 200

        async def known() -> bool:  # each request may meet either of them
            answers = [get(f"{daemon.url}/api/v1/machines")["items"] for _ in range(10)]
            return all({"door", "gate"} <= {one["name"] for one in items} for items in answers)

        come("both to know it", known)


@pytest.mark.parametrize("processes", ["1", "2"])
def test_what_is_wrong_at_the_start_ends_all_of_it_with_its_exit_code(house: Path, processes: str) -> None:
    arguments = ["serve", "--config", str(house / "config.yaml"), "--processes", processes]
    (house / "door.yaml").write_text(MACHINE.replace("{opened: OPEN", "{opened: OPN"))
    wrong = CliRunner().invoke(app, [*arguments, "--port", "0"])
    assert wrong.exit_code == 2
    (house / "door.yaml").write_text(MACHINE)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = CliRunner().invoke(app, [*arguments, "--port", str(taken.getsockname()[1])])
    assert refused.exit_code == 2
    assert "address already in use" in refused.stderr


@pytest.mark.parametrize("store", ["{type: sqlite}", "{type: memory}"])
@pytest.mark.parametrize("asked", [["--processes", "2"], ["--role", "api"], ["--role", "worker"]])
def test_a_store_for_one_process_takes_neither_several_nor_a_part_of_one(
    store: str, asked: list[str], tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text(f"store: {store}\n")
    result = CliRunner().invoke(app, ["serve", "--config", str(tmp_path / "config.yaml"), *asked])
    assert result.exit_code == 2
    assert " ".join(asked) in result.stderr
    assert "mongo" in result.stderr


@pytest.mark.parametrize("asked", ["", "both", "api;worker", "api,nobody"])
def test_a_role_that_is_none_is_a_wrong_usage(asked: str) -> None:
    assert CliRunner().invoke(app, ["serve", "--role", asked]).exit_code == 2


def test_a_worker_answers_probes_and_the_dispatch_and_an_api_daemon_the_rest(house: Path) -> None:
    with (
        serving("--config", "config.yaml", "--role", "api", folder=house) as api,
        serving("--config", "config.yaml", "--role", "worker", folder=house) as worker,
    ):
        start = ["saga", "start", "--metadata", '{"number": "1"}', "--id", "s1", "--url"]
        assert CliRunner().invoke(app, [*start, worker.url]).exit_code != 0
        assert CliRunner().invoke(app, [*start, api.url]).exit_code == 0
        sent = CliRunner().invoke(app, ["saga", "send", "s1", "pushed", "--url", api.url])
        assert sent.exit_code == 0, sent.output

        async def rung() -> bool:
            return bool(get(f"{api.url}/api/v1/sagas/s1")["currentState"] == "OPEN")

        come("the worker to ring", rung)
        assert get(f"{api.url}/-/ready")["dispatch"] == "elsewhere"
        assert CliRunner().invoke(app, ["hold", "--url", api.url]).exit_code == 1
        assert CliRunner().invoke(app, ["hold", "--url", worker.url]).exit_code == 0
        assert get(f"{worker.url}/-/ready")["dispatch"] == "held"
        assert (api.stop(), worker.stop()) == (0, 0)


def test_a_single_process_cannot_be_replaced_and_lives_on(tmp_path: Path) -> None:
    with serving("--data", "kept", folder=tmp_path) as daemon:
        daemon.process.send_signal(signal.SIGUSR2)

        async def told() -> bool:
            return "process.not_replaced" in (tmp_path / "stderr.txt").read_text()

        come("the daemon to say so", told)
        assert get(f"{daemon.url}/-/healthz") == {"status": "ok"}
        assert daemon.stop() == 0


def test_what_a_process_is_given_comes_over_as_it_is() -> None:
    order = Order(
        file=Path("a b.yaml"), host="::1", port=7, data=None, dev=True, roles=("worker",), probes_port=9
    )
    place = Place(number=3, order=order, sockets=(4, 5), line=6)
    assert Place.read(place.written()) == place
