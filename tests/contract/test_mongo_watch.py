"""Daemons that share a MongoDB tell one another of what they leave: by a change stream where there is one."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from adapters.stores.mongo import open_mongo
from engine.alarm import Alarm
from engine.errors import StoreUnavailable
from engine.model import Entry
from engine.ports import DueWatch, Store
from engine.reporting import Reporter
from tests.contract import mongo_server
from tests.contract.mongo_suite import Database, failing, on_mongo
from tests.contract.sagas import created, entry, followed
from tests.fakes.channel import ScriptedChannel
from tests.fakes.clock import FakeClock
from tests.fakes.engine import Bench, engine_for
from tests.fakes.machines import sample
from tests.fakes.waiting import wait_until

WITHIN = 30.0
"""Seconds a ring may take at the most; none of the tests depends on how fast it is."""

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""Of sockets only: where a server fails, the driver is closed while it connects again, and leaves that one open."""


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """What is left is collected here, where it is expected."""
    yield
    gc.collect()


class Bell:
    """Counts how often it was rung."""

    def __init__(self) -> None:
        self.rings = 0

    def ring(self) -> None:
        self.rings += 1

    async def rung(self, times: int) -> None:
        async def so_often() -> bool:
            return self.rings >= times

        await wait_until(so_often, within=WITHIN, what=f"{times} rings, there were {self.rings}")


@asynccontextmanager
async def listening_to(store: Store) -> AsyncIterator[Bell]:
    """A bell on the store, from its first ring on: that of the stream's beginning."""
    assert isinstance(store, DueWatch)
    bell = Bell()
    task = asyncio.create_task(store.watch_due(bell.ring))
    try:
        await bell.rung(1)
        yield bell
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _left(store: Store, saga_id: str, *owes: Entry) -> None:
    await store.create(created(saga_id, owes=owes))


def test_it_rings_for_what_is_left_to_others_and_for_nothing_else() -> None:
    async def body(store: Store, database: Database) -> None:
        first = created("s0", owes=(entry("s0", owner="a", token=1, lease_until=9_000),))
        async with listening_to(store) as bell:
            await store.create(first)
            await _left(store, "s1")
            await _left(store, "s2", entry("s2", due=90_000_000))
            await _left(store, "s3", entry("s3", status="parked"))
            await store.commit(followed(created("s1").saga))
            [claim] = await store.claim(owner="b", now=9_000, lease=1, limit=1)
            await store.postpone(claim.entry, due=90_000_000, reason=None)
            assert bell.rings == 1
            await _left(store, "s4", entry("s4"))
            await bell.rung(2)
            assert bell.rings == 2  # the stream is in order: nothing before rang

    on_mongo(body)


def test_it_rings_for_an_entry_that_a_step_frees_and_for_leases_given_back() -> None:
    async def body(store: Store, database: Database) -> None:
        first = created(owes=(entry(owner="a", token=1, lease_until=9_000),))
        await store.create(first)
        async with listening_to(store) as bell:
            await store.commit(followed(first.saga, owes=(entry(due=1_000),)))  # a retry by hand
            await bell.rung(2)
            await store.claim(owner="b", now=2_000, lease=1_000, limit=1)
            await store.release(owner="b")
            await bell.rung(3)

    on_mongo(body)


def test_it_rings_for_every_collection_with_sagas() -> None:
    async def body(store: Store, database: Database) -> None:
        async with listening_to(store) as bell:
            await store.create(created("s1", machine="order", owes=(entry("s1"),)))
            await bell.rung(2)
            await store.create(created("s2", machine="payment", owes=(entry("s2"),)))
            await bell.rung(3)

    on_mongo(body, collections={"payment": "fm_transactions"})


@pytest.mark.parametrize("code", [40573, 13, 10107])
def test_where_there_are_no_change_streams_it_keeps_still_and_asks_again(code: int) -> None:
    """40573: no replica set; 13: not allowed; 10107: no primary."""

    async def body(store: Store, database: Database) -> None:
        async with failing(database, "aggregate", times=1, errorCode=code), listening_to(store) as bell:
            await _left(store, "s1", entry("s1"))
            await bell.rung(2)

    on_mongo(body)


def test_a_stream_that_breaks_begins_again_with_a_ring(tmp_path: Path) -> None:
    mongo_server.need_program()
    server = mongo_server.Server(tmp_path)

    async def body() -> None:
        store = await open_mongo({"uri": f"{server.start()}&serverSelectionTimeoutMS=300"}, tmp_path)
        async with listening_to(store) as bell:
            server.kill()
            with pytest.raises(StoreUnavailable):
                await store.next_due()
            server.start()
            await bell.rung(2)
            rings = bell.rings
            await _left(store, "s1", entry("s1"))
            await bell.rung(rings + 1)
        await store.close()

    try:
        asyncio.run(body())
    finally:
        server.stop()


PAYS = "A: {businessState: OPEN, command: pay, on: {paid: Z}}\nZ: {businessState: SHUT, final: true}"
PAY = "commands: {pay: {channel: outside, replies: {done: paid}}}"


def test_a_daemon_takes_at_once_what_another_leaves_without_any_beat() -> None:
    async def body(store: Store, database: Database) -> None:
        clock, channel = FakeClock(), ScriptedChannel()
        theirs = await open_mongo(
            {"uri": mongo_server.uri(), "database": database.name}, mongo_server.NOWHERE
        )
        machine = sample(PAYS, top=PAY)
        leaves = await engine_for(machine, store=theirs, clock=clock, owner="a")
        leaves.dispatcher.hold()
        takes = await engine_for(machine, store=store, channels={"outside": channel}, clock=clock, owner="b")
        async with awake(takes):
            await leaves.start({}, saga_id="s1")
            await channel.arrived.wait()
            await takes.dispatcher.idle()
        assert await takes.path("s1") == ["A", "Z"]
        await theirs.close()

    on_mongo(body)


@asynccontextmanager
async def awake(bench: Bench) -> AsyncIterator[None]:
    """The daemon listens; only the test's own clock says what is due."""
    alarm = Alarm(
        dispatcher=bench.dispatcher, store=bench.store, clock=bench.clock, every=200, report=Reporter()
    )
    alarm.start()
    try:
        yield
    finally:
        await alarm.stop()
