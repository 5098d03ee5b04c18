"""What expressions do when they are evaluated: reading, comparing, arithmetic, filters and tests.

Works on JSON values only and reads mapping keys and list positions only, never attributes. A
refusal is an `EvaluationFailed` whose sentence names kinds of values, never the values.
"""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from engine.definition import dates
from engine.definition.faults import EvaluationFailed, Undefined, kind
from engine.definition.scalars import MAX_INTEGER

MAX_TEXT = 64 * 1024
"""Characters that an expression or a template may make: more is a run-away, not a message."""

Operation = Callable[..., Any]


# Reading


def read(value: Any, key: Any, said: str) -> Any:
    """The part of a mapping or list at `key`; `said` is how the author wrote it."""
    if isinstance(value, Mapping):
        if isinstance(key, str) and key in value:
            return value[key]
        raise Undefined(f"{said} is not there")
    if isinstance(value, (list, tuple)) and type(key) is int:
        if -len(value) <= key < len(value):
            return value[key]
        raise Undefined(f"{said} is not there: the list is shorter")
    raise Undefined(f"{said} cannot be read: what holds it is {kind(value)}")


# Comparing


def contains(item: Any, container: Any) -> bool:
    """`item in container`, for lists, keys of mappings and parts of text."""
    if isinstance(container, str):
        if not isinstance(item, str):
            raise EvaluationFailed(f"text cannot hold {kind(item)}")
        return item in container
    if isinstance(container, Mapping):
        return isinstance(item, str) and item in container
    if isinstance(container, (list, tuple)):
        return item in container
    raise EvaluationFailed(f"`in` needs a list, a mapping or text, not {kind(container)}")


def _ordered(compare: Callable[[Any, Any], bool], sign: str) -> Operation:
    def ordered(left: Any, right: Any) -> bool:
        if (_is_number(left) and _is_number(right)) or (isinstance(left, str) and isinstance(right, str)):
            return compare(left, right)
        raise EvaluationFailed(f"{kind(left)} and {kind(right)} cannot be compared with {sign}")

    return ordered


COMPARISONS: dict[str, Operation] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": _ordered(operator.gt, ">"),
    "gteq": _ordered(operator.ge, ">="),
    "lt": _ordered(operator.lt, "<"),
    "lteq": _ordered(operator.le, "<="),
    "in": contains,
    "notin": lambda item, container: not contains(item, container),
}


# Arithmetic


def _arithmetic(calculate: Callable[[Any, Any], Any], sign: str) -> Operation:
    def arithmetic(left: Any, right: Any) -> Any:
        if not (_is_number(left) and _is_number(right)):
            raise EvaluationFailed(f"{sign} needs two numbers, not {kind(left)} and {kind(right)}")
        try:
            return bounded(calculate(left, right))
        except ZeroDivisionError:
            raise EvaluationFailed(f"{sign} divides by zero") from None
        except OverflowError:
            raise EvaluationFailed("the result is too large") from None

    return arithmetic


def bounded(number: Any) -> Any:
    """The number itself, if JSON and the stores can keep it."""
    if isinstance(number, int):
        if abs(number) > MAX_INTEGER:
            raise EvaluationFailed("the result does not fit in 64 bits")
    elif not math.isfinite(number):
        raise EvaluationFailed("the result is too large")
    return number


ADD = _arithmetic(operator.add, "+")
SUBTRACT = _arithmetic(operator.sub, "-")
MULTIPLY = _arithmetic(operator.mul, "*")
DIVIDE = _arithmetic(operator.truediv, "/")
DIVIDE_DOWN = _arithmetic(operator.floordiv, "//")
REMAINDER = _arithmetic(operator.mod, "%")


def negative(value: Any) -> Any:
    """-value"""
    if not _is_number(value):
        raise EvaluationFailed(f"- needs a number, not {kind(value)}")
    return -value


def positive(value: Any) -> Any:
    """+value"""
    if not _is_number(value):
        raise EvaluationFailed(f"+ needs a number, not {kind(value)}")
    return value


# Text


def text(value: Any) -> str:
    """A value inside text: numbers and true/false as JSON writes them, mappings and lists as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        raise EvaluationFailed("null has no text; give it a default first")
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def joined(parts: list[str]) -> str:
    """Text put together, if it is no run-away."""
    if sum(map(len, parts)) > MAX_TEXT:
        raise EvaluationFailed(f"the text is longer than {MAX_TEXT:,} characters")
    return "".join(parts)


# Filters


def _default(value: Any, other: Any = "", also_if_empty: Any = False) -> Any:
    return other if also_if_empty and not value else value


def _length(value: Any) -> int:
    if isinstance(value, (str, list, tuple, Mapping)):
        return len(value)
    raise EvaluationFailed(f"{kind(value)} has no length")


def _on_text(change: Callable[[str], str], name: str) -> Operation:
    def changed(value: Any) -> str:
        if not isinstance(value, str):
            raise EvaluationFailed(f"{name} needs text, not {kind(value)}")
        return joined([change(value)])

    return changed


def _round(value: Any, digits: Any = 0) -> Any:
    if not _is_number(value) or type(digits) is not int or not -15 <= digits <= 15:
        raise EvaluationFailed("round needs a number, and digits from -15 to 15")
    rounded = round(value, digits)
    return bounded(int(rounded) if digits <= 0 else rounded)


def _to_number(convert: Callable[[Any], Any], name: str) -> Operation:
    def converted(value: Any) -> Any:
        if not _is_number(value) and not (isinstance(value, str) and len(value) <= 100):
            raise EvaluationFailed(f"{name} needs a number or its text, not {kind(value)}")
        try:
            return bounded(convert(value))
        except (ValueError, OverflowError):
            raise EvaluationFailed(f"{name} needs text that is a number") from None

    return converted


def _absolute(value: Any) -> Any:
    if not _is_number(value):
        raise EvaluationFailed(f"abs needs a number, not {kind(value)}")
    return abs(value)


def _end(position: int, name: str) -> Operation:
    def end(value: Any) -> Any:
        if not isinstance(value, (str, list, tuple)):
            raise EvaluationFailed(f"{name} needs a list or text, not {kind(value)}")
        if not value:
            raise Undefined(f"there is no {name}: the list or text is empty")
        return value[position]

    return end


def _join(value: Any, separator: Any = "") -> str:
    if not isinstance(value, (list, tuple)) or not isinstance(separator, str):
        raise EvaluationFailed(
            f"join needs a list and a text between, not {kind(value)} and {kind(separator)}"
        )
    if len(value) * len(separator) > MAX_TEXT:
        raise EvaluationFailed(f"the text is longer than {MAX_TEXT:,} characters")
    return joined([separator.join(text(each) for each in value)])


def _to_json(value: Any) -> str:
    return joined([json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)])


def _append(value: Any, item: Any, most: Any = 1_000) -> list[Any]:
    """The list and one item more; of more than `most` the oldest go."""
    if not isinstance(value, (list, tuple)) or type(most) is not int or not 1 <= most <= 1_000:
        raise EvaluationFailed(f"append needs a list, and a size from 1 to 1,000, not {kind(value)}")
    return [*value, item][-most:]


FILTERS: dict[str, tuple[Operation, int]] = {
    "abs": (_absolute, 0),
    "add_days": (dates.add_days, 1),
    "add_months": (dates.add_months, 2),
    "append": (_append, 2),
    "at_hour": (dates.at_hour, 2),
    "count": (_length, 0),
    "d": (_default, 2),
    "date_in": (dates.date_in, 1),
    "day_of": (dates.day_of, 0),
    "default": (_default, 2),
    "first": (_end(0, "first"), 0),
    "float": (_to_number(float, "float"), 0),
    "int": (_to_number(int, "int"), 0),
    "join": (_join, 1),
    "last": (_end(-1, "last"), 0),
    "length": (_length, 0),
    "lower": (_on_text(str.lower, "lower"), 0),
    "next_date": (dates.next_date, 4),
    "round": (_round, 1),
    "string": (text, 0),
    "tojson": (_to_json, 0),
    "trim": (_on_text(str.strip, "trim"), 0),
    "upper": (_on_text(str.upper, "upper"), 0),
}
"""Name to function and the number of arguments it may take beside the value."""


# Tests


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


TESTS: dict[str, tuple[Operation, int]] = {
    "boolean": (lambda value: isinstance(value, bool), 0),
    "true": (lambda value: value is True, 0),
    "false": (lambda value: value is False, 0),
    "none": (lambda value: value is None, 0),
    "number": (_is_number, 0),
    "integer": (lambda value: type(value) is int, 0),
    "float": (lambda value: type(value) is float, 0),
    "string": (lambda value: isinstance(value, str), 0),
    "mapping": (lambda value: isinstance(value, Mapping), 0),
    "sequence": (lambda value: isinstance(value, (list, tuple)), 0),
    "in": (contains, 1),
    "eq": (operator.eq, 1),
    "equalto": (operator.eq, 1),
    "ne": (operator.ne, 1),
    "lt": (COMPARISONS["lt"], 1),
    "le": (COMPARISONS["lteq"], 1),
    "gt": (COMPARISONS["gt"], 1),
    "ge": (COMPARISONS["gteq"], 1),
}
"""Name to function and its number of arguments; `defined` and `undefined` are part of the syntax."""
