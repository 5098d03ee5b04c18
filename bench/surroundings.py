"""The machine that was measured on: a figure without it means nothing."""

from __future__ import annotations

import os
import platform
import sqlite3
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import apsw

PACKAGES = ("sagaloom", "apsw", "uvloop", "orjson", "aiohttp", "msgspec", "python-statemachine", "jinja2")


def surroundings() -> dict[str, str]:
    """What matters for the figures, by name."""
    return {
        "CPU": f"{_cpu_model()}, {os.cpu_count()} cores",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "SQLite": f"{apsw.sqlite_lib_version()} (apsw), {sqlite3.sqlite_version} (sqlite3)",
        "packages": ", ".join(f"{name} {_version(name)}" for name in PACKAGES),
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def show_surroundings(facts: dict[str, str]) -> None:
    """Print them, one a line."""
    for name, value in facts.items():
        print(f"{name:<12} {value}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
