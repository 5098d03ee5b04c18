"""The store away for one call, anywhere in an order's run: the daemon lives on, and nothing is lost or doubled."""

from __future__ import annotations

import asyncio

import pytest

from adapters.stores.memory import MemoryStore
from engine.errors import StoreUnavailable
from tests.fakes.clock import FakeClock
from tests.fakes.engine import Bench, engine_for
from tests.fakes.faulty_store import Call, When, faulty
from tests.flow.test_crash_points import CALLS, DAY, MACHINE, Customer, End, Shop, is_whole


async def _live(number: int, when: When) -> End:
    """One daemon, whose n-th store call fails; the customer tries again later."""
    away: list[str] = []

    def fault(call: Call) -> None:
        if not away and (call.number, call.when) == (number, when):
            away.append(call.method)
            raise StoreUnavailable("away for a moment")

    store, clock, shop, customer = MemoryStore(), FakeClock(), Shop(), Customer()
    bench: Bench | None = None
    for _ in range(3):
        if "stopped" in customer.acknowledged:
            break
        try:
            bench = bench or await engine_for(
                MACHINE, store=faulty(store, fault), channels={"shop": shop}, clock=clock
            )
            await customer(bench)
        except StoreUnavailable:
            clock.advance(DAY)
    return End(
        saga=await store.load("s1"), rows=await store.history("s1"), ledger=shop.ledger, died_in=[*away]
    )


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, len(CALLS) + 1), ids=lambda n: f"{n}-{CALLS[n - 1]}")
def test_an_outage_at_any_store_call_loses_nothing_and_doubles_nothing(number: int, when: When) -> None:
    async def body() -> None:
        end = await _live(number, when)
        assert end.died_in == [CALLS[number - 1]]
        is_whole(end)

    asyncio.run(body())
