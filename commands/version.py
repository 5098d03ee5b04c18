"""`sagaloom version`: what runs here."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed

import click

from commands.terminal import print_json, say


def line() -> str:
    """Name and version of this distribution."""
    return f"sagaloom {_version('sagaloom')}"


@click.command("version")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """Show the versions of Sagaloom and of what it stands on."""
    parts = {
        "sagaloom": _version("sagaloom"),
        "python": platform.python_version(),
        "python-statemachine": _version("python-statemachine"),
        "platform": platform.platform(),
    }
    if as_json:
        print_json(parts)
    else:
        for name, text in parts.items():
            say(f"{name} {text}")


def _version(distribution: str) -> str:
    try:
        return installed(distribution)
    except PackageNotFoundError:
        return "(not installed)"
