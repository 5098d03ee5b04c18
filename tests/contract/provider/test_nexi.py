"""Nexi's connector against a server that speaks the payment API v1 of XPay."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from aiohttp import web

from hub.connectors import built_in
from providers.base import Provider
from providers.callbacks import CallbackRequest, Word
from providers.connector_provider import open_connector
from tests.contract.provider.loopback import Loopback, Order, Refused, json_callback, running
from tests.contract.provider.suite import ProviderSuite
from tests.contract.provider.world import WorldMaker

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
ORDER_ID = re.compile(r"[A-Za-z0-9]{1,18}")


class Nexi(Loopback):
    settled: Mapping[Word, str] = MappingProxyType(
        {"ACCEPTED": "EXECUTED", "FAILED": "DECLINED", "PENDING": "PENDING"}
    )

    def __init__(self) -> None:
        super().__init__()
        self.repeats: dict[str, Any] = {}

    def connect(self, base_url: str) -> Provider:
        options = {"baseUrl": f"{base_url}/psp/api/v1", "apiKey": "test-key"}
        return open_connector("nexi", built_in("nexi"), options, clock=self.clock)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/psp/api/v1/orders/hpp", self.hpp),
            web.get("/psp/api/v1/orders/{id}", self.order),
            web.post("/psp/api/v1/operations/{id}/refunds", self.refund),
        ]

    def declined(self) -> web.Response:
        return error("PS0001", "Refused by the terminal", 400)

    def door(self, request: web.Request) -> None:
        if request.headers.get("X-Api-Key") != "test-key":
            raise Refused(error("GW0004", "Unauthorized", 401))
        if not UUID.fullmatch(request.headers.get("Correlation-Id", "")):
            raise Refused(error("GW0001", "Correlation-Id is not a UUID", 400))

    async def hpp(self, request: web.Request) -> web.StreamResponse:
        self.door(request)
        sent = await request.json()
        order, session = sent["order"], sent["paymentSession"]
        wrong = (
            not ORDER_ID.fullmatch(order["orderId"])
            or not isinstance(order["amount"], str)
            or not order["amount"].isdigit()
            or session["amount"] != order["amount"]
            or session["actionType"] not in ("PAY", "VERIFY", "PREAUTH", "CREATE_ORDER")
            or not {"language", "resultUrl", "cancelUrl"} <= set(session)
        )
        if wrong:
            return error("GW0001", "Invalid request", 400)

        def do() -> web.Response:
            if order["orderId"] in self.orders:
                return error("PS0083", "Duplicated order", 409)
            self.new_order(
                Order(order["orderId"], int(order["amount"]), order["currency"], order["customField"], "")
            )
            page = f"https://xpay.example/monetaweb/page/hosted/2/html?paymentid={order['orderId']}"
            return web.json_response({"hostedPage": page, "securityToken": "967d9fb29bb54b8aa1"})

        return await self.money(request, do)

    async def order(self, request: web.Request) -> web.StreamResponse:
        self.door(request)
        order = self.orders.get(request.match_info["id"])
        if order is None:
            return error("GW0003", "Order not found", 404)
        operations = [self.operation(order, "CAPTURE", order.status, order.amount)] if order.status else []
        operations += [self.operation(order, "REFUND", "REFUNDED", one.amount) for one in order.refunds]
        known = {"orderId": order.id, "amount": str(order.amount), "currency": order.currency}
        status = {"order": {**known, "customField": order.shop}, "lastOperationType": "CAPTURE"}
        return web.json_response({"orderStatus": status, "operations": operations})

    def operation(self, order: Order, kind: str, result: str, amount: int) -> dict[str, str]:
        return {
            "orderId": order.id,
            "operationId": f"op{order.id}",
            "channel": "ECOMMERCE",
            "operationType": kind,
            "operationResult": result,
            "operationAmount": str(amount),
            "operationCurrency": order.currency,
        }

    async def refund(self, request: web.Request) -> web.StreamResponse:
        self.door(request)
        order = self.orders[request.match_info["id"].removeprefix("op")]
        key = request.headers.get("Idempotency-Key", "")
        if not UUID.fullmatch(key):
            return error("GW0001", "Idempotency-Key is not a UUID", 400)
        sent = await request.json()

        def do() -> web.Response:
            if key not in self.repeats:
                refund_id = self.number("op")
                self.give_back(order, refund_id, int(sent["amount"]))
                self.repeats[key] = {"operationId": refund_id, "operationTime": "2022-09-01T01:20:00.001Z"}
            return web.json_response(self.repeats[key])

        return await self.money(request, do)

    def callback(self, payment_id: str, word: Word, *, key: str | None = None) -> CallbackRequest:
        operation = {
            "orderId": payment_id,
            "operationId": "3470744",
            "channel": "ECOMMERCE",
            "operationType": "CAPTURE",
            "operationResult": self.settled[word],
        }
        event = {"eventId": "554ccc00-28fb-4344-a3fa-4bb8d1999bd5", "eventTime": "2022-09-01T01:20:00.001Z"}
        return json_callback({**event, "securityToken": "967d9fb29bb54b8aa1", "operation": operation})


class TestNexi(ProviderSuite):
    def world(self) -> WorldMaker:
        return running(Nexi())


def error(code: str, words: str, status: int) -> web.Response:
    return web.json_response({"errors": [{"code": code, "description": words}]}, status=status)
