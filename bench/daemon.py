"""Starts `sagaloom serve` as a process of its own on a loopback port, and ends it by its pid."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from bench.ports import free_port
from bench.workers import WorkerFailed

HERE = Path(__file__).resolve().parent
SHIPPED = HERE.parent / "machines"
NOTES = HERE / "notes.yaml"

START_LIMIT = 60.0
STOP_LIMIT = 30.0
"""Seconds; a daemon that takes longer is killed."""

LOOK_EVERY = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """A running daemon. `ready_after` is seconds from exec to the first 200 on /-/ready."""

    pid: int
    port: int
    ready_after: float


@contextmanager
def serving(
    folder: Path, machines: Sequence[Path] = (NOTES,), *, store: str = "engine.db"
) -> Iterator[Daemon]:
    """A daemon on a SQLite store in `folder`; gone when the block is left.

    Raises:
        WorkerFailed: It did not become ready; the message holds the end of its log.
    """
    port, config = free_port(), folder / "config.yaml"
    config.write_text(
        json.dumps(
            {
                "store": {"type": "sqlite", "path": store},
                "machines": [str(path) for path in machines],
                "http": {"host": "127.0.0.1", "port": port},
                "log": {"level": "warning"},
            }
        )
    )
    log = folder / "daemon.log"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "cli", "serve", "--config", str(config)]
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=HERE.parent, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            _wait_until_ready(process, port, log)
            yield Daemon(pid=process.pid, port=port, ready_after=time.perf_counter() - began)
        finally:
            _stop(process)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.perf_counter() + START_LIMIT
    while not _is_ready(port):
        if process.poll() is not None or time.perf_counter() > end:
            said = log.read_text(errors="replace")[-800:]
            raise WorkerFailed(f"the daemon did not become ready (exit {process.returncode}): {said}")
        time.sleep(LOOK_EVERY)


def _is_ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/-/ready")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.kill(process.pid, signal.SIGTERM)
    try:
        process.wait(STOP_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
