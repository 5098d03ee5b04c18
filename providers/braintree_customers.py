"""The utilities of Braintree: client tokens for its own pages, customers, and settling what was only authorised."""

from __future__ import annotations

from collections.abc import Mapping

from engine.model import Json
from providers import braintree_wire as wire
from providers.base import Rejected, Unknown
from providers.braintree_api import BraintreeApi, Declined, Missing, refused
from providers.braintree_xml import Node
from providers.harmless import plain_id

_TOKEN, _CREATE, _SUBMIT = "customer/token", "customer/create", "payment/submit"
UTILITIES = frozenset({_TOKEN, _CREATE, _SUBMIT})

_IN_USE = "91609"
_METHODS = ("paypal_accounts", "credit_cards", "apple_pay_cards", "android_pay_cards", "venmo_accounts")


class Customers:
    def __init__(self, api: BraintreeApi) -> None:
        self._api = api

    async def utility(self, name: str, fields: Mapping[str, str]) -> Json | Unknown | Rejected:
        if name == _TOKEN:
            return await self._token_for(fields.get("customer_id", ""))
        if name == _CREATE:
            return await self._create(fields.get("customer_id", ""), fields.get("nonce", ""))
        if name == _SUBMIT:
            return await self._submit(fields.get("transaction_id", ""))
        return Rejected(
            reason="Braintree has the utilities customer/token, customer/create and payment/submit"
        )

    async def _token_for(self, customer: str) -> Json | Unknown | Rejected:
        """`vaulted`: the customer has a payment method stored already."""
        if not customer:
            return await self._client_token("", vaulted=False)
        if not plain_id(customer):
            return Rejected(reason="customer_id is not an id of Braintree")
        answer = await self._api.get(f"/customers/{customer}")
        if isinstance(answer, Missing):
            return await self._client_token("", vaulted=False)
        if isinstance(answer, Declined):
            return refused(answer)
        if not isinstance(answer, Node):
            return answer
        stored = (answer.find(kind) for kind in _METHODS)
        return await self._client_token(customer, vaulted=any(it and it.children for it in stored))

    async def _client_token(self, customer: str, *, vaulted: bool | None) -> Json | Unknown | Rejected:
        content: dict[str, object] = {"version": 2}
        if customer:
            content["customer_id"] = customer
        answer = await self._api.post("/client_token", {"client_token": content})
        if isinstance(answer, Declined | Missing):
            return refused(answer)
        if not isinstance(answer, Node):
            return answer
        token = answer.at("value")
        return {"client_token": token} if vaulted is None else {"client_token": token, "vaulted": vaulted}

    async def _create(self, customer: str, nonce: str) -> Json | Unknown | Rejected:
        """A customer who is there already gets the payment method added."""
        if not plain_id(customer) or not nonce:
            return Rejected(reason="customer/create needs a customer_id and a nonce")
        made = {"customer": {"id": customer, "payment_method_nonce": nonce}}
        answer = await self._api.post("/customers", made)
        if isinstance(answer, Declined) and _IN_USE in answer.codes:
            method = {"customer_id": customer, "payment_method_nonce": nonce}
            answer = await self._api.post("/payment_methods", {"payment_method": method})
        if isinstance(answer, Declined | Missing):
            return refused(answer)
        if not isinstance(answer, Node):
            return answer
        return await self._client_token(customer, vaulted=None)

    async def _submit(self, transaction: str) -> Json | Unknown | Rejected:
        if not plain_id(transaction):
            return Rejected(reason="payment/submit needs a transaction_id")
        content = {"transaction": {"amount": None}}
        answer = await self._api.put(f"/transactions/{transaction}/submit_for_settlement", content)
        if isinstance(answer, Declined):
            answer = await self._api.get(f"/transactions/{transaction}")  # it may have been submitted before
        if isinstance(answer, Declined | Missing):
            return refused(answer)
        if not isinstance(answer, Node):
            return answer
        return {"paymentId": transaction, "status": wire.standing_of(answer)}
