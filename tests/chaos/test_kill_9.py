"""kill -9 under load: at random moments, and at every store call on the path, before it and after it.

Afterwards every acknowledged creation and event is there, every saga reached its end, no event was applied
twice, and the receiver saw one body under each idempotency key and one key for each thing asked.
"""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import aiohttp
import pytest

from tests.chaos.client import Client
from tests.chaos.load import Load, mend
from tests.chaos.promises import did_nothing_twice, is_whole
from tests.chaos.receiver import Receiver
from tests.chaos.world import World, all_is_done, points
from tests.fakes.waiting import wait_until
from tests.needs import is_full

RANDOM_KILLS = 24 if is_full() else 6
CUSTOMERS = 6
POINTS = points(
    ("deploy", 1),
    ("create", 2),
    ("commit", 1),
    ("commit", 25),
    ("claim", 2),
    ("postpone", 1),
    ("settle", 1),
    ("park", 1),
    ("load", 2),
    ("find", 2),
    ("row_of", 1),
    ("release", 1),
)
END_WITHIN = 60.0


@pytest.mark.chaos
def test_kill_9_at_any_moment_loses_nothing_that_was_acknowledged_and_does_nothing_twice(
    tmp_path: Path,
) -> None:
    asyncio.run(_body(tmp_path))


async def _body(folder: Path) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        client = Client(session)
        receiver = Receiver(client)
        async with receiver as url:
            world = World(folder, Path(__file__).with_name("order.yaml"), url, client)
            try:
                await _run(world, client, receiver)
            finally:
                world.end()


async def _run(world: World, client: Client, receiver: Receiver) -> None:
    load = Load(client)
    customers = asyncio.create_task(load.customers(CUSTOMERS))
    mending = asyncio.create_task(mend(client))
    try:
        await world.all_kills(POINTS, random_ones=RANDOM_KILLS)
        daemon = await world.plain()
        load.stop()
        await customers
        await receiver.told_all()
        await wait_until(lambda: all_is_done(client), within=END_WITHIN, what="all sagas to end", every=0.2)
        for order in load.orders:
            await is_whole(client, order)
    finally:
        for task in (customers, mending):
            task.cancel()
        await asyncio.gather(customers, mending, return_exceptions=True)
    daemon.signal(signal.SIGTERM)
    assert await daemon.ended() == 0, daemon.last_words()
    did_nothing_twice(load, receiver)
    _was_worth_it(world, load, receiver)


def _was_worth_it(world: World, load: Load, receiver: Receiver) -> None:
    assert receiver.ledger.repeats > 0, (
        "nothing was ever done again: no kill fell between a request and its answer"
    )
    assert world.kills.total() == RANDOM_KILLS + len(POINTS) >= 20
    assert len(load.orders) > world.kills.total()
