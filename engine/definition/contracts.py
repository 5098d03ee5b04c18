"""JSON Schemas that a machine gives for payloads and metadata, compiled once. The home of jsonschema."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from jsonschema import Draft7Validator, FormatChecker
from jsonschema.exceptions import ValidationError

MAX_PROBLEMS = 20
"""Sentences about one value: enough to mend it, and bounded whatever is sent."""

_FORMATS = FormatChecker(formats=("date", "email", "ipv4", "ipv6", "idn-email", "regex", "uuid"))
_META = Draft7Validator(Draft7Validator.META_SCHEMA)
_DRAFT_7 = re.compile(r"https?://json-schema\.org/draft-07/schema#?")
_SCHEMA_MAPS = ("properties", "patternProperties", "definitions", "dependencies")
_DATA = ("const", "enum", "default", "examples")
_PROBES: tuple[object, ...] = ({}, [], "", 0, None)


@_FORMATS.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    """RFC 3339, as far as the standard library reads it: a date, a time and an offset."""
    if not isinstance(value, str):
        return True
    return "T" in value.upper() and datetime.datetime.fromisoformat(value.upper()).tzinfo is not None


class BadSchema(Exception):
    """The value is no draft-07 schema that can be used; `path` is where in it."""

    def __init__(self, message: str, path: tuple[str | int, ...] = (), fix: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.fix = fix


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A compiled JSON Schema (draft-07)."""

    schema: Mapping[str, Any]
    validator: Draft7Validator = field(repr=False, compare=False)

    def problems(self, value: object) -> tuple[str, ...]:
        """Sentences that name the JSON pointer and the rule, never the value; () if it fits."""
        try:
            errors = list(islice(self.validator.iter_errors(value), MAX_PROBLEMS))
        except RecursionError:
            return ("/: is nested too deep to be checked",)
        return tuple(dict.fromkeys(sentence for error in errors for sentence in _sentences(error)))


def compile_contract(schema: Mapping[str, Any]) -> Contract:
    """A JSON Schema, checked.

    Raises:
        BadSchema: It is no draft-07 schema, refers outside itself, or holds a bad pattern.
    """
    _check(schema)
    for path, part in _parts(schema, ()):
        _check_part(part, path, schema)
    contract = Contract(schema=schema, validator=Draft7Validator(schema, format_checker=_FORMATS))
    _check_ends(contract)
    return contract


def _check(schema: Mapping[str, Any]) -> None:
    dialect = schema.get("$schema")
    if dialect is not None and not _DRAFT_7.fullmatch(str(dialect)):
        raise BadSchema("only JSON Schema draft-07 is supported", ("$schema",), "remove $schema")
    error = next(iter(_META.iter_errors(schema)), None)
    if error is not None:
        path = tuple(error.absolute_path)
        name = f"{path[-1]} " if path else ""
        raise BadSchema(f"{name}is not valid in a JSON Schema: {_rule(error)}", path)


def _parts(
    schema: Any, path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Every schema inside a schema, with its path; data (enum, default ...) is not looked into."""
    if isinstance(schema, list):
        for index, part in enumerate(schema):
            yield from _parts(part, (*path, index))
    elif isinstance(schema, dict):
        yield path, schema
        for key, part in schema.items():
            if key in _SCHEMA_MAPS and isinstance(part, dict):
                for name, inner in part.items():
                    yield from _parts(inner, (*path, key, name))
            elif key not in _DATA:
                yield from _parts(part, (*path, key))


def _check_part(part: dict[str, Any], path: tuple[str | int, ...], schema: Mapping[str, Any]) -> None:
    target = part.get("$ref")
    if target is not None and not (isinstance(target, str) and _is_there(target, schema)):
        fix = "write the schema out, or put it under definitions and refer to #/definitions/NAME"
        raise BadSchema("$ref must name a part of the same schema", (*path, "$ref"), fix)
    if "$id" in part:
        raise BadSchema("$id is not supported", (*path, "$id"), "remove it")
    for pattern in (part.get("pattern"), *_keys(part.get("patternProperties"))):
        _check_pattern(pattern, path)


def _keys(mapping: Any) -> tuple[str, ...]:
    return tuple(mapping) if isinstance(mapping, dict) else ()


def _check_pattern(pattern: Any, path: tuple[str | int, ...]) -> None:
    try:
        re.compile(pattern or "")
    except (re.error, OverflowError, RecursionError) as error:
        raise BadSchema(f"the pattern does not compile: {error}", path) from None


def _is_there(reference: str, schema: Any) -> bool:
    if reference == "#":
        return True
    if not reference.startswith("#/"):
        return False
    steps = (step.replace("~1", "/").replace("~0", "~") for step in reference[2:].split("/"))
    for step in steps:
        if isinstance(schema, dict) and step in schema:
            schema = schema[step]
        elif isinstance(schema, list) and step.isdecimal() and int(step) < len(schema):
            schema = schema[int(step)]
        else:
            return False
    return isinstance(schema, (dict, bool))


def _check_ends(contract: Contract) -> None:
    """A schema whose references go round in a circle says nothing and never ends."""
    try:
        for probe in _PROBES:
            contract.validator.is_valid(probe)
    except RecursionError:
        raise BadSchema("its references go round in a circle") from None


def _sentences(error: ValidationError) -> Iterator[str]:
    pointer = "".join(map(_step, error.absolute_path))
    wanted: Any = error.validator_value
    if error.validator == "required" and isinstance(error.instance, dict):
        yield from (f"{pointer}{_step(name)}: is missing" for name in wanted if name not in error.instance)
    elif error.validator == "additionalProperties" and wanted is False:
        yield from _not_allowed(error.instance, error.schema, pointer)
    else:
        yield f"{pointer or '/'}: {_rule(error)}"


def _step(key: str | int) -> str:
    """A step of a JSON pointer, not too long for a sentence."""
    return "/" + str(key)[:60].replace("~", "~0").replace("/", "~1")


def _not_allowed(value: Any, schema: Any, pointer: str) -> Iterator[str]:
    known = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    extra = [key for key in value if key not in known and not any(re.search(p, key) for p in patterns)]
    for key in extra[:MAX_PROBLEMS]:
        yield f"{pointer}{_step(key)}: is not allowed"


_RULES = {
    "type": "must be of type {}",
    "enum": "must be one of {}",
    "const": "must be {}",
    "pattern": "must match the pattern {}",
    "format": "must be a valid {}",
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be greater than {}",
    "exclusiveMaximum": "must be less than {}",
    "multipleOf": "must be a multiple of {}",
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minItems": "must have at least {} items",
    "maxItems": "must have at most {} items",
    "minProperties": "must have at least {} keys",
    "maxProperties": "must have at most {} keys",
}
_FIXED_RULES = {
    "uniqueItems": "must not hold the same item twice",
    "anyOf": "must fit one of the alternatives",
    "oneOf": "must fit exactly one of the alternatives",
    "not": "must not fit the schema under not",
    "contains": "must hold an item that fits",
    "propertyNames": "has a key that is not allowed",
    "additionalItems": "has more items than are allowed",
    "dependencies": "lacks a key that another key needs",
}


def _rule(error: ValidationError) -> str:
    """What the schema asks for; never what was given."""
    name = str(error.validator)
    if name in _FIXED_RULES:
        return _FIXED_RULES[name]
    if name not in _RULES:
        return f"does not keep the rule {name}" if error.validator else "is not allowed"
    wanted = error.validator_value
    shown = " or ".join(map(str, wanted)) if isinstance(wanted, list) else str(wanted)
    return _RULES[name].format(shown if len(shown) <= 120 else shown[:117] + "...")
