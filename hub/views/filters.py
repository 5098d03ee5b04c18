"""Which rows somebody wants to see, and how a row is tagged so that the store finds it by an index. Pure.

A tag is one text, so amounts go by their size (two digits of length and a step of 1, 2 or 5) and the rest of a
range is looked at row by row.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.model import Millis
from hub.views.rows import Alert, PaymentRow, SubscriptionRow

UNKNOWN = "unknown"
"""Stands for a method, provider or channel that a row does not have."""

LONGEST = 100
"""Characters of a text that can be searched for; the rest of a longer one is not looked at."""

_LARGEST = 10**15


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFilter:
    """Every field that is set must match. Amounts in minor units, both ends included; `since <= date < until`.

    `search` means the beginning, or all, of a transaction id, a payment id, a saga id or a buyer's e-mail.
    """

    status: str | None = None
    method: str | None = None
    provider: str | None = None
    type: str | None = None
    channel: str | None = None
    currency: str | None = None
    subscription_id: str | None = None
    alert: Alert | None = None
    since: Millis | None = None
    until: Millis | None = None
    amount_from: int | None = None
    amount_to: int | None = None
    search: str | None = None

    def tags(self) -> dict[str, str]:
        """The tags that a row must have."""
        wanted = {
            "status": self.status,
            "method": self.method,
            "provider": self.provider,
            "type": self.type,
            "channel": self.channel,
            "currency": self.currency,
            "subscription": self.subscription_id,
            "alert": self.alert,
        }
        return {name: value for name, value in wanted.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionFilter:
    """As PaymentFilter; `active` False finds those that are expired or aborted."""

    status: str | None = None
    active: bool | None = None
    method: str | None = None
    provider: str | None = None
    currency: str | None = None
    since: Millis | None = None
    until: Millis | None = None
    amount_from: int | None = None
    amount_to: int | None = None
    search: str | None = None

    def tags(self) -> dict[str, str]:
        """The tags that a row must have."""
        wanted = {
            "status": self.status,
            "active": None if self.active is None else _yes(self.active),
            "method": self.method,
            "provider": self.provider,
            "currency": self.currency,
        }
        return {name: value for name, value in wanted.items() if value is not None}


Filter = PaymentFilter | SubscriptionFilter
SEARCHED = {
    "payments_view": ("transaction", "payment", "email"),
    "subscriptions_view": ("transaction", "email"),
}
"""By kind: the tags that a search looks through, besides the saga's id."""


def payment_tags(row: PaymentRow) -> dict[str, str]:
    """What the row is found by."""
    return _given(
        status=row.status,
        method=row.method or UNKNOWN,
        provider=row.provider or UNKNOWN,
        type=row.type,
        channel=row.channel or UNKNOWN,
        currency=row.currency,
        size=size(row.amount),
        alert=row.alert,
        subscription=row.subscription_id,
        transaction=folded(row.shop_transaction_id),
        payment=row.payment_id and folded(row.payment_id),
        email=row.buyer_email and folded(row.buyer_email),
    )


def subscription_tags(row: SubscriptionRow) -> dict[str, str]:
    """What the row is found by."""
    return _given(
        status=row.status,
        active=_yes(row.active),
        method=row.method or UNKNOWN,
        provider=row.provider or UNKNOWN,
        currency=row.currency,
        size=size(row.amount),
        transaction=folded(row.shop_subscription_id),
        email=row.buyer_email and folded(row.buyer_email),
    )


def in_range(amount: int, wanted: Filter) -> bool:
    """Whether the amount is one of those that are wanted."""
    low, high = wanted.amount_from, wanted.amount_to
    return (low is None or amount >= low) and (high is None or amount <= high)


def sizes(low: int | None, high: int | None) -> list[str]:
    """The sizes of all amounts from `low` to `high`, in order."""
    first, last = max(low or 0, 0), min(_LARGEST if high is None else high, _LARGEST)
    found = []
    step, unit = 0, 1
    while unit <= _LARGEST:
        begin = unit * (1, 2, 5)[step] if (unit, step) != (1, 0) else 0
        step, unit = (step + 1) % 3, unit * 10 if step == 2 else unit
        if begin > last:
            break
        if unit * (1, 2, 5)[step] > first:
            found.append(size(begin))
    return found


def size(amount: int) -> str:
    """A text that sorts as the amount does, the same for amounts of about the same size: 1-, 2- or 5-..., by digits."""
    digits = str(max(min(amount, _LARGEST), 0))
    lead = digits[0]
    return f"{len(digits):02d}{1 if lead < '2' else 2 if lead < '5' else 5}"


def folded(text: str) -> str:
    """As it is searched for: in small letters, without blanks around it."""
    return text.strip().lower()[:LONGEST]


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _given(**tags: str | None) -> dict[str, str]:
    return {name: value for name, value in tags.items() if value}
