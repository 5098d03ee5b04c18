"""Stands for Braintree's gateway: XML over REST, read and written by the official SDK's own generator and parser."""

from __future__ import annotations

import re
from base64 import b64encode, encodebytes
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from braintree.util.crypto import Crypto
from braintree.util.xml_util import XmlUtil

from providers.callbacks import CallbackRequest, Word
from providers.money import minor_units
from tests.contract.provider.loopback import Ledgers
from tests.contract.provider.world import Taken

MERCHANT, PUBLIC_KEY, PRIVATE_KEY = "ourmerchant", "ourpublickey", "ourprivatekey"
ACCOUNTS = {"EUR": "shop_eur", "JPY": "shop_jpy"}
OPTIONS = {
    "merchantId": MERCHANT,
    "publicKey": PUBLIC_KEY,
    "privateKey": PRIVATE_KEY,
    "merchantAccounts": ACCOUNTS,
    "plans": {"1": "monthly", "3": "quarterly"},
}
RECEIVED = 1_800_000_000_000

_TAIL = 17
_AFTER = {"ACCEPTED": "settled", "FAILED": "settlement_declined", "PENDING": "settlement_pending"}
_KINDS = {"ACCEPTED": "transaction_settled", "FAILED": "transaction_settlement_declined"}
_CURRENCIES = {account: currency for currency, account in ACCOUNTS.items()}
_APPROVED = {"processor_response_code": "1000", "processor_response_type": "approved"}
DECLINED = {
    "status": "processor_declined",
    "processor_response_code": "2001",
    "processor_response_text": "Insufficient Funds",
    "processor_response_type": "soft_declined",
}


class BraintreeServer(Ledgers):
    def __init__(self) -> None:
        super().__init__()
        self.transactions: dict[str, dict[str, Any]] = {}
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.customers: dict[str, int] = {}
        self.methods: set[str] = set()
        self.bodies: list[tuple[str, dict[str, Any]]] = []
        self.declines_with: Mapping[str, str] = DECLINED
        self.first_status = "settling"
        self.settles_before_void = False

    def app(self) -> web.Application:
        app = web.Application(middlewares=[_authenticated])
        root, money = f"/merchants/{MERCHANT}", self._scripts.troubled
        app.router.add_post(f"{root}/transactions", money(self._sale))
        app.router.add_post(f"{root}/transactions/advanced_search_ids", self._search)
        app.router.add_get(f"{root}/transactions/{{id}}", self._show)
        app.router.add_post(f"{root}/transactions/{{id}}/refund", money(self._refund))
        app.router.add_put(f"{root}/transactions/{{id}}/void", money(self._void))
        app.router.add_put(f"{root}/transactions/{{id}}/submit_for_settlement", self._submit)
        app.router.add_post(f"{root}/subscriptions", money(self._subscribe))
        app.router.add_get(f"{root}/subscriptions/{{id}}", self._show_subscription)
        app.router.add_put(f"{root}/subscriptions/{{id}}", self._change_subscription)
        app.router.add_put(f"{root}/subscriptions/{{id}}/cancel", self._cancel_subscription)
        app.router.add_post(f"{root}/payment_methods", self._store)
        app.router.add_get(f"{root}/payment_methods/any/{{token}}", self._show_method)
        app.router.add_post(f"{root}/client_token", self._client_token)
        app.router.add_get(f"{root}/customers/{{id}}", self._show_customer)
        app.router.add_post(f"{root}/customers", self._create_customer)
        return app

    # World

    def settle(self, payment_id: str, word: Word) -> None:
        self.transactions[payment_id]["status"] = _AFTER[word]

    def settle_refund(self, refund_id: str, word: Word) -> None:
        self.settle(refund_id, word)

    def callback(self, payment_id: str, word: Word, *, key: str | None = None) -> CallbackRequest:
        return webhook(_KINDS[word], {"transaction": self.transactions[payment_id]}, key=key)

    # transactions

    async def _sale(self, request: web.Request) -> web.Response:
        asked = (await self._body(request))["transaction"]
        script = self._scripts.take("decline", "pending")
        answer = {"status": "settlement_pending" if script == "pending" else self.first_status, **_APPROVED}
        currency = _CURRENCIES[asked["merchant_account_id"]]
        made = self._make(asked, currency, self.declines_with if script == "decline" else answer)
        if script == "decline":
            return _error({"message": "refused", "errors": {"errors": []}, "transaction": made})
        self._payments.append(_taken(made))
        return _xml({"transaction": made}, 201)

    def _make(self, asked: Mapping[str, Any], currency: str, more: Mapping[str, str]) -> dict[str, Any]:
        made = {
            "id": f"tx{len(self.transactions):06d}",
            "type": asked.get("type", "credit"),
            "amount": asked["amount"],
            "currency_iso_code": currency,
            "order_id": asked.get("order_id", ""),
            "gateway_rejection_reason": None,
            **more,
        }
        self.transactions[made["id"]] = made
        return made

    async def _search(self, request: web.Request) -> web.Response:
        wanted = (await self._body(request))["search"]["order_id"]["is"]
        ids = [it["id"] for it in self.transactions.values() if it["order_id"] == wanted]
        return _xml({"search_results": {"page_size": 50, "ids": ids}}, 200)

    async def _show(self, request: web.Request) -> web.Response:
        return _found("transaction", self.transactions.get(request.match_info["id"]))

    async def _refund(self, request: web.Request) -> web.Response:
        asked = (await self._body(request))["transaction"]
        paid = self.transactions[request.match_info["id"]]
        if self._scripts.take("decline"):
            return _invalid("transaction", "91521")
        if paid["status"] not in ("settling", "settled"):
            return _invalid("transaction", "91506")
        pending = self._scripts.take("pending") is not None
        more = {
            "status": "settlement_pending" if pending else "settling",
            "refunded_transaction_id": paid["id"],
        }
        made = self._make(asked, paid["currency_iso_code"], more)
        self._refunds.append(_taken(made))
        return _xml({"transaction": made}, 201)

    async def _void(self, request: web.Request) -> web.Response:
        paid = self.transactions[request.match_info["id"]]
        if self.settles_before_void:
            paid["status"] = "settling"
        if paid["status"] not in ("authorized", "submitted_for_settlement", "settlement_pending"):
            return _invalid("transaction", "91504")
        paid["status"] = "voided"
        self._refunds.append(_taken(paid))
        return _xml({"transaction": paid}, 200)

    async def _submit(self, request: web.Request) -> web.Response:
        paid = self.transactions[request.match_info["id"]]
        if paid["status"] != "authorized":
            return _invalid("transaction", "91507")
        paid["status"] = "submitted_for_settlement"
        return _xml({"transaction": paid}, 200)

    # subscriptions and customers

    async def _subscribe(self, request: web.Request) -> web.Response:
        asked = (await self._body(request))["subscription"]
        if asked["id"] in self.subscriptions:
            return _invalid("subscription", "81902")
        sale = {"amount": asked["price"], "type": "sale", "order_id": ""}
        currency = _CURRENCIES[asked["merchant_account_id"]]
        if self._scripts.take("decline"):
            made = self._make(sale, currency, self.declines_with)
            return _error({"message": "refused", "errors": {"errors": []}, "transaction": made})
        made = self._make(sale, currency, {"status": "settling"})
        self._payments.append(_taken(made))
        self.subscriptions[asked["id"]] = {**asked, "status": "Active", "transactions": [made]}
        return _xml({"subscription": self.subscriptions[asked["id"]]}, 201)

    async def _show_subscription(self, request: web.Request) -> web.Response:
        return _found("subscription", self.subscriptions.get(request.match_info["id"]))

    async def _change_subscription(self, request: web.Request) -> web.Response:
        asked = (await self._body(request))["subscription"]
        subscription = self.subscriptions.get(request.match_info["id"])
        if subscription is not None:
            subscription.update(asked)
        return _found("subscription", subscription)

    async def _cancel_subscription(self, request: web.Request) -> web.Response:
        subscription = self.subscriptions.get(request.match_info["id"])
        if subscription is not None and subscription["status"] == "Canceled":
            return _invalid("subscription", "81905")
        if subscription is not None:
            subscription["status"] = "Canceled"
        return _found("subscription", subscription)

    async def _store(self, request: web.Request) -> web.Response:
        asked = (await self._body(request))["payment_method"]
        token = asked.get("token", "generated")
        if token in self.methods or asked["customer_id"] not in self.customers:
            return _invalid("payment_method", "93107")
        self.methods.add(token)
        self.customers[asked["customer_id"]] += 1
        return _xml({"paypal_account": {"token": token}}, 201)

    async def _show_method(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        return _found("paypal_account", {"token": token} if token in self.methods else None)

    async def _client_token(self, request: web.Request) -> web.Response:
        asked = (await self._body(request))["client_token"]
        return _xml({"client_token": {"value": f"token-for-{asked.get('customer_id', 'anybody')}"}}, 201)

    async def _show_customer(self, request: web.Request) -> web.Response:
        customer = request.match_info["id"]
        accounts = [{"token": f"pp{place}"} for place in range(self.customers.get(customer, 0))]
        found = {"id": customer, "paypal_accounts": accounts, "credit_cards": []}
        return _found("customer", found if customer in self.customers else None)

    async def _create_customer(self, request: web.Request) -> web.Response:
        asked = (await self._body(request))["customer"]
        if asked["id"] in self.customers:
            return _invalid("customer", "91609")
        self.customers[asked["id"]] = 1
        return _xml({"customer": {"id": asked["id"]}}, 201)

    async def _body(self, request: web.Request) -> dict[str, Any]:
        body: dict[str, Any] = XmlUtil.dict_from_xml(await request.read())
        self.bodies.append((request.path.removeprefix(f"/merchants/{MERCHANT}"), body))
        return body


def webhook(kind: str, subject: Mapping[str, Any], *, key: str | None = None) -> CallbackRequest:
    """As Braintree posts it, signed by the SDK with our private key or with `key`."""
    content = {"notification": {"timestamp": "2026-11-23T12:00:00Z", "kind": kind, "subject": subject}}
    return posted(encodebytes(_dashed(XmlUtil.xml_from_dict(content)).encode()).decode(), key=key)


def posted(payload: str, *, key: str | None = None, signature: str | None = None) -> CallbackRequest:
    """A payload with its signature, in the form that Braintree sends."""
    signed = signature or f"{PUBLIC_KEY}|{Crypto.sha1_hmac_hash(key or PRIVATE_KEY, payload)}"
    form = {"bt_signature": f"stranger|{'0' * 40}&{signed}", "bt_payload": payload}
    return CallbackRequest(
        method="POST", target="/v3/braintree/callback", body=urlencode(form).encode(), received=RECEIVED
    )


@web.middleware
async def _authenticated(request: web.Request, handler: Any) -> web.StreamResponse:
    wanted = "Basic " + b64encode(f"{PUBLIC_KEY}:{PRIVATE_KEY}".encode()).decode()
    if request.headers.get("Authorization") != wanted:
        return web.Response(status=401)
    assert request.headers["X-ApiVersion"] == "6"
    answer: web.StreamResponse = await handler(request)
    return answer


def _taken(made: Mapping[str, Any]) -> Taken:
    currency = made["currency_iso_code"]
    amount = minor_units(made["amount"], currency)
    assert amount is not None
    shop = made["order_id"][:-_TAIL] or None
    return Taken(shop_transaction_id=shop, amount=amount, currency=currency, payment_id=made["id"])


def _found(name: str, found: Mapping[str, Any] | None) -> web.Response:
    return web.Response(status=404) if found is None else _xml({name: found}, 200)


def _invalid(name: str, code: str) -> web.Response:
    error = {"code": code, "message": "refused", "attribute": "base"}
    return _error({"message": "refused", "errors": {"errors": [], name: {"errors": [error]}}})


def _error(content: Mapping[str, Any]) -> web.Response:
    return _xml({"api_error_response": content}, 422)


def _xml(content: Mapping[str, Any], status: int) -> web.Response:
    text = '<?xml version="1.0" encoding="UTF-8"?>\n' + _dashed(XmlUtil.xml_from_dict(content))
    return web.Response(text=text, status=status, content_type="application/xml")


def _dashed(xml: str) -> str:
    """Braintree's answers have dashes in their names; the SDK's generator, for requests, has underscores."""
    nested = xml.replace("<item><code>", "<error><code>").replace(
        "</attribute></item>", "</attribute></error>"
    )
    return re.sub(r"</?[a-z_]+", lambda tag: tag[0].replace("_", "-"), nested)
