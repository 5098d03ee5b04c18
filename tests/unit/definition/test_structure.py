"""The walker obeys the schema as jsonschema does, and parser, schema and page know the same keys."""

from __future__ import annotations

import ast
import copy
import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from engine.definition import flow_parser, lines, parser
from engine.definition.reporter import Reporter
from engine.definition.schema import machine_schema
from engine.definition.structure import KNOWN_KEYWORDS, check_structure
from engine.definition.tree import parse
from tests.architecture.source import ROOT
from tests.unit.definition.samples import DOOR, ORDER, codes

SCHEMA = machine_schema()
ORACLE = Draft7Validator(SCHEMA)
VALUES: list[Any] = [None, True, 0, 1, -1, 1.0, 1.5, "", "x", "15m", "a b", "$x", "deep", [], ["x"], ["x", "x"], [1], {}, {"to": "x"}, {"x": 1}]  # fmt: skip


def _schemas(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for key, part in schema.items():
            parts = part.values() if key in ("properties", "definitions") else [part]
            for each in parts:
                yield from _schemas(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _schemas(each)


def _keys() -> set[str]:
    return {key for schema in _schemas(SCHEMA) for key in schema.get("properties", {})}


def _paths(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    parts = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, part in parts:
        yield from _paths(part, (*path, key))


def _reported(data: Any) -> set[str]:
    report = Reporter("m.yaml", parse("a: 1"))
    check_structure(data, report)
    return set(report.codes)


def test_the_schema_is_draft_07_and_uses_only_what_the_walker_obeys() -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert {key for schema in _schemas(SCHEMA) for key in schema} <= KNOWN_KEYWORDS


def test_every_key_has_help_for_editors() -> None:
    definitions = SCHEMA["definitions"]
    silent = [
        key
        for schema in _schemas(SCHEMA)
        for key, part in schema.get("properties", {}).items()
        if not part.get("description") and not definitions[part["$ref"].rpartition("/")[2]].get("description")
    ]
    assert silent == []


def test_nobody_can_change_the_schema_of_others() -> None:
    machine_schema()["properties"].clear()
    assert machine_schema() == SCHEMA


def test_the_parser_reads_exactly_the_keys_of_the_schema() -> None:
    texts = {
        node.value
        for module in (parser, flow_parser, lines)
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert _keys() <= texts


def test_the_page_documents_exactly_the_keys_of_the_schema() -> None:
    page = (ROOT / "docs" / "machine-format.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| `")]
    documented = {cell.strip("`").rpartition(".")[2] for cell in rows}
    assert documented == _keys()


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_the_walker_and_jsonschema_agree_on_what_is_well_formed(draw: st.DataObject) -> None:
    data = copy.deepcopy(parse(draw.draw(st.sampled_from([ORDER, DOOR]))).data)
    for _ in range(draw.draw(st.integers(1, 3))):
        *start, last = draw.draw(st.sampled_from([path for path in _paths(data) if path]))
        holder = data
        for step in start:
            holder = holder[step]
        action = draw.draw(st.sampled_from(["replace", "remove", "add"]))
        if action == "replace":
            holder[last] = copy.deepcopy(draw.draw(st.sampled_from(VALUES)))
        elif action == "remove":
            del holder[last]
        elif isinstance(holder, dict):
            key = draw.draw(st.sampled_from([*sorted(_keys()), "x", "a b", "$x", "15m"]))
            holder[key] = copy.deepcopy(draw.draw(st.sampled_from(VALUES)))
    assert (not _reported(data)) == ORACLE.is_valid(data)


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("version: 1", "version: 0", "wrong-value"),
        ("version: 1", "version: true", "wrong-type"),
        ("version: 1", "version:", "wrong-type"),
        ("machine: door", "machine: ''", "wrong-value"),
        ("    command: ring", "    command: ring\n    after: {15: BROKEN}", "bad-duration"),
        ("    command: ring", "    command: ring\n    after: []", "wrong-type"),
        ("bellPushed: RINGING", "bellPushed: []", "wrong-value"),
        ("bellPushed: RINGING", "bellPushed: [[RINGING]]", "wrong-type"),
        ("bellPushed: RINGING", "bellPushed: {}", "wrong-value"),
        ("bellPushed: RINGING", "bellPushed: {to: RINGING, set: {a..b: 1}}", "bad-name"),
        ("bellPushed: RINGING", "bellPushed: {to: RINGING, sideEffects: [a, a]}", "wrong-value"),
        ("failed: bellBroken", "failed: $failed", "reserved-name"),
    ],
)
def test_a_wrong_shape_is_found(before: str, after: str, code: str) -> None:
    assert code in codes(DOOR, (before, after))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("commands: []", "wrong-value"),
        ("commands: ring", "wrong-type"),
        ("commands: [ring, ring]", "wrong-value"),
        ("compensate: some", "wrong-value"),
        ("compensate: []", "wrong-value"),
        ("compensate: {ring: true}", "wrong-type"),
        ("at: {}", "wrong-value"),
        ("at: {1: CLOSED}", "suspicious-moment"),
        ("poll: ring", "wrong-type"),
        ("poll: {command: ring}", "missing-key"),
        ("poll: {command: ring, every: 1m, factor: 0.5}", "wrong-value"),
        ("poll: {command: ring, every: often}", "bad-duration"),
        ("sla: soon", "bad-duration"),
        ("sla: {sideEffects: [tell]}", "missing-key"),
        ("sla: 5", "wrong-type"),
    ],
)
def test_a_wrong_shape_of_a_construct_is_found(text: str, code: str) -> None:
    assert code in codes(DOOR, ("    command: ring", f"    {text}"))
