"""The views say the same on every store: lists, searches, sums, and what two daemons wrote together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from adapters.stores.memory import MemoryStore
from adapters.stores.sqlite import open_sqlite
from engine.ports import Store
from hub.views.days import day_starts
from hub.views.filters import PaymentFilter
from tests.contract.mongo_suite import on_mongo
from tests.fakes.clock import START
from tests.fakes.shop import DAY, Shop, shop

Look = dict[str, Any]
ENDS = ("PAID", "FAILED", "PARTIALLY_REFUNDED", "TOTALLY_REFUNDED", "CREATED")


async def look(store: Store) -> Look:
    """Two daemons' payments, as they are found afterwards."""
    async with shop(store, shared=True) as one:
        two = one.another()
        for number in range(15):
            buyer = {"buyer": {"email": f"b{number % 4}@example.org"}, "channel": (None, "web")[number % 2]}
            await (one, two)[number % 2].payment(
                f"T-{number:02}",
                amount=1_000 + 37 * number,
                ends=ENDS[number % 5],
                at=number * DAY * 5,
                currency=("EUR", "USD")[number % 7 == 0],
                additionalData=buyer,
            )
        await asyncio.gather(*(each.views.settle(days=True) for each in (one, two)))
        await one.payment("T-99", ends="FAILED")
        await two.views.projector.catch_up()
        await two.views.settle(days=True)
        return await _found(two)


async def _found(it: Shop) -> Look:
    analytics, span = it.views.analytics, ("2026-01-01", "2026-04-01")
    return {
        "all": await it.listed(),
        "paid": await it.listed(status="PAID", currency="EUR", channel="unknown"),
        "span": await it.listed(since=START + 5 * DAY, until=START + 20 * DAY),
        "amounts": await it.listed(amount_from=1_037, amount_to=1_200),
        "search": [
            await it.listed(search=text) for text in ("t-1", "B3@example", "pi_T-03", "payment-T-04", "%")
        ],
        "counts": await it.views.payment_counts(),
        "web": dict(
            await it.views.payment_counts(PaymentFilter(channel="web", since=day_starts("2026-01-01")))
        ),
        "days": [day for day in await analytics.by_day("EUR", *span) if day.count],
        "methods": await analytics.by_method("EUR", *span),
        "statuses": await analytics.by_status(*span),
    }


def on(open_store: Callable[[], Awaitable[Store]]) -> Look:
    async def body() -> Look:
        return await look(await open_store())

    return asyncio.run(body())


async def _memory() -> Store:
    return MemoryStore()


def test_on_sqlite_as_in_memory(tmp_path: Path) -> None:
    expected = on(_memory)
    assert len(expected["all"]) == 16
    assert expected["counts"] == {
        "CREATED": 3, "PAID": 3, "PARTIALLY_REFUNDED": 3, "TOTALLY_REFUNDED": 3, "FAILED": 4,
    }  # fmt: skip
    assert on(lambda: open_sqlite({"path": "x.db"}, tmp_path)) == expected


def test_on_mongodb_as_in_memory() -> None:
    expected = on(_memory)

    async def body(store: Store, _: object) -> None:
        assert await look(store) == expected

    on_mongo(body)
