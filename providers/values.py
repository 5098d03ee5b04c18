"""What crosses the port of a payment provider: what it can do, requests, answers. Values only.

Amounts are integers in the currency's minor units. providers/base.py re-exports all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.model import Millis

Result = Literal["OK", "KO", "PENDING", "REDIRECT_TO_URL"]
Standing = Literal["ACCEPTED", "FAILED", "PENDING"]
SubscriptionStanding = Literal["PENDING", "ACTIVE", "PAST_DUE", "EXPIRED", "CANCELED", "UNKNOWN"]
Interval = Literal["DAY", "MONTH"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider can do, so that nobody has to try.

    Attributes:
        methods: Payment methods it takes, as payment-hub spells them ("credit-cards").
        default_method: Taken when the merchant names none.
        currencies: ISO 4217 codes it takes; None: any.
        refunds, partial_refunds: Whether money can be given back, and a part of it.
        links: Whether it is a `Links`.
        automatic: Methods of subscriptions that the provider renews (`AutomaticSubscriptions`).
        manual: Methods of subscriptions that we renew (`ManualSubscriptions`).
        intervals: Of automatic subscriptions.
        authorisations: Whether it is an `Authorisations`.
        status: Whether `status` can be asked.
        subscription_standings: What `subscription_status` may answer; empty: it cannot be asked.
        callbacks: Whether it tells us on its own.
        utilities: Names that `Utilities.utility` takes.
    """

    methods: frozenset[str]
    default_method: str
    currencies: frozenset[str] | None = None
    refunds: bool = False
    partial_refunds: bool = False
    links: bool = False
    automatic: frozenset[str] = frozenset()
    manual: frozenset[str] = frozenset()
    intervals: frozenset[Interval] = frozenset()
    authorisations: bool = False
    status: bool = False
    subscription_standings: frozenset[SubscriptionStanding] = frozenset()
    callbacks: bool = False
    utilities: frozenset[str] = frozenset()

    def takes(self, currency: str) -> bool:
        return self.currencies is None or currency in self.currencies


@dataclass(frozen=True, slots=True, kw_only=True)
class PayRequest:
    """What to collect: at once, by link, or as part of a subscription.

    Attributes:
        key: Idempotency key: the entry's id, the same on every try.
        again: An earlier try may have been done: read back before doing it where the key alone
            does not make it safe.
        shop_transaction_id: The merchant's own id.
        success_url, failure_url: Where the customer's browser goes afterwards; https or http.
        callback_url: Where the provider tells us what became of it; None: we are not reachable.
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
    callback_url: str | None = None
    subscription: Mapping[str, Any] = field(default_factory=dict, repr=False)
    provider_data: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """What to give back. `amount` None: all that is left of the payment.

    Attributes:
        refunded: What was given back before, minor units: with `paid` it tells a read-back whether
            an earlier try was done.
        keep: What the provider kept with the payment (`Payment.keep`).
    """

    key: str
    again: bool = False
    payment_id: str
    amount: int | None
    currency: str
    paid: int | None = None
    refunded: int = 0
    shop_transaction_id: str = ""
    keep: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionChange:
    """New terms of an automatic subscription, from its next renewal on."""

    key: str
    token: str
    amount: int
    currency: str
    shop_transaction_id: str
    interval: Interval
    interval_count: int
    expires_after: int | None = None
    provider_data: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What the provider made of a PayRequest.

    Attributes:
        payment_id: The provider's own id; the same for the same key. Empty only with KO.
        description: For people; bounded, without data of the payment method.
        elsewhere: With KO: another provider may well take it (its fault, or a soft decline).
        subscription_token: Stands for the customer's agreement to later payments.
        keep: Provider's data that may be kept with the saga; never of a payment method.
    """

    result: Result
    payment_id: str
    description: str = ""
    elsewhere: bool = False
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
    """Where a payment stands at the provider.

    Attributes:
        shop_transaction_id: As the provider has it, None if it does not say.
        amount, currency: What the provider took or is to take, None if it does not say.
        refunded: What it gave back so far, minor units, None if it does not say.
        keep: As in Payment.
    """

    standing: Standing
    payment_id: str
    shop_transaction_id: str | None = None
    amount: int | None = None
    currency: str | None = None
    refunded: int | None = None
    keep: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Where a subscription stands at the provider."""

    standing: SubscriptionStanding
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Nobody knows what became of the request; the same key again is safe.

    Attributes:
        sent: False when the request certainly had no effect at the provider.
        delay: Milliseconds that the provider asks us to wait, if it said so.
    """

    reason: str
    sent: bool = True
    delay: Millis | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The request cannot be done as it is; nothing happened. `reason` holds no value of it.

    Attributes:
        ours: It is the account's or the configuration's fault (wrong API key, method not enabled):
            a person mends that, the payment is not to be called failed.
        elsewhere: Another provider may well take it.
    """

    reason: str
    ours: bool = False
    elsewhere: bool = False
