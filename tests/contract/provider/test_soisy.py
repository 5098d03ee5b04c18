"""Soisy's connector against a server that speaks its orders API: forms in, JSON and CSV out."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlencode

from aiohttp import web

from hub.connectors import built_in
from providers.base import Provider
from providers.callbacks import CallbackRequest, Word
from providers.connector_provider import open_connector
from tests.contract.provider.loopback import Loopback, Order, Refused, bytes_callback, running
from tests.contract.provider.suite import ProviderSuite
from tests.contract.provider.world import WorldMaker

COLUMNS = "soisyOrderReference,orderReference,firstname,lastname,loanNetAmount,loanAmount,status"
EVENTS = {"ACCEPTED": "LoanWasDisbursed", "FAILED": "UserWasRejected", "PENDING": "LoanWasApproved"}


class Soisy(Loopback):
    settled: Mapping[Word, str] = MappingProxyType(
        {"ACCEPTED": "disbursed", "FAILED": "cancelled", "PENDING": "quote"}
    )

    def connect(self, base_url: str) -> Provider:
        options = {"baseUrl": f"{base_url}/api", "shopId": "partnershop", "authToken": "partnerkey"}
        return open_connector("soisy", built_in("soisy"), options, clock=self.clock)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/shops/partnershop/orders", self.create),
            web.get("/api/shops/partnershop/orders", self.table),
            web.get("/api/shops/partnershop/orders/{token}", self.single),
        ]

    def declined(self) -> web.Response:
        return web.json_response({"error": "the shop may not ask for this loan"}, status=400)

    def door(self, request: web.Request) -> None:
        if request.headers.get("X-Auth-Token") != "partnerkey":
            raise Refused(self.unauthorised())

    async def create(self, request: web.Request) -> web.StreamResponse:
        self.door(request)
        sent = await request.post()
        amount = int(str(sent["amount"]))
        if not 10_000 <= amount <= 1_500_000:
            return web.json_response({"errors": {"amount": ["out of range"]}}, status=400)

        def do() -> web.Response:
            order = self.new_order(
                Order(self.number("tok"), amount, "EUR", str(sent["orderReference"]), "quote")
            )
            return web.json_response({"token": order.id}, status=201)

        return await self.money(request, do)

    async def table(self, request: web.Request) -> web.StreamResponse:
        self.door(request)
        if request.headers.get("Accept") != "text/csv":
            return web.json_response({"error": "Invalid HTTP Accept header"}, status=400)
        wanted = request.query.get("status")
        rows = [
            f"{order.id},{order.shop},Mario,Rossi,{order.amount / 100},{order.amount / 100},{order.status}"
            for order in self.orders.values()
            if wanted in (None, order.status)
        ]
        return web.Response(text="\n".join([COLUMNS, *rows]) + "\n", content_type="text/csv")

    async def single(self, request: web.Request) -> web.StreamResponse:
        self.door(request)
        order = self.orders.get(request.match_info["token"])
        if order is None:
            return web.json_response({"error": "Resource not found"}, status=404)
        known = {"token": order.id, "shopId": "partnershop", "orderReference": order.shop}
        return web.json_response({**known, "loanAmount": order.amount, "status": order.status})

    def callback(self, payment_id: str, word: Word, *, key: str | None = None) -> CallbackRequest:
        event = {
            "eventId": EVENTS[word],
            "eventMessage": "payment received",
            "eventDate": "2022-01-01",
            "orderToken": payment_id,
            "orderReference": self.orders[payment_id].shop,
        }
        body = urlencode(event).encode()
        return bytes_callback(body, {"content-type": "application/x-www-form-urlencoded"})


class TestSoisy(ProviderSuite):
    amount = 129_900  # Soisy lends from 100 EUR on

    def world(self) -> WorldMaker:
        return running(Soisy())
