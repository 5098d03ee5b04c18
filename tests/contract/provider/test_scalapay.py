"""Scalapay's connector against a server that speaks its Orders API v2, and signs webhooks as it does."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from aiohttp import web

from hub.connectors import built_in
from providers.base import Payment, Provider, Status
from providers.callbacks import CallbackRequest, Told, Word
from providers.callbacks import Refused as NotBelieved
from providers.connector_provider import open_connector
from tests.contract.provider.loopback import NOW, Loopback, Order, Refused, bytes_callback, minor, running
from tests.contract.provider.suite import ProviderSuite
from tests.contract.provider.world import WorldMaker

KEY = "sp_test"
CONSUMER = {"givenNames": "Mario", "surname": "Rossi", "email": "test@scalapay.com", "phoneNumber": "+39300"}
SHIPPING = {"name": "Mario Rossi", "line1": "Via Puglia, 58", "postcode": "31033", "countryCode": "IT"}


class Scalapay(Loopback):
    signed = True
    stamped = True
    settled: Mapping[Word, str] = MappingProxyType(
        {"ACCEPTED": "authorized", "FAILED": "expired", "PENDING": "created"}
    )
    """A customer who agrees authorises the order; it is charged when the merchant captures it."""

    told: Mapping[Word, str] = MappingProxyType(
        {"ACCEPTED": "charged", "FAILED": "expired", "PENDING": "created"}
    )

    def __init__(self) -> None:
        super().__init__()
        self.repeats: dict[str, Any] = {}
        self.captures: list[str] = []

    def connect(self, base_url: str) -> Provider:
        options = {"baseUrl": base_url, "apiKey": KEY}
        return open_connector("scalapay", built_in("scalapay"), options, clock=self.clock)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v2/orders", self.create),
            web.post("/v2/payments/capture", self.capture),
            web.get("/v2/payments/{token}", self.details),
            web.post("/v2/payments/{token}/refund", self.refund),
        ]

    def unauthorised(self) -> web.Response:
        return web.json_response("Unauthorized", status=401)

    def declined(self) -> web.Response:
        return error("order_amount_exceeds_maximum_limit", "The amount is above the limit", 400)

    def door(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            raise Refused(self.unauthorised())

    async def create(self, request: web.Request) -> web.StreamResponse:
        self.door(request)
        key, sent = request.headers.get("Idempotency-Key"), await request.json()
        required = {"totalAmount", "consumer", "items", "merchant", "shipping"}
        amounts = [sent["totalAmount"], *(item["price"] for item in sent.get("items", []))]
        if not required <= set(sent) or set(sent["merchant"]) != {"redirectConfirmUrl", "redirectCancelUrl"}:
            return error("api_validationerror", "something is missing", 400)
        if not all(isinstance(one["amount"], str) and minor(one["amount"]) > 0 for one in amounts):
            return error("api_validationerror", "amount is no text", 400)

        def do() -> web.Response:
            if key not in self.repeats:
                token = self.number("71KH9")
                total = sent["totalAmount"]
                known = {"items": sent["items"]}
                shop = sent["merchantReference"]
                order = Order(token, minor(total["amount"]), total["currency"], shop, "created", known=known)
                self.new_order(order)
                page = f"https://portal.example/checkout/{token}"
                self.repeats[str(key)] = {
                    "token": token, "expires": "2024-11-08T13:06:17.858Z", "checkoutUrl": page
                }  # fmt: skip
            return web.json_response(self.repeats[str(key)])

        return await self.money(request, do)

    async def details(self, request: web.Request) -> web.StreamResponse:
        self.door(request)
        order = self.orders.get(request.match_info["token"])
        if order is None:
            return error("invalid_token", "Invalid token", 422)
        return web.json_response(
            {
                "token": order.id,
                "created": "2024-11-08T11:26:17.000Z",
                "status": order.status,
                "captureStatus": "captured" if order.status == "charged" else "pending",
                "totalAmount": money(order.amount, order.currency),
                "orderDetails": {**order.known, "merchantReference": order.shop},
            }
        )

    async def capture(self, request: web.Request) -> web.StreamResponse:
        self.door(request)
        key, sent = request.headers.get("Idempotency-Key", ""), await request.json()
        order = self.orders[sent["token"]]
        if key not in self.captures:
            if order.status != "authorized":
                return error("pre_condition_failed", "Not authorized", 400)
            if sent["amount"] != money(order.amount, order.currency):
                return error("api_validationerror", "another amount", 400)
            self.captures.append(key)
            order.status = "charged"
        return web.json_response({"token": order.id, "status": "APPROVED", "totalAmount": sent["amount"]})

    async def refund(self, request: web.Request) -> web.StreamResponse:
        self.door(request)
        order, sent = self.orders[request.match_info["token"]], await request.json()
        key = request.headers.get("Idempotency-Key", "")

        def do() -> web.Response:
            if key not in self.repeats:
                self.give_back(order, sent["merchantRefundReference"], minor(sent["refundAmount"]["amount"]))
                self.repeats[key] = {
                    "token": order.id,
                    "amount": sent["refundAmount"],
                    "merchantReference": order.shop,
                    "merchantRefundReference": sent["merchantRefundReference"],
                    "refundToken": "pre_transfer",
                }
            return web.json_response(self.repeats[key])

        return await self.money(request, do)

    def callback(self, payment_id: str, word: Word, *, key: str | None = None) -> CallbackRequest:
        return self.event(payment_id, self.told[word], key=key)

    def event(self, payment_id: str, status: str, *, key: str | None = None) -> CallbackRequest:
        order = self.orders[payment_id]
        event = {
            "totalAmount": money(order.amount, order.currency),
            "status": status,
            "orderToken": payment_id,
            "merchantReference": order.shop,
        }
        body = json.dumps(event).encode()
        message = b"V1:%d:%s" % (NOW, body)
        signature = hmac.new((key or KEY).encode(), message, hashlib.sha256).hexdigest()
        return bytes_callback(body, {"x-scalapay-hmac-v1": signature, "x-scalapay-timestamp": str(NOW)})


class TestScalapay(ProviderSuite):
    def world(self) -> WorldMaker:
        return running(Scalapay())

    def provider_data(self, method: str) -> dict[str, Any]:
        price = {"amount": 1000, "currency": "EUR"}
        item = {"quantity": 1, "price": price, "name": "T-Shirt", "category": "clothes", "sku": "12341234"}
        return {"consumer": CONSUMER, "shipping": SHIPPING, "items": [item]}

    def test_what_the_customer_agreed_to_is_captured_once(self) -> None:
        async def body(world: Any) -> None:
            payment = await world.provider.pay(self.request(world))
            assert isinstance(payment, Payment)
            await world.provider.status(payment.payment_id)
            assert world.captures == []
            world.settle(payment.payment_id, "ACCEPTED")
            for _ in range(2):
                asked = await world.provider.status(payment.payment_id)
                assert isinstance(asked, Status)
                assert (asked.standing, asked.amount, asked.currency) == ("ACCEPTED", 1299, "EUR")
            assert len(world.captures) == 1

        self.in_world(body)

    def test_an_approval_is_a_hint_and_captures_nothing_by_itself(self) -> None:
        async def body(world: Any) -> None:
            payment = await world.provider.pay(self.request(world))
            world.settle(payment.payment_id, "ACCEPTED")
            told = await world.provider.read_callback(world.event(payment.payment_id, "authorized"))
            assert isinstance(told, Told)
            assert told.notices[0].word is None
            assert world.captures == []

        self.in_world(body)

    def test_a_refund_that_it_tells_of_is_a_refund(self) -> None:
        async def body(world: Any) -> None:
            payment = await world.provider.pay(self.request(world))
            told = await world.provider.read_callback(world.event(payment.payment_id, "refunded"))
            assert isinstance(told, Told)
            (notice,) = told.notices
            assert (notice.about, notice.word, notice.amount) == ("refund", "ACCEPTED", 1299)

        self.in_world(body)

    def test_prices_of_items_are_written_as_the_total_is(self) -> None:
        async def body(world: Any) -> None:
            payment = await world.provider.pay(self.request(world))
            (item,) = world.orders[payment.payment_id].known["items"]
            assert item["price"] == {"amount": "10.00", "currency": "EUR"}

        self.in_world(body)


def test_the_signature_of_the_documentation_s_own_example_is_believed() -> None:
    # Messages validation, "Example Code": key, version, time and payload are Scalapay's.
    async def body() -> None:
        options = {"baseUrl": "http://127.0.0.1:9", "apiKey": "api-key"}
        provider = open_connector("scalapay", built_in("scalapay"), options, clock=Loopback().clock)
        payload = b'{"payload":"payload"}'
        signature = hmac.new(b"api-key", b"V1:1234567890123:" + payload, hashlib.sha256).hexdigest()
        headers = {"x-scalapay-hmac-v1": signature, "x-scalapay-timestamp": "1234567890123"}
        request = CallbackRequest(
            method="POST", target="/", headers=headers, body=payload, received=1_234_567_890_123
        )
        answer = await provider.read_callback(request)
        assert isinstance(answer, NotBelieved)
        assert answer.status == 400  # believed, but about no payment

    asyncio.run(body())


def money(amount: int, currency: str) -> dict[str, str]:
    return {"amount": f"{amount // 100}.{amount % 100:02}", "currency": currency}


def error(code: str, words: str, status: int) -> web.Response:
    known = {"errorCode": code, "errorId": "error-19g6ll3ucve9e", "httpStatusCode": status}
    return web.json_response({**known, "message": words}, status=status)
