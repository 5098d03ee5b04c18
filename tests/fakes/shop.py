"""A shop whose payments and subscriptions are real sagas, told by the test what providers would say, and their views."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from adapters.stores.memory import MemoryStore
from engine.deployments import Deployments
from engine.model import Event, Json, Millis
from engine.ports import Store
from engine.runner import Runner
from hub.views.filters import PaymentFilter
from hub.views.views import Views
from tests.fakes.clock import START, CountingIds, FakeClock
from tests.flow.journey import deployed

DAY: Millis = 86_400_000


@dataclass(slots=True, kw_only=True)
class Shop:
    """`views` are not started: a test settles them, or has them catch up."""

    store: Store
    clock: FakeClock
    runner: Runner
    views: Views
    deployments: Deployments

    async def payment(
        self,
        number: str,
        *,
        amount: int = 1_000,
        ends: str = "PAID",
        at: Millis | None = None,
        **metadata: Any,
    ) -> str:
        """A payment that was created (`at`: milliseconds after the start) and ended so; its saga id."""
        if at is not None:
            self.clock.advance(START + at - self.clock.now())
        base: Json = {
            "shopTransactionId": number,
            "amount": amount,
            "currency": "EUR",
            "provider": "sandbox",
            "paymentMethod": "credit-cards",
        }
        started = await self.runner.start("payment", metadata=base | metadata, saga_id=f"payment-{number}")
        saga_id = started.saga.saga_id
        if ends != "CREATED":
            name = "paymentFailed" if ends == "FAILED" else "paymentExecuted"
            await self.tell(saga_id, name, paymentId=f"pi_{number}")
        if ends == "PARTIALLY_REFUNDED":
            await self.refund(saga_id, amount // 4)
        if ends == "TOTALLY_REFUNDED":
            await self.refund(saga_id, amount)
        return saga_id

    async def tell(self, saga_id: str, event: str, **payload: Any) -> None:
        await self.runner.handle(saga_id, Event(name=event, payload=payload, actor="test"))

    async def refund(self, saga_id: str, amount: int) -> None:
        """Given back at once."""
        data = (await self.store.load(saga_id)).metadata
        before = data.get("refundDetails", {}).get("refundedAmounts", [])
        parts = [*before, amount]
        event = "totalRefundExecuted" if sum(parts) == data["amount"] else "partialRefundExecuted"
        await self.tell(saga_id, "refundRequested", refundRequestData={"amount": amount})
        details = {"totalRefundedAmount": sum(parts), "refundedAmounts": parts}
        await self.tell(saga_id, event, refundDetails=details)

    async def subscription(self, number: str, **metadata: Any) -> str:
        base: Json = {
            "shopSubscriptionId": number,
            "amount": 990,
            "currency": "EUR",
            "provider": "sandbox",
            "paymentMethod": "credit-cards",
            "interval": "MONTH",
            "intervalCount": 1,
        }
        started = await self.runner.start("subscription", metadata=base | metadata, saga_id=f"sb-{number}")
        return started.saga.saga_id

    async def listed(self, **wanted: Any) -> list[str]:
        """The transaction ids of all payments that match, newest first; by pages of two."""
        found: list[str] = []
        after = None
        while True:
            page = await self.views.payments(PaymentFilter(**wanted), after=after, limit=2)
            found += [row.shop_transaction_id for row in page.items]
            if page.after is None:
                return found
            after = page.after

    def another(self, name: str = "daemon-2", *, shared: bool = True) -> Shop:
        """Another daemon on the same store, that has seen nothing yet."""
        return _on(self.store, self.clock, self.deployments, name, shared=shared)


@asynccontextmanager
async def shop(store: Store | None = None, *, shared: bool = False) -> AsyncIterator[Shop]:
    """On a store of its own if none is given; it is closed at the end."""
    opened = store or MemoryStore()
    made = _on(opened, FakeClock(), await deployed("payment", "subscription"), "daemon-1", shared=shared)
    try:
        yield made
    finally:
        await opened.close()


def _on(store: Store, clock: FakeClock, deployments: Deployments, name: str, *, shared: bool) -> Shop:
    ids = CountingIds(name)
    runner = Runner(store=store, deployments=deployments, clock=clock, ids=ids)
    views = Views(store, clock, ids, shared=shared)
    views.follow(runner)
    return Shop(store=store, clock=clock, runner=runner, views=views, deployments=deployments)
