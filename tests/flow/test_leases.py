"""A daemon that was stopped for longer than its lease, as with SIGSTOP, and wakes up: it writes nothing any more.

Two engines with one store and one clock. What a channel holds back is the stopped daemon; what the clock is moved
by is how long it was away. docs/decisions/0011-leases.md says what is tested here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.stores.memory import open_memory
from adapters.stores.mongo import open_mongo
from adapters.stores.sqlite import open_sqlite
from engine.dispatcher import LEASE
from engine.model import Done, Failed, Later
from engine.ports import Store
from tests.contract import mongo_server
from tests.fakes.channel import Answer, ScriptedChannel
from tests.fakes.clock import FakeClock
from tests.fakes.engine import Bench, engine_for
from tests.fakes.machines import sample

PAYS = """
A:
  businessState: OPEN
  command: pay
  on: {paid: Z, payFailed: F, pending: {set: {pending: true}}}
Z: {businessState: SHUT, final: true}
F: {businessState: SHUT, final: true}
"""
PAY = """
commands:
  pay:
    channel: outside
    timeout: 10s
    replies: {done: paid, failed: payFailed, pending: pending}
    retry: {attempts: 3, delay: 100s, jitter: 0}
"""
TELLS = """
A: {businessState: SHUT, final: true, sideEffects: [tell]}
"""
TELL = "sideEffects: {tell: {channel: outside, timeout: 10s, retry: {attempts: 3, delay: 100s, jitter: 0}}}"
AWAY = 10_000 + LEASE


@asynccontextmanager
async def on(kind: str, folder: Path) -> AsyncIterator[Store]:
    database = mongo_server.new_database()
    if kind == "mongo":
        store = await open_mongo({"uri": mongo_server.uri(), "database": database}, folder)
    elif kind == "sqlite":
        store = await open_sqlite({}, folder)
    else:
        store = await open_memory({}, folder)
    try:
        yield store
    finally:
        await store.close()
        if kind == "mongo":
            await mongo_server.drop(database)


class Two:
    """A daemon that stops in the middle of a try, and one that takes over."""

    def __init__(self, stopped: Bench, other: Bench, gate: asyncio.Event, arrived: asyncio.Event) -> None:
        self.stopped, self.other = stopped, other
        self._gate, self._arrived = gate, arrived

    async def away(self, ms: int) -> None:
        """The first daemon has its try under way, and is not seen for so long."""
        await self._arrived.wait()
        self.stopped.clock.advance(ms)

    async def wakes_up(self) -> None:
        """Its try comes to its end now."""
        self._gate.set()
        await self.stopped.dispatcher.idle()

    async def events(self) -> list[str]:
        return [row.event for row in await self.other.history("s1")]


async def _two(store: Store, machine: str, command: str, first: Answer, second: Answer) -> Two:
    clock = FakeClock()
    slow, quick = ScriptedChannel({command: [first]}), ScriptedChannel({command: [second]})
    gate = slow.hold(command)
    stopped = await engine_for(machine, store=store, channels={"outside": slow}, clock=clock, owner="a")
    other = await engine_for(machine, store=store, channels={"outside": quick}, clock=clock, owner="b")
    await stopped.start({}, saga_id="s1")
    return Two(stopped, other, gate, slow.arrived)


Body = Callable[[Two], Awaitable[None]]


def play(kind: str, folder: Path, body: Body, *outcomes: Answer, effect: bool = False) -> None:
    machine = sample(TELLS, top=TELL) if effect else sample(PAYS, top=PAY)

    async def run() -> None:
        async with on(kind, folder) as store:
            await body(await _two(store, machine, "tell" if effect else "pay", *outcomes))

    asyncio.run(run())


every_store = pytest.mark.parametrize("kind", ["memory", "sqlite", "mongo"])
late_outcomes = pytest.mark.parametrize(
    "outcome",
    [
        Done(reply="done"),
        Done(reply="failed"),
        Done(reply="pending"),
        Done(),
        Failed(reason="no"),
        Later(reason="busy"),
        RuntimeError("a defect"),
    ],
    ids=["done", "failed", "pending", "accepted", "refused", "later", "defect"],
)


@every_store
@late_outcomes
def test_while_another_has_it_in_hand_no_outcome_of_the_late_one_is_written(
    kind: str, outcome: Any, tmp_path: Path
) -> None:
    async def body(two: Two) -> None:
        await two.away(AWAY)
        [claim] = await two.other.store.claim(owner="b", now=two.other.clock.now(), lease=LEASE, limit=5)
        before = await two.other.saga("s1")
        await two.wakes_up()
        assert await two.other.saga("s1") == before
        assert before.agenda == (claim.entry,)
        assert await two.events() == ["begun"]

    play(kind, tmp_path, body, outcome, Done(reply="done"))


@every_store
@late_outcomes
def test_after_another_put_it_off_no_outcome_of_the_late_one_is_written(
    kind: str, outcome: Any, tmp_path: Path
) -> None:
    async def body(two: Two) -> None:
        await two.away(AWAY)
        await two.other.run()
        before = await two.other.saga("s1")
        await two.wakes_up()
        assert await two.other.saga("s1") == before
        assert await two.events() == ["begun"]

    play(kind, tmp_path, body, outcome, Later(reason="busy"))


@every_store
@late_outcomes
def test_what_another_was_told_stands_whatever_the_late_one_heard(
    kind: str, outcome: Any, tmp_path: Path
) -> None:
    async def body(two: Two) -> None:
        await two.away(AWAY)
        await two.other.run()
        await two.wakes_up()
        saga = await two.other.saga("s1")
        assert (saga.state, saga.version, saga.agenda) == ("Z", 2, ())
        assert await two.events() == ["begun", "paid"]

    play(kind, tmp_path, body, outcome, Done(reply="done"))


@every_store
def test_a_side_effect_is_settled_by_who_holds_it(kind: str, tmp_path: Path) -> None:
    async def body(two: Two) -> None:
        await two.away(AWAY)
        [claim] = await two.other.store.claim(owner="b", now=two.other.clock.now(), lease=LEASE, limit=5)
        await two.wakes_up()
        assert (await two.other.saga("s1")).agenda == (claim.entry,)

    play(kind, tmp_path, body, Done(), Done(), effect=True)


@every_store
def test_a_pause_within_the_lease_is_nobodys_business(kind: str, tmp_path: Path) -> None:
    async def body(two: Two) -> None:
        await two.away(AWAY - 1)
        await two.other.run()
        assert await two.events() == ["begun"]
        await two.wakes_up()
        assert await two.events() == ["begun", "paid"]

    play(kind, tmp_path, body, Done(reply="done"), Failed(reason="never asked"))


@every_store
def test_where_nobody_took_over_the_late_word_is_good(kind: str, tmp_path: Path) -> None:
    async def body(two: Two) -> None:
        await two.away(10 * AWAY)
        await two.wakes_up()
        assert await two.events() == ["begun", "paid"]

    play(kind, tmp_path, body, Done(reply="done"), Done(reply="done"))


@every_store
def test_an_answer_that_comes_while_the_saga_is_paused_counts(kind: str, tmp_path: Path) -> None:
    async def body(two: Two) -> None:
        await two.away(1_000)
        await two.other.mending.pause("s1", actor="ann", reason="stop")
        await two.wakes_up()
        assert await two.events() == ["begun", "$pause", "paid"]

    play(kind, tmp_path, body, Done(reply="done"), Done(reply="done"))


@every_store
def test_a_saga_that_was_paused_after_another_took_over_hears_nothing_of_the_late_one(
    kind: str, tmp_path: Path
) -> None:
    async def body(two: Two) -> None:
        await two.away(AWAY)
        await two.other.store.claim(owner="b", now=two.other.clock.now(), lease=LEASE, limit=5)
        await two.other.mending.pause("s1", actor="ann", reason="stop")
        await two.wakes_up()
        assert await two.events() == ["begun", "$pause"]

    play(kind, tmp_path, body, Done(reply="done"), Done(reply="done"))


@every_store
def test_a_daemon_whose_clock_is_ahead_takes_over_early_and_still_one_of_the_two_is_heard(
    kind: str, tmp_path: Path
) -> None:
    """A repeated delivery under the same key is the price; nothing is told twice."""

    async def body(two: Two) -> None:
        await two.away(0)
        ahead = two.other.clock.now() + AWAY
        [claim] = await two.other.store.claim(owner="c", now=ahead, lease=LEASE, limit=5)
        await two.wakes_up()
        assert await two.events() == ["begun"]
        assert (await two.other.saga("s1")).agenda == (claim.entry,)

    play(kind, tmp_path, body, Done(reply="done"), Done(reply="done"))


@every_store
def test_a_try_that_would_begin_after_its_lease_is_not_begun(kind: str, tmp_path: Path) -> None:
    async def run() -> None:
        async with on(kind, tmp_path) as store:
            clock, channel = FakeClock(), ScriptedChannel()
            bench = await engine_for(
                sample(PAYS, top=PAY), store=store, channels={"outside": channel}, clock=clock
            )
            bench.dispatcher.hold()
            await bench.start({}, saga_id="s1")
            bench.dispatcher.go_on()
            [claim] = await store.claim(owner="daemon-1", now=clock.now(), lease=LEASE, limit=5)
            clock.advance(AWAY)
            bench.dispatcher.take(claim.saga, claim.entry)
            await bench.dispatcher.idle()
            assert channel.deliveries == []
            await bench.run()
            assert [d.uncertain for d in channel.deliveries] == [True]

    asyncio.run(run())
