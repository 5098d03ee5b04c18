"""docs/configuration.md knows every key of config.yaml, and the example is a good one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.architecture.source import ROOT
from tests.docs.pages import page

SCHEMA: dict[str, Any] = json.loads((ROOT / "engine/config.schema.json").read_text())


def _keys(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for child in schema.values():
            yield from _keys(child)
    elif isinstance(schema, list):
        for child in schema:
            yield from _keys(child)


def _types(schema: object) -> Iterator[str]:
    """The kinds of store, channel and provider."""
    if isinstance(schema, dict):
        kind = schema.get("type")
        if isinstance(kind, dict):
            yield from kind.get("enum", [])
        for child in schema.values():
            yield from _types(child)


@pytest.mark.parametrize("key", sorted({*_keys(SCHEMA), *_types(SCHEMA)}))
def test_a_configuration_key_is_documented(key: str) -> None:
    text = page("docs/configuration.md")
    assert re.search(rf"`(?:[\w.]+\.)?{re.escape(key)}(?::[^`]*)?`|^\s*{re.escape(key)}:", text, re.M)


def test_the_example_shows_every_top_level_key() -> None:
    text = page("config.example.yaml")
    assert [key for key in SCHEMA["properties"] if not re.search(rf"^#? ?{key}:", text, re.M)] == []


def test_the_example_holds_nothing_that_the_schema_does_not_know() -> None:
    example = yaml.safe_load(page("config.example.yaml"))
    assert set(example) <= set(SCHEMA["properties"])
