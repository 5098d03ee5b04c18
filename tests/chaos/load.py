"""The load: customers that start orders and tell them events, and remember what was acknowledged."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from math import inf
from zlib import crc32

from engine.model import Json
from tests.chaos.client import Answered, Client
from tests.fakes.waiting import wait_until

PACKED_WITHIN = 90.0


@dataclass(kw_only=True)
class Order:
    """What was acknowledged of one saga, in the order it was sent."""

    saga_id: str
    events: list[str] = field(default_factory=list)


class Load:
    """Customers side by side, each with one order after the other until it is told to stop.

    Args:
        most: So many orders in all, and they stop by themselves.
        every: Seconds between two looks at an order that is being packed.
    """

    def __init__(self, client: Client, *, most: float = inf, every: float = 0.1) -> None:
        self.orders: list[Order] = []
        self.surprises: list[str] = []
        self._client = client
        self._most = most
        self._every = every
        self._begun = 0
        self._stopping = False

    async def customers(self, count: int) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                group.create_task(self._customer(number))

    def stop(self) -> None:
        """Let every customer finish the order it is at."""
        self._stopping = True

    async def _customer(self, number: int) -> None:
        turn = 0
        while not self._stopping and self._begun < self._most:
            turn, self._begun = turn + 1, self._begun + 1
            await self._order(f"order-{number}-{turn}")

    async def _order(self, saga_id: str) -> None:
        metadata: Json = {
            "orderNumber": f"n-{saga_id}",
            "total": crc32(saga_id.encode()) % 10_000,
            "notes": 0,
        }
        body: Json = {"machine": "order", "sagaId": saga_id, "metadata": metadata}
        self._check(await self._client.post("/api/v1/sagas", body), {200, 201})  # 200: it exists
        order = Order(saga_id=saga_id)
        self.orders.append(order)
        for number in range(3):
            await self._note(order, number)
        await wait_until(
            lambda: self._stands_in(saga_id, "PACKED"),
            within=PACKED_WITHIN,
            what=f"{saga_id} to be packed",
            every=self._every,
        )
        await self._note(order, 3)
        await self._tell(order, "approved", f"approved-{saga_id}")

    async def _note(self, order: Order, number: int) -> None:
        id_ = f"note-{number}-{order.saga_id}"
        await self._tell(order, "noted", id_)
        if crc32(id_.encode()) % 3 == 0:  # a sender that did not trust the answer
            await self._tell(order, "noted", id_)
            order.events.pop()

    async def _tell(self, order: Order, name: str, id_: str) -> None:
        """By the Flow Manager's route and the order's number, or by ours and the saga's id."""
        if crc32(id_.encode()) % 2:
            event = {"messageLabel": name, "messagePayload": {}}
            body: Json = {"key": f"n-{order.saga_id}", "value": event}
            answered = await self._client.post("/event", body, {"Idempotency-Key": id_})
        else:
            answered = await self._client.post(
                f"/api/v1/sagas/{order.saga_id}/events", {"name": name, "payload": {}, "id": id_}
            )
        self._check(answered, {200})
        order.events.append(id_)

    async def _stands_in(self, saga_id: str, state: str) -> bool:
        document = await self._client.get(f"/api/v1/sagas/{saga_id}")
        return bool(document["currentState"] == state)

    def _check(self, answered: Answered, fine: set[int]) -> None:
        if answered.status not in fine:
            self.surprises.append(str(answered))


async def mend(client: Client, *, every: float = 0.2) -> None:
    """A person who retries by hand whatever is parked, for as long as the load lasts."""

    async def found() -> bool:
        parked = await client.get("/api/v1/agenda", parked="true", limit="500")
        for entry in parked["items"]:
            asked = {"entry": entry["id"], "reason": "the address was mended"}
            await client.post(f"/api/v1/sagas/{entry['sagaId']}/retry", asked)
        return False

    await wait_until(found, within=3_600, what="the end of the load", every=every)
