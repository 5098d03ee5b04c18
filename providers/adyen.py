"""Adyen: cards through the Checkout API v71, links, subscriptions that we renew, and its webhooks.

Refunds are settled by a webhook, never at once, and Adyen cannot be asked where a payment stands. The wire format is in
adyen_wire.py, the webhooks are in adyen_notifications.py; what an operator needs is in docs/providers/adyen.md.
"""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Mapping
from typing import Any

from engine.model import Json
from providers import adyen_notifications as notifications
from providers import adyen_wire as wire
from providers.adyen_api import AdyenApi, Declined, allowed
from providers.base import (
    Capabilities,
    Payment,
    PayRequest,
    Refund,
    RefundRequest,
    Rejected,
    Status,
    Subscription,
    Unknown,
    money_problem,
    pay_problem,
)
from providers.callbacks import CallbackRequest, Refused, Told
from providers.harmless import plain_id, shown
from providers.json_reading import Doc, at, items, text
from providers.options import Options

_TEST_URL = "https://checkout-test.adyen.com/v71"
_SHORTEST_SHOPPER = 3
_DETAILS = "payment/details"

_CAPABILITIES = Capabilities(
    methods=frozenset({"credit-cards"}),
    default_method="credit-cards",
    refunds=True,
    partial_refunds=True,
    links=True,
    manual=frozenset({"credit-cards"}),
    subscription_standings=frozenset({"ACTIVE", "UNKNOWN"}),
    callbacks=True,
    utilities=frozenset({_DETAILS}),
)


class AdyenProvider:
    def __init__(self, api: AdyenApi, sender: notifications.Sender) -> None:
        self._api = api
        self._merchant = sender.merchant
        self._sender = sender

    @property
    def capabilities(self) -> Capabilities:
        return _CAPABILITIES

    async def pay(self, request: PayRequest) -> Payment | Unknown | Rejected:
        return await self._collect(request, wire.card_of(request.provider_data))

    async def create_link(self, request: PayRequest) -> Payment | Unknown | Rejected:
        body = self._order(request)
        if isinstance(body, Rejected):
            return body
        answer = allowed(await self._api.post("/paymentLinks", body, request.key))
        if not isinstance(answer, Mapping):
            return answer
        link, link_id = text(answer, "url"), plain_id(answer.get("id"))
        if not link or not link_id:
            return Unknown(reason="Adyen's answer has no link")
        return Payment(result="OK", payment_id=link_id, link=link)

    async def start_subscription(self, request: PayRequest) -> Payment | Unknown | Rejected:
        shopper = _shopper(request)
        if not shopper:
            return Rejected(reason="a shopperReference has 3 to 256 characters")
        terms = {
            "shopperReference": shopper,
            "shopperInteraction": "Ecommerce",
            "recurringProcessingModel": "Subscription",
            "storePaymentMethod": True,
        }
        return await self._collect(request, wire.card_of(request.provider_data), terms, shopper)

    async def pay_subscription(self, request: PayRequest) -> Payment | Unknown | Rejected:
        shopper = text(request.subscription, "token") or text(request.provider_data, "shopperReference")
        if not shopper:
            return Rejected(reason="a subscription payment without a subscription token")
        if problem := pay_problem(request, _CAPABILITIES):
            return problem
        stored = await self._stored(shopper)
        if not isinstance(stored, list):
            return stored
        if not stored:
            return Payment(result="KO", payment_id="", description="the customer has no stored card any more")
        card = {"type": "scheme", "storedPaymentMethodId": stored[-1]}
        terms = {
            "shopperReference": shopper,
            "shopperInteraction": "ContAuth",
            "recurringProcessingModel": "Subscription",
        }
        return await self._collect(request, card, terms, shopper)

    async def subscription_status(self, token: str) -> Subscription | Unknown | Rejected:
        stored = await self._stored(token)
        if not isinstance(stored, list):
            return stored
        return Subscription(standing="ACTIVE" if stored else "UNKNOWN", token=token)

    async def expire_subscription(self, token: str, key: str) -> Subscription | Unknown | Rejected:
        """Deletes what is stored of the customer. A token that Adyen does not know has nothing stored."""
        stored = await self._stored(token)
        if not isinstance(stored, list):
            return stored
        for stored_id in stored:
            answer = allowed(
                await self._api.of_shopper("DELETE", f"/storedPaymentMethods/{stored_id}", token)
            )
            if isinstance(answer, Unknown | Rejected):
                return answer
        return Subscription(standing="CANCELED", token=token)

    async def refund(self, request: RefundRequest) -> Refund | Unknown | Rejected:
        psp = plain_id(request.keep.get("pspReference") or request.payment_id)
        amount = _given_back(request) if psp else Rejected(reason="not a payment of Adyen")
        if isinstance(amount, Rejected):
            return amount
        body = {"merchantAccount": self._merchant, "amount": amount}
        if request.shop_transaction_id:
            body["reference"] = request.shop_transaction_id
        answer = await self._api.post(f"/payments/{psp}/refunds", body, request.key)
        if isinstance(answer, Declined):
            return Refund(result="KO", refund_id="", description=f"Adyen refuses the refund: {answer.code}")
        if not isinstance(answer, Mapping):
            return answer
        refund_id = plain_id(answer.get("pspReference"))
        if not refund_id:
            return Unknown(reason="Adyen's answer has no reference of the refund")
        return Refund(result="PENDING", refund_id=refund_id)

    async def status(self, payment_id: str) -> Status | Unknown | Rejected:
        return Rejected(reason="Adyen cannot be asked where a payment stands: its webhooks tell")

    async def utility(self, name: str, fields: Mapping[str, str]) -> Json | Unknown | Rejected:
        """`payment/details`: finishes a payment whose customer came back from the bank with a redirectResult."""
        if name != _DETAILS or not fields.get("redirectResult"):
            return Rejected(
                reason="payment/details needs the redirectResult that Adyen gave to the return address"
            )
        body = {"details": {"redirectResult": fields["redirectResult"]}}
        answer = allowed(await self._api.post("/payments/details", body))
        if not isinstance(answer, Mapping):
            return answer
        return {
            "resultCode": shown(answer.get("resultCode")),
            "paymentId": plain_id(answer.get("pspReference")),
            "shopTransactionId": text(answer, "merchantReference"),
        }

    async def read_callback(self, request: CallbackRequest) -> Told | Refused:
        return notifications.read(request, self._sender)

    async def close(self) -> None:
        await self._api.close()

    def _order(self, request: PayRequest) -> dict[str, Any] | Rejected:
        return pay_problem(request, _CAPABILITIES) or wire.ordered(request, self._merchant)

    async def _collect(
        self,
        request: PayRequest,
        card: Mapping[str, Any] | None,
        terms: Mapping[str, Any] | None = None,
        token: str | None = None,
    ) -> Payment | Unknown | Rejected:
        body = self._order(request)
        if isinstance(body, Rejected):
            return body
        if card is None:
            return Rejected(reason="providerData has no encrypted card fields of Adyen")
        answer = allowed(
            await self._api.post("/payments", {**body, **(terms or {}), "paymentMethod": card}, request.key)
        )
        return wire.read_payment(answer, request, token) if isinstance(answer, Mapping) else answer

    async def _stored(self, shopper: str) -> list[str] | Unknown | Rejected:
        """Ids of the cards that may be charged for the shopper's subscription."""
        answer = allowed(await self._api.of_shopper("GET", "/storedPaymentMethods", shopper))
        if not isinstance(answer, Mapping):
            return answer
        usable = [it for it in items(answer, "storedPaymentMethods") if _for_subscriptions(it)]
        return [stored_id for it in usable if (stored_id := plain_id(it.get("id")))]


def open_adyen(name: str, options: Mapping[str, Any]) -> AdyenProvider:
    """Options: docs/providers/adyen.md.

    Raises:
        ConfigInvalid: An option is unknown, missing or not of its form.
    """
    known = ("apiKey", "merchantAccount", "hmacKey", "baseUrl", "callbackUser", "callbackPassword")
    given = Options(name, options, known)
    try:
        keys = tuple(unhexlify(key) for key in given.texts("hmacKey"))
    except ValueError:
        raise given.wrong("option hmacKey is not hexadecimal") from None
    user, password = given.optional_text("callbackUser"), given.optional_text("callbackPassword")
    if (user is None) != (password is None):
        raise given.wrong("options callbackUser and callbackPassword belong together")
    basic = None if user is None or password is None else notifications.basic_authorisation(user, password)
    sender = notifications.Sender(merchant=given.text("merchantAccount"), keys=keys, basic=basic)
    api = AdyenApi(
        base_url=given.url("baseUrl", _TEST_URL), api_key=given.text("apiKey"), merchant=sender.merchant
    )
    return AdyenProvider(api, sender)


def _given_back(request: RefundRequest) -> dict[str, Any] | Rejected:
    amount = request.amount
    if amount is None:
        if request.paid is None:
            return Rejected(reason="Adyen refunds an amount, and what was paid is not known")
        amount = request.paid - request.refunded
    if problem := money_problem(amount, request.currency):
        return Rejected(reason=problem)
    return wire.amount_of(amount, request.currency)


def _shopper(request: PayRequest) -> str:
    shopper = text(request.provider_data, "shopperReference") or request.shop_transaction_id
    return shopper if _SHORTEST_SHOPPER <= len(shopper) <= 256 else ""


def _for_subscriptions(method: Doc) -> bool:
    models = at(method, "supportedRecurringProcessingModels")
    return not isinstance(models, list) or "Subscription" in models
