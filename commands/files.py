"""Which machine files the arguments of a command mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import click

from commands.terminal import safe

_CONNECTOR = re.compile(r"^[\"']?connector[\"']?[ \t]*:", re.M)


def is_connector(path: Path) -> bool:
    """Whether a YAML file has the top key `connector`: a machine has not."""
    try:
        return _CONNECTOR.search(path.read_text("utf-8", errors="replace")) is not None
    except OSError:
        return False


def machine_files(paths: Sequence[Path]) -> list[Path]:
    """Files as they are, folders as the *.yaml and *.yml under them, scenario files and hidden folders aside.

    Raises:
        click.UsageError: A folder has none.
    """
    files: list[Path] = []
    for path in paths:
        found = _under(path) if path.is_dir() else [path]
        if not found:
            raise click.UsageError(f"There is no machine file (*.yaml) in {safe(path)}.")
        files += found
    return list(dict.fromkeys(files))


def _under(folder: Path) -> list[Path]:
    found = [path for ending in ("*.yaml", "*.yml") for path in folder.rglob(ending)]
    return sorted(path for path in found if _is_machine(path.relative_to(folder)) and path.is_file())


def _is_machine(path: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.parts)
    return not hidden and not path.stem.endswith(".scenarios")
