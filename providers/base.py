"""The port of a payment provider, and the values that cross it.

Amounts are integers in the currency's minor units. A provider answers values and raises only for its
own bugs: `Payment` and `Refund` say what the provider decided, `Unknown` that nobody knows yet,
`Rejected` that the request can never be done as it is. hub/ calls it; one file here per provider.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from engine.model import Millis

Result = Literal["OK", "KO", "PENDING", "REDIRECT_TO_URL"]
Standing = Literal["ACCEPTED", "FAILED", "PENDING"]

_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider can do, so that nobody has to try.

    Attributes:
        methods: Payment methods it takes, as payment-hub spells them ("credit-cards").
        default_method: Taken when the merchant names none.
    """

    methods: frozenset[str]
    default_method: str
    refunds: bool = False
    partial_refunds: bool = False
    links: bool = False
    automatic_subscriptions: bool = False
    manual_subscriptions: bool = False
    authorisations: bool = False
    status: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PayRequest:
    """What to collect: at once, by link, or as part of a subscription.

    Attributes:
        key: Idempotency key: the entry's id, the same on every try.
        again: An earlier try may have been done: read back before doing it.
        shop_transaction_id: The merchant's own id.
        subscription: interval, intervalCount, expiresAfter, token; as the provider needs them.
        provider_data: For this provider only; may hold what must never be kept, so no repr.
    """

    key: str
    again: bool = False
    amount: int
    currency: str
    method: str
    shop_transaction_id: str
    success_url: str | None = None
    failure_url: str | None = None
    subscription: Mapping[str, Any] = field(default_factory=dict, repr=False)
    provider_data: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """What to give back. `amount` None: all that is left of the payment."""

    key: str
    again: bool = False
    payment_id: str
    amount: int | None
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What the provider made of a PayRequest.

    Attributes:
        payment_id: The provider's own id; the same for the same key.
        subscription_token: Stands for the customer's agreement to later payments.
        keep: Provider's data that may be kept with the saga; never of a payment method.
        description: For people; bounded, without data of the payment method.
    """

    result: Result
    payment_id: str
    description: str = ""
    redirect_to_url: str | None = None
    redirect_to_url_mobile: str | None = None
    link: str | None = None
    subscription_token: str | None = None
    keep: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """What the provider made of a RefundRequest; PENDING is settled by a later callback."""

    result: Literal["OK", "KO", "PENDING"]
    refund_id: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Where a payment stands at the provider."""

    standing: Standing
    payment_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Nobody knows what became of the request; the same key again is safe.

    Attributes:
        sent: False when the request certainly never reached the provider.
        delay: Milliseconds that the provider asks us to wait, if it said so.
    """

    reason: str
    sent: bool = True
    delay: Millis | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The request cannot be done as it is; nothing happened. `reason` holds no value of it."""

    reason: str


class Provider(Protocol):
    """One payment provider.

    * The same key gives the same payment or refund, however often it is asked.
    * A time-out or an error of the provider is Unknown, never KO.
    * Amounts that are no positive integers, currencies not shaped like ISO 4217, and methods outside
      `capabilities` are Rejected.
    * Nothing of a payment method comes back in an answer.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    async def pay(self, request: PayRequest) -> Payment | Unknown | Rejected:
        """Collect once."""
        ...

    async def create_link(self, request: PayRequest) -> Payment | Unknown | Rejected:
        """Make a page where the customer can pay later; `link` is set when OK."""
        ...

    async def schedule_subscription(self, request: PayRequest) -> Payment | Unknown | Rejected:
        """Automatic subscription: the provider collects now and by itself from then on."""
        ...

    async def start_subscription(self, request: PayRequest) -> Payment | Unknown | Rejected:
        """Manual subscription: the first payment; `subscription_token` serves the following ones."""
        ...

    async def pay_subscription(self, request: PayRequest) -> Payment | Unknown | Rejected:
        """Manual subscription: a following payment, by `subscription["token"]`."""
        ...

    async def authorise(self, request: PayRequest) -> Payment | Unknown | Rejected:
        """Ask the customer's agreement to later payments, without collecting."""
        ...

    async def refund(self, request: RefundRequest) -> Refund | Unknown | Rejected:
        """Give money back. The caller has seen to it that no more than is left is asked."""
        ...

    async def status(self, payment_id: str) -> Status | Unknown | Rejected:
        """Where a payment stands now."""
        ...

    async def close(self) -> None:
        """Let go of connections. Safe to call twice."""
        ...


def money_problem(amount: object, currency: object) -> str | None:
    """Why this is not an amount of money that can be asked for; None if it is. Never shows a value."""
    if not isinstance(amount, int) or isinstance(amount, bool):
        return "amount is not an integer in minor units"
    if amount <= 0:
        return "amount is not above zero"
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        return "currency is not three capital letters as in ISO 4217"
    return None
