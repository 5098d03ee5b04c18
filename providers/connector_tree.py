"""Texts of the mapping language at any depth of JSON: bodies of requests.

Pure. `{$each: "{list}", $as: ...}` stands for a list, with what `$as` says of each `item`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from providers.connector_text import BadText, Scope, Text, compile_text

Build = Callable[[Scope], Any]
Complain = Callable[[tuple[str | int, ...], str], None]
"""Told where in the file something is wrong, and what."""

EACH, AS = "$each", "$as"


def compile_tree(
    value: Any, path: tuple[str | int, ...], check: Callable[[Text], None], no: Complain
) -> Build:
    """JSON with texts in it, at any depth; `{$each: "{list}", $as: …}` repeats what it has for each `item`.

    `check` looks at each text (and may raise BadText), `no` is told what does not compile.
    """
    if isinstance(value, str):
        return _leaf(value, path, check, no)
    if isinstance(value, list):
        items = [compile_tree(one, (*path, index), check, no) for index, one in enumerate(value)]
        return lambda scope: [one for one in (item(scope) for item in items) if one is not None]
    if not isinstance(value, dict):
        return lambda scope: value
    pairs = {key: compile_tree(one, (*path, key), check, no) for key, one in value.items()}
    if EACH in pairs:
        if set(pairs) != {EACH, AS}:
            no(path, f"{EACH} needs {AS}, and nothing else beside it")
        return _repeated(pairs[EACH], pairs.get(AS, lambda scope: None))
    return lambda scope: _filled(pairs, scope)


def _leaf(source: str, path: tuple[str | int, ...], check: Callable[[Text], None], no: Complain) -> Build:
    try:
        text = compile_text(source)
        check(text)
    except BadText as error:
        no(path, str(error))
        return lambda scope: None
    return text.value


def _repeated(source: Build, build: Build) -> Build:
    def repeat(scope: Scope) -> Any:
        found = source(scope)
        return [build({**scope, "item": item}) for item in found] if isinstance(found, list) else None

    return repeat


def _filled(pairs: Mapping[str, Build], scope: Scope) -> Any:
    """None for a mapping of which nothing is there, so that an optional part goes as a whole."""
    built = {key: build(scope) for key, build in pairs.items()}
    there = {key: value for key, value in built.items() if value is not None}
    return there if there or not pairs else None
