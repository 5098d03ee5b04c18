from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from commands import wiring
from engine.config import load_config
from hub.registry import PROVIDERS

HOUSE = Path(__file__).parents[3]
SCHEMA: dict[str, Any] = json.loads((HOUSE / "engine" / "config.schema.json").read_text())
PAGE = (HOUSE / "docs" / "configuration.md").read_text()
EXAMPLE = HOUSE / "config.example.yaml"
KINDS = {"store": "store", "channel": "channels", "provider": "providers"}


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without their back quotes."""
    text = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    found = [
        [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    return found[2:]


def variants(kind: str) -> dict[str, set[str]]:
    """Type -> its options, as the schema has them."""
    prefix = f"{kind}."
    found = {name: body for name, body in SCHEMA["definitions"].items() if name.startswith(prefix)}
    return {name.removeprefix(prefix): set(body["properties"]) - {"type"} for name, body in found.items()}


def keys_of_schema() -> set[str]:
    keys = set(SCHEMA["properties"])
    for name in (
        "http",
        "access",
        "log",
        "checkout",
        "gateway",
        "files",
        "invoices",
        "mail",
        "sms",
        "messages",
        "merchant",
    ):
        keys |= {f"{name}.{key}" for key in SCHEMA["definitions"][name]["properties"]}
    options = {option for options in variants("store").values() for option in options}
    return keys | {"store.type"} | {f"store.{option}" for option in options}


def test_the_page_documents_every_key_of_the_schema_and_no_other() -> None:
    assert {row[0] for row in rows("Keys")} == keys_of_schema()


def test_the_page_documents_every_type_of_channel_and_provider_with_every_option() -> None:
    for kind, heading in (("channel", "Channels"), ("provider", "Providers")):
        documented = {(row[0], row[1]) for row in rows(heading)}
        expected = {(name, option) for name, options in variants(kind).items() for option in options or {""}}
        assert documented == expected


def test_the_schema_s_types_are_those_that_there_are_adapters_for() -> None:
    for kind, registry in (("store", wiring.STORES), ("channel", wiring.CHANNELS), ("provider", PROVIDERS)):
        assert set(SCHEMA["definitions"][kind]["properties"]["type"]["enum"]) == set(registry)
        assert set(variants(kind)) == set(registry)


def test_the_schema_is_valid_draft_07() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)


def test_the_example_is_valid_for_us_and_for_an_editor() -> None:
    load_config(EXAMPLE)
    jsonschema.Draft7Validator(SCHEMA).validate(yaml.safe_load(EXAMPLE.read_text()))


def test_an_editor_refuses_what_we_refuse() -> None:
    judge = jsonschema.Draft7Validator(SCHEMA)
    for text in (
        "{machnes: [a]}",
        "{store: {type: mysql}}",
        "{store: {type: sqlite, pth: x}}",
        "{http: {maxBody: 5ZB}}",
        "{channels: {a: {type: rest}}}",
        "{channels: {a: {type: rest, url: {file: x, env: y}}}}",
        "{channels: {a: {type: log, url: x}}}",
        "{channels: {a b: {type: log}}}",
    ):
        assert not judge.is_valid(yaml.safe_load(text)), text


def test_the_example_holds_every_key_and_explains_each() -> None:
    example = EXAMPLE.read_text()
    for key in keys_of_schema():
        # There is one store; what another kind has stands in comments.
        assert re.search(rf"^[# ]*{key.rpartition('.')[2]}:", example, flags=re.M), key
    for kind in ("channel", "provider"):
        for name, options in variants(kind).items():
            assert re.search(rf"type: {name}\b", example), name
            for option in options:
                assert re.search(rf"\b{option}:", example), option
