"""Conditions on a payment's data: a path, an operator, a value. Rules of the checkout and of routing are made of them.

Pure. Text that reads as a number is a number, because the pages of the original send every value as text.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

ALIASES: Mapping[str, str] = {"equal": "equals", "not_equal": "not_equals"}
"""Spellings of the original's pages."""

ANY = "*"
"""A step of a path: every part of a list or an object."""

_LONGEST_KEY = 500
_LONGEST_NUMBER = 40
_MOST_VALUES = 1_000

_Order = Callable[[Decimal, Decimal], bool]

_ORDERED: Mapping[str, tuple[_Order, str]] = {
    "greater_than": (operator.gt, "above"),
    "greater_or_equal_than": (operator.ge, "at least"),
    "less_than": (operator.lt, "below"),
    "less_or_equal_than": (operator.le, "at most"),
}
OPERATORS = ("equals", "not_equals", "in", "not_in", *_ORDERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`key` is a path as it was written; `operator` is one of OPERATORS."""

    key: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A condition held against data. `found` are the values at the path, none if it leads nowhere."""

    condition: Condition
    holds: bool
    found: tuple[Any, ...]

    @property
    def why(self) -> str:
        """A sentence without values: who asked has the data."""
        if not self.found:
            end = "there is nothing at" if self.condition.operator.startswith("not_") else "nothing is at"
            return f"{end} {self.condition.key}"
        kind = "holds" if self.holds else "does not hold"
        return f"{self.condition.operator} {kind} for {self.condition.key}"


def read_condition(written: object) -> Condition | str:
    """The condition in `{key, operator, value}`, or what is wrong with it, without values."""
    if not isinstance(written, Mapping) or set(written) != {"key", "operator", "value"}:
        return "is not an object of key, operator and value"
    key, value = written["key"], written["value"]
    if not isinstance(key, str) or not 0 < len(key) <= _LONGEST_KEY or not steps_of(key):
        return "key is not a path such as /additionalData/channel"
    name = written["operator"]
    name = ALIASES.get(name, name) if isinstance(name, str) else None
    if name not in OPERATORS:
        return f"operator is none of {', '.join(OPERATORS)}"
    if name in _ORDERED and _number(value) is None:
        return f"value of {name} is not a number"
    if name in ("in", "not_in") and (listed := _listed(value)) is not None and len(listed) <= _MOST_VALUES:
        return Condition(key=key, operator=name, value=listed)
    if name in ("in", "not_in"):
        return f"value of {name} is not a list of values, nor a text of them with commas between"
    return Condition(key=key, operator=name, value=value)


def steps_of(key: str) -> tuple[str, ...]:
    """`/a/b`, `a.b` or a single name as steps; `~1` and `~0` as in a JSON pointer (RFC 6901)."""
    if not key.startswith("/"):
        return tuple(step for step in key.split(".") if step)
    steps = (step.replace("~1", "/").replace("~0", "~") for step in key[1:].split("/"))
    return tuple(step for step in steps if step)


def judge(condition: Condition, data: object) -> Judged:
    """Whether it holds. A path that leads to several values means any of them; with `not_` none of them.

    Where nothing is at the path, only the `not_` operators hold.
    """
    found = tuple(_scalars(_at(data, steps_of(condition.key))))
    asked = condition.operator.removeprefix("not_")
    some = any(_holds(asked, value, condition.value) for value in found)
    return Judged(condition=condition, holds=some != condition.operator.startswith("not_"), found=found)


def _at(data: object, steps: tuple[str, ...]) -> Iterator[Any]:
    level = [data]
    for step in steps:
        level = [part for value in level for part in _parts(value, step)]
    yield from level


def _parts(value: object, step: str) -> list[Any]:
    if isinstance(value, Mapping):
        if step in value:
            return [value[step]]
        return list(value.values()) if step == ANY else []
    if isinstance(value, list):
        if step == ANY:
            return value
        return [value[int(step)]] if step.isascii() and step.isdigit() and int(step) < len(value) else []
    return []


def _scalars(values: Iterator[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from value
        elif value is not None:
            yield value


def _holds(asked: str, found: Any, wanted: Any) -> bool:
    if asked == "equals":
        return _same(found, wanted)
    if asked == "in":
        return any(_same(found, one) for one in wanted)
    left, right = _number(found), _number(wanted)
    return left is not None and right is not None and _ORDERED[asked][0](left, right)


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(found, bool) or isinstance(wanted, bool):
        return str(found).lower() == str(wanted).lower()
    left, right = _number(found), _number(wanted)
    if left is not None and right is not None and not (isinstance(found, str) and isinstance(wanted, str)):
        return left == right
    return bool(found == wanted)


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and len(value) > _LONGEST_NUMBER:
        return None
    try:
        number = Decimal(value) if isinstance(value, int) else Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _listed(value: object) -> list[Any] | None:
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return None
