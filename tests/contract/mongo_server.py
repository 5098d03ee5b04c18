"""A MongoDB for the tests: SecantusDB in a process of its own, once a test run, or what MONGODB_URI names.

SecantusDB is a stand-in with MongoDB's wire protocol; docs/stores.md says what it cannot show. Every test has a
database of its own, which is dropped afterwards.
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path

from pymongo import AsyncMongoClient, MongoClient
from pymongo.errors import PyMongoError

from tests.needs import need

PROGRAM = Path(sys.executable).parent / "secantusd-py"
OPTIONS = "replicaSet=secantus&w=majority&journal=true&heartbeatFrequencyMS=1000&serverMonitoringMode=poll"
"""Polling, since a client that is closed while its second monitor connects leaves a socket to the garbage collector."""

STARTS_IN = 30.0
NOWHERE = Path("/nowhere")
"""The folder of a configuration; this store keeps nothing there."""
_numbers = count()


@cache
def uri() -> str:
    """Where it is; started by the first who asks. Skips the test if there is none."""
    given = os.environ.get("MONGODB_URI", "")
    if given:
        return given
    need_program()
    return Server(Path(tempfile.mkdtemp(prefix="sagaloom-mongo-")), remove=True).start()


def need_program() -> None:
    """Skips a test that starts servers of its own where there is no program for it."""
    need("SecantusDB", PROGRAM.exists(), how="pip install secantusdb==0.7.0b3, or set MONGODB_URI")


@cache
def is_real() -> bool:
    """True on a real MongoDB, where a test may be larger and ask for more."""
    with MongoClient[dict[str, object]](uri()) as client:
        return client.admin.command("hello").get("setName") != "secantus"


def new_database() -> str:
    """A name that no other test has, of this run or of another on the same server."""
    return f"sagaloom_test_{os.getpid()}_{next(_numbers)}"


async def drop(database: str) -> None:
    async with AsyncMongoClient[dict[str, object]](uri()) as client:
        await client.drop_database(database)


class Server:
    """A SecantusDB that a test starts, kills and starts again in the same folder and on the same port."""

    def __init__(self, folder: Path, *, remove: bool = False) -> None:
        self._folder = folder
        self._remove = remove
        self._process: subprocess.Popen[bytes] | None = None
        self.options = OPTIONS
        self.port = _free_port()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def uri(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/?{self.options}"

    def start(self, *more: str) -> str:
        """Its connection string, once it answers. `more`: further arguments."""
        command = [str(PROGRAM), "--host", "127.0.0.1", "--port", str(self.port), "--sync-on-commit"]
        command += ["--enable-test-commands", "--log-level", "ERROR"]
        command += ["--storage-path", str(self._folder / "data"), *more]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder)
        atexit.register(self.stop)
        self._await()
        return self.uri

    def kill(self) -> None:
        """As loss of power, but for the disk's cache."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        self.kill()
        if self._remove:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _await(self) -> None:
        end = time.monotonic() + STARTS_IN
        with MongoClient[dict[str, object]](self.uri, serverSelectionTimeoutMS=500) as client:
            while True:
                try:
                    client.admin.command("ping")
                except PyMongoError:
                    assert self._process is not None
                    assert self._process.poll() is None, (self._folder / "log").read_text()
                    assert time.monotonic() < end, "SecantusDB does not answer"
                else:
                    return


@contextmanager
def guarded(folder: Path, password: str) -> Iterator[Server]:
    """A server of its own that lets in `user` with this password."""
    need_program()
    server = Server(folder)
    with MongoClient[dict[str, object]](server.start()) as client:
        client.admin.command("createUser", "user", pwd=password, roles=["root"])
    server.kill()
    server.start("--auth")
    try:
        yield server
    finally:
        server.stop()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
