"""Four daemons over one MongoDB: each second one of them is killed or frozen, and five times the database is killed.

Afterwards every acknowledged creation and event is there, every saga has ended, no event was applied twice, and no
command had its effect twice at a receiver that honours idempotency keys. Prints how much was delivered again.
SAGALOOM_FULL=1 runs it with 500 sagas; MONGODB_URI on that server, which then is not killed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.chaos.client import Client
from tests.chaos.fleet import Fleet, configured, kill_and_restart
from tests.chaos.load import Load, mend
from tests.chaos.promises import did_nothing_twice, is_whole
from tests.chaos.receiver import Receiver
from tests.chaos.world import all_is_done
from tests.contract import mongo_server
from tests.fakes.waiting import wait_until
from tests.needs import is_full

SAGAS = 500 if is_full() else 40
CUSTOMERS = 60
EVENTS_EACH = 5
DAEMONS = 4
DATABASE_KILLS = 5
BLOW_EVERY = 1.0
FROZEN = 2.8
"""Seconds; longer than the leases and the time of a try together, so that what a frozen one had is done by others."""

SEED = 20_260_102
WITHIN = 600.0


@asynccontextmanager
async def database(folder: Path) -> AsyncIterator[tuple[str, mongo_server.Server | None]]:
    """Where it is, and the server if it is ours to kill."""
    if mongo_server.is_real():
        yield mongo_server.uri(), None
        return
    mongo_server.need_program()
    server = mongo_server.Server(folder)
    try:
        yield server.start(), server
    finally:
        server.stop()


@pytest.mark.chaos
def test_daemons_killed_and_frozen_and_a_database_killed_five_times_lose_nothing_and_do_nothing_twice(
    tmp_path: Path,
) -> None:
    asyncio.run(_body(tmp_path))


async def _body(folder: Path) -> None:
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session,
        database(folder) as (uri, server),
    ):
        client = Client(session, patience=1.0)
        receiver = Receiver(client)
        async with receiver as shop:
            config = configured(folder / "config.yaml", uri, mongo_server.new_database(), shop)
            fleet = Fleet([config] * DAEMONS, client, seed=SEED)
            try:
                await _run(fleet, client, receiver, server)
            finally:
                await fleet.end()


async def _run(fleet: Fleet, client: Client, receiver: Receiver, server: mongo_server.Server | None) -> None:
    began = time.monotonic()
    load, calm = Load(client, most=SAGAS, every=0.3), asyncio.Event()
    await fleet.start()
    async with asyncio.TaskGroup() as group:
        group.create_task(fleet.trouble(calm, every=BLOW_EVERY, frozen=FROZEN))
        group.create_task(_kill_the_database(server, load))
        mending = group.create_task(mend(client, every=0.5))
        await load.customers(CUSTOMERS)
        await receiver.told_all()
        await wait_until(lambda: all_is_done(client), within=WITHIN, what="all sagas to end", every=0.2)
        calm.set()
        mending.cancel()
    for order in load.orders:
        await is_whole(client, order, page=100)
    await fleet.stop()
    did_nothing_twice(load, receiver)
    assert len(load.orders) == SAGAS
    assert fleet.blows["killed"]
    assert fleet.blows["frozen"]
    print(
        f"\n{len(load.orders)} sagas, {sum(len(order.events) for order in load.orders)} events in "
        f"{time.monotonic() - began:.0f} s; {dict(fleet.blows)}; {receiver.ledger.effects} commands, "
        f"of which {receiver.ledger.repeats} were delivered again"
    )


async def _kill_the_database(server: mongo_server.Server | None, load: Load) -> None:
    """Evenly over the run, by the events that were acknowledged."""
    for number in range(1, DATABASE_KILLS + 1):

        async def so_far(part: float = number / (DATABASE_KILLS + 1)) -> bool:
            return sum(len(order.events) for order in load.orders) >= part * SAGAS * EVENTS_EACH

        await wait_until(so_far, within=WITHIN, what="the load to go on", every=0.05)
        if server is not None:
            await kill_and_restart(server, away=0.5)
