"""Subscriptions that Braintree renews: made once however often they are asked for, changed, looked up, ended.

Their ids are made of our key, so a second request for the same one finds the first.
"""

from __future__ import annotations

from collections.abc import Mapping

from providers import braintree_wire as wire
from providers.base import (
    Payment,
    PayRequest,
    Rejected,
    Subscription,
    SubscriptionChange,
    Unknown,
    money_problem,
)
from providers.braintree_api import Answered, BraintreeApi, Declined, Missing, refused
from providers.braintree_xml import Node
from providers.harmless import plain_id
from providers.json_reading import text
from providers.money import decimal_text

_IN_USE = "81902"
_ENDED = "81905"
_MOST_CYCLES = 999


class Subscriptions:
    """`plans` by interval count in months, `accounts` by currency."""

    def __init__(self, api: BraintreeApi, plans: Mapping[str, str], accounts: Mapping[str, str]) -> None:
        self._api = api
        self._plans = plans
        self._accounts = accounts

    async def schedule(self, request: PayRequest) -> Payment | Unknown | Rejected:
        """The caller has checked amount, currency and method."""
        own_id, terms = wire.own_id(request.key), self._terms(request)
        if isinstance(terms, Rejected):
            return terms
        found = await self._made(own_id) if request.again else None
        if found is not None:
            return found
        token = await self._payment_method(request)
        if isinstance(token, Unknown | Rejected):
            return token
        made = {"id": own_id, "payment_method_token": token, **terms}
        answer = await self._api.post("/subscriptions", {"subscription": made})
        if isinstance(answer, Declined) and _IN_USE in answer.codes:
            return await self._made(own_id) or Unknown(reason="the subscription is there and cannot be read")
        if isinstance(answer, Declined) and answer.transaction is not None:
            return wire.read_payment(answer.transaction)
        if isinstance(answer, Declined | Missing):
            return refused(answer)
        return _first_payment(answer, own_id) if isinstance(answer, Node) else answer

    async def update(self, change: SubscriptionChange) -> Subscription | Unknown | Rejected:
        if problem := money_problem(change.amount, change.currency):
            return Rejected(reason=problem)
        if not plain_id(change.token) or change.interval != "MONTH" or change.currency not in self._accounts:
            return Rejected(reason="not a monthly subscription of Braintree in a currency of ours")
        terms = {"price": decimal_text(change.amount, change.currency), **_length(change.expires_after)}
        if plan := self._plans.get(str(change.interval_count)):
            terms["plan_id"] = plan
        answer = await self._api.put(f"/subscriptions/{change.token}", {"subscription": terms})
        return _read(answer, change.token)

    async def status(self, token: str) -> Subscription | Unknown | Rejected:
        if not plain_id(token):
            return Rejected(reason="not a subscription of Braintree")
        answer = await self._api.get(f"/subscriptions/{token}")
        if isinstance(answer, Missing):
            return Subscription(standing="UNKNOWN", token=token)
        return _read(answer, token)

    async def expire(self, token: str) -> Subscription | Unknown | Rejected:
        if not plain_id(token):
            return Rejected(reason="not a subscription of Braintree")
        answer = await self._api.put(f"/subscriptions/{token}/cancel")
        if isinstance(answer, Declined) and _ENDED in answer.codes:
            return await self.status(token)
        return _read(answer, token)

    async def _made(self, own_id: str) -> Payment | Unknown | Rejected | None:
        """The subscription of an earlier try; None if there is none."""
        answer = await self._api.get(f"/subscriptions/{own_id}")
        if isinstance(answer, Missing):
            return None
        if isinstance(answer, Declined):
            return refused(answer)
        return _first_payment(answer, own_id) if isinstance(answer, Node) else answer

    def _terms(self, request: PayRequest) -> dict[str, object] | Rejected:
        subscription = request.subscription
        count = subscription.get("intervalCount", 1)
        plan = text(request.provider_data, "planId") or self._plans.get(str(count), "")
        if subscription.get("interval", "MONTH") != "MONTH":
            return Rejected(reason="Braintree renews by the month", elsewhere=True)
        if not plan:
            return Rejected(reason="no plan is configured for this number of months", ours=True)
        return {
            "plan_id": plan,
            "price": decimal_text(request.amount, request.currency),
            "merchant_account_id": self._accounts[request.currency],
            **_length(subscription.get("expiresAfter")),
        }

    async def _payment_method(self, request: PayRequest) -> str | Unknown | Rejected:
        """The token given, or that of the nonce once it is stored; ours, so that storing it twice is seen."""
        data = request.provider_data
        if token := text(data, "paymentToken"):
            return token
        nonce, customer = text(data, "nonce"), text(data, "customerId")
        if not nonce or not customer:
            return Rejected(reason="providerData needs a paymentToken, or a nonce and a customerId")
        token = wire.own_id(f"{request.key}:method")
        method = {"customer_id": customer, "payment_method_nonce": nonce, "token": token}
        answer = await self._api.post("/payment_methods", {"payment_method": method})
        if isinstance(answer, Declined):
            stored = await self._api.get(f"/payment_methods/any/{token}")
            return token if isinstance(stored, Node) else refused(answer)
        if isinstance(answer, Missing):
            return refused(answer)
        return token if isinstance(answer, Node) else answer


def _read(answer: Answered, token: str) -> Subscription | Unknown | Rejected:
    if isinstance(answer, Declined | Missing):
        return refused(answer)
    return wire.read_subscription(answer, token) if isinstance(answer, Node) else answer


def _length(cycles: object) -> dict[str, object]:
    """How many times it is collected; without a number, until it is ended."""
    if isinstance(cycles, int) and 0 < cycles <= _MOST_CYCLES:
        return {"number_of_billing_cycles": cycles}
    return {"never_expires": True}


def _first_payment(subscription: Node, own_id: str) -> Payment | Unknown:
    """Its first transaction; with a trial there is none yet."""
    charges = subscription.find("transactions")
    if charges is None or not charges.children:
        return Payment(result="PENDING", payment_id=own_id, subscription_token=own_id)
    return wire.read_payment(charges.children[-1], own_id)
