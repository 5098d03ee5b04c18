"""The channel contract over the payment gateway with the sandbox behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from engine.model import Delivery
from hub.gateway import Gateway
from hub.payments_channel import PaymentsChannel, open_payments
from providers.base import Payment, PayRequest, Rejected, Unknown
from providers.sandbox import SandboxProvider
from tests.contract.channel_contract import SECRET, ChannelContract, Subject

PAY = Delivery(
    id="entry-1",
    saga_id="saga-1",
    entity_id="",
    machine="payment",
    kind="command",
    name="pay",
    payload={
        "amount": 1299,
        "currency": "EUR",
        "shopTransactionId": "shop-1",
        "additionalData": {"buyer": {"name": SECRET}},
    },
)


class SlowSandbox(SandboxProvider):
    """A sandbox that does not answer for one merchant's payment."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = asyncio.Event()

    async def pay(self, request: PayRequest) -> Payment | Unknown | Rejected:
        if request.shop_transaction_id == "stall":
            self.reached.set()
            await asyncio.Event().wait()
        return await super().pay(request)


class TestPaymentsChannel(ChannelContract):
    def open(self) -> AbstractAsyncContextManager[Subject]:
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Subject]:
        provider = SlowSandbox()
        yield Subject(
            channel=PaymentsChannel(Gateway({"sandbox": provider})),
            delivery=PAY,
            broken=replace(PAY, payload={**PAY.payload, "amount": 1205}),
            stalled=replace(PAY, payload={**PAY.payload, "shopTransactionId": "stall"}),
            reached=provider.reached,
        )


class TestPaymentsChannelAsAssembled(ChannelContract):
    def open(self) -> AbstractAsyncContextManager[Subject]:
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Subject]:
        broken = replace(PAY, payload={**PAY.payload, "provider": "nobody"})
        yield Subject(channel=open_payments("payments", {}, Path()), delivery=PAY, broken=broken)
