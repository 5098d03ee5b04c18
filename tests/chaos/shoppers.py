"""The load of the payment proof: customers who pay, and operators who give money back, some of them at once."""

from __future__ import annotations

import asyncio
from collections import Counter

from engine.model import Json
from tests.chaos.bank import chance
from tests.chaos.client import Client
from tests.fakes.waiting import wait_until

DECIDED_WITHIN = 120.0
DECIDED = {"PAYMENT_EXECUTED", "PAYMENT_FAILED"}
REFUNDING = {"REFUND_REQUESTED", "SUBSEQUENT_REFUND_REQUESTED"}
METHODS = ("pm_card", "pm_card", "pm_card", "pm_slow", "pm_slow", "pm_3ds", "pm_declined")
CURRENCIES = ("EUR", "EUR", "JPY", "KWD")


class Shoppers:
    """Attributes: `orders`: shop transaction id -> (amount, currency), as far as it was asked for."""

    def __init__(self, client: Client, count: int, at_once: int) -> None:
        self.orders: dict[str, tuple[int, str]] = {}
        self.did: Counter[str] = Counter()
        self.surprises: list[str] = []
        self._client = client
        self._waiting = [f"shop-{number}" for number in range(count)]
        self._at_once = at_once

    async def shop(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(self._at_once):
                group.create_task(self._shopper())

    async def _shopper(self) -> None:
        while self._waiting:
            await self._order(self._waiting.pop())

    async def _order(self, shop: str) -> None:
        amount, currency = 10 * (100 + chance(shop, "amount")), CURRENCIES[chance(shop, "currency") % 4]
        method = METHODS[chance(shop, "method") % len(METHODS)]
        self.orders[shop] = (amount, currency)
        metadata: Json = {
            "shopTransactionId": shop,
            "amount": amount,
            "currency": currency,
            "provider": "stripe",
            "paymentMethod": "credit-cards",
            "payRequestData": {
                "successRedirect": "https://shop.example/",
                "providerData": {"paymentMethodId": method},
            },
        }
        saga = await self._post("/api/v1/sagas", {"machine": "payment", "metadata": metadata}, {200, 201})
        await self._tell(saga["sagaId"], "scheduleRequested", {}, "pay")
        if await self._until(saga["sagaId"], DECIDED) == "PAYMENT_EXECUTED":
            await self._give_back(saga["sagaId"], shop, amount)

    async def _give_back(self, saga_id: str, shop: str, amount: int) -> None:
        what = chance(shop, "refund")
        if what < 40:
            return
        if what < 60:
            wishes = [amount]
        elif what < 90:
            third = amount // 30 * 10
            wishes = [third, third, third]
        else:
            wishes = [amount + 10]
        for number, wish in enumerate(wishes):
            asked = {"refundRequestData": {"amount": wish}}
            operators = 2 if chance(shop, "operators") < 30 else 1
            await asyncio.gather(
                *(
                    self._tell(saga_id, "refundRequested", asked, f"refund-{number}-{who}")
                    for who in range(operators)
                )
            )
            self.did["refund requests"] += operators
            await self._until_not(saga_id, REFUNDING)

    async def _until(self, saga_id: str, states: set[str]) -> str:
        async def found() -> str | None:
            state = str((await self._client.get(f"/api/v1/sagas/{saga_id}"))["currentState"])
            return state if state in states else None

        return await wait_until(found, within=DECIDED_WITHIN, what=f"the end of {saga_id}", every=0.1)

    async def _until_not(self, saga_id: str, states: set[str]) -> None:
        async def found() -> bool:
            return (await self._client.get(f"/api/v1/sagas/{saga_id}"))["currentState"] not in states

        await wait_until(found, within=DECIDED_WITHIN, what=f"the refund of {saga_id}", every=0.1)

    async def _tell(self, saga_id: str, event: str, payload: Json, id_: str) -> None:
        body: Json = {"name": event, "payload": payload, "id": f"{saga_id}-{id_}"}
        await self._post(f"/api/v1/sagas/{saga_id}/events", body, {200})

    async def _post(self, path: str, body: Json, fine: set[int]) -> Json:
        answered = await self._client.post(path, body)
        if answered.status not in fine:
            self.surprises.append(str(answered))
        return answered.body
