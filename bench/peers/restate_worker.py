"""Worker: the order saga on Restate: its server, a handler process (Node or Python SDK), a lean client in here.

`python -m bench.peers.restate_worker --folder F node|python`. Ends both processes by their pids.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvloop

from bench.http_client import Connection, json_request
from bench.loop import OneSaga, measure, read_block, tell
from bench.orders import order
from bench.peers.install import APPS, NODE, RESTATE, RESTATE_PYTHON, node_version, server_binary
from bench.ports import free_port

CONFIG = """\
roles = ["http-ingress", "admin", "worker", "log-server", "metadata-server"]
node-name = "bench"
cluster-name = "bench"
disable-telemetry = true
log-filter = "warn"
listen-mode = "tcp"
bind-ip = "127.0.0.1"
bind-port = {node}
advertised-host = "127.0.0.1"
[ingress]
bind-port = {ingress}
[admin]
bind-port = {admin}
disable-web-ui = true
"""

READY_LIMIT = 60.0
FIRST_SAGAS = 20


@contextmanager
def _process(command: Sequence[str], folder: Path, log: Path, port: int) -> Iterator[int]:
    with log.open("ab") as out:
        env = {**os.environ, "PORT": str(port)}
        process = subprocess.Popen(
            command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
        try:
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _handlers(sdk: str, port: int) -> tuple[list[str], Path]:
    if sdk == "node":
        return ["node", "restate_app.mjs"], NODE
    hypercorn = RESTATE_PYTHON.parent / "hypercorn"
    return [str(hypercorn), "--bind", f"127.0.0.1:{port}", "restate_app:app"], APPS


def _sdk_version(sdk: str) -> str:
    if sdk == "node":
        return node_version("@restatedev/restate-sdk")
    return RESTATE[0].rpartition("==")[2]


async def _answers(port: int, method: str, path: str, body: bytes = b"") -> None:
    """Ask until the answer is a 2xx; what it says does not matter."""
    end = time.monotonic() + READY_LIMIT
    while True:
        try:
            connection = await Connection.open(port)
            status, _ = await connection.request(method, path, body)
            connection.close()
            if status < 300:
                return
        except OSError:
            status = 0
        if time.monotonic() > end:
            raise TimeoutError(f"{method} {path} on port {port}: {status}")
        await asyncio.sleep(0.2)


def _saga_over(ingress: int) -> OneSaga:
    idle: list[Connection] = []

    async def one_saga(number: int) -> None:
        connection = idle.pop() if idle else await Connection.open(ingress)
        path = f"/Order/{uuid.uuid4().hex}/run"
        status, result = await json_request(connection, "POST", path, order(number))
        assert status == 200, (status, result)
        assert result["status"] == "delivered"
        idle.append(connection)

    return one_saga


async def _main() -> None:
    block, (sdk,) = read_block()
    ports = {name: free_port() for name in ("node", "ingress", "admin", "handlers")}
    config, log = block.folder / "restate.toml", block.folder / "restate.log"
    config.write_text(CONFIG.format(**ports))
    base = block.folder / "restate"
    server = [str(server_binary()), "--no-logo", "-c", str(config), "--base-dir", str(base)]
    command, folder = _handlers(sdk, ports["handlers"])
    with (
        _process(server, block.folder, log, 0) as server_pid,
        _process(command, folder, log, ports["handlers"]) as handlers_pid,
    ):
        await _answers(ports["admin"], "GET", "/health")
        deployment = {"uri": f"http://127.0.0.1:{ports['handlers']}", "force": True}
        await _answers(ports["admin"], "POST", "/deployments", json.dumps(deployment).encode())
        one_saga = _saga_over(ports["ingress"])
        for number in range(FIRST_SAGAS):
            await one_saga(number)
        result = await measure(one_saga, block, others=[server_pid, handlers_pid])
    version = f"{node_version('@restatedev/restate-server')}, SDK {_sdk_version(sdk)}"
    tell(result, system=f"restate, {sdk} SDK", version=version)


if __name__ == "__main__":
    uvloop.run(_main())
