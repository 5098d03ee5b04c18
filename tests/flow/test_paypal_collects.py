"""PayPal takes the money of an approved order only when it is told to: by the callback, or by the next poll."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

from tests.contract.provider.paypal_server import PayPalServer
from tests.flow.journey import SECOND
from tests.flow.payment_world import Paying, paying

Body = Callable[[Paying, PayPalServer, str], Awaitable[None]]


def approved(body: Body) -> None:
    """With a payment that the customer has approved on PayPal's page, and nobody has collected."""

    async def run() -> None:
        async with paying("paypal") as it:
            assert await it.begin() == "PAYMENT_PENDING"
            world, order_id = cast("PayPalServer", it.world), await it.payment_id()
            world.approve(order_id)
            await body(it, world, order_id)
            captures = world.orders[order_id]["purchase_units"][0]["payments"]["captures"]
            assert len(captures) == 1

    asyncio.run(run())


def test_the_callback_of_the_approval_collects_however_often_it_comes() -> None:
    async def body(it: Paying, world: PayPalServer, order_id: str) -> None:
        for _ in range(2):
            callback = world.event("CHECKOUT.ORDER.APPROVED", world.orders[order_id])
            assert await it.take(callback) == "PAYMENT_EXECUTED"
        assert await it.refund(it.amount) == "TOTALLY_REFUNDED"

    approved(body)


def test_without_the_callback_the_next_poll_collects() -> None:
    async def body(it: Paying, world: PayPalServer, order_id: str) -> None:
        assert await it.it.wait(60 * SECOND) == "PAYMENT_EXECUTED"
        late = world.event("CHECKOUT.ORDER.APPROVED", world.orders[order_id])
        assert await it.take(late) == "PAYMENT_EXECUTED"

    approved(body)
