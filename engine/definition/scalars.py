"""What a plain YAML scalar means, by the core schema of YAML 1.2: `on`, `off`, `yes`, `no` are text."""

from __future__ import annotations

import math
import re

Scalar = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_NUMERIC = frozenset("-+.0123456789")

MAX_INTEGER = 2**63 - 1


class BadNumber(ValueError):
    """The scalar is a number by YAML's rules, and none that JSON and the stores can keep."""


def resolve(text: str) -> Scalar:
    """The value of a plain scalar.

    Raises:
        BadNumber: Infinite, not a number, or an integer beyond 64 bits.
    """
    if text in _WORDS:
        return _WORDS[text]
    return _number(text) if text[0] in _NUMERIC else text


def _number(text: str) -> Scalar:
    if _DECIMAL.fullmatch(text):
        return _bounded(text, 10)
    if _BASED.fullmatch(text):
        return _bounded(text, 0)
    if _FLOAT.fullmatch(text):
        return _finite(float(text))
    if _NOT_FINITE.fullmatch(text):
        raise BadNumber("is not a finite number")
    return text


def _bounded(text: str, base: int) -> int:
    number = int(text, base) if len(text) < 100 else MAX_INTEGER + 1
    if abs(number) > MAX_INTEGER:
        raise BadNumber("does not fit in 64 bits")
    return number


def _finite(number: float) -> float:
    if math.isinf(number):
        raise BadNumber("is too large")
    return number
