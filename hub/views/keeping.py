"""Rows as records of the store: their kinds, ids, tags and bodies, and how a newer one takes an older one's place.

Pure but for `keep`. A row is written only over one that was made from an older version of its saga, so that it does
not matter how often, in which order and by which daemon it is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from engine.errors import RecordExists, StaleRecord
from engine.model import HistoryRow, Json, Saga
from engine.ports import Store
from engine.records import Record
from hub.views.filters import payment_tags, subscription_tags
from hub.views.rows import (
    PAID_STATUSES,
    PAYMENT,
    SUBSCRIPTION,
    PaymentRow,
    SubscriptionRow,
    payment_row,
    subscription_row,
)

PAYMENTS, SUBSCRIPTIONS = "payments_view", "subscriptions_view"
KINDS = {PAYMENT: PAYMENTS, SUBSCRIPTION: SUBSCRIPTIONS}
"""By machine: the kind of its view's records. A record's id is the saga's."""

FORMAT = 1
"""Grows when rows get other fields or tags: then all of them are made anew."""

Row = PaymentRow | SubscriptionRow


def _names(row: type[Row]) -> dict[str, str]:
    """The fields, and what they are called in a record."""
    heads = {each.name: each.name.split("_") for each in fields(row)}
    return {name: head + "".join(word.capitalize() for word in rest) for name, (head, *rest) in heads.items()}


NAMES: dict[type[Row], dict[str, str]] = {kind: _names(kind) for kind in (PaymentRow, SubscriptionRow)}
_TEXTS = {PaymentRow: "notification_channels", SubscriptionRow: "transactions"}
_PAYMENT, _SUBSCRIPTION = NAMES[PaymentRow], NAMES[SubscriptionRow]


def record_of(row: Row) -> Record:
    """The record of a row, at version 1."""
    body: Json = {theirs: getattr(row, ours) for ours, theirs in NAMES[type(row)].items()}
    texts = NAMES[type(row)][_TEXTS[type(row)]]
    body[texts] = list(body[texts])
    is_payment = isinstance(row, PaymentRow)
    return Record(
        kind=PAYMENTS if is_payment else SUBSCRIPTIONS,
        id=row.saga_id,
        at=row.date,
        tags=payment_tags(row) if isinstance(row, PaymentRow) else subscription_tags(row),
        body={**body, "format": FORMAT},
    )


def payment_of(record: Record) -> PaymentRow:
    """The row that the record keeps."""
    values: dict[str, Any] = {ours: record.body[theirs] for ours, theirs in _PAYMENT.items()}
    values["notification_channels"] = tuple(values["notification_channels"])
    return PaymentRow(**values)


def subscription_of(record: Record) -> SubscriptionRow:
    """The row that the record keeps."""
    values: dict[str, Any] = {ours: record.body[theirs] for ours, theirs in _SUBSCRIPTION.items()}
    values["transactions"] = tuple(values["transactions"])
    return SubscriptionRow(**values)


async def keep(store: Store, saga: Saga) -> None:
    """Have the saga's row in the view, unless a newer one is there. Safe to repeat."""
    kind = KINDS[saga.machine]
    while True:
        there = await store.records.get(kind, saga.saga_id)
        if there is not None and _is_current(there, saga):
            return
        made = record_of(await _row_of(store, saga, there))
        try:
            if there is None:
                await store.records.insert(made)
            else:
                await store.records.replace(replace(made, version=there.version))
        except (RecordExists, StaleRecord):  # another daemon was faster, and may have had an older saga
            continue
        return


async def _row_of(store: Store, saga: Saga, there: Record | None = None) -> Row:
    """The saga's row; `there` is the one before, if it is known."""
    if saga.machine == SUBSCRIPTION:
        return subscription_row(saga)
    row = payment_row(saga)
    if row.status not in PAID_STATUSES:
        return row
    known = there is not None and there.body["status"] in PAID_STATUSES and _in_format(there)
    if known and there is not None:
        return payment_row(saga, late_success=there.body["lateSuccess"])
    return payment_row(saga, late_success=came_late(await store.history(saga.saga_id)))


def came_late(history: Sequence[HistoryRow]) -> bool:
    """Whether the money came after the payment had failed."""
    return any(row.source == "PAYMENT_FAILED" and row.state == "PAYMENT_EXECUTED" for row in history)


def _is_current(there: Record, saga: Saga) -> bool:
    return _in_format(there) and bool(there.body["version"] >= saga.version)


def _in_format(there: Record) -> bool:
    return bool(there.body.get("format") == FORMAT)
