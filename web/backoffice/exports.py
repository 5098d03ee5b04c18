"""Links to the files of a list: the same filter, as /api/v1/exports takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from engine.machine.names import iso
from hub.views.filters import PaymentFilter, SubscriptionFilter

FORMATS = ("csv", "xlsx", "jsonl")
EXPORTS = "/api/v1/exports"


def payments_export(wanted: PaymentFilter) -> Sequence[Mapping[str, str]]:
    """Where each format of this list of payments is."""
    return _links("payments", {**_common(wanted), "type": wanted.type, "channel": wanted.channel,
                               "subscriptionId": wanted.subscription_id, "alert": wanted.alert})  # fmt: skip


def subscriptions_export(wanted: SubscriptionFilter) -> Sequence[Mapping[str, str]]:
    """Where each format of this list of subscriptions is."""
    active = None if wanted.active is None else str(wanted.active).lower()
    return _links("subscriptions", {**_common(wanted), "active": active})


def _common(wanted: PaymentFilter | SubscriptionFilter) -> dict[str, object]:
    return {
        "status": wanted.status,
        "method": wanted.method,
        "provider": wanted.provider,
        "currency": wanted.currency,
        "since": None if wanted.since is None else iso(wanted.since),
        "until": None if wanted.until is None else iso(wanted.until),
        "amountFrom": wanted.amount_from,
        "amountTo": wanted.amount_to,
        "search": wanted.search,
    }


def _links(what: str, query: Mapping[str, object]) -> Sequence[Mapping[str, str]]:
    given = {name: value for name, value in query.items() if value is not None}
    return [
        {"format": each, "href": f"{EXPORTS}/{what}?{urlencode({'format': each, **given})}"}
        for each in FORMATS
    ]
