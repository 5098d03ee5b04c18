"""Why an expression has no value, in the words of the language. Names kinds of values, never values."""

from __future__ import annotations

from collections.abc import Mapping


class EvaluationFailed(Exception):
    """The expression means nothing for these values. The message never holds a value."""


class Undefined(EvaluationFailed):
    """A name, key or position is not there."""


def kind(value: object) -> str:
    """What a value is, in the words of the language."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, (list, tuple)) else "something that is no JSON value"
