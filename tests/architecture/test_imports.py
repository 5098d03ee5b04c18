"""The layers hold, and what is imported is what pyproject.toml declares."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

from tests.architecture.source import ROOMS, ROOT, modules, tree

RUN_AS_A_PROGRAM = {"graphviz-pure", "tzdata"}  # engine/drawing/layout.py; what zoneinfo reads
OURS = {*ROOMS, "cli", "tests", "bench", "machines"}


def test_every_import_contract_is_kept() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _imported(files: Iterable[Path]) -> set[str]:
    names: set[str] = set()
    for node in (node for path in files for node in ast.walk(tree(path))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names - OURS - set(sys.stdlib_module_names)


def _distributions(names: Iterable[str]) -> set[str]:
    known = packages_distributions()
    return {_normal(known.get(name, [name])[0]) for name in names}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _declared(requirements: Iterable[str]) -> set[str]:
    return {_normal(re.split(r"[\s<>=!~;\[]", line, maxsplit=1)[0]) for line in requirements}


PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EVERYTHING = _declared([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]])


def test_the_product_declares_exactly_what_it_imports() -> None:
    assert _distributions(_imported(modules())) == _declared(PROJECT["dependencies"]) - RUN_AS_A_PROGRAM


def test_the_tests_import_only_what_is_declared() -> None:
    assert _distributions(_imported((ROOT / "tests").rglob("*.py"))) <= EVERYTHING


def test_everything_that_is_declared_is_pinned_with_hashes() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {_normal(line.split("==")[0]) for line in lines if re.match(r"[A-Za-z0-9].*==.* \\$", line)}
    assert pinned >= EVERYTHING
    assert not [line for line in lines if re.search(r"://|^-", line)]
