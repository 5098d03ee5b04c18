"""What the address of a list asks for, as a filter; and addresses made of it: other tabs, next pages, exports.

A field that cannot be read is left out and told, so that a mistyped amount still shows a list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from hub.views.days import DAY, day_starts
from hub.views.filters import PaymentFilter, SubscriptionFilter
from hub.views.rows import PAYMENT_STATUSES, PAYMENT_TYPES, SUBSCRIPTION_STATUSES
from web.backoffice.money import parsed
from web.cursors import place_of

USUAL_CURRENCY = "EUR"
"""Whose decimals an amount has when no currency is chosen."""

SIZES = (10, 25, 50, 100)
"""Rows of a page; the first is what the original shows."""

_LONGEST = 200
_PAYMENT_FIELDS = ("status", "search", "from", "to", "amountFrom", "amountTo", "method", "type", "provider",
                   "channel", "currency", "alert", "subscription")  # fmt: skip
_SUBSCRIPTION_FIELDS = ("status", "active", "search", "from", "to", "amountFrom", "amountTo", "method",
                        "provider", "currency")  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Asked:
    """The fields as they were typed, and the names of those that could not be read."""

    fields: dict[str, str]
    wrong: list[str] = field(default_factory=list)
    after: tuple[int, str] | None = None
    limit: int = SIZES[0]

    def query(self, **changes: str | None) -> str:
        """The same list with some fields changed, from its first page."""
        shown = {**self.fields, **changes}
        size = {"rows": str(self.limit)} if self.limit != SIZES[0] else {}
        pairs = {name: value for name, value in {**shown, **size}.items() if value}
        return f"?{urlencode(pairs)}" if pairs else "?"

    @property
    def filtered(self) -> int:
        """How many fields of the drawer are set."""
        return sum(
            1 for name, value in self.fields.items() if value and name not in ("status", "active", "search")
        )


def read_fields(query: Mapping[str, str], names: tuple[str, ...]) -> Asked:
    """The fields of these names. Raises Problem: invalid-cursor."""
    fields = {name: _clean(query.get(name, "")) for name in names}
    rows = query.get("rows", "")
    limit = int(rows) if rows.isdecimal() and rows.isascii() and int(rows) in SIZES else SIZES[0]
    return Asked(fields=fields, after=place_of(query.get("after") or None), limit=limit)


def payments_asked(request: web.Request) -> tuple[Asked, PaymentFilter]:
    """What a list of payments asks for."""
    asked = read_fields(request.query, _PAYMENT_FIELDS)
    given = asked.fields
    return asked, PaymentFilter(
        status=_one_of(asked, "status", PAYMENT_STATUSES),
        type=_one_of(asked, "type", PAYMENT_TYPES),
        alert=_one_of(asked, "alert", ("late", "late-success")),  # type: ignore[arg-type]
        method=given["method"] or None,
        provider=given["provider"] or None,
        channel=given["channel"] or None,
        currency=given["currency"] or None,
        subscription_id=given["subscription"] or None,
        search=given["search"] or None,
        **_spans(asked),
    )


def subscriptions_asked(request: web.Request) -> tuple[Asked, SubscriptionFilter]:
    """What a list of subscriptions asks for."""
    asked = read_fields(request.query, _SUBSCRIPTION_FIELDS)
    given = asked.fields
    active = _one_of(asked, "active", ("yes", "no"))
    return asked, SubscriptionFilter(
        status=_one_of(asked, "status", SUBSCRIPTION_STATUSES),
        active=None if active is None else active == "yes",
        method=given["method"] or None,
        provider=given["provider"] or None,
        currency=given["currency"] or None,
        search=given["search"] or None,
        **_spans(asked),
    )


def _spans(asked: Asked) -> dict[str, Any]:
    since, until = _day(asked, "from"), _day(asked, "to")
    return {
        "since": since,
        "until": None if until is None else until + DAY,
        "amount_from": _amount(asked, "amountFrom"),
        "amount_to": _amount(asked, "amountTo"),
    }


def _one_of(asked: Asked, name: str, known: tuple[str, ...]) -> str | None:
    value = asked.fields[name]
    if value in known:
        return value
    if value:
        asked.wrong.append(name)
        asked.fields[name] = ""
    return None


def _day(asked: Asked, name: str) -> int | None:
    value = asked.fields[name]
    try:
        return day_starts(value) if value else None
    except ValueError:
        asked.wrong.append(name)
        return None


def _amount(asked: Asked, name: str) -> int | None:
    value = asked.fields[name]
    amount = parsed(value, asked.fields["currency"] or USUAL_CURRENCY) if value else None
    if value and amount is None:
        asked.wrong.append(name)
    return amount


def _clean(text: str) -> str:
    return text.replace("\0", "").strip()[:_LONGEST]
