"""When the dispatcher looks: at a beat, at the next moment that the store names, and when it is rung."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import uvloop

from adapters.stores.memory import MemoryStore
from engine.alarm import Alarm
from engine.clock import SystemClock
from engine.errors import StoreUnavailable
from engine.ports import Clock, Store
from engine.reporting import Reporter
from tests.fakes.clock import FakeClock
from tests.fakes.engine import Bench, engine_for
from tests.fakes.faulty_store import Call, faulty, watched
from tests.fakes.machines import sample
from tests.fakes.waiting import turn, wait_until

WAITS = """
A:
  businessState: OPEN
  after: {20ms: Z}
  on: {told: Z}
Z: {businessState: SHUT, final: true}
"""
LATER = WAITS.replace("20ms", "1h")
EVERY = 3_600_000
"""No beat comes in these tests, whatever the machine's speed."""


@asynccontextmanager
async def awake(bench: Bench, *, clock: Clock | None = None) -> AsyncIterator[Alarm]:
    alarm = Alarm(
        dispatcher=bench.dispatcher,
        store=bench.store,
        clock=clock or bench.clock,
        every=EVERY,
        report=Reporter(),
    )
    alarm.start()
    try:
        yield alarm
    finally:
        await alarm.stop()


async def _asked(calls: Counter[str], method: str, times: int) -> None:
    async def so_often() -> bool:
        return calls[method] >= times

    await wait_until(so_often, within=10, what=f"{times} calls of {method}")


def test_a_beat_that_finds_nothing_due_is_one_question() -> None:
    async def body() -> None:
        store, calls = watched(MemoryStore())
        bench = await engine_for(sample(LATER), store=store)
        await bench.start({}, saga_id="s1")
        calls.clear()
        async with awake(bench) as alarm:
            await alarm.look()
        assert calls == {"next_due": 1}

    asyncio.run(body())


def test_what_is_due_before_the_next_beat_is_done_at_its_moment() -> None:
    async def body() -> None:
        clock = SystemClock()
        bench = await engine_for(sample(WAITS), clock=FakeClock(clock.now()))
        await bench.start({}, saga_id="s1")

        async def over() -> bool:
            bench.clock.advance(max(clock.now() - bench.clock.now(), 0))
            return (await bench.saga("s1")).is_final

        async with awake(bench) as alarm:
            await alarm.look()
            await wait_until(over, within=10, what="the timer")

    asyncio.run(body())


def test_a_ring_has_what_is_due_done_and_many_rings_at_once_are_one_look() -> None:
    async def body() -> None:
        store, calls = watched(MemoryStore())
        bench = await engine_for(sample(LATER), store=store)
        await bench.start({}, saga_id="s1")
        bench.clock.advance(3_600_000)
        calls.clear()
        async with awake(bench) as alarm:
            for _ in range(100):
                alarm.ring()
            await _asked(calls, "commit", 1)
            await bench.dispatcher.idle()
        assert (await bench.saga("s1")).is_final
        assert (calls["next_due"], calls["claim"]) == (2, 1)

    asyncio.run(body())


def test_a_ring_during_a_look_is_answered_by_another_look() -> None:
    async def body() -> None:
        store, calls = watched(MemoryStore())
        bench = await engine_for(sample(LATER), store=store)
        calls.clear()
        async with awake(bench) as alarm:
            first, second = asyncio.create_task(alarm.look()), asyncio.create_task(alarm.look())
            await asyncio.gather(first, second)
            assert calls["next_due"] == 1
            await _asked(calls, "next_due", 2)

    asyncio.run(body())


def test_while_it_holds_a_daemon_asks_nothing() -> None:
    async def body() -> None:
        store, calls = watched(MemoryStore())
        bench = await engine_for(sample(LATER), store=store)
        calls.clear()
        bench.dispatcher.hold()
        async with awake(bench) as alarm:
            await alarm.look()
        assert calls == {}

    asyncio.run(body())


def test_a_store_that_is_away_is_asked_again_at_the_next_beat() -> None:
    async def body() -> None:
        away = True

        def fault(call: Call) -> None:
            if away:
                raise StoreUnavailable("away")

        inner = MemoryStore()
        bench = await engine_for(sample(LATER), store=inner)
        await bench.start({}, saga_id="s1")
        bench.clock.advance(3_600_000)
        alarm = Alarm(
            dispatcher=bench.dispatcher,
            store=faulty(inner, fault),
            clock=bench.clock,
            every=EVERY,
            report=Reporter(),
        )
        await alarm.look()
        assert not (await bench.saga("s1")).is_final
        away = False
        await alarm.look()
        await bench.dispatcher.idle()
        assert (await bench.saga("s1")).is_final
        await alarm.stop()

    asyncio.run(body())


class Telling(MemoryStore):
    """A store that tells of others' work."""

    def __init__(self) -> None:
        super().__init__()
        self.wake: Callable[[], None] | None = None
        self.stopped = False

    async def watch_due(self, wake: Callable[[], None]) -> None:
        self.wake = wake
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.stopped = True


def test_a_store_that_can_tell_is_listened_to_until_the_end() -> None:
    async def body() -> None:
        store: Store = Telling()
        assert isinstance(store, Telling)
        bench = await engine_for(sample(LATER), store=store)
        await bench.start({}, saga_id="s1")
        bench.clock.advance(3_600_000)
        async with awake(bench) as alarm:
            await turn()
            assert store.wake is not None
            store.wake()

            async def over() -> bool:
                return (await bench.saga("s1")).is_final

            await wait_until(over, within=10, what="the timer")
        assert store.stopped
        await alarm.stop()

    asyncio.run(body())


def test_being_rung_many_times_at_once_is_one_look_also_on_the_loop_of_the_daemon() -> None:
    async def body() -> None:
        store, calls = watched(MemoryStore())
        bench = await engine_for(sample(LATER), store=store)
        async with awake(bench) as alarm:
            calls.clear()
            for _ in range(10):
                alarm.ring()
            await _asked(calls, "next_due", 1)
        assert calls == {"next_due": 1}

    uvloop.run(body())
