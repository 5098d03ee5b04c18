"""The views hold what was acknowledged: after crashes, lost answers, outages, and when several daemons work."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from adapters.stores.memory import MemoryStore
from engine.errors import StoreUnavailable
from engine.model import Event
from engine.ports import Store
from hub.views.days import DAYS, MONTHS
from hub.views.keeping import PAYMENTS, keep
from hub.views.marks import MARKS, STATE
from hub.views.projector import DOUBT, NOTED, SLACK
from tests.fakes.clock import START
from tests.fakes.faulty_store import Call, faulty
from tests.fakes.shop import DAY, Shop, shop
from tests.fakes.waiting import wait_until

WRITES = ("records.insert", "records.replace", "records.delete")


async def counted(it: Shop) -> dict[str, int]:
    """Payments by status, as the tabs show them."""
    return {status: count for status, count in (await it.views.payment_counts()).items() if count}


async def marks(store: Store) -> int:
    return await store.records.count(MARKS)


def test_what_a_killed_daemon_had_not_written_is_in_the_view_after_the_next_start() -> None:
    async def body() -> None:
        async with shop() as killed:
            await killed.payment("T-1", at=0)
            await killed.views.projector.catch_up()
            killed.clock.advance(10 * SLACK)
            await killed.tell("payment-T-1", "refundRequested", refundRequestData={"amount": 5})
            await killed.payment("T-2", ends="FAILED")
            assert (await killed.views.payments()).items[0].state == "PAYMENT_EXECUTED"
            started = killed.another(shared=False)
            await started.views.projector.catch_up()
            await started.views.settle(days=True)
            rows = (await started.views.payments()).items
            assert [row.state for row in rows] == ["PAYMENT_FAILED", "REFUND_REQUESTED"]
            assert await counted(started) == {"PAID": 1, "FAILED": 1}
            assert await marks(started.store) == 0

    asyncio.run(body())


def test_a_start_looks_only_at_what_changed_since_the_view_was_complete() -> None:
    async def body() -> None:
        listed: list[int | None] = []

        class Watched(MemoryStore):
            async def list(self, query: Any) -> Any:
                listed.append(query.updated_from)
                return await super().list(query)

        async with shop(Watched()) as it:
            await it.views.projector.catch_up()
            it.clock.advance(3 * SLACK)
            await it.another().views.projector.catch_up()
            assert listed == [None, None, START - SLACK, START - SLACK]

    asyncio.run(body())


def test_rows_of_another_format_are_made_anew() -> None:
    async def body() -> None:
        async with shop() as it:
            await it.payment("T-1")
            await it.views.projector.catch_up()
            records = it.store.records
            for kind, id_ in ((PAYMENTS, "payment-T-1"), (STATE, "followed")):
                there = await records.get(kind, id_)
                assert there is not None
                await records.replace(replace(there, body={**there.body, "format": 0, "amount": 1}))
            it.clock.advance(100 * SLACK)
            await it.another().views.projector.catch_up()
            assert (await it.views.payments()).items[0].amount == 1_000

    asyncio.run(body())


def test_an_older_version_never_takes_a_newer_one_s_place() -> None:
    async def body() -> None:
        async with shop() as it:
            saga_id = await it.payment("T-1", ends="CREATED")
            old = await it.store.load(saga_id)
            await it.tell(saga_id, "paymentExecuted", paymentId="p1")
            new = await it.store.load(saga_id)
            await asyncio.gather(*(keep(it.store, saga) for saga in (new, old, new, old)))
            assert (await it.views.payments()).items[0].status == "PAID"
            written = await it.store.records.get(PAYMENTS, saga_id)
            await keep(it.store, old)
            assert await it.store.records.get(PAYMENTS, saga_id) == written

    asyncio.run(body())


def test_a_step_whose_outcome_was_unknown_is_looked_up_later() -> None:
    async def body() -> None:
        lost = False

        def fault(call: Call) -> None:
            if lost and call.method == "commit" and call.when == "after":
                raise StoreUnavailable("the answer is lost")

        async with shop(faulty(MemoryStore(), fault)) as it:
            saga_id = await it.payment("T-1", ends="CREATED")
            lost = True
            with pytest.raises(StoreUnavailable):
                await it.runner.handle(
                    saga_id, Event(name="paymentExecuted", payload={"paymentId": "p"}, id="e1")
                )
            lost = False
            answer = await it.runner.handle(
                saga_id, Event(name="paymentExecuted", payload={"paymentId": "p"}, id="e1")
            )
            assert answer.repeated
            await it.views.settle()
            assert (await it.views.payments()).items[0].status == "CREATED"
            it.views.projector._doubted[saga_id] -= DOUBT
            await it.views.projector._ask_for_doubted()
            await it.views.settle()
            assert (await it.views.payments()).items[0].status == "PAID"

    asyncio.run(body())


def test_while_the_store_is_away_nothing_is_forgotten() -> None:
    async def body() -> None:
        away = True

        def fault(call: Call) -> None:
            if away and call.method == "records.insert":
                raise StoreUnavailable("away")

        async with shop(faulty(MemoryStore(), fault)) as it:
            await it.payment("T-1")
            with pytest.raises(StoreUnavailable):
                await it.views.settle()
            away = False
            await it.views.settle(days=True)
            assert await it.listed() == ["T-1"]
            assert await counted(it) == {"PAID": 1}

    asyncio.run(body())


@pytest.mark.parametrize("when", ["before", "after"])
def test_wherever_the_projector_is_killed_the_next_start_has_it_right(when: str) -> None:
    async def body() -> None:
        at = 1
        while True:
            if not await _killed_at(at, when):
                break
            at += 1
        assert at > 5

    asyncio.run(body())


async def _killed_at(number: int, when: str) -> bool:
    """The projector dies at this call of the records; the next daemon has the views right. False: it lived."""
    calls, armed = 0, False

    def fault(call: Call) -> None:
        nonlocal calls
        if not armed or call.when != when or call.method not in WRITES:
            return
        calls += 1
        if calls >= number:
            raise StoreUnavailable("killed")

    async with shop(faulty(MemoryStore(), fault)) as it:
        await it.payment("T-1", at=0)
        await it.payment("T-2", at=DAY)
        await it.views.projector.catch_up()
        await it.views.settle(days=True)
        await it.refund("payment-T-1", 1_000)
        await it.payment("T-3", ends="FAILED")
        armed = True
        try:
            await it.views.settle(days=True)
            died = False
        except StoreUnavailable:
            died = True
        armed = False
        it.clock.advance(1_000)
        started = it.another(shared=False)
        await started.views.projector.catch_up()
        await started.views.settle(days=True)
        assert await counted(started) == {"TOTALLY_REFUNDED": 1, "PAID": 1, "FAILED": 1}
        assert [row.status for row in (await started.views.payments()).items] == [
            "FAILED",
            "PAID",
            "TOTALLY_REFUNDED",
        ]
        assert await marks(started.store) == 0
        return died


def test_two_daemons_count_a_day_together() -> None:
    async def body() -> None:
        async with shop(shared=True) as one:
            two = one.another()
            for number in range(20):
                await (one, two)[number % 2].payment(f"T-{number}", ends=("PAID", "FAILED")[number % 3 == 0])
            await asyncio.gather(*(each.views.settle(days=True) for each in (one, two)))
            assert await counted(one) == {"PAID": 13, "FAILED": 7}
            assert await marks(one.store) == 0

    asyncio.run(body())


def test_a_day_that_a_dead_daemon_left_is_counted_by_another() -> None:
    async def body() -> None:
        async with shop(shared=True) as one:
            await one.payment("T-1")
            await one.views.settle()
            assert (await marks(one.store), await counted(one)) == (1, {})
            two = one.another()
            await two.views.projector.catch_up()
            await two.views.settle(days=True)
            assert await marks(one.store) == 1
            one.clock.advance(400_000)
            await two.views.projector.catch_up()
            await two.views.settle(days=True)
            assert (await marks(one.store), await counted(two)) == (0, {"PAID": 1})

    asyncio.run(body())


def test_rows_that_could_not_be_written_are_tried_again_without_another_step() -> None:
    async def body() -> None:
        tries = 0

        def fault(call: Call) -> None:
            nonlocal tries
            if call.method == "records.insert" and call.when == "before" and armed:
                tries += 1
                if tries == 1:
                    raise StoreUnavailable("away for a moment")

        armed = False
        async with shop(faulty(MemoryStore(), fault)) as it:
            await it.views.projector.catch_up()
            armed = True
            await it.views.start()
            await it.payment("T-1")
            await wait_until(it.listed, within=30, what="the row of a payment")
            assert tries > 1
            await it.views.stop()

    asyncio.run(body())


def test_more_sagas_than_can_be_noted_are_found_again_in_the_store() -> None:
    async def body() -> None:
        async with shop() as it:
            projector = it.views.projector
            await projector.catch_up()
            await it.payment("T-1")
            saga = await it.store.load("payment-T-1")
            for number in range(NOTED):
                projector._noted[str(number)] = saga
            await it.payment("T-2")
            assert len(projector._noted) == 1
            assert not projector._complete

    asyncio.run(body())


def test_the_views_follow_by_themselves_and_stop_with_everything_written() -> None:
    async def body() -> None:
        async with shop() as it:
            await it.payment("T-1")
            await it.views.start()
            await wait_until(it.listed, within=30, what="the row of a payment")
            await it.payment("T-2", ends="FAILED")
            await it.views.stop()
            assert await it.listed() == ["T-2", "T-1"]
            again = it.another(shared=False)
            await again.views.projector.catch_up()
            await again.views.settle(days=True)
            assert await counted(again) == {"PAID": 1, "FAILED": 1}

    asyncio.run(body())


def test_months_are_their_days() -> None:
    async def body() -> None:
        async with shop() as it:
            for number in range(40):
                await it.payment(f"T-{number}", at=number * DAY)
            await it.views.settle(days=True)
            records = it.store.records
            assert await records.count(DAYS) == 40
            months = await records.find(MONTHS)
            assert [(month.id, len(month.body["days"])) for month in months] == [
                ("2026-01", 31),
                ("2026-02", 9),
            ]

    asyncio.run(body())
