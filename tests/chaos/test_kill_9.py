"""kill -9 under load: at random moments, and at every store call on the path, before it and after it.

Afterwards every acknowledged creation and event is there, every saga reached its end, no event was applied
twice, and the receiver saw one body under each idempotency key and one key for each thing asked.
"""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from engine.model import Json
from tests.chaos.client import Client
from tests.chaos.load import Load, Order, mend
from tests.chaos.receiver import REPLIES, Receiver
from tests.chaos.world import World, all_is_done, history_of, points
from tests.fakes.waiting import wait_until

RANDOM_KILLS = 24
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
PATH = ["CREATED", "PAID", "PACKED", "SHIPPING", "COOLING", "DONE"]


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
            _is_whole(
                order,
                await history_of(client, order.saga_id),
                await client.get(f"/api/v1/sagas/{order.saga_id}"),
            )
    finally:
        for task in (customers, mending):
            task.cancel()
        await asyncio.gather(customers, mending, return_exceptions=True)
    daemon.signal(signal.SIGTERM)
    assert await daemon.ended() == 0, daemon.last_words()
    _kept_its_promises(world, load, receiver)


def _is_whole(order: Order, rows: list[Json], document: Json) -> None:
    ids = [row["id"] for row in rows if row["id"] is not None]
    assert set(order.events) <= set(ids), f"an acknowledged event of {order.saga_id} is gone"
    assert [state["state"] for state in document["history"]["states"]] == PATH
    assert (document["isFinal"], document["metadata"]["notes"]) == (True, 4)
    applied = Counter(row["event"] for row in rows if row["result"] == "applied")
    assert all(
        applied[event] == 1 for event in [*REPLIES.values(), "approved", "coolingEnded", "orderCreated"]
    )


def _kept_its_promises(world: World, load: Load, receiver: Receiver) -> None:
    assert load.surprises == []
    assert receiver.refused == []
    assert list(receiver.ledger.contradictions()) == [], "one key, one body"
    asked = Counter((receiver.ledger.first(key)["saga"], key.split()[0]) for key in receiver.ledger.keys)
    wanted = {(order.saga_id, name) for order in load.orders for name in (*REPLIES, "tell")}
    assert set(asked) == wanted
    assert set(asked.values()) == {1}, "one key for each thing asked"
    assert receiver.ledger.repeats > 0, (
        "nothing was ever done again: no kill fell between a request and its answer"
    )
    assert world.kills.total() == RANDOM_KILLS + len(POINTS) >= 30
    assert len(load.orders) > world.kills.total()
