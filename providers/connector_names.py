"""What the texts of a connector file may speak of, and the provider's words for a standing. Pure tables.

Used by `connector_reading`; docs/connectors.md has the same tables for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers.connector import Statuses, Word

ALWAYS = frozenset({"option", "auth", "now", "item"})
_MONEY = ALWAYS | set(
    "key shop amount currency method methodCode successUrl failureUrl callbackUrl data subscription".split()
)
_REFUND = ALWAYS | set("key shop amount currency paymentId keep paid refunded".split())
_STATUS = ALWAYS | {"paymentId"}
CALLBACK = frozenset({"option", "header", "query", "body", "raw", "target"})

OPERATIONS: Mapping[str, frozenset[str]] = {
    "pay": _MONEY,
    "link": _MONEY,
    "startSubscription": _MONEY,
    "paySubscription": _MONEY,
    "refund": _REFUND,
    "status": _STATUS,
    "complete": _STATUS | {"seen"},
}
"""What the texts of each may speak of, beside the answers."""


def read_statuses(data: Mapping[str, Any]) -> Statuses:
    """The words of a `statuses`, each with what it means."""
    groups: tuple[Word, ...] = ("accepted", "failed", "approved", "pending", "missing")
    table = {said.lower(): word for word in groups for said in data.get(word, ())}
    plain: dict[str, Any] = {key: data[key] for key in ("otherwise", "absent") if key in data}
    return Statuses(table=table, **plain)
