"""A subscription with Satispay begins with the customer's authorisation, of which a callback is only a hint."""

from __future__ import annotations

import asyncio
from typing import cast

from providers.callbacks import CallbackRequest
from tests.contract.provider.satispay_server import RECEIVED, SatispayServer
from tests.flow.payment_world import paying


def test_the_first_payment_is_collected_once_the_customer_has_agreed() -> None:
    async def run() -> None:
        async with paying("satispay") as it:
            world = cast("SatispayServer", it.world)
            assert await it.it.send("authorizationRequested", {}) == "AUTHORIZATION_PENDING"
            [token] = world.agreements
            hint = CallbackRequest(
                method="GET",
                target=f"/v3/satispay/callback/authorization?authorization_id={token}",
                part="authorization",
                query={"authorization_id": token},
                received=RECEIVED,
            )
            assert await it.take(hint) == "AUTHORIZATION_PENDING", "anybody can send a hint"
            world.agreements[token]["status"] = "ACCEPTED"
            assert await it.take(hint) == "PAYMENT_EXECUTED"
            [taken] = world.payments()
            assert taken.amount == it.amount
            assert await it.payment_id() == taken.payment_id, "a refund goes to the payment, not to the token"
            assert world.bodies[-1]["flow"] == "PRE_AUTHORIZED"
            assert world.bodies[-1]["token"] == token

    asyncio.run(run())
