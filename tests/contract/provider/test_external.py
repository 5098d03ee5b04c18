"""The proxy to a team's own service, against a service with the verbs of the gateway's API v3."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from aiohttp import web

from engine.errors import ConfigInvalid
from providers.base import Payment, Provider, Subscription, SubscriptionChange
from providers.callbacks import CallbackRequest, Word
from providers.external import open_external
from tests.contract.provider.loopback import NOW, Loopback, Order, Refused, running
from tests.contract.provider.suite import ProviderSuite
from tests.contract.provider.world import WorldMaker

OFFERS = ["refund", "status", "schedule", "subscriptions", "subscriptionCare"]


class Service(Loopback):
    settled: Mapping[Word, str] = MappingProxyType(
        {"ACCEPTED": "ACCEPTED", "FAILED": "FAILED", "PENDING": "PENDING"}
    )

    def __init__(self) -> None:
        super().__init__()
        self.repeats: dict[str, Any] = {}
        self.subscriptions: dict[str, Any] = {}

    def connect(self, base_url: str) -> Provider:
        options = {
            "baseUrl": f"{base_url}/payments",
            "headers": {"X-Secret": "s"},
            "methods": ["vouchers", "credit-cards"],
            "offers": OFFERS,
        }
        return open_external("mine", options)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/payments/pay", self.pay),
            web.post("/payments/subscription/{verb:schedule|start|pay}", self.pay),
            web.post("/payments/subscription/update/{token}", self.update),
            web.get("/payments/subscription/status/{token}", self.subscription),
            web.delete("/payments/subscription/expire/{token}", self.expire),
            web.post("/payments/refund", self.refund),
            web.get("/payments/status", self.status),
        ]

    def declined(self) -> web.Response:
        return web.json_response({"result": "KO", "resultDescription": "no voucher left"})

    def door(self, request: web.Request) -> str:
        if request.headers.get("X-Secret") != "s":
            raise Refused(self.unauthorised())
        return request.headers.get("Idempotency-Key", "")

    async def pay(self, request: web.Request) -> web.StreamResponse:
        key, sent, script = self.door(request), await request.json(), self.next

        def do() -> web.Response:
            if key not in self.repeats:
                standing = "PENDING" if script == "pending" else "ACCEPTED"
                order = Order(
                    self.number("P"), sent["amount"], sent["currency"], sent["shopTransactionId"], standing
                )
                self.new_order(order)
                token = sent.get("subscriptionInfo", {}).get("token") or self.number("T")
                self.subscriptions[token] = "ACTIVE"
                answer = {"result": "PENDING" if script == "pending" else "OK", "paymentId": order.id}
                self.repeats[key] = {**answer, "subscriptionToken": token, "metadata": {"batch": 7}}
            return web.json_response(self.repeats[key])

        return await self.money(request, do)

    async def refund(self, request: web.Request) -> web.StreamResponse:
        key, sent = self.door(request), await request.json()

        def do() -> web.Response:
            if key not in self.repeats:
                refund_id = self.number("R")
                self.give_back(self.orders[sent["paymentId"]], refund_id, sent["amount"])
                self.repeats[key] = {"result": "OK", "refundId": refund_id}
            return web.json_response(self.repeats[key])

        return await self.money(request, do)

    async def status(self, request: web.Request) -> web.StreamResponse:
        self.door(request)
        order = self.orders.get(request.query["paymentId"])
        if order is None:
            return web.json_response({"error": "unknown payment"}, status=404)
        return web.json_response({"status": order.status, "paymentId": order.id, "amount": order.amount})

    async def update(self, request: web.Request) -> web.StreamResponse:
        self.door(request)
        token = request.match_info["token"]
        known = token in self.subscriptions
        return web.json_response({"result": "OK" if known else "KO", "subscriptionToken": token})

    async def subscription(self, request: web.Request) -> web.StreamResponse:
        self.door(request)
        return web.json_response({"status": self.subscriptions.get(request.match_info["token"], "UNKNOWN")})

    async def expire(self, request: web.Request) -> web.StreamResponse:
        self.door(request)
        self.subscriptions[request.match_info["token"]] = "EXPIRED"
        return web.Response(status=204)

    def callback(self, payment_id: str, word: Word, *, key: str | None = None) -> CallbackRequest:
        query = {"paymentId": payment_id}
        return CallbackRequest(method="GET", target="/v3/mine/callback", query=query, received=NOW)


class TestExternal(ProviderSuite):
    def world(self) -> WorldMaker:
        return running(Service())

    def test_a_subscription_begins_changes_and_ends(self) -> None:
        async def body(world: Any) -> None:
            it = world.provider
            first = await it.start_subscription(self.request(world))
            assert isinstance(first, Payment)
            token = first.subscription_token or ""
            assert await it.subscription_status(token) == Subscription(standing="ACTIVE", token=token)
            following = self.request(world, key="saga-2.1.0", subscription={"token": token})
            assert isinstance(await it.pay_subscription(following), Payment)
            scheduled = await it.schedule_subscription(self.request(world, key="saga-3.1.0"))
            assert isinstance(scheduled, Payment)
            change = SubscriptionChange(
                key="saga-3.2.0",
                token=scheduled.subscription_token or "",
                amount=1500,
                currency="EUR",
                shop_transaction_id="shop-1",
                interval="MONTH",
                interval_count=2,
            )
            assert isinstance(await it.update_subscription(change), Subscription)
            for _ in range(2):
                ended = await it.expire_subscription(token, "saga-2.3.0")
                assert isinstance(ended, Subscription)
            assert (await it.subscription_status(token)).standing == "EXPIRED"

        self.in_world(body)

    def test_what_the_service_wants_kept_is_kept(self) -> None:
        async def body(world: Any) -> None:
            payment = await world.provider.pay(self.request(world))
            assert isinstance(payment, Payment)
            assert payment.keep == {"batch": 7}

        self.in_world(body)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "baseUrl"),
        ({"baseUrl": "ftp://x"}, "baseUrl"),
        ({"baseUrl": "http://x", "offers": ["gold"]}, "gold"),
        ({"baseUrl": "http://x", "colour": "red"}, "colour"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigInvalid, match=says):
        open_external("mine", options)
