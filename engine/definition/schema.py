"""The JSON Schema of a machine file, as shipped for editors and as the reader obeys it."""

from __future__ import annotations

import copy
import json
from functools import cache
from importlib.resources import files
from typing import Any

_FILE = "machine.schema.json"


def machine_schema() -> dict[str, Any]:
    """A copy of the draft-07 schema; what `sagaloom schema` prints."""
    return copy.deepcopy(shared_schema())


@cache
def shared_schema() -> dict[str, Any]:
    """The schema itself: read it, never change it."""
    schema: dict[str, Any] = json.loads(files("engine.definition").joinpath(_FILE).read_text("utf-8"))
    return schema
