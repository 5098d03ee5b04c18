"""docs/add-a-provider.md does what it says: its files and commands are run as they stand, against a MyPSP."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.cli.daemon import Running, serving
from tests.docs.pages import FENCE, page
from tests.fakes.waiting import wait_until
from tests.needs import need

HOUSE = Path(__file__).parents[2]
PAGE = page("docs/add-a-provider.md")
BLOCKS = [match["body"] for match in FENCE.finditer(PAGE) if match["info"].split() == ["bash"]]
FILES = {
    match["info"].split("file=")[1]: match["body"]
    for match in FENCE.finditer(PAGE)
    if "file=" in match["info"]
}


class MyPsp(BaseHTTPRequestHandler):
    """What the page says of MyPSP's API, with a charge list that all requests share."""

    charges: dict[str, dict[str, Any]]
    repeats: dict[str, str]

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        if found := re.fullmatch(r"/sandbox/charges/(\w+)/pay", self.path):
            self.pay(self.charges[found[1]])
            self.answer(200, {})
        elif self.headers.get("Authorization") != "Bearer sk_sandbox":
            self.answer(401, {"error": {"code": "wrong_key", "message": "no"}})
        elif self.path == "/v1/charges":
            self.answer(201, self.charge(self.headers["Idempotency-Key"], sent))
        else:
            self.answer(404, {})

    def do_GET(self) -> None:
        charge = self.charges.get(self.path.removeprefix("/v1/charges/"))
        missing = {"error": {"code": "unknown_charge", "message": "no such charge"}}
        self.answer(200 if charge else 404, charge or missing)

    def charge(self, key: str, sent: dict[str, Any]) -> dict[str, Any]:
        number = self.repeats.setdefault(key, f"ch_{len(self.charges) + 1}")
        page = f"https://pay.mypsp.example/{number}"
        return self.charges.setdefault(
            number, {**sent, "id": number, "state": "open", "page": page, "refunded": 0}
        )

    def pay(self, charge: dict[str, Any]) -> None:
        charge["state"] = "paid"
        event = {"id": "ev_1", "charge": charge["id"], "reference": charge["reference"], "state": "paid"}
        body, seconds = json.dumps(event).encode(), str(int(time.time()))
        signed = hmac.new(b"whk_sandbox", f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-MyPSP-Time": seconds, "X-MyPSP-Signature": signed}
        request = urllib.request.Request(charge["webhookUrl"], data=body, headers=headers, method="POST")
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.status == 200

    def answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def mypsp() -> Iterator[str]:
    handler = type("OwnMyPsp", (MyPsp,), {"charges": {}, "repeats": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def folder(tmp_path: Path, mypsp: str) -> Path:
    """The files of the page, with the address of this sandbox in the place of the page's."""
    need("curl", shutil.which("curl"), how="apt-get install curl")
    for name, body in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(body.replace("http://127.0.0.1:9000", mypsp))
    return tmp_path


def test_the_page_leads_from_nothing_to_a_paid_payment(folder: Path, mypsp: str) -> None:
    check, keys, ask, look, click, show = BLOCKS
    run(check, folder)
    run(keys, folder)
    with serving("--config", "config.yaml", folder=folder) as daemon:
        run(ask, folder, daemon)
        reaches(daemon, folder, "redirectToUrl")
        assert "https://pay.mypsp.example/ch_1" in run(look, folder, daemon)
        run(click.replace("http://127.0.0.1:9000", mypsp), folder)
        reaches(daemon, folder, "PAYMENT_EXECUTED")
        assert "PAYMENT_EXECUTED" in run(show, folder, daemon)


def reaches(daemon: Running, folder: Path, word: str) -> None:
    async def found() -> bool:
        look = "curl -s http://127.0.0.1:8080/api/v1/sagas/A-100"
        return word in await asyncio.to_thread(run, look, folder, daemon)

    asyncio.run(wait_until(found, within=60, what=f"A-100 with {word}", every=0.1))


def run(block: str, folder: Path, daemon: Running | None = None) -> str:
    """What the lines print, with this daemon's address and this Python's program in the place of the page's."""
    here = block.replace(".venv/bin/sagaloom", f"{sys.executable} -m cli")
    if daemon is not None:
        here = here.replace("http://127.0.0.1:8080", daemon.url)
    environment = {
        "PYTHONPATH": str(HOUSE),
        "PATH": "/usr/bin:/bin",
        "SAGALOOM_URL": daemon.url if daemon else "",
    }
    done = subprocess.run(
        ["bash", "-euc", here], cwd=folder, env=environment, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
