from __future__ import annotations

import pytest

from providers.json_reading import at, inner, items, parsed, text, whole

DOCUMENT = {"a": {"b": [{"c": "x"}, 5, {"n": 7}]}, "flag": True, "one": 1.0}


def test_what_is_there_is_read() -> None:
    assert text(DOCUMENT, "a", "b", 0, "c") == "x"
    assert whole(DOCUMENT, "a", "b", 2, "n") == 7
    assert inner(DOCUMENT, "a") == DOCUMENT["a"]
    assert items(DOCUMENT, "a", "b") == [{"c": "x"}, {"n": 7}]


@pytest.mark.parametrize(
    "path", [("x",), ("a", 0), ("a", "b", 9), ("a", "b", "c"), ("flag", "x"), ("a", "b", 1, "c")]
)
def test_what_is_missing_or_of_another_type_reads_as_nothing(path: tuple[str | int, ...]) -> None:
    assert at(DOCUMENT, *path) is None
    assert text(DOCUMENT, *path) == ""
    assert whole(DOCUMENT, *path) is None
    assert inner(DOCUMENT, *path) == {}
    assert items(DOCUMENT, *path) == []


@pytest.mark.parametrize("value", [True, 1.0, "1", None, 2**53 + 1, -(2**64)])
def test_only_an_integer_that_everybody_can_hold_is_one(value: object) -> None:
    assert whole({"n": value}, "n") is None


@pytest.mark.parametrize("body", [b"", b"[]", b"5", b"null", b"{", b"\xff", b'{"a":NaN}', b"[" * 100_000])
def test_a_body_that_is_no_object_is_none(body: bytes) -> None:
    assert parsed(body) is None
