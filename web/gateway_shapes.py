"""Bodies and answers of the gateway API, /v3. Amounts are integers in minor units: 12.99 EUR is 1299."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType, field

from providers.base import Interval, Result, Standing, SubscriptionStanding
from web.requests import Body, Name, Query
from web.shapes import Shape

Amount = Annotated[int, Meta(ge=1, le=99_999_999_999_999, description="Minor units of the currency")]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}(?![\s\S])", description="ISO 4217")]
Address = Annotated[str, Meta(pattern=r"^https?://[^\s]{1,2000}(?![\s\S])")]
Count = Annotated[int, Meta(ge=1, le=10_000)]
Data = Annotated[
    dict[str, Any], Meta(description="For this provider only; payment-method fields are not kept")
]


class SubscriptionTerms(Body):
    """How often a subscription is collected; `expiresAfter` counts collections."""

    interval: Interval
    interval_count: Count
    expires_after: Count | None = None


class SubscriptionToken(Body):
    token: Name


class Order(Body, kw_only=True):
    """Money to collect."""

    amount: Amount
    currency: Currency
    shop_transaction_id: Name
    provider_data: Data = field(default_factory=dict)


class PayOrder(Order, kw_only=True):
    """Money to collect now; where the customer's browser goes afterwards."""

    success_redirect_url: Address | None = None
    failure_redirect_url: Address | None = None


class LinkOrder(PayOrder, kw_only=True):
    """Money to collect by a link; without `paymentMethod` the provider's usual one."""

    payment_method: Name | None = None


class SubscriptionOrder(PayOrder, kw_only=True):
    """The first payment of a subscription."""

    subscription_info: SubscriptionTerms


class FollowingPayment(Order, kw_only=True):
    """A following payment of a subscription that the merchant renews."""

    subscription_info: SubscriptionToken


class SubscriptionUpdate(Order, kw_only=True):
    """New terms of a subscription that the provider renews."""

    subscription_info: SubscriptionTerms


class RefundOrder(Body):
    """Money to give back. `shopTransactionId` is needed by providers that know payments by it."""

    amount: Amount
    currency: Currency
    payment_id: Name
    shop_transaction_id: Name | None = None
    provider_data: Data = field(default_factory=dict)


class PaymentQuery(Query):
    payment_id: Name


class ExpiryQuery(Query):
    """As the original's pages have it; both may be left out."""

    shop_transaction_id: Name | None = None
    reference: Name | None = None


class AnyQuery(Query, forbid_unknown_fields=False):
    """Fields of a utility, each a text; what there is depends on the provider."""


class Paid(Shape):
    """What became of a payment. With REDIRECT_TO_URL the customer goes on at `redirectToUrl`."""

    result: Result
    result_description: str
    payment_id: str
    redirect_to_url: str | UnsetType = UNSET
    redirect_to_url_mobile: str | UnsetType = UNSET
    subscription_token: str | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET


class Linked(Shape):
    """A link to pay by. `resultCode` is `result`, for older callers."""

    result: Literal["OK", "KO"]
    result_code: Literal["OK", "KO"]
    result_description: str
    payment_id: str | UnsetType = UNSET
    link: str | UnsetType = UNSET


class Refunded(Shape):
    """What became of a refund. PENDING is decided later: the provider's callback tells."""

    result: Literal["OK", "KO", "PENDING"]
    result_description: str
    refund_id: str


class PaymentStatus(Shape):
    """Where a payment stands."""

    status: Standing
    payment_id: str
    shop_transaction_id: str | None
    provider_name: str
    metadata: dict[str, Any] | UnsetType = UNSET


class SubscriptionChanged(Shape):
    result: Literal["OK", "KO"]
    result_description: str
    subscription_token: str


class SubscriptionStatus(Shape):
    status: SubscriptionStanding


class SubscriptionEnded(Shape):
    result: Literal["OK", "KO"]
    result_description: str
    status: SubscriptionStanding
