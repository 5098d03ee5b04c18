"""The port of a payment provider, and the values that cross it.

Amounts are integers in the currency's minor units. A provider answers values and raises only for its
own bugs: `Payment` and `Refund` say what the provider decided, `Unknown` that nobody knows yet,
`Rejected` that the request can never be done as it is. What not every provider can do is a protocol of
its own, declared in `Capabilities`. providers/callbacks.py has what providers send on their own; hub/
calls both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from engine.model import Json
from providers.callbacks import CallbackRequest, Refused, Told
from providers.money import CURRENCIES
from providers.values import (
    Capabilities,
    Interval,
    Payment,
    PayRequest,
    Refund,
    RefundRequest,
    Rejected,
    Result,
    Standing,
    Status,
    Subscription,
    SubscriptionChange,
    SubscriptionStanding,
    Unknown,
)

__all__ = [
    "Authorisations",
    "AutomaticSubscriptions",
    "Capabilities",
    "Completion",
    "Interval",
    "Links",
    "ManualSubscriptions",
    "PayRequest",
    "Payment",
    "Provider",
    "Refund",
    "RefundRequest",
    "RefundStatus",
    "Rejected",
    "Result",
    "Standing",
    "Status",
    "Subscription",
    "SubscriptionCare",
    "SubscriptionChange",
    "SubscriptionStanding",
    "Unknown",
    "Utilities",
    "money_problem",
    "pay_problem",
]

_MOST_MINOR_UNITS = 99_999_999_999_999
"""A thousand milliards with two decimals: above what any provider takes, and exact in every JSON parser."""


class Provider(Protocol):
    """One payment provider.

    * The same key gives the same payment or refund, however often it is asked.
    * A time-out or an error of the provider is Unknown, never KO.
    * Amounts that are no positive integers, currencies and methods outside `capabilities` are Rejected.
    * Nothing of a payment method comes back in an answer.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    async def pay(self, request: PayRequest) -> Payment | Unknown | Rejected:
        """Collect once."""
        ...

    async def refund(self, request: RefundRequest) -> Refund | Unknown | Rejected:
        """Give money back. The caller has seen to it that no more than is left is asked."""
        ...

    async def status(self, payment_id: str) -> Status | Unknown | Rejected:
        """Where a payment stands now."""
        ...

    async def read_callback(self, request: CallbackRequest) -> Told | Refused:
        """Check who sent it, then read it. Changes nothing at the provider."""
        ...

    async def close(self) -> None:
        """Let go of connections. Safe to call twice."""
        ...


@runtime_checkable
class Completion(Protocol):
    """The provider collects only when it is told to, after the customer has agreed on its page."""

    async def complete(self, payment_id: str) -> Status | Unknown | Rejected:
        """Collect if the customer has agreed, and answer as `status` does. Safe to repeat."""
        ...


@runtime_checkable
class RefundStatus(Protocol):
    """A refund that is pending can be asked for by its own id."""

    async def refund_status(self, payment_id: str, refund_id: str) -> Refund | Unknown | Rejected: ...


@runtime_checkable
class Links(Protocol):
    async def create_link(self, request: PayRequest) -> Payment | Unknown | Rejected:
        """Make a page where the customer can pay later; `link` is set when OK."""
        ...


@runtime_checkable
class AutomaticSubscriptions(Protocol):
    """The provider collects now and by itself from then on."""

    async def schedule_subscription(self, request: PayRequest) -> Payment | Unknown | Rejected: ...

    async def update_subscription(self, change: SubscriptionChange) -> Subscription | Unknown | Rejected: ...


@runtime_checkable
class ManualSubscriptions(Protocol):
    async def start_subscription(self, request: PayRequest) -> Payment | Unknown | Rejected:
        """The first payment; `subscription_token` serves the following ones."""
        ...

    async def pay_subscription(self, request: PayRequest) -> Payment | Unknown | Rejected:
        """A following payment, by `subscription["token"]`."""
        ...


@runtime_checkable
class SubscriptionCare(Protocol):
    async def subscription_status(self, token: str) -> Subscription | Unknown | Rejected: ...

    async def expire_subscription(self, token: str, key: str) -> Subscription | Unknown | Rejected:
        """End the customer's agreement. Ending one that has ended is fine."""
        ...


@runtime_checkable
class Authorisations(Protocol):
    async def authorise(self, request: PayRequest) -> Payment | Unknown | Rejected:
        """Ask the customer's agreement to later payments, without collecting."""
        ...


@runtime_checkable
class Utilities(Protocol):
    async def utility(self, name: str, fields: Mapping[str, str]) -> Json | Unknown | Rejected:
        """A helper of the provider's own pages, such as a token for its card fields; nothing is kept."""
        ...


def money_problem(amount: object, currency: object) -> str | None:
    """Why this is not an amount of money that can be asked for; None if it is. Never shows a value."""
    if not isinstance(amount, int) or isinstance(amount, bool):
        return "amount is not an integer in minor units"
    if amount <= 0:
        return "amount is not above zero"
    if amount > _MOST_MINOR_UNITS:
        return "amount is above what any provider takes"
    if not isinstance(currency, str) or currency not in CURRENCIES:
        return "currency is not a code of ISO 4217"
    return None


def pay_problem(request: PayRequest, capabilities: Capabilities) -> Rejected | None:
    """Why this provider cannot collect what is asked; None if it can."""
    if problem := money_problem(request.amount, request.currency):
        return Rejected(reason=problem)
    if not capabilities.takes(request.currency):
        return Rejected(reason="the provider does not take this currency", elsewhere=True)
    if request.method not in capabilities.methods:
        return Rejected(reason="the provider does not take this payment method", elsewhere=True)
    return None
