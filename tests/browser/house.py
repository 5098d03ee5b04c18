"""What the browser tests share: one daemon with a store of its own, one Chromium, and people who are logged in.

The daemon runs as people run it, in a process of its own; only its waits are shorter.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import Browser, Page, Playwright

from hub.access.roles import Role
from tests.cli.daemon import Running, serving
from tests.needs import need

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PASSWORD = "correct horse battery"
CONFIG = """
store: {type: sqlite, path: data/sagaloom.db}
machines: [machines/]
defaultMachine: payment
channels:
  payments: {type: payments}
  warehouse: {type: python, handler: "adapters.channels.demo:warehouse"}
  couriers: {type: python, handler: "adapters.channels.demo:couriers"}
  notifications: {type: log}
  ferry: {type: python, handler: "tests.browser.ferry:ferry"}
providers:
  sandbox: {type: sandbox, callbackAfter: 0.3}
checkout: {title: Demo shop, pollingInterval: 1s, requestsPerMinute: 600}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A running daemon and the cookies of those who are logged in there."""

    daemon: Running
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.daemon.url

    @property
    def first_password(self) -> str:
        """What the daemon printed for `admin` at its first start."""
        (line,) = (line for line in self.daemon.lines if line.startswith("First login:"))
        return line.split()[3]

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[HTTPResponse, bytes]:
        """An answer as it comes over the wire, redirects and compression left alone."""
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def call(self, method: str, path: str, value: object = None) -> Any:
        """What the HTTP API answers; it must agree."""
        body = None if value is None else json.dumps(value).encode()
        answer, text = self.ask(method, path, body, {"Content-Type": "application/json"})
        assert answer.status < 400, f"{method} {path}: {text!r}"
        return json.loads(text)

    def cookie_of(self, role: Role) -> str:
        """The session of a user with this role, who is made at the first call."""
        if role not in self.cookies:
            if role != "admin":
                self.call("POST", "/api/v1/users", {"name": role, "password": PASSWORD, "role": role})
            password = self.first_password if role == "admin" else PASSWORD
            self.cookies[role] = self.log_in(role, password)
        return self.cookies[role]

    def log_in(self, name: str, password: str) -> str:
        """The token of a new session."""
        form = urlencode({"name": name, "password": password}).encode()
        answer, text = self.ask("POST", "/login", form, {"Content-Type": "application/x-www-form-urlencoded"})
        assert answer.status == 303, text
        found = re.search(r"sagaloom_session=([^;]+)", answer.headers["Set-Cookie"])
        assert found is not None
        return found[1]


class Enter(Protocol):
    """Somebody before the daemon's pages, with a browser context of their own: a user with a role, or nobody."""

    def __call__(self, role: Role | None = None, *, language: str = "en", width: int = 1280) -> Page: ...


@contextmanager
def open_house(folder: Path, *filling: str) -> Iterator[House]:
    """A daemon in `folder`, stopped at the end.

    Its machines are those that come with it, and parcel.yaml unless `filling`, a command, fills the store before.
    """
    here = Path(__file__).parent
    shutil.copytree(here.parents[1] / "machines", folder / "machines")
    (folder / "config.yaml").write_text(CONFIG)
    if filling:
        run = [sys.executable, "-m", "cli", *filling, "--config", "config.yaml", "--data", "data"]
        subprocess.run(run, cwd=folder, env={**os.environ, "PYTHONPATH": str(here.parents[1])}, check=True)
    else:
        shutil.copy(here / "parcel.yaml", folder / "machines")
    with serving("--config", "config.yaml", "--data", "data", folder=folder) as daemon:
        yield House(daemon=daemon)


def launch(playwright: Playwright) -> Browser:
    """The system's Chromium; the test is skipped aloud where there is none."""
    need("Chromium", Path(CHROMIUM).exists(), how="apt-get install chromium")
    return playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
