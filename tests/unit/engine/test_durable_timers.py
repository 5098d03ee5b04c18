"""Timers through the whole engine: at their moment, once, and only while they are owed."""

from __future__ import annotations

import asyncio

from adapters.stores.memory import MemoryStore
from tests.fakes.clock import START
from tests.fakes.engine import engine_for
from tests.fakes.faulty_store import Call, faulty
from tests.fakes.machines import sample

MACHINE = sample(
    """
    A:
      businessState: OPEN
      on: {again: A, left: B, said: {description: It stays}}
      after:
        10m: {event: expired, to: Z}
    B: {businessState: OPEN, on: {expired: Z, back: A}}
    Z: {businessState: SHUT, final: true}
    """
)


def test_a_timer_fires_at_its_moment_and_not_before() -> None:
    async def body() -> None:
        bench = await engine_for(MACHINE)
        await bench.start(saga_id="s1")
        await bench.wait(599_999)
        assert (await bench.saga("s1")).state == "A"
        await bench.wait(1)
        row = (await bench.history("s1"))[-1]
        assert (row.state, row.event, row.at - START, row.actor) == ("Z", "expired", 600_000, "engine")

    asyncio.run(body())


def test_a_timer_survives_the_daemon() -> None:
    async def body() -> None:
        bench = await engine_for(MACHINE)
        await bench.start(saga_id="s1")
        later = await engine_for(MACHINE, store=bench.store, clock=bench.clock, owner="d2")
        await later.wait(600_000)
        assert (await later.saga("s1")).state == "Z"

    asyncio.run(body())


def test_a_timer_starts_anew_with_its_state() -> None:
    async def body() -> None:
        bench = await engine_for(MACHINE)
        await bench.start(saga_id="s1")
        await bench.wait(400_000)
        await bench.send("s1", "again")
        await bench.wait(599_999)
        assert (await bench.saga("s1")).state == "A"
        await bench.wait(1)
        assert (await bench.saga("s1")).state == "Z"

    asyncio.run(body())


def test_an_event_that_leaves_the_saga_in_its_state_does_not_touch_the_timer() -> None:
    async def body() -> None:
        bench = await engine_for(MACHINE)
        await bench.start(saga_id="s1")
        await bench.wait(400_000)
        await bench.send("s1", "said")
        await bench.wait(200_000)
        assert (await bench.saga("s1")).state == "Z"

    asyncio.run(body())


def test_a_timer_that_is_fired_while_its_state_is_left_does_nothing() -> None:
    """It was claimed when it was still owed; the event that leaves the state gets there first.

    Neither the state that follows (which takes `expired` itself) nor the same state entered again may be moved.
    """

    async def fired(*events: str) -> list[str]:
        racing: list[asyncio.Task[object]] = []

        def leave(call: Call) -> None:
            if (call.method, call.when) == ("claim", "after") and not racing:
                racing.append(asyncio.create_task(all_of(*events)))

        async def all_of(*names: str) -> None:
            for name in names:
                await bench.send("s1", name)

        bench = await engine_for(MACHINE, store=faulty(MemoryStore(), leave))
        await bench.start(saga_id="s1")
        bench.clock.advance(600_000)
        await bench.dispatcher.tick()
        await asyncio.gather(*racing)
        await bench.dispatcher.idle()
        return [row.event for row in await bench.history("s1")]

    assert asyncio.run(fired("left")) == ["begun", "left"]
    assert asyncio.run(fired("again")) == ["begun", "again"]
    assert asyncio.run(fired("left", "back")) == ["begun", "left", "back"]


def test_a_timer_of_a_state_that_another_daemon_entered_is_fired_by_who_has_an_old_copy() -> None:
    async def body() -> None:
        one = await engine_for(MACHINE, owner="d1")
        two = await engine_for(MACHINE, store=one.store, clock=one.clock, owner="d2")
        await one.start(saga_id="s1")
        await two.send("s1", "left")
        await two.send("s1", "back")
        await one.wait(600_000)
        assert (await one.saga("s1")).state == "Z"

    asyncio.run(body())
