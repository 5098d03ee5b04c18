"""How an event's payload and `set` change a saga's metadata. Never changes what it is given."""

from __future__ import annotations

from collections.abc import Sequence

from engine.definition.expressions import Names
from engine.definition.ir import Assignment, Merge
from engine.model import Json


def merged(metadata: Json, payload: Json, mode: Merge) -> Json:
    """`payload` laid over `metadata`.

    `shallow`: its top-level keys win. `deep`: objects are merged key by key, all else is replaced.
    `deepConcat`: as deep, and arrays are appended. `none`: the payload is not kept.
    """
    if not payload or mode == "none":
        return metadata
    if mode == "shallow":
        return {**metadata, **payload}
    return _deep(metadata, payload, concat=mode == "deepConcat")


def _deep(old: Json, new: Json, *, concat: bool) -> Json:
    result = dict(old)
    for key, value in new.items():
        before = result.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            result[key] = _deep(before, value, concat=concat)
        elif concat and isinstance(before, list) and isinstance(value, list):
            result[key] = [*before, *value]
        else:
            result[key] = value
    return result


def assigned(metadata: Json, assignments: Sequence[Assignment], names: Names) -> Json:
    """`set` done line by line: each line sees what the lines before it wrote.

    An object on the way is made where there is none; anything else on the way gives place to one.
    """
    for assignment in assignments:
        value = assignment.value.render({**names, "metadata": metadata})
        metadata = _put(metadata, assignment.path, value)
    return metadata


def _put(node: object, path: tuple[str, ...], value: object) -> Json:
    fields = dict(node) if isinstance(node, dict) else {}
    head, *rest = path
    fields[head] = _put(fields.get(head), tuple(rest), value) if rest else value
    return fields
