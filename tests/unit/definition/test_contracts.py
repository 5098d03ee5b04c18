from __future__ import annotations

from typing import Any

import pytest

from engine.definition.contracts import BadSchema, compile_contract


def problems(schema: dict[str, Any], value: object) -> tuple[str, ...]:
    return compile_contract(schema).problems(value)


@pytest.mark.parametrize(
    ("schema", "value", "said"),
    [
        ({"type": "object"}, "secret", "/: must be of type object"),
        ({"required": ["a", "b", "c"]}, {"b": 1}, "/a: is missing"),
        ({"properties": {"a": {"type": ["string", "null"]}}}, {"a": 5}, "/a: must be of type string or null"),
        ({"additionalProperties": False, "properties": {"a": {}}}, {"a": 1, "x": "secret"}, "/x: is not allowed"),
        ({"properties": {"a": {"items": {"minimum": 1}}}}, {"a": [1, 0]}, "/a/1: must be at least 1"),
        ({"properties": {"a/b": {"maxLength": 3}}}, {"a/b": "secret"}, "/a~1b: must have at most 3 characters"),
        ({"enum": ["EUR", "USD"]}, "secret", "/: must be one of EUR or USD"),
        ({"pattern": "^[A-Z]+$"}, "secret", "/: must match the pattern ^[A-Z]+$"),
        ({"format": "date-time"}, "secret", "/: must be a valid date-time"),
        ({"oneOf": [{"type": "string"}, {"const": "secret"}]}, "secret", "/: must fit exactly one of the alternatives"),
        ({"uniqueItems": True}, ["secret", "secret"], "/: must not hold the same item twice"),
        ({"propertyNames": {"maxLength": 2}}, {"secret": 1}, "/: must have at most 2 characters"),
        ({"properties": {"a": False}}, {"a": "secret"}, "/: is not allowed"),
    ],
)  # fmt: skip
def test_a_problem_names_the_pointer_and_the_rule_and_never_the_value(
    schema: dict[str, Any], value: object, said: str
) -> None:
    found = problems(schema, value)
    assert said in found
    assert not any("secret" in sentence for sentence in found)


def test_what_fits_has_no_problems() -> None:
    schema = {"type": "object", "required": ["paymentId"], "properties": {"paymentId": {"type": "string"}}}
    assert problems(schema, {"paymentId": "p1", "more": 1}) == ()


def test_every_missing_key_is_named_once() -> None:
    assert problems({"required": ["a", "b"]}, {}) == ("/a: is missing", "/b: is missing")


def test_a_value_with_a_thousand_problems_gets_a_few_sentences() -> None:
    assert len(problems({"items": {"type": "string"}}, list(range(1_000)))) == 20


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("2026-01-31T09:30:00Z", True),
        ("2026-01-31T09:30:00.123+01:00", True),
        ("2026-01-31T09:30:00", False),
        ("2026-01-31", False),
        ("2026-02-31T09:30:00Z", False),
        ("yesterday", False),
    ],
)
def test_date_time_is_checked(text: str, good: bool) -> None:
    assert (problems({"format": "date-time"}, text) == ()) is good


def test_a_schema_may_refer_to_its_own_parts() -> None:
    schema = {"definitions": {"n/m": {"type": "integer"}}, "items": {"$ref": "#/definitions/n~1m"}}
    assert problems(schema, [1, "x"]) == ("/1: must be of type integer",)


def test_a_tree_may_refer_to_itself() -> None:
    schema = {"properties": {"child": {"$ref": "#"}, "n": {"type": "integer"}}}
    assert problems(schema, {"child": {"child": {"n": "x"}}}) == ("/child/child/n: must be of type integer",)


def test_a_value_that_is_nested_beyond_reason_is_a_problem_and_no_crash() -> None:
    value: dict[str, Any] = {}
    for _ in range(5_000):
        value = {"child": value}
    assert problems({"properties": {"child": {"$ref": "#"}}}, value) != ()


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"type": "strin"}, ("type",)),
        ({"properties": {"a": {"required": "b"}}}, ("properties", "a", "required")),
        ({"properties": []}, ("properties",)),
        ({"minLength": -1}, ("minLength",)),
        ({"$ref": "https://example.org/schema.json"}, ("$ref",)),
        ({"items": {"$ref": "other.json#/a"}}, ("items", "$ref")),
        ({"items": {"$ref": "#/definitions/nowhere"}}, ("items", "$ref")),
        ({"items": {"$ref": "#named"}}, ("items", "$ref")),
        ({"$id": "https://example.org/"}, ("$id",)),
        ({"$schema": "https://json-schema.org/draft/2020-12/schema"}, ("$schema",)),
        ({"pattern": "["}, ()),
        ({"patternProperties": {"(": {}}}, ()),
        ({"$ref": "#"}, ()),
        ({"definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}, "$ref": "#/definitions/a"}, ()),
    ],
)  # fmt: skip
def test_a_schema_that_is_none_is_refused_at_its_place(schema: dict[str, Any], path: tuple[str, ...]) -> None:
    with pytest.raises(BadSchema) as caught:
        compile_contract(schema)
    assert caught.value.path[: len(path)] == path


def test_a_property_may_be_called_like_a_keyword() -> None:
    schema = {
        "properties": {"$ref": {"type": "string"}, "pattern": {"type": "integer"}},
        "enum": [{"$ref": "x"}],
    }
    assert problems(schema, {"$ref": "x"}) == ()
