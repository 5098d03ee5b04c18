"""Money at every door: what is no amount in minor units, or no currency, never gets in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from engine.model import Json
from tests.http.daemon import Daemon, Reply, daemon

PAYMENT = (Path(__file__).parents[2] / "machines" / "payment.yaml").read_text()
WRONG = [
    0,
    -1,
    -1299,
    10**14,
    10**15,
    10**20,
    12.99,
    0.5,
    "1299",
    "12,99",
    "",
    None,
    True,
    [1299],
    {"value": 1299},
]


def payment(amount: object, currency: object = "EUR") -> Json:
    return {"shopTransactionId": "shop-1", "amount": amount, "currency": currency}


def link(amount: object, currency: object = "EUR") -> Json:
    return payment(amount, currency)


def subscription(amount: object, currency: object = "EUR") -> Json:
    return {**payment(amount, currency), "subscriptionInfo": {"interval": "MONTH", "intervalCount": 1}}


def following(amount: object, currency: object = "EUR") -> Json:
    return {**payment(amount, currency), "subscriptionInfo": {"token": "sbx_token_1"}}


DOORS: dict[str, tuple[str, Callable[..., Json]]] = {
    "saga": ("/api/v1/sagas", lambda *money: {"machine": "payment", "metadata": payment(*money)}),
    "flow manager": ("/saga?machine=payment", lambda *money: {"metadata": payment(*money)}),
    "pay": ("/v3/sandbox/credit-cards/pay", payment),
    "link": ("/v3/sandbox/pay-by-link", link),
    "schedule": ("/v3/sandbox/credit-cards/subscription/schedule", subscription),
    "start": ("/v3/sandbox/credit-cards/subscription/start", subscription),
    "following": ("/v3/sandbox/credit-cards/subscription/pay", following),
    "update": ("/v3/sandbox/subscription/update/sbx_token_1", subscription),
    "refund": (
        "/v3/sandbox/refund",
        lambda amount, currency="EUR": {
            "amount": amount,
            "currency": currency,
            "paymentId": "sbx_executed_1",
        },
    ),
}


def on_a_daemon(body: Callable[[Daemon], Awaitable[None]]) -> None:
    async def run() -> None:
        async with daemon(PAYMENT, default_machine="payment") as it:
            await body(it)

    asyncio.run(run())


async def sent(it: Daemon, path: str, body: Json) -> Reply:
    """Also what fits no 64 bits."""
    return await it.call(
        "POST", path, body=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )


@pytest.mark.parametrize("door", DOORS)
def test_what_is_no_amount_is_refused_at_every_door(door: str) -> None:
    async def body(it: Daemon) -> None:
        path, made = DOORS[door]
        for amount in WRONG:
            reply = await sent(it, path, made(amount))
            assert 400 <= reply.status < 500, (door, amount, reply.body)
        assert (await it.get("/api/v1/sagas")).json["items"] == []

    on_a_daemon(body)


@pytest.mark.parametrize("door", DOORS)
def test_what_is_no_currency_is_refused_at_every_door(door: str) -> None:
    async def body(it: Daemon) -> None:
        path, made = DOORS[door]
        for currency in ("eur", "EURO", "", "EU", None, 978, "EUR\n"):
            reply = await it.post(path, made(1299, currency))
            assert 400 <= reply.status < 500, (door, currency, reply.body)

    on_a_daemon(body)


@pytest.mark.parametrize("door", ["saga", "flow manager", "pay", "link"])
@pytest.mark.parametrize(
    ("amount", "currency"), [(1, "EUR"), (1299, "JPY"), (1299, "KWD"), (10**14 - 1, "EUR")]
)
def test_what_is_an_amount_gets_in(door: str, amount: int, currency: str) -> None:
    async def body(it: Daemon) -> None:
        path, made = DOORS[door]
        reply = await it.post(path, made(amount, currency))
        assert reply.status in (200, 201), reply.body

    on_a_daemon(body)


def test_a_refund_of_a_saga_is_an_amount_too() -> None:
    async def body(it: Daemon) -> None:
        saga = await it.post("/api/v1/sagas", {"machine": "payment", "metadata": payment(1299)})
        saga_id = saga.json["sagaId"]
        await it.tell(saga_id, "paymentExecuted", {"paymentId": "p1"})
        for amount in WRONG:
            wish: dict[str, Any] = {"refundRequestData": {"amount": amount}}
            told = {"name": "refundRequested", "payload": wish}
            assert 400 <= (await sent(it, f"/api/v1/sagas/{saga_id}/events", told)).status < 500, amount
            message = {"key": saga_id, "value": {"messageLabel": "refundRequested", "messagePayload": wish}}
            assert 400 <= (await sent(it, "/event", message)).status < 500, amount
        assert (await it.show(saga_id))["currentState"] == "PAYMENT_EXECUTED"

    on_a_daemon(body)
