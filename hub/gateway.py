"""What the hub can ask of its providers, in a saga (hub/payments_channel.py) and outside one (web/).

Owns the providers. Each call answers what the provider said, or `Rejected` where the provider does not
offer it; nothing here knows a saga, a store or HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.errors import ProviderNotFound
from engine.model import Json
from hub.operations import COLLECTIONS, PaymentAnswer
from providers.base import (
    AutomaticSubscriptions,
    Completion,
    PayRequest,
    Provider,
    Refund,
    RefundRequest,
    RefundStatus,
    Rejected,
    Status,
    Subscription,
    SubscriptionCare,
    SubscriptionChange,
    Unknown,
    Utilities,
    money_problem,
    pay_problem,
)
from providers.callbacks import CallbackRequest, Refused, Told

NOT_OFFERED = Rejected(reason="the provider does not offer this operation", elsewhere=True)


class Gateway:
    """The bound providers by name.

    Attributes:
        public_url: Where providers and customers reach this daemon, without a slash at its end; None as
            long as nobody knows (a port that is not bound yet).
    """

    def __init__(self, providers: Mapping[str, Provider], *, public_url: str | None = None) -> None:
        self.providers = dict(providers)
        self.public_url = public_url

    def name_of(self, name: object) -> str:
        """The name of a bound provider; None means the only one.

        Raises:
            ProviderNotFound: None is bound under it, or None is given and there are several.
        """
        if name is None and len(self.providers) == 1:
            return next(iter(self.providers))
        if not isinstance(name, str) or name not in self.providers:
            raise ProviderNotFound("provider is missing or is not bound in the configuration")
        return name

    def provider(self, name: object) -> Provider:
        """Raises ProviderNotFound, as `name_of`."""
        return self.providers[self.name_of(name)]

    def callback_url(self, name: str) -> str | None:
        """Where the provider bound as `name` tells us what became of a payment."""
        return None if self.public_url is None else f"{self.public_url}/v3/{name}/callback"

    async def collect(self, name: object, operation: str, request: PayRequest) -> PaymentAnswer:
        """One of `COLLECTIONS`: pay, createLink, subscriptionScheduledRequested, subscriptionStart,
        subscriptionPaymentRequested, getAuthorization.

        Repeating with the same `request.key` and `again` is safe: money is taken once.

        Raises:
            ProviderNotFound
        """
        name = self.name_of(name)
        provider, collection = self.providers[name], COLLECTIONS[operation]
        if not collection.able(provider.capabilities):
            return NOT_OFFERED
        if problem := pay_problem(request, provider.capabilities):
            return problem
        if request.method not in collection.methods(provider.capabilities):
            return NOT_OFFERED
        if request.callback_url is None:
            request = replace(request, callback_url=self.callback_url(name))
        return await collection.ask(provider, request)

    async def refund(self, name: object, request: RefundRequest) -> Refund | Unknown | Rejected:
        """Give money back. How much is left is the caller's to know (hub/refunds.py)."""
        provider = self.provider(name)
        can = provider.capabilities
        whole = request.amount is None or (request.amount == request.paid and not request.refunded)
        if not can.refunds or not (whole or can.partial_refunds):
            return Rejected(reason="the provider cannot make this refund")
        if request.amount is not None and (problem := money_problem(request.amount, request.currency)):
            return Rejected(reason=problem)
        return await provider.refund(request)

    async def status(self, name: object, payment_id: str) -> Status | Unknown | Rejected:
        """Where a payment stands at the provider, once what the customer agreed to is collected."""
        provider = self.provider(name)
        if isinstance(provider, Completion):
            return await provider.complete(payment_id)
        return await provider.status(payment_id) if provider.capabilities.status else NOT_OFFERED

    async def refund_status(
        self, name: object, payment_id: str, refund_id: str
    ) -> Refund | Unknown | Rejected:
        """What became of a refund that was pending."""
        provider = self.provider(name)
        if not isinstance(provider, RefundStatus):
            return NOT_OFFERED
        return await provider.refund_status(payment_id, refund_id)

    async def update_subscription(
        self, name: object, change: SubscriptionChange
    ) -> Subscription | Unknown | Rejected:
        """New terms for a subscription that the provider renews by itself."""
        provider = self.provider(name)
        if problem := money_problem(change.amount, change.currency):
            return Rejected(reason=problem)
        if not isinstance(provider, AutomaticSubscriptions):
            return NOT_OFFERED
        if change.interval not in provider.capabilities.intervals:
            return NOT_OFFERED
        return await provider.update_subscription(change)

    async def subscription_status(self, name: object, token: str) -> Subscription | Unknown | Rejected:
        """Where a subscription stands at the provider."""
        provider = self.provider(name)
        if not isinstance(provider, SubscriptionCare) or not provider.capabilities.subscription_standings:
            return NOT_OFFERED
        return await provider.subscription_status(token)

    async def expire_subscription(
        self, name: object, token: str, key: str
    ) -> Subscription | Unknown | Rejected:
        """End a subscription. Ending one that has ended is fine."""
        provider = self.provider(name)
        if not isinstance(provider, SubscriptionCare):
            return NOT_OFFERED
        return await provider.expire_subscription(token, key)

    async def utility(
        self, name: object, utility: str, fields: Mapping[str, str]
    ) -> Json | Unknown | Rejected:
        """A helper of the provider's own pages, such as a token for its card fields."""
        provider = self.provider(name)
        if not isinstance(provider, Utilities) or utility not in provider.capabilities.utilities:
            return NOT_OFFERED
        return await provider.utility(utility, fields)

    async def read_callback(self, name: object, request: CallbackRequest) -> Told | Refused:
        """Check who sent a callback, and read it."""
        return await self.provider(name).read_callback(request)

    async def close(self) -> None:
        """Close the providers. Safe to call twice."""
        for provider in self.providers.values():
            await provider.close()
