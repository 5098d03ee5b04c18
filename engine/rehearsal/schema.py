"""The JSON Schema of scenario files, as shipped for editors and as the reader obeys it."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def scenario_schema() -> dict[str, Any]:
    """The draft-07 schema, without $ref: read it, never change it."""
    text = files("engine.rehearsal").joinpath("scenarios.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
