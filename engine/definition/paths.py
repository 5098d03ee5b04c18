"""Dotted paths, which most expressions are: to functions without Jinja2, and as fast as can be.

Also what compiled expressions are made of, for `syntax`, which compiles all the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.definition import operations as ops

NAMES = ("metadata", "payload", "saga", "event", "now", "variables")
MAX_SOURCE = 2_000
"""Characters of an expression; a longer guard is a program."""

Evaluate = Callable[[Mapping[str, Any]], Any]
DottedPath = tuple[str, ...]

_PATH_SOURCE = rf"(?:{'|'.join(NAMES)})(?:\.[A-Za-z][A-Za-z0-9_]*)*"
_PATH = re.compile(_PATH_SOURCE)
_PATH_IN_TEXT = re.compile(r"\{\{ *(" + _PATH_SOURCE + r") *\}\}")
"""Most expressions are dotted paths; a machine of 10,000 lines has a thousand of them."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """How to get the value, and which paths that reads."""

    evaluate: Evaluate
    reads: frozenset[DottedPath]


def only_path(source: str) -> Compiled | None:
    """The expression, if it is nothing but a dotted path."""
    if len(source) > MAX_SOURCE or not _PATH.fullmatch(source):
        return None
    return _compiled(source)


def only_paths(source: str) -> tuple[str | Compiled, ...] | None:
    """The literal parts and expressions of a text, if these are nothing but dotted paths."""
    pieces = _PATH_IN_TEXT.split(source)
    literals, paths = pieces[::2], pieces[1::2]
    if any("{{" in text or "{%" in text for text in literals):
        return None
    parts = [
        part
        for index, text in enumerate(literals)
        for part in (text, *map(_compiled, paths[index : index + 1]))
    ]
    return tuple(part for part in parts if part != "")


def getter(path: DottedPath) -> Evaluate:
    """Reads a path of mapping keys; the usual lengths without a loop."""
    if len(path) == 1:
        return lambda names: names[path[0]] if path[0] in names else _explain(names, path)
    if len(path) == 2:
        return _getter_of_two(path)
    return _getter_of_many(path)


def _getter_of_two(path: DottedPath) -> Evaluate:
    name, key = path

    def get(names: Mapping[str, Any]) -> Any:
        try:
            return names[name][key]
        except (KeyError, TypeError, IndexError):
            return _explain(names, path)

    return get


def _getter_of_many(path: DottedPath) -> Evaluate:
    def get(names: Mapping[str, Any]) -> Any:
        value: Any = names
        try:
            for key in path:
                value = value[key]
        except (KeyError, TypeError, IndexError):
            return _explain(names, path)
        return value

    return get


def _explain(names: Mapping[str, Any], path: DottedPath) -> Any:
    """Read again, slowly, to say which part of the path is not there."""
    value: Any = names
    for index, key in enumerate(path):
        value = ops.read(value, key, ".".join(path[: index + 1]))
    return value


def _compiled(source: str) -> Compiled:
    path = tuple(source.split("."))
    return Compiled(getter(path), frozenset((path,)))
