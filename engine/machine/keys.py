"""The second handles of a saga, computed from its metadata."""

from __future__ import annotations

from engine.definition.expressions import Expression, Names
from engine.definition.ir import Definition
from engine.errors import ExpressionFailed
from engine.model import Key

MAX_KEY = 256
"""Characters; a longer value is no handle that a person or a provider would use."""


def keys_of(definition: Definition, names: Names) -> tuple[Key, ...]:
    """The keys that the metadata hold by now; one whose data is not there yet is left out.

    Raises:
        ExpressionFailed: A value is neither text nor a whole number, or is too long.
    """
    ready = [(name, key) for name, key in definition.keys if _ready(key, names)]
    found = [(name, _value(definition, name, key, names)) for name, key in ready]
    return tuple(Key(machine=definition.name, name=name, value=value) for name, value in found if value)


def _ready(key: Expression, names: Names) -> bool:
    return all(_there(path, names) for path in key.reads)


def _there(path: tuple[str, ...], names: Names) -> bool:
    node: object = names
    for part in path:
        if not isinstance(node, dict) or node.get(part) is None:
            return False
        node = node[part]
    return True


def _value(definition: Definition, name: str, key: Expression, names: Names) -> str:
    value = key.value(names)
    if isinstance(value, bool) or not isinstance(value, str | int) or len(str(value)) > MAX_KEY:
        raise ExpressionFailed(
            f"{definition.file}: key {name!r} of machine {definition.name!r} must be text or a whole number "
            f"of at most {MAX_KEY} characters"
        )
    return str(value)
