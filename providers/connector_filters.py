"""The filters of the mapping language: what can be done to a value behind a bar, `{key|uuid}`.

Pure. A value that a filter cannot treat becomes None, as if it were not there.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any

Filter = Callable[[Any, Mapping[str, Any]], Any]

_WITH_NUMBER = re.compile(r"(hash|cut):([1-9][0-9]{0,2})")
_FOR_METHOD = re.compile(r"for:([a-z][a-z0-9-]*)")

AMOUNT = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,8})?")
"""How an amount may be written. No exponent: a few bytes could stand for a number without end."""


class BadFilter(ValueError):
    """There is no such filter; the message is a sentence."""


def as_text(value: Any) -> str | None:
    """A scalar as it would stand in JSON; None for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float | Decimal) else None


def filter_named(name: str) -> Filter:
    """Raises BadFilter: there is none of that name."""
    numbered = _WITH_NUMBER.fullmatch(name)
    if numbered is not None:
        return _numbered(numbered[1], int(numbered[2]))
    only = _FOR_METHOD.fullmatch(name)
    if only is not None:
        return lambda value, scope: value if scope.get("method") == only[1] else None
    if name not in _PLAIN:
        raise BadFilter(f"there is no filter {name[:30]}; there are {', '.join(KNOWN)}")
    return _PLAIN[name]


def _numbered(kind: str, number: int) -> Filter:
    if kind == "hash":
        return lambda value, scope: _on_text(value, lambda text: _digest(text)[:number])
    return lambda value, scope: _on_text(value, lambda text: text[:number])


def _on_text(value: Any, change: Callable[[str], str]) -> str | None:
    text = as_text(value)
    return None if text is None else change(text)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _uuid(text: str) -> str:
    """Of version 4 by its looks, for providers that check; the same for the same text."""
    digits = _digest(text)
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


def _at(value: Any, place: int) -> Any:
    """Of a list; what is no list is its own first and last."""
    if not isinstance(value, list):
        return value
    return value[place] if value else None


def _sum(value: Any, scope: Mapping[str, Any]) -> str | None:
    """Of a list of amounts as the provider writes them; "0" for an empty one."""
    written = [as_text(one) or "" for one in value] if isinstance(value, list) else [""]
    if not all(AMOUNT.fullmatch(one) for one in written):
        return None
    return str(sum((Decimal(one) for one in written), Decimal(0)))


def _money(value: Any, scope: Mapping[str, Any]) -> Any:
    """Minor units, written as the provider writes amounts."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return scope["$money"](value) if whole and "$money" in scope else None


_PLAIN: Mapping[str, Filter] = {
    "text": lambda value, scope: as_text(value),
    "upper": lambda value, scope: _on_text(value, str.upper),
    "lower": lambda value, scope: _on_text(value, str.lower),
    "uuid": lambda value, scope: _on_text(value, _uuid),
    "base64": lambda value, scope: _on_text(value, lambda text: b64encode(text.encode()).decode()),
    "first": lambda value, scope: _at(value, 0),
    "last": lambda value, scope: _at(value, -1),
    "sum": _sum,
    "money": _money,
}

KNOWN = (*_PLAIN, "hash:N", "cut:N", "for:METHOD")
"""As docs/connectors.md has them."""
