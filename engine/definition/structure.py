"""Holds plain data against the machine schema (or another) and says in sentences what does not fit.

Driven by the schema, so that the two cannot differ; knows the part of draft-07 that the schema
uses (a test compares its verdicts with jsonschema's). `oneOf` chooses by type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.definition.reporter import Reporter
from engine.definition.schema import shared_schema
from engine.definition.texts import DURATION_HELP, check_text, title
from engine.definition.tree import Path, shorten

Schema = Mapping[str, Any]

KNOWN_KEYWORDS = frozenset(
    "$schema $ref title description definitions type oneOf enum pattern minLength maxLength minimum maximum"
    " required properties propertyNames additionalProperties minProperties items minItems uniqueItems".split()
)
"""A test holds the schema to these: a keyword that is not here would be obeyed by editors only."""

_TYPES: dict[str, Callable[[object], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: type(value) is int or (type(value) is float and value.is_integer()),
    "number": lambda value: type(value) in (int, float),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
}
_CALLED = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
}


def check_structure(data: Any, report: Reporter) -> None:
    """Report whatever in `data` does not fit the machine schema."""
    _check(data, shared_schema(), (), report)


def check_against(data: Any, schema: Schema, report: Reporter, path: Path = ()) -> None:
    """Report whatever in `data`, which stands at `path`, does not fit a schema without $ref (config.yaml's)."""
    _check(data, schema, path, report)


def inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """A schema with every $ref replaced by what it means; the definitions may not go round in a circle."""
    if isinstance(schema, list):
        return [inlined(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {key: inlined(part, definitions) for key, part in schema.items()}


def _check(value: Any, schema: Schema, path: Path, report: Reporter) -> None:
    schema = _resolved(schema)
    if "oneOf" in schema:
        _check_choice(value, schema["oneOf"], path, report)
        return
    expected = schema.get("type")
    if expected is None:
        return
    if not _TYPES[expected](value):
        _wrong_type(value, (schema,), path, report)
    elif expected == "object":
        _check_mapping(value, schema, path, report)
    elif expected == "array":
        _check_list(value, schema, path, report)
    elif expected == "string":
        check_text(value, schema, path, report)
    elif expected != "boolean":
        _check_number(value, schema, path, report)


def _check_choice(value: Any, choices: list[Schema], path: Path, report: Reporter) -> None:
    resolved = [_resolved(choice) for choice in choices]
    for choice in resolved:
        if _TYPES[choice["type"]](value):
            _check(value, choice, path, report)
            return
    _wrong_type(value, resolved, path, report)


def _check_mapping(value: dict[str, Any], schema: Schema, path: Path, report: Reporter) -> None:
    known = schema.get("properties", {})
    names, others = schema.get("propertyNames"), schema.get("additionalProperties", True)
    for key, part in value.items():
        if names is not None:
            check_text(key, _resolved(names), (*path, key), report, key=True)
        if key in known:
            _check(part, known[key], (*path, key), report)
        elif others is False:
            _unknown_key(key, known, path, report)
        elif others is not True:
            _check(part, others, (*path, key), report)
    for key in schema.get("required", ()):
        if key not in value:
            report.report("missing-key", path, f"{title(path)} has no {key}", fix=f"add {key}:", key=True)
    if len(value) < schema.get("minProperties", 0):
        report.report("wrong-value", path, f"{title(path)} is empty", key=True)


def _unknown_key(key: str, known: Mapping[str, Any], path: Path, report: Reporter) -> None:
    free = [each for each in known if each]
    fix = report.nearest(key, free) or f"known keys are {', '.join(free)}"
    message = f"{title(path)} has no key {shorten(key)}"
    report.report("unknown-key", (*path, key), message, fix=fix, key=True)


def _check_list(value: list[Any], schema: Schema, path: Path, report: Reporter) -> None:
    if len(value) < schema.get("minItems", 0):
        report.report("wrong-value", path, f"{title(path)} is an empty list")
    for index, part in enumerate(value if "items" in schema else ()):
        _check(part, schema["items"], (*path, index), report)
    if schema.get("uniqueItems"):
        _check_unique(value, path, report)


def _check_unique(value: list[Any], path: Path, report: Reporter) -> None:
    seen = set()
    for index, part in enumerate(value):
        if isinstance(part, str) and part in seen:
            message = f"{shorten(part)} is in the list twice"
            report.report("wrong-value", (*path, index), message, fix="remove one of them")
        elif isinstance(part, str):
            seen.add(part)


def _check_number(value: float, schema: Schema, path: Path, report: Reporter) -> None:
    low, high = schema.get("minimum", value), schema.get("maximum", value)
    if not low <= value <= high:
        report.report("wrong-value", path, f"{path[-1]} is out of range", fix=f"write {low} to {high}")


def _wrong_type(value: object, choices: Sequence[Schema], path: Path, report: Reporter) -> None:
    wanted = " or ".join(_CALLED[choice["type"]] for choice in choices)
    message = f"{title(path)} must be {wanted}, not {_what_is(value)}"
    report.report("wrong-type", path, message, fix=_type_fix(value, choices))


def _type_fix(value: object, choices: Sequence[Schema]) -> str | None:
    titles = {choice.get("title") for choice in choices}
    if "duration" in titles:
        return DURATION_HELP
    if isinstance(value, (bool, int, float)) and any(choice["type"] == "string" for choice in choices):
        return "put it in quotes if it is meant as text"
    return None


def _what_is(value: object) -> str:
    if value is None:
        return "nothing"
    return next(_CALLED[name] for name, fits in _TYPES.items() if fits(value))


def _resolved(schema: Schema) -> Schema:
    target = schema.get("$ref")
    if target is None:
        return schema
    found: Schema = shared_schema()["definitions"][target.rpartition("/")[2]]
    return found
