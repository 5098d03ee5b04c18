"""The product's own files, read once, for the tests that judge how the house is built."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("engine", "adapters", "providers", "hub", "web", "commands")


@cache
def modules() -> tuple[Path, ...]:
    """Every Python module of the product, tests and bench aside."""
    return (ROOT / "cli.py", *(path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def kept_files() -> tuple[Path, ...]:
    """All files that git keeps or would keep: what is ignored is nobody's business."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(path for name in sorted(set(listed.split("\0"))) if name and (path := ROOT / name).is_file())


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))
