"""Bodies, queries and answers of the BFF. Amounts are integers in minor units, but for `remainingAmount`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType, field

from providers.base import Interval, Result
from web.gateway_shapes import Address, Amount, Count, Currency, Data
from web.requests import Body, Handle, Name, Query, Reason
from web.shapes import Shape

Decimals = Annotated[
    str | int | float,
    Meta(description="Major units with a decimal point, as a number or a text: 12.5 is 12.50 EUR"),
]
Date = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{3})?Z)?(?![\s\S])",
        description="2026-01-31, or a moment in UTC",
    ),
]


class PayByMethod(Body, kw_only=True):
    """How a payment is paid. Without `provider` the first that is offered with this method.

    Without redirects the customer comes back to the checkout's own pages.
    """

    saga_id: Handle
    payment_method: Name
    provider: Name | None = None
    success_redirect: Address | None = None
    failure_redirect: Address | None = None
    provider_data: Data = field(default_factory=dict)


class PayLink(Body, kw_only=True):
    """Whom a link to pay by is sent to; with neither it is only made. A repeat sends the same link again."""

    saga_id: Handle
    email: Annotated[str, Meta(max_length=254)] | None = None
    phone: Annotated[str, Meta(max_length=40, description="With its country: +39...")] | None = None
    provider: Name | None = None
    payment_method: Name | None = None


class NewSubscription(Body, kw_only=True):
    """A subscription to begin; POST /pay-recurrent makes its first payment."""

    shop_subscription_id: Annotated[str, Meta(min_length=1, max_length=100)]
    amount: Amount
    currency: Currency
    interval: Interval
    interval_count: Count = 1
    payment_method: Name
    provider: Name
    renewal: Literal["MANUAL", "AUTOMATIC"] | UnsetType = UNSET
    authorization: bool | UnsetType = UNSET
    expires_after: Count | UnsetType = UNSET
    expiration_date: Date | UnsetType = UNSET
    additional_data: dict[str, Any] | UnsetType = UNSET


class RefundAsk(Body, kw_only=True):
    """Money to give back: `remainingAmount` of what is left."""

    saga_id: Handle
    currency: Currency
    remaining_amount: Decimals
    reason: Reason | None = None


class TableRow(Body, forbid_unknown_fields=False):
    """A row of a table of payments: its saga counts, the rest is passed over."""

    saga_id: Handle


class UtilityAsk(Body):
    """A helper of a provider's own pages, such as `payment/token`, and its fields."""

    provider: Name
    utility: Name
    fields: dict[str, str] = field(default_factory=dict)


class ApplePayAsk(Body):
    """What the browser's ApplePaySession asks to be validated."""

    validation_url: Address


class SagaQuery(Query):
    saga_id: Handle


class Outcome(Shape):
    """What became of a payment so far. With REDIRECT_TO_URL the customer goes on at `redirectToUrl`."""

    saga_id: str
    result: Result
    result_description: str
    status: str
    redirect_to_url: str | UnsetType = UNSET
    redirect_to_url_mobile: str | UnsetType = UNSET
    subscription_id: str | UnsetType = UNSET


class Polled(Shape):
    """Where a payment stands. `page` is where the checkout shows it, `returnUrl` where the shop wants its customer."""

    saga_id: str
    is_pending: bool
    result: Result
    status: str
    page: str
    return_url: str | UnsetType = UNSET


class PaymentInfo(Shape):
    """A payment for a result page. Amounts in minor units."""

    saga_id: str
    shop_transaction_id: str
    status: str
    result: Result
    amount: int
    currency: str
    refunded_amount: int
    type: str
    date: str
    provider: str | None
    payment_method: str | None
    payment_id: str | None
    subscription_id: str | None
    link: str | None
    error: str | None
    has_invoice: bool


class OfferedMethod(Shape):
    """A way to pay. `provider` "auto" lets routes choose."""

    provider: str
    payment_method: str


class LinkMade(Shape):
    """The link. `resultCode` is `result`, for older callers."""

    saga_id: str
    result: Literal["OK", "KO", "PENDING"]
    result_code: Literal["OK", "KO", "PENDING"]
    result_description: str
    link: str | UnsetType = UNSET


class SubscriptionMade(Shape):
    saga_id: str
    status: str


class RefundTaken(Shape):
    """The refund was asked for; it is decided later. `amount` in minor units."""

    saga_id: str
    result: Literal["ACCEPTED"]
    amount: int
    currency: str


class RefundRefused(Shape):
    saga_id: str
    code: str
    detail: str


class RefundsTaken(Shape):
    """What became of each row."""

    accepted: list[RefundTaken]
    refused: list[RefundRefused]


class NotificationAsked(Shape):
    saga_id: str
    result: Literal["OK"]


class ExpiryAsked(Shape):
    """The subscription ends on the day of its next payment; one that is not begun or on hold ends at once."""

    saga_id: str
    result: Literal["OK"]
    status: str
    ends_on: str | None
