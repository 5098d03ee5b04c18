"""A PostgreSQL 15 of our own under .peers/, on a loopback port, where Debian's package is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.peers.install import HOME
from bench.ports import free_port
from bench.workers import WorkerFailed

BINARIES = Path("/usr/lib/postgresql/15/bin")
SETTINGS = ("fsync=on", "synchronous_commit=on", "shared_buffers=1GB", "max_connections=100")
DATABASE = "order_bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where it listens, and whose CPU time counts."""

    url: str
    pid: int


@contextmanager
def running() -> Iterator[Server | None]:
    """A server on an empty cluster, gone when the block is left; None where there is no PostgreSQL 15."""
    if not BINARIES.is_dir():
        yield None
        return
    home, port = HOME / "postgres", free_port()
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    owner = _owner(home)
    _run([_program("initdb"), "-D", f"{home}/data", "-A", "trust", "-U", "postgres"], owner)
    settings = [f"-c{setting}" for setting in (*SETTINGS, f"port={port}", "listen_addresses=127.0.0.1")]
    command = [_program("postgres"), "-D", f"{home}/data", f"-cunix_socket_directories={home}", *settings]
    process = subprocess.Popen(
        command, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **owner
    )
    try:
        _make_database(port, owner)
        yield Server(url=f"postgresql+psycopg://postgres@127.0.0.1:{port}/{DATABASE}", pid=process.pid)
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(home, ignore_errors=True)


def _owner(home: Path) -> dict[str, Any]:
    """PostgreSQL does not run as root: root hands it to the user that Debian's package made."""
    if os.geteuid() != 0:
        return {}
    postgres = pwd.getpwnam("postgres")
    os.chown(home, postgres.pw_uid, postgres.pw_gid)
    return {"user": postgres.pw_uid, "group": postgres.pw_gid, "extra_groups": []}


def _make_database(port: int, owner: dict[str, Any]) -> None:
    command = [_program("createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", DATABASE]
    for _ in range(50):
        if subprocess.run(command, capture_output=True, check=False, cwd="/", **owner).returncode == 0:
            return
        time.sleep(0.2)
    raise WorkerFailed("PostgreSQL did not take connections within 10 s")


def _program(name: str) -> str:
    return str(BINARIES / name)


def _run(command: Sequence[str], owner: dict[str, Any]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False, timeout=120, **owner)
    if done.returncode != 0:
        raise WorkerFailed(f"{command[0]} ended with {done.returncode}: {done.stderr[-500:]}")
