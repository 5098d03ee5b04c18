"""FNM Pay's connector against what is assumed of it: there is no documentation to write a server from."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from aiohttp import web

from hub.connectors import built_in
from providers.base import Links, Payment, Provider
from providers.callbacks import CallbackRequest, Word
from providers.connector_provider import open_connector
from tests.contract.provider.loopback import Loopback, Order, Refused, json_callback, running
from tests.contract.provider.suite import ProviderSuite
from tests.contract.provider.world import WorldMaker


class FnmPay(Loopback):
    settled: Mapping[Word, str] = MappingProxyType({"ACCEPTED": "00", "FAILED": "51", "PENDING": ""})

    def connect(self, base_url: str) -> Provider:
        options = {"baseUrl": base_url, "apiKey": "k", "merchantId": "m1", "shopId": "s1"}
        return open_connector("fnmpay", built_in("fnmpay"), options, clock=self.clock)

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/payments", self.create), web.get("/payments/{id}", self.show)]

    def declined(self) -> web.Response:
        return web.json_response({"code": "12", "message": "Transaction refused"}, status=400)

    def door(self, request: web.Request) -> None:
        if request.headers.get("X-Api-Key") != "k":
            raise Refused(self.unauthorised())

    async def create(self, request: web.Request) -> web.StreamResponse:
        self.door(request)
        sent = await request.json()
        if sent["transactionType"] not in ("SALE", "AUTH") or not isinstance(sent["amount"], int):
            return web.json_response({"message": "wrong"}, status=400)

        def do() -> web.Response:
            order = Order(self.number("F"), sent["amount"], sent["currency"], sent["transactionId"], "")
            self.new_order(order)
            page = f"https://page.example/{order.id}"
            return web.json_response({"paymentId": order.id, "redirectUrl": page})

        return await self.money(request, do)

    async def show(self, request: web.Request) -> web.StreamResponse:
        self.door(request)
        order = self.orders.get(request.match_info["id"])
        if order is None:
            return web.json_response({"message": "unknown payment"}, status=404)
        shown: dict[str, Any] = {"paymentId": order.id, "transactionId": order.shop, "amount": order.amount}
        return web.json_response({**shown, "currency": order.currency, "code": order.status or None})

    def callback(self, payment_id: str, word: Word, *, key: str | None = None) -> CallbackRequest:
        return json_callback({"paymentId": payment_id, "code": self.settled[word]})


class TestFnmPay(ProviderSuite):
    finds_repeats = False

    def world(self) -> WorldMaker:
        return running(FnmPay())

    def test_a_link_leads_to_the_payment_page(self) -> None:
        async def body(world: Any) -> None:
            assert isinstance(world.provider, Links)
            payment = await world.provider.create_link(self.request(world))
            assert isinstance(payment, Payment)
            assert payment.link == f"https://page.example/{payment.payment_id}"

        self.in_world(body)
