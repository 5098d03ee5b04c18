"""What callers may ask of payments, subscriptions and their sums, and what they are answered.

Field names are those of the original's views; amounts are minor units beside their currency, where it had decimals.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from engine.machine.names import iso
from hub.views.filters import PaymentFilter, SubscriptionFilter
from hub.views.history import HistoryLine
from hub.views.rows import PaymentRow, SubscriptionRow
from web.moments import moment
from web.requests import Cursor, Limit, Moment, Name, Query
from web.shapes import Shape

PaymentStatus = Literal["CREATED", "PAID", "PARTIALLY_REFUNDED", "TOTALLY_REFUNDED", "FAILED"]
SubscriptionStatus = Literal["CREATED", "ACTIVE", "ON_HOLD", "EXPIRED", "ABORTED"]
PaymentType = Literal["DIRECT", "SUBSCRIPTION", "PAY_BY_LINK"]
Amount = Annotated[int, Meta(ge=0, le=10**15, description="Minor units; included")]
Text = Annotated[str, Meta(max_length=200, description="All or the beginning of an id or of an e-mail")]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}(?![\s\S])")]
Until = Annotated[Moment, Meta(description="Exclusive")]
Day = Annotated[
    str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?![\s\S])", description="YYYY-MM-DD, UTC; included")
]


class PaymentsQuery(Query):
    """Every parameter that is given must match; `unknown` finds payments without method, provider or channel."""

    status: PaymentStatus | None = None
    method: Name | None = None
    provider: Name | None = None
    type: PaymentType | None = None
    channel: Name | None = None
    currency: Currency | None = None
    subscription_id: Annotated[Name | None, Meta(description="The subscription's saga id")] = None
    alert: Literal["late", "late-success"] | None = None
    since: Annotated[Moment | None, Meta(description="Created at this moment or later")] = None
    until: Until | None = None
    amount_from: Amount | None = None
    amount_to: Amount | None = None
    search: Text | None = None

    def filter(self) -> PaymentFilter:
        """The same for the views. Raises Problem: invalid-query."""
        return PaymentFilter(
            status=self.status,
            method=self.method,
            provider=self.provider,
            type=self.type,
            channel=self.channel,
            currency=self.currency,
            subscription_id=self.subscription_id,
            alert=self.alert,
            since=moment("since", self.since),
            until=moment("until", self.until),
            amount_from=self.amount_from,
            amount_to=self.amount_to,
            search=self.search,
        )


class SubscriptionsQuery(Query):
    """As of payments; `active=false` finds those that are expired or aborted."""

    status: SubscriptionStatus | None = None
    active: bool | None = None
    method: Name | None = None
    provider: Name | None = None
    currency: Currency | None = None
    since: Annotated[Moment | None, Meta(description="Created at this moment or later")] = None
    until: Until | None = None
    amount_from: Amount | None = None
    amount_to: Amount | None = None
    search: Text | None = None

    def filter(self) -> SubscriptionFilter:
        """The same for the views. Raises Problem: invalid-query."""
        return SubscriptionFilter(
            status=self.status,
            active=self.active,
            method=self.method,
            provider=self.provider,
            currency=self.currency,
            since=moment("since", self.since),
            until=moment("until", self.until),
            amount_from=self.amount_from,
            amount_to=self.amount_to,
            search=self.search,
        )


class PaymentListQuery(PaymentsQuery):
    counts: Annotated[bool, Meta(description="Answer how many there are of each status")] = False
    limit: Limit = 50
    cursor: Cursor | None = None


class SubscriptionListQuery(SubscriptionsQuery):
    limit: Limit = 50
    cursor: Cursor | None = None


class HistoryStep(Shape):
    """What happened, newest first. `refundedAmount`: what it gave back."""

    date: str
    event: str
    state: str
    status: str
    refunded_amount: int | None
    ignored: bool
    actor: str | None
    reason: str | None
    note: str | None


class PaymentItem(Shape):
    """A payment. `currentStatus` is the business state, `state` the technical one."""

    saga_id: str
    current_status: str
    state: str
    date: str
    updated_at: str
    shop_transaction_id: str
    payment_id: str | None
    amount: int
    total_refunded_amount: int
    remaining_amount: int
    currency: str
    payment_method_id: str | None
    payment_method: str
    provider: str | None
    type: str
    channel: str | None
    subscription_id: str | None
    buyer_id: str | None
    buyer_name: str | None
    buyer_email: str | None
    buyer_phone: str | None
    notification_channels: list[str]
    refundable: bool
    alert: Literal["late", "late-success"] | None
    error: str | None


class PaymentDetail(PaymentItem):
    """A payment as it is at this moment, with its history."""

    history: list[HistoryStep]


class PaymentPage(Shape):
    """Payments, newest first; `nextCursor` is null on the last page, and a page before it may be short.

    `cut`: the search found more than it looks at. `counts`: by status, whatever status was asked for; null if it was
    not asked for, or is not counted for such a filter.
    """

    items: list[PaymentItem]
    next_cursor: str | None
    cut: bool
    counts: dict[str, int] | None


class SubscriptionItem(Shape):
    """A subscription."""

    saga_id: str
    status: str
    state: str
    date: str
    updated_at: str
    shop_subscription_id: str
    amount: int
    currency: str
    payment_method_id: str | None
    payment_method: str
    provider: str | None
    interval: str
    interval_count: int
    renewal: str
    next_payment_date: str | None
    expiration_date: str | None
    expire_requested: bool
    active: bool
    buyer_name: str | None
    buyer_email: str | None


class SubscriptionPayment(Shape):
    """A payment of a subscription."""

    saga_id: str
    date: str
    shop_transaction_id: str
    amount: int
    currency: str
    status: str


class SubscriptionDetail(SubscriptionItem):
    """A subscription as it is at this moment, with its payments, newest first."""

    transactions: list[SubscriptionPayment]


class SubscriptionPage(Shape):
    """Subscriptions, newest first. `nextCursor` is null on the last page, and a page before it may be short."""

    items: list[SubscriptionItem]
    next_cursor: str | None
    cut: bool


def payment_fields(row: PaymentRow) -> dict[str, object]:
    """What PaymentItem and PaymentDetail are made of."""
    return {
        "saga_id": row.saga_id,
        "current_status": row.status,
        "state": row.state,
        "date": iso(row.date),
        "updated_at": iso(row.updated),
        "shop_transaction_id": row.shop_transaction_id,
        "payment_id": row.payment_id,
        "amount": row.amount,
        "total_refunded_amount": row.refunded,
        "remaining_amount": row.remaining,
        "currency": row.currency,
        "payment_method_id": row.method,
        "payment_method": row.method_label,
        "provider": row.provider,
        "type": row.type,
        "channel": row.channel,
        "subscription_id": row.subscription_id,
        "buyer_id": row.buyer_id,
        "buyer_name": row.buyer_name,
        "buyer_email": row.buyer_email,
        "buyer_phone": row.buyer_phone,
        "notification_channels": list(row.notification_channels),
        "refundable": row.refundable,
        "alert": row.alert,
        "error": row.error,
    }


def subscription_fields(row: SubscriptionRow) -> dict[str, object]:
    """What SubscriptionItem and SubscriptionDetail are made of."""
    return {
        "saga_id": row.saga_id,
        "status": row.status,
        "state": row.state,
        "date": iso(row.date),
        "updated_at": iso(row.updated),
        "shop_subscription_id": row.shop_subscription_id,
        "amount": row.amount,
        "currency": row.currency,
        "payment_method_id": row.method,
        "payment_method": row.method_label,
        "provider": row.provider,
        "interval": row.interval,
        "interval_count": row.interval_count,
        "renewal": row.renewal,
        "next_payment_date": row.next_payment_date,
        "expiration_date": row.expiration_date,
        "expire_requested": row.expire_requested,
        "active": row.active,
        "buyer_name": row.buyer_name,
        "buyer_email": row.buyer_email,
    }


def step_of(line: HistoryLine) -> HistoryStep:
    """A line of a history as it is answered."""
    return HistoryStep(
        date=iso(line.at),
        event=line.event,
        state=line.state,
        status=line.status,
        refunded_amount=line.refunded,
        ignored=line.ignored,
        actor=line.actor,
        reason=line.reason,
        note=line.note,
    )
