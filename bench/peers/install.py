"""Installs the peers under .peers/ with pip and npm: pinned, no install scripts, nothing outside that folder."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.workers import ROOT, WorkerFailed

HOME = ROOT / ".peers"
APPS = Path(__file__).resolve().parent / "apps"
NODE = HOME / "node"
DBOS_PYTHON = HOME / "venv-dbos" / "bin" / "python"
RESTATE_PYTHON = HOME / "venv-restate" / "bin" / "python"

DBOS = ("dbos==3.4.0", "psycopg[binary]==3.3.9")
RESTATE = ("restate-sdk[serde]==1.3.0", "hypercorn==0.18.0")
NODE_PACKAGES = ("@restatedev/restate-server@1.7.12", "@restatedev/restate-sdk@1.17.2")

LIMIT = 900.0
"""Seconds for one installation on a slow line."""


def install() -> list[str]:
    """Install what is not there yet; the names of the peers that cannot run here, with the reason."""
    HOME.mkdir(exist_ok=True)
    _venv(DBOS_PYTHON, DBOS)
    _venv(RESTATE_PYTHON, RESTATE)
    if shutil.which("npm") is None or shutil.which("node") is None:
        return ["restate: npm and node are not installed here"]
    _node()
    return []


def node_version(package: str) -> str:
    """The version of an installed npm package."""
    text = (NODE / "node_modules" / package / "package.json").read_text()
    return str(json.loads(text)["version"])


def server_binary() -> Path:
    """Restate's server as npm brings it. Raises WorkerFailed: there is none for this machine."""
    found = sorted((NODE / "node_modules" / "@restatedev").glob("restate-server-*/bin/restate-server"))
    if not found:
        raise WorkerFailed("npm brought no Restate server for this machine")
    return found[0]


def _venv(python: Path, packages: Sequence[str]) -> None:
    stamp = python.parent.parent / ".installed"
    if stamp.exists() and stamp.read_text() == repr(packages):
        return
    print(f"installing {', '.join(packages)} ...", flush=True)
    _run([sys.executable, "-m", "venv", str(python.parent.parent)])
    _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages])
    stamp.write_text(repr(packages))


def _node() -> None:
    stamp = NODE / ".installed"
    NODE.mkdir(exist_ok=True)
    for app in APPS.glob("*.mjs"):
        shutil.copy(app, NODE)
    if stamp.exists() and stamp.read_text() == repr(NODE_PACKAGES):
        return
    print(f"installing {', '.join(NODE_PACKAGES)} ...", flush=True)
    (NODE / "package.json").write_text('{"name": "bench-peers", "private": true}\n')
    _run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *NODE_PACKAGES], folder=NODE)
    stamp.write_text(repr(NODE_PACKAGES))


def _run(command: Sequence[str], folder: Path = HOME) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LIMIT, check=False)
    if done.returncode != 0:
        raise WorkerFailed(f"{' '.join(command[:4])} ... ended with {done.returncode}: {done.stderr[-800:]}")
