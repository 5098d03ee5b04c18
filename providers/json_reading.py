"""Reading JSON that a provider sent: whatever is missing or of another type reads as nothing, never raises.

Pure; used by the providers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

Doc = Mapping[str, Any]

_LARGEST = 2**53
"""Every parser of JSON reads integers up to here exactly (RFC 8259), and every store can hold them."""


def parsed(body: bytes) -> Doc | None:
    """The JSON object of a body; None if it is no JSON, or no object."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def at(found: object, *path: str | int) -> object:
    """What lies at the end of a path of keys and positions; None if there is no such path."""
    for step in path:
        if isinstance(step, int):
            found = found[step] if isinstance(found, list) and len(found) > step else None
        else:
            found = found.get(step) if isinstance(found, Mapping) else None
    return found


def text(found: object, *path: str | int) -> str:
    """A text; "" if there is none."""
    value = at(found, *path)
    return value if isinstance(value, str) else ""


def whole(found: object, *path: str | int) -> int | None:
    """An integer; None for anything else, booleans and 1.0 too, and for what is too large to be read exactly."""
    value = at(found, *path)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST:
        return None
    return value


def inner(found: object, *path: str | int) -> Doc:
    """An object; an empty one if there is none."""
    value = at(found, *path)
    return value if isinstance(value, Mapping) else {}


def items(found: object, *path: str | int) -> list[Doc]:
    """The objects of a list, without what is no object; empty if there is no list."""
    value = at(found, *path)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
