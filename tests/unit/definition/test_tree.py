from __future__ import annotations

from typing import Any

import pytest

from engine.definition.tree import MAX_DEPTH, NotYaml, parse


def data(text: str) -> Any:
    return parse(text).data


def refusal(text: str) -> str:
    with pytest.raises(NotYaml) as caught:
        parse(text)
    return caught.value.problem.code


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("on", "on"), ("off", "off"), ("yes", "yes"), ("No", "No"), ("y", "y"),
        ("true", True), ("True", True), ("FALSE", False), ("tRue", "tRue"),
        ("null", None), ("~", None), ("", None), ("nil", "nil"),
        ("12", 12), ("-7", -7), ("+3", 3), ("012", 12), ("0o14", 12), ("0x1F", 31), ("0b1", "0b1"),
        ("1_000", "1_000"), ("1:30", "1:30"), ("12:30:45", "12:30:45"), ("2026-01-31", "2026-01-31"),
        ("1.5", 1.5), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("1e", "1e"), ("-x", "-x"), (".", "."),
        ("1.2.3", "1.2.3"), ("15m", "15m"), ("=", "="),
        ('"12"', "12"), ("'true'", "true"), ("!!str 12", "12"), ("! on", "on"),
    ],
)  # fmt: skip
def test_a_scalar_means_what_yaml_1_2_says(written: str, value: object) -> None:
    assert data(f"a: {written}\n")["a"] == value
    assert type(data(f"a: {written}\n")["a"]) is type(value)


def test_keys_are_text_as_they_are_written() -> None:
    assert data("on: 1\n404: 2\ntrue: 3\n1.0: 4\n~: 5\n") == {"on": 1, "404": 2, "true": 3, "1.0": 4, "~": 5}


def test_aliases_repeat_a_value_and_an_anchor_may_be_defined_anew() -> None:
    assert data("a: &x [1]\nb: *x\nc: &x 2\nd: *x\n") == {"a": [1], "b": [1], "c": 2, "d": 2}


@pytest.mark.parametrize(
    "number", [".inf", "-.INF", ".nan", "1e999", "9223372036854775808", "9" * 5000, "0x" + "f" * 17]
)
def test_a_number_that_json_cannot_keep_is_a_problem(number: str) -> None:
    assert [problem.code for problem in parse(f"a: {number}\n").problems] == ["bad-number"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: *b", "unknown-anchor"),
        ("a: &a [*a]", "cyclic-alias"),
        ("a: &a {b: {c: *a}}", "cyclic-alias"),
        ("a: 1\n--- \nb: 2", "several-documents"),
        ("", "empty-file"),
        ("# only a comment\n", "empty-file"),
        ("a: [", "yaml-syntax"),
        ("\ta: 1", "yaml-syntax"),
        ("a: 'b", "yaml-syntax"),
        ("%TAG", "yaml-syntax"),
        ('a: "\\q"', "yaml-syntax"),
        ("[" * 100_000, "nested-too-deep"),
        ("- " * 5_000 + "a", "nested-too-deep"),
        ("{a: " * 5_000, "nested-too-deep"),
        ("[" + "a," * 200_001 + "]", "too-many-nodes"),
    ],
    ids=lambda value: value[:20],
)
def test_text_that_cannot_be_read_is_refused_with_its_code(text: str, code: str) -> None:
    assert refusal(text) == code


def test_aliases_that_nest_ever_deeper_are_refused() -> None:
    lines = ["a0: &a0 [1]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, MAX_DEPTH + 2)]
    assert refusal("\n".join(lines)) == "nested-too-deep"


def test_aliases_that_expand_without_bound_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert refusal("\n".join(lines)) == "too-many-nodes"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: 1\na: 2", "duplicate-key"),
        ("1: 1\n'1': 2", "duplicate-key"),
        ("{<<: {a: 1}}", "merge-key"),
        ("? [a]\n: 1", "key-not-text"),
        ("? {a: 1}\n: 1", "key-not-text"),
        ("a: &x b\n*x : 1", "key-not-text"),
        ('"": 1', "key-not-text"),
        ("a: !mine 1", "custom-tag"),
        ("a: !!int 1", "custom-tag"),
        ("a: !!python/object/apply:os.system [ls]", "custom-tag"),
    ],
)
def test_what_yaml_allows_and_the_language_does_not_is_a_problem(text: str, code: str) -> None:
    assert code in [problem.code for problem in parse(text).problems]


def test_a_quoted_merge_key_is_a_key_like_any_other() -> None:
    assert data('"<<": 1') == {"<<": 1}


def test_every_key_and_value_has_its_place() -> None:
    tree = parse("a:\n  - b: long\n  - {c: 'd'}\n")
    value = tree.locate(("a", 0, "b"))
    assert (value.line, value.column, value.end) == (2, 8, 12)
    key = tree.locate(("a", 1, "c"), key=True)
    assert (key.line, key.column, key.end) == (3, 6, 7)


def test_the_place_of_something_missing_is_that_of_what_holds_it() -> None:
    assert parse("a:\n  b: {c: 1}\n").locate(("a", "b", "x", "y")).line == 2
