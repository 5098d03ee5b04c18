"""What the views keep of a payment and of a subscription: the fields that lists, searches and exports show.

Pure: a saga goes in, a row comes out; the field names of the metadata are known here. docs/views.md has the fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.model import Millis, Saga
from hub.refunds import read_ledger
from hub.views.labels import method_label

PAYMENT, SUBSCRIPTION = "payment", "subscription"
"""The machines whose sagas are shown."""

PAYMENT_STATUSES = ("CREATED", "PAID", "PARTIALLY_REFUNDED", "TOTALLY_REFUNDED", "FAILED")
SUBSCRIPTION_STATUSES = ("CREATED", "ACTIVE", "ON_HOLD", "EXPIRED", "ABORTED")
PAID_STATUSES = frozenset(("PAID", "PARTIALLY_REFUNDED", "TOTALLY_REFUNDED"))
ENDED = frozenset(("EXPIRED", "ABORTED"))

PAYMENT_TYPES = ("DIRECT", "SUBSCRIPTION", "PAY_BY_LINK")
_REFUNDABLE = frozenset(
    ("PAYMENT_EXECUTED", "REFUND_FAILED", "PARTIALLY_REFUNDED", "SUBSEQUENT_REFUND_FAILED")
)

Alert = Literal["late", "late-success"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRow:
    """A payment as people see it. Amounts are minor units of `currency`; `date` is when it was created.

    Attributes:
        status: One of PAYMENT_STATUSES; `state` is the technical one behind it.
        late: It is not decided for so long that somebody should look.
        late_success: It had failed, and the money came after all.
        version: The saga's version that this was made from.
    """

    saga_id: str
    status: str
    state: str
    date: Millis
    updated: Millis
    shop_transaction_id: str
    payment_id: str | None
    amount: int
    currency: str
    refunded: int
    provider: str | None
    method: str | None
    type: str
    channel: str | None
    subscription_id: str | None
    buyer_id: str | None
    buyer_name: str | None
    buyer_email: str | None
    buyer_phone: str | None
    notification_channels: tuple[str, ...]
    late: bool
    late_success: bool
    error: str | None
    version: int

    @property
    def paid(self) -> int:
        """What came in, before refunds."""
        return self.amount if self.status in PAID_STATUSES else 0

    @property
    def remaining(self) -> int:
        """What may still be given back."""
        return max(self.paid - self.refunded, 0)

    @property
    def refundable(self) -> bool:
        """Whether a refund would be taken now."""
        return self.state in _REFUNDABLE and self.remaining > 0

    @property
    def invoiceable(self) -> bool:
        """Whether there is an invoice to download."""
        return self.status == "PAID"

    @property
    def method_label(self) -> str:
        """The method's name for people."""
        return method_label(self.method, self.provider)

    @property
    def alert(self) -> Alert | None:
        """Why somebody should look at it."""
        if self.late_success:
            return "late-success"
        return "late" if self.late else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRow:
    """A subscription as people see it. `transactions`: the saga ids of its payments that were paid."""

    saga_id: str
    status: str
    state: str
    date: Millis
    updated: Millis
    shop_subscription_id: str
    amount: int
    currency: str
    provider: str | None
    method: str | None
    interval: str
    interval_count: int
    renewal: str
    next_payment_date: str | None
    expiration_date: str | None
    expire_requested: bool
    buyer_name: str | None
    buyer_email: str | None
    transactions: tuple[str, ...]
    version: int

    @property
    def active(self) -> bool:
        """Whether it goes on: neither expired nor aborted."""
        return self.status not in ENDED

    @property
    def method_label(self) -> str:
        """The method's name for people."""
        return method_label(self.method, self.provider)


def payment_row(saga: Saga, *, late_success: bool = False) -> PaymentRow:
    """The row of a saga of the machine `payment`."""
    data = saga.metadata
    more = _mapping(data.get("additionalData"))
    buyer = _mapping(more.get("buyer"))
    channels = more.get("notificationChannels")
    return PaymentRow(
        saga_id=saga.saga_id,
        status=saga.business_state.removeprefix("PAYMENT_"),
        state=saga.state,
        date=saga.created_at,
        updated=saga.updated_at,
        shop_transaction_id=_text(data.get("shopTransactionId")) or saga.saga_id,
        payment_id=_text(data.get("paymentId")),
        amount=_whole(data.get("amount")),
        currency=_text(data.get("currency")) or "",
        refunded=read_ledger(data).refunded,
        provider=_text(data.get("provider")),
        method=_text(data.get("paymentMethod")),
        type=_text(data.get("type")) or "DIRECT",
        channel=_text(more.get("channel")),
        subscription_id=_text(data.get("subscriptionId")),
        buyer_id=_text(buyer.get("id")),
        buyer_name=_text(buyer.get("name")),
        buyer_email=_text(buyer.get("email")),
        buyer_phone=_text(buyer.get("phone")),
        notification_channels=_texts(channels),
        late=bool(saga.late),
        late_success=late_success,
        error=_text(data.get("error")),
        version=saga.version,
    )


def subscription_row(saga: Saga) -> SubscriptionRow:
    """The row of a saga of the machine `subscription`."""
    data = saga.metadata
    buyer = _mapping(_mapping(data.get("additionalData")).get("buyer"))
    return SubscriptionRow(
        saga_id=saga.saga_id,
        status=saga.business_state,
        state=saga.state,
        date=saga.created_at,
        updated=saga.updated_at,
        shop_subscription_id=_text(data.get("shopSubscriptionId")) or saga.saga_id,
        amount=_whole(data.get("amount")),
        currency=_text(data.get("currency")) or "",
        provider=_text(data.get("provider")),
        method=_text(data.get("paymentMethod")),
        interval=_text(data.get("interval")) or "",
        interval_count=_whole(data.get("intervalCount")),
        renewal=_text(data.get("renewal")) or "MANUAL",
        next_payment_date=_text(data.get("nextPaymentDate")),
        expiration_date=_text(data.get("expirationDate")),
        expire_requested=data.get("expireRequested") is True,
        buyer_name=_text(buyer.get("name")),
        buyer_email=_text(buyer.get("email")),
        transactions=_texts(data.get("transactions")),
        version=saga.version,
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
