"""Modules and functions stay small, names say something, and nothing is left unfinished."""

from __future__ import annotations

import ast
import re
from statistics import median

from tests.architecture.source import kept_files, modules, shown, tree

MOST_LINES = 400
SAYS_NOTHING = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "service", "services"}
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|HACK)\b|NotImplementedError")
REGISTRIES = [
    ".".join(parts)  # in parts, so that this file names none either
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("proxy", "golang", "org"),
    )
]


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body: signature and docstring are what the reader is glad of."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_no_module_is_longer_than_its_reader_can_hold() -> None:
    long = {shown(path): len(path.read_text().splitlines()) for path in modules()}
    assert {name: lines for name, lines in long.items() if lines > MOST_LINES} == {}


def test_functions_are_short() -> None:
    functions = [
        node
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert median(map(_lines, functions)) < 10
    assert {f"{node.name}:{_lines(node)}" for node in functions if _lines(node) > 60} == set()


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [shown(path) for path in modules() if {path.stem, path.parent.name} & SAYS_NOTHING] == []


def test_nothing_in_the_product_is_left_unfinished() -> None:
    found = [
        f"{shown(path)}:{number}"
        for path in modules()
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if UNFINISHED.search(line)
    ]
    assert found == []


def test_every_module_says_what_lives_in_it() -> None:
    silent = [shown(path) for path in modules() if tree(path).body and not ast.get_docstring(tree(path))]
    assert silent == []


def test_no_file_names_a_package_registry() -> None:
    found = []
    for path in kept_files():
        text = path.read_bytes().decode("utf-8", errors="ignore")
        found += [f"{shown(path)} names {host}" for host in REGISTRIES if host in text]
    assert found == []
