"""README does what it says: its blocks are run as they stand, against a real daemon."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.daemon import Running, serving
from tests.fakes.waiting import wait_until
from tests.needs import need

HOUSE = Path(__file__).parents[2]
README = (HOUSE / "README.md").read_text()
BLOCKS = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
(CHANGE,) = re.findall(r"```diff\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as a clone is, as far as the blocks look at it."""
    need("curl", shutil.which("curl"), how="apt-get install curl")
    need("patch", shutil.which("patch"), how="apt-get install patch")
    shutil.copytree(HOUSE / "machines", tmp_path / "machines")
    shutil.copy(HOUSE / "config.example.yaml", tmp_path / "config.yaml")
    return tmp_path


def test_a_payment_is_created_paid_and_shown_with_its_history(folder: Path) -> None:
    with serving("--config", "config.yaml", folder=folder) as daemon:
        create, ask, look, picture = (
            _block(word) for word in ("machine=payment", "/event", "/history", "draw")
        )
        assert json.loads(_run(create, daemon, folder))["sagaId"].startswith("payment-")
        assert json.loads(_run(ask, daemon, folder))["result"] == "applied"
        _reaches(daemon, folder, "A-100", "PAYMENT_EXECUTED")
        shown = _run(look, daemon, folder)
        for event in ("paymentCreated", "scheduleRequested", "paymentExecuted"):
            assert event in shown
        assert "PAYMENT_EXECUTED" in _run(picture, daemon, folder)
        assert "taken" in (folder / "payment.svg").read_text()


def test_a_flow_is_changed_by_editing_yaml_alone(folder: Path) -> None:
    subprocess.run(["patch", "-p1"], input=CHANGE, text=True, cwd=folder, check=True, capture_output=True)
    order = folder / "machines" / "order.yaml"
    order.write_text(order.read_text().replace("10s: {event: reviewExpired", "1s: {event: reviewExpired"))
    with serving("--config", "config.yaml", folder=folder) as daemon:
        _run(_block("validate machines").splitlines()[0], daemon, folder)
        start = _block("machine=order").split(".venv")[0]
        _run(start, daemon, folder)
        _reaches(daemon, folder, "B-7", "ORDER_DELIVERED")
        path = json.loads(_run("curl -s http://127.0.0.1:8080/api/v1/sagas/B-7", daemon, folder))
        assert "ORDER_IN_REVIEW" in [row["state"] for row in path["history"]["states"]]
        assert "reviewExpired" in path["events"]
        _run(start.replace("B-7", "B-8").replace("250000", "2500"), daemon, folder)
        _reaches(daemon, folder, "B-8", "ORDER_DELIVERED")
        small = json.loads(_run("curl -s http://127.0.0.1:8080/api/v1/sagas/B-8", daemon, folder))
        assert "ORDER_IN_REVIEW" not in [row["state"] for row in small["history"]["states"]]


def _block(word: str) -> str:
    blocks: list[str] = [block for block in BLOCKS if word in block]
    assert len(blocks) == 1, f"README has {len(blocks)} blocks with {word}"
    return blocks[0]


def _run(block: str, daemon: Running, folder: Path) -> str:
    """What the lines print, with this daemon's address and this Python's program in the place of the README's."""
    here = block.replace("http://127.0.0.1:8080", daemon.url)
    here = here.replace(".venv/bin/sagaloom", f"{sys.executable} -m cli")
    done = subprocess.run(
        ["bash", "-euc", here],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(HOUSE), "SAGALOOM_URL": daemon.url},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _reaches(daemon: Running, folder: Path, handle: str, state: str) -> None:
    async def found() -> bool:
        look = f"curl -s http://127.0.0.1:8080/api/v1/sagas/{handle}"
        answer = json.loads(await asyncio.to_thread(_run, look, daemon, folder))
        return bool(answer.get("currentState") == state)

    asyncio.run(wait_until(found, within=60, what=f"{handle} in {state}", every=0.1))
