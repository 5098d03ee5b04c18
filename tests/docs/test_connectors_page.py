"""docs/connectors.md has every key of the schema, and no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hub.connectors import BUILT_IN
from providers.connector_filters import KNOWN
from tests.architecture.source import ROOT
from tests.docs.pages import page, table_cells

FOLDER = ROOT / "providers" / "connectors"
SCHEMA: dict[str, Any] = json.loads((FOLDER / "connector.schema.json").read_text())


def keys(name: str, schema: dict[str, Any]) -> Iterator[str]:
    """Of a mapping and of those written out inside it, each with the mapping's name before it."""
    for key, part in schema.get("properties", {}).items():
        yield f"{name}.{key}" if name else key
        yield from keys(key, part)


def test_every_key_of_the_schema_is_documented_and_no_other() -> None:
    found = set(keys("", SCHEMA))
    for name, definition in SCHEMA["definitions"].items():
        found |= set(keys(name, definition))
    text = page("docs/connectors.md").partition("## The file")[2]
    documented = set(table_cells(text)) - {"key"}
    assert documented == found


def test_every_built_in_connector_is_named_and_there_is_no_other_file() -> None:
    text = page("docs/connectors.md")
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(BUILT_IN)
    assert [name for name in BUILT_IN if f"`{name}`" not in text] == []


def test_every_filter_is_documented() -> None:
    text = page("docs/connectors.md").partition("| filter |")[2].partition("\n\n")[0]
    assert [name for name in KNOWN if f"`{name}`" not in text] == []
