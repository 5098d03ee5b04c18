"""The gateway's first schema of checkout rules (enabledMethods, amount, matchInValues), as edits of today's rules.

Pure. The old pages send one small edit at a time; each becomes the changes of a rule. Called by
web/checkout_legacy.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import PayloadInvalid
from engine.model import Json
from hub.checkout_rules import Rule

KEYS: Mapping[str, str] = {
    "Product Category": "/additionalData/items/*/category",
    "Channel": "/additionalData/channel",
    "User Type": "/additionalData/buyer/type",
}
"""What the old pages call a path of the payment's data; any other key is a path itself."""

_AMOUNT, _CURRENCY = "/amount", "/currency"
_BOUNDS: Mapping[str, str] = {"min": "greater_or_equal_than", "max": "less_or_equal_than"}


def with_method(rule: Rule, method: Mapping[str, Any]) -> Json:
    """One more payment method."""
    return {"response": [*rule.response, dict(method)]}


def with_other_method(rule: Rule, method: Mapping[str, Any], index: int) -> Json:
    """Another method in the place of the one at `index`. Raises PayloadInvalid: there is none."""
    methods = list(rule.response)
    methods[_place(methods, index)] = dict(method)
    return {"response": methods}


def without_method(rule: Rule, index: int) -> Json:
    """Without the method at `index`. Raises PayloadInvalid: there is none."""
    methods = list(rule.response)
    del methods[_place(methods, index)]
    return {"response": methods}


def with_values(rule: Rule, key: str, values: str) -> Json:
    """The data at `key` must be one of these values, which have commas between them."""
    path = KEYS.get(key, key)
    return {"rules": [*_others(rule, path), {"key": path, "operator": "in", "value": values}]}


def without_values(rule: Rule, key: str) -> Json:
    """`key` does not matter any more."""
    return {"rules": _others(rule, KEYS.get(key, key))}


def with_amount(rule: Rule, currency: str, least: int | None, most: int | None) -> Json:
    """The amount must be in this currency, and within these bounds, minor units."""
    bounds = {"min": least, "max": most}
    conditions = [
        {"key": _AMOUNT, "operator": _BOUNDS[name], "value": value}
        for name, value in bounds.items()
        if value is not None
    ]
    of_currency = {"key": _CURRENCY, "operator": "equals", "value": currency}
    return {"rules": [*_others(rule, _AMOUNT, _CURRENCY), of_currency, *conditions]}


def without_amount(rule: Rule) -> Json:
    """Amount and currency do not matter any more."""
    return {"rules": _others(rule, _AMOUNT, _CURRENCY)}


def _others(rule: Rule, *keys: str) -> list[Json]:
    written: list[Json] = rule.document()["rules"]
    return [one for one in written if one["key"] not in keys]


def _place(methods: list[Any], index: int) -> int:
    if not 0 <= index < len(methods):
        raise PayloadInvalid("the rule has no payment method at this index", ["/index: is out of range"])
    return index
