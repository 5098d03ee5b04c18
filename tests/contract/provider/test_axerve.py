"""Axerve's connector against a server that speaks the REST API v1 of Axerve Ecommerce Solutions."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from aiohttp import web

from hub.connectors import built_in
from providers.base import Links, Payment, Provider, Refund, Unknown
from providers.callbacks import CallbackRequest, Word
from providers.connector_provider import open_connector
from tests.contract.provider.loopback import NOW, Loopback, Order, Refused, minor, running
from tests.contract.provider.suite import ProviderSuite
from tests.contract.provider.world import WorldMaker

DECIMALS = {"JPY": 0}
TOKENS = {"CREDITCARD": ("creditcard", "token"), "APPLEPAY": ("applePay", "PKPaymentToken")}


class Axerve(Loopback):
    settled: Mapping[Word, str] = MappingProxyType({"ACCEPTED": "OK", "FAILED": "KO", "PENDING": "WAITING"})

    def connect(self, base_url: str) -> Provider:
        options = {"baseUrl": f"{base_url}/api/v1", "shopLogin": "GESPAY12345", "apiKey": "R0VT"}
        return open_connector("axerve", built_in("axerve"), options, clock=self.clock)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/v1/payment/create/", self.create),
            web.post("/api/v1/payment/submit", self.submit),
            web.post("/api/v1/payment/detail", self.detail),
            web.post("/api/v1/payment/refund/{id}", self.refund),
        ]

    def unauthorised(self) -> web.Response:
        return answer("1166", "Invalid ApiKey", status=403)

    def declined(self) -> web.Response:
        return answer(
            "2014", "You requested a refund with an amount exceeding transaction balance", status=400
        )

    async def door(self, request: web.Request, *, token: bool = False) -> Any:
        sent = await request.json()
        if not token and request.headers.get("Authorization") != "apikey R0VT":
            raise Refused(self.unauthorised())
        if sent.get("shopLogin") != "GESPAY12345":
            raise Refused(answer("1131", "Not accepted call: Shop not recognized", status=400))
        return sent

    def money_of(self, sent: Any) -> int:
        try:
            return minor(sent["amount"], DECIMALS.get(sent["currency"], 2))
        except ValueError:
            raise Refused(
                answer("1114", "Amount with a wrong number of decimal digits", status=400)
            ) from None

    async def create(self, request: web.Request) -> web.StreamResponse:
        sent = await self.door(request)
        if self.next in ("unauthorised", "throttle", "fail"):
            return await self.money(request, lambda: answer("9999", "never"))
        number = self.number("1638")
        order = Order(number, self.money_of(sent), sent["currency"], sent["shopTransactionID"], "UNSUBMITTED")
        self.orders[number] = order
        page = {"href": f"https://ecomm.example/pagam/?a=GESPAY12345&b=token{number}"}
        return answer(payload={"paymentToken": f"token{number}", "paymentID": number, "userRedirect": page})

    async def submit(self, request: web.Request) -> web.StreamResponse:
        sent = await self.door(request, token=True)
        order = self.orders.get(request.headers.get("paymentToken", "").removeprefix("token"))
        if order is None or order.status != "UNSUBMITTED":
            return answer("1137", "Not accepted call: transaction already processed before", status=400)
        where, name = TOKENS.get(sent["paymentType"], ("", ""))
        if where and list(sent["paymentTypeDetails"]) != [where]:
            return answer("1138", "Not accepted call: card number or expiry date are missing", status=400)
        script = self.next

        def do() -> web.Response:
            self.new_order(order)
            order.known = {"token": sent.get("paymentTypeDetails", {}).get(where, {}).get(name)}
            if script == "pending" or not where:
                order.status = "WAITING"
                href = f"https://ecomm.example/pagam/pagam3d.aspx?b={order.id}"
                return answer(payload=self.payload(order, "", "8006", userRedirect={"href": href}))
            order.status = "OK"
            return answer(payload=self.payload(order, "OK", ""))

        if script == "decline":
            self.next = None
            order.status = "KO"
            refused = self.payload(order, "KO", "251", transactionErrorDescription="Insufficient credit")
            return answer(payload=refused)
        return await self.money(request, do)

    def payload(self, order: Order, result: str, code: str, **more: Any) -> dict[str, Any]:
        known = {"transactionType": "submit", "transactionErrorDescription": "", "paymentID": order.id}
        own = {"transactionResult": result, "transactionErrorCode": code, "token": "444444xxxxxx4448"}
        return {**known, **own, "shopTransactionID": order.shop, **more}

    async def detail(self, request: web.Request) -> web.StreamResponse:
        sent = await self.door(request)
        found = [
            order
            for order in self.orders.values()
            if sent.get("paymentID") == order.id or sent.get("shopTransactionID") == order.shop
        ]
        if not found:
            return answer("2011", "Transaction not found", status=400)
        order = found[-1]
        events = [("AUT", order.amount)] if order.status == "OK" else []
        events += [("STO", one.amount) for one in order.refunds]
        shown = [{"eventtype": kind, "eventamount": self.written(order, cents)} for kind, cents in events]
        known = {"paymentID": order.id, "shopTransactionID": order.shop, "currency": order.currency}
        return answer(payload={**known, "transactionResult": order.status, "events": shown})

    def written(self, order: Order, cents: int) -> str:
        return str(cents) if order.currency == "JPY" else f"{cents // 100}.{cents % 100:02}"

    async def refund(self, request: web.Request) -> web.StreamResponse:
        sent = await self.door(request)
        order = self.orders[request.match_info["id"]]

        def do() -> web.Response:
            self.give_back(order, self.number("R"), self.money_of(sent))
            known = {"transactionType": "refund", "transactionResult": "OK", "paymentID": order.id}
            return answer(payload={**known, "bankTransactionID": "9"})

        return await self.money(request, do)

    def callback(self, payment_id: str, word: Word, *, key: str | None = None) -> CallbackRequest:
        query = {"a": "GESPAY12345", "Status": self.settled[word], "paymentID": payment_id}
        return CallbackRequest(method="GET", target="/v3/axerve/callback", query=query, received=NOW)


class TestAxerve(ProviderSuite):
    def world(self) -> WorldMaker:
        return running(Axerve())

    def provider_data(self, method: str) -> dict[str, Any]:
        return {"token": "cardtoken", "buyerName": "Mario Rossi"}

    def test_the_token_goes_where_its_method_wants_it(self) -> None:
        async def body(world: Any) -> None:
            for place, method in enumerate(("credit-cards", "applepay", "pay-pal")):
                request = self.request(
                    world, method=method, key=f"saga.{place}", shop_transaction_id=f"shop-{place}"
                )
                payment = await world.provider.pay(request)
                assert isinstance(payment, Payment), method
                assert payment.result == ("REDIRECT_TO_URL" if method == "pay-pal" else "OK")
                expected = None if method == "pay-pal" else "cardtoken"
                assert world.orders[payment.payment_id].known["token"] == expected

        self.in_world(body)

    def test_a_refund_that_was_not_done_is_done_at_the_second_try(self) -> None:
        async def body(world: Any, payment: Payment) -> None:
            world.script("fail")
            assert isinstance(await self.refund(world, payment), Unknown)
            assert isinstance(await self.refund(world, payment, again=True), Refund)
            assert [one.amount for one in world.refunds()] == [500]

        self.refunding(body)

    def test_a_link_leads_to_the_payment_page(self) -> None:
        async def body(world: Any) -> None:
            assert isinstance(world.provider, Links)
            payment = await world.provider.create_link(self.request(world))
            assert isinstance(payment, Payment)
            assert payment.result == "OK"
            assert payment.link == f"https://ecomm.example/pagam/?a=GESPAY12345&b=token{payment.payment_id}"

        self.in_world(body)

    def test_a_subscription_begins_with_a_token_and_goes_on_with_it(self) -> None:
        async def body(world: Any) -> None:
            first = await world.provider.start_subscription(self.request(world))
            assert isinstance(first, Payment)
            assert (first.result, first.subscription_token) == ("OK", "444444xxxxxx4448")
            following = self.request(
                world,
                key="saga-2.1.0",
                shop_transaction_id="shop-2",
                subscription={"token": first.subscription_token},
                provider_data={},
            )
            second = await world.provider.pay_subscription(following)
            assert isinstance(second, Payment)
            assert second.result == "OK"
            assert world.orders[second.payment_id].known["token"] == "444444xxxxxx4448"

        self.in_world(body)


def answer(
    code: str = "0", words: str = "request correctly processed", *, status: int = 200, payload: Any = None
) -> web.Response:
    return web.json_response(
        {"error": {"code": code, "description": words}, "payload": payload or {}}, status=status
    )
