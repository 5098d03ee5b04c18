"""Braintree: PayPal through its gateway, subscriptions that it renews, its customer tokens and its webhooks.

Every sale and refund carries an order id that is made of our key, and Braintree's own api_request_key: a try whose
outcome is unknown is searched for by the one before it is made again under the other. What an operator needs is in
docs/providers/braintree.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.model import Json
from providers import braintree_webhooks as webhooks
from providers import braintree_wire as wire
from providers.base import (
    Capabilities,
    Payment,
    PayRequest,
    Refund,
    RefundRequest,
    Rejected,
    Status,
    Subscription,
    SubscriptionChange,
    Unknown,
    pay_problem,
)
from providers.braintree_api import BraintreeApi, Declined, Missing, refused
from providers.braintree_customers import UTILITIES, Customers
from providers.braintree_refunds import Refunds
from providers.braintree_search import Search
from providers.braintree_subscriptions import Subscriptions
from providers.braintree_xml import Node
from providers.callbacks import CallbackRequest, Refused, Told
from providers.harmless import header_key, plain_id
from providers.json_reading import text
from providers.money import CURRENCIES, decimal_text
from providers.options import Options

_PRODUCTION = "https://api.braintreegateway.com:443"
_NONCE_USED = "91564"


class BraintreeProvider:
    def __init__(
        self, api: BraintreeApi, keys: webhooks.Keys, accounts: Mapping[str, str], plans: Mapping[str, str]
    ) -> None:
        self._api = api
        self._keys = keys
        self._accounts = accounts
        self._search = Search(api)
        self._refunds = Refunds(api, self._search)
        self._subscriptions = Subscriptions(api, plans, accounts)
        self._customers = Customers(api)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            methods=frozenset({"pay-pal"}),
            default_method="pay-pal",
            currencies=frozenset(self._accounts),
            refunds=True,
            partial_refunds=True,
            automatic=frozenset({"pay-pal"}),
            intervals=frozenset({"MONTH"}),
            status=True,
            subscription_standings=frozenset(
                {"PENDING", "ACTIVE", "PAST_DUE", "EXPIRED", "CANCELED", "UNKNOWN"}
            ),
            callbacks=True,
            utilities=UTILITIES,
        )

    async def pay(self, request: PayRequest) -> Payment | Unknown | Rejected:
        if problem := pay_problem(request, self.capabilities):
            return problem
        order_id = wire.order_id(request.shop_transaction_id, request.key)
        sale = self._sale(request, order_id)
        if isinstance(sale, Rejected):
            return sale
        found = await self._search.sale(order_id) if request.again else None
        if found is not None:
            return wire.read_payment(found) if isinstance(found, Node) else found
        answer = await self._api.post("/transactions", {"transaction": sale})
        if isinstance(answer, Declined) and _done_before(answer, again=request.again):
            return await self._find_duplicate(order_id)
        if isinstance(answer, Declined) and answer.transaction is not None:
            return wire.read_payment(answer.transaction)
        if isinstance(answer, Declined | Missing):
            return refused(answer)
        return wire.read_payment(answer) if isinstance(answer, Node) else answer

    async def refund(self, request: RefundRequest) -> Refund | Unknown | Rejected:
        return await self._refunds.refund(request)

    async def status(self, payment_id: str) -> Status | Unknown | Rejected:
        if not plain_id(payment_id):
            return Rejected(reason="not a payment of Braintree")
        answer = await self._api.get(f"/transactions/{payment_id}")
        if isinstance(answer, Declined | Missing):
            return refused(answer)
        return wire.read_status(answer, payment_id) if isinstance(answer, Node) else answer

    async def schedule_subscription(self, request: PayRequest) -> Payment | Unknown | Rejected:
        return pay_problem(request, self.capabilities) or await self._subscriptions.schedule(request)

    async def update_subscription(self, change: SubscriptionChange) -> Subscription | Unknown | Rejected:
        return await self._subscriptions.update(change)

    async def subscription_status(self, token: str) -> Subscription | Unknown | Rejected:
        return await self._subscriptions.status(token)

    async def expire_subscription(self, token: str, key: str) -> Subscription | Unknown | Rejected:
        return await self._subscriptions.expire(token)

    async def utility(self, name: str, fields: Mapping[str, str]) -> Json | Unknown | Rejected:
        return await self._customers.utility(name, fields)

    async def read_callback(self, request: CallbackRequest) -> Told | Refused:
        return webhooks.read(request, self._keys)

    async def close(self) -> None:
        await self._api.close()

    def _sale(self, request: PayRequest, order_id: str) -> dict[str, object] | Rejected:
        data = request.provider_data
        given = {
            "payment_method_nonce": text(data, "nonce"),
            "payment_method_token": text(data, "paymentToken"),
            "customer_id": text(data, "customerId"),
            "device_data": text(data, "deviceData"),
        }
        method = {name: value for name, value in given.items() if value}
        if not method.keys() - {"device_data"}:
            return Rejected(reason="providerData needs a nonce, a paymentToken or a customerId")
        return {
            "amount": decimal_text(request.amount, request.currency),
            "api_request_key": header_key(request.key),
            **method,
            "merchant_account_id": self._accounts[request.currency],
            "options": {
                "store_in_vault_on_success": data.get("storeInVault") is True,
                "submit_for_settlement": data.get("submit") is not False,
            },
            "order_id": order_id,
            "type": "sale",
        }

    async def _find_duplicate(self, order_id: str) -> Payment | Unknown | Rejected:
        found = await self._search.sale(order_id)
        if isinstance(found, Node):
            return wire.read_payment(found)
        return found or Unknown(reason="Braintree has done this payment before and cannot show it yet")


def open_braintree(name: str, options: Mapping[str, Any]) -> BraintreeProvider:
    """Options: docs/providers/braintree.md.

    Raises:
        ConfigInvalid: An option is unknown, missing or not of its form.
    """
    known = ("merchantId", "publicKey", "privateKey", "merchantAccounts", "plans", "baseUrl")
    given = Options(name, options, known)
    accounts, plans = given.table("merchantAccounts"), given.table("plans")
    if not accounts or not set(accounts) <= CURRENCIES:
        raise given.wrong("option merchantAccounts is not a table of merchant account ids by currency")
    if not all(count.isascii() and count.isdigit() for count in plans):
        raise given.wrong("option plans is not a table of plan ids by number of months")
    merchant, keys = (
        given.text("merchantId"),
        webhooks.Keys(public=given.text("publicKey"), private=given.text("privateKey")),
    )
    if not plain_id(merchant):
        raise given.wrong("option merchantId is not an id")
    api = BraintreeApi(
        base_url=given.url("baseUrl", _PRODUCTION),
        merchant=merchant,
        public_key=keys.public,
        private_key=keys.private,
    )
    return BraintreeProvider(api, keys, accounts, plans)


def _done_before(answer: Declined, *, again: bool) -> bool:
    """The order id or, trying again, the nonce was used: the earlier try was done."""
    if answer.transaction is not None:
        return wire.is_duplicate(answer.transaction)
    return again and _NONCE_USED in answer.codes
