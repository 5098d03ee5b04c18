"""A payment by Adyen's link: its reference is known by the webhook only, and the refund goes to it."""

from __future__ import annotations

import asyncio
from typing import cast

from tests.contract.provider.adyen_server import AdyenServer, notification
from tests.flow.payment_world import paying

PSP = "8836183819713023"


def test_what_was_paid_on_a_link_is_given_back_to_the_reference_that_the_webhook_told() -> None:
    async def run() -> None:
        async with paying("adyen") as it:
            world = cast("AdyenServer", it.world)
            await it.it.send("linkRequested", {})
            assert (await it.it.metadata())["paymentId"] == "PL00000000000001"
            for success in ("false", "true", "true"):
                paid = {"pspReference": PSP, "merchantReference": "shop-1", "eventCode": "AUTHORISATION"}
                money = {"amount": {"value": it.amount, "currency": "EUR"}, "success": success}
                await it.take(notification({**paid, **money}))
            assert await it.it.state() == "PAYMENT_EXECUTED"
            assert await it.became() == ["applied", "applied", "repeated"]
            world.pay_link(PSP)
            assert await it.refund(it.amount) == "TOTALLY_REFUNDED"
            assert world.refunded_of == [PSP]

    asyncio.run(run())
