"""Whatever a provider's server answers, a connector says one of the port's answers and never takes money twice."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import orjson
import pytest
from aiohttp import web

from hub.connectors import BUILT_IN, built_in
from providers.base import Payment, PayRequest, Provider, Refund, RefundRequest, Rejected, Status, Unknown
from providers.connector_provider import open_connector
from tests.contract.provider.loopback import Loopback, running
from tests.contract.provider.test_flowpay import public_pem

WORDS = [
    "id",
    "token",
    "code",
    "error",
    "payload",
    "status",
    "operations",
    "answer",
    "paymentId",
    "OK",
    "0",
    "00",
]
ODD = ["", "x" * 300, "1e999999", "12.99", "\u202e", -1, 2**62, 1.5, True, None, 0]
TRIES = 150


def noise(dice: random.Random, depth: int = 0) -> Any:
    kind = dice.random()
    if depth > 3 or kind < 0.4:
        return dice.choice([*WORDS, *ODD])
    if kind < 0.6:
        return [noise(dice, depth + 1) for _ in range(dice.randrange(3))]
    return {dice.choice(WORDS): noise(dice, depth + 1) for _ in range(dice.randrange(4))}


class Noisy(Loopback):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.dice = random.Random(20)

    def routes(self) -> list[web.RouteDef]:
        return [web.route("*", "/{path:.*}", self.anything)]

    def connect(self, base_url: str) -> Provider:
        connector = built_in(self.kind)
        options = {name: base_url if name.endswith("Url") else "x" for name in connector.options}
        if "publicKey" in options:
            options["publicKey"] = public_pem("flowpay")
        return open_connector(self.kind, connector, options, clock=self.clock)

    async def anything(self, request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/oauth/token"):
            return web.json_response(
                {"access_token": "t", "expires_in": self.dice.choice([3600, 1e308, "x"])}
            )
        status = self.dice.choice([200, 200, 201, 204, 302, 400, 401, 404, 409, 422, 429, 500])
        body = self.dice.choice([orjson.dumps(noise(self.dice)), b"", b"\xff\x00", b"[" * 2000])
        media = self.dice.choice(["application/json", "text/csv", "text/html"])
        return web.Response(status=status, body=body, content_type=media)


def request(connector: Provider, number: int, dice: random.Random) -> PayRequest:
    return PayRequest(
        key=f"saga-{number}",
        again=number % 2 == 0,
        amount=129_900,
        currency="EUR",
        method=connector.capabilities.default_method,
        shop_transaction_id=f"shop-{number}",
        provider_data={"items": noise(dice), "token": "t", "data": 10**30, "consumer": noise(dice)},
    )


@pytest.mark.parametrize("kind", BUILT_IN)
def test_noise_is_an_answer_of_the_port(kind: str) -> None:
    async def body() -> None:
        async with running(Noisy(kind)) as world:
            dice = random.Random(21)
            for number in range(TRIES):
                asked = request(world.provider, number, dice)
                assert isinstance(await world.provider.pay(asked), Payment | Unknown | Rejected)
                found = await world.provider.status(f"id-{number}")
                assert isinstance(found, Status | Unknown | Rejected)
                refund = RefundRequest(
                    key=f"r-{number}",
                    again=number % 3 == 0,
                    payment_id="p",
                    amount=500,
                    currency="EUR",
                    paid=900,
                )
                assert isinstance(await world.provider.refund(refund), Refund | Unknown | Rejected)

    asyncio.run(body())


@pytest.mark.parametrize("kind", BUILT_IN)
def test_what_json_and_addresses_cannot_hold_raises_nothing(kind: str) -> None:
    async def body() -> None:
        async with running(Noisy(kind)) as world:
            odd = {
                "token": "\ud800",
                "items": [{"name": "\ud800"}],
                "consumer": {"a": 10**30},
                "email": "\ud800",
            }
            given = {**odd, "debtorFiscalCode": "\ud800", "description": "\ud800", "language": "\ud800"}
            asked = request(world.provider, 1, random.Random(1))
            answer = await world.provider.pay(
                PayRequest(
                    key=asked.key, amount=asked.amount, currency="EUR", method=asked.method,
                    shop_transaction_id="s", provider_data=given,
                )
            )  # fmt: skip
            assert isinstance(answer, Rejected | Unknown | Payment)

    asyncio.run(body())
