"""Two daemons, each with a way of its own to MongoDB that is cut, slowed down, closed or silenced again and again.

A silenced way goes on with what it held back: writes arrive whose senders gave up long ago, and whose entries and
sagas others have carried on. They must change nothing. The server is always the stand-in: a replica set's members
would be asked past the proxy.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from itertools import cycle, islice
from pathlib import Path

import aiohttp
import pytest

from tests.chaos.client import Client
from tests.chaos.fleet import Fleet, configured
from tests.chaos.load import Load, mend
from tests.chaos.promises import did_nothing_twice, is_whole
from tests.chaos.proxy import Proxy, proxy_to
from tests.chaos.receiver import Receiver
from tests.chaos.world import all_is_done
from tests.contract import mongo_server
from tests.fakes.waiting import moment, wait_until
from tests.needs import is_full

SAGAS = 200 if is_full() else 20
CUSTOMERS = 20
WITHIN = 300.0
SEED = 20_260_104

BLOWS = ("cut", "silent", "slow", "closed")
OPTIONS = "directConnection=true&heartbeatFrequencyMS=500&serverSelectionTimeoutMS=1500&socketTimeoutMS=1500"
SILENT = 2.5
"""Seconds; longer than a daemon waits for an answer, and than its leases and the time of a try together."""


@pytest.mark.chaos
def test_connections_to_the_database_that_are_cut_slow_or_silent_cost_time_and_nothing_else(
    tmp_path: Path,
) -> None:
    asyncio.run(_body(tmp_path))


async def _body(folder: Path) -> None:
    mongo_server.need_program()
    server = mongo_server.Server(folder)
    await asyncio.to_thread(server.start)
    try:
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(
                aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
            )
            client = Client(session, patience=4.0)
            receiver = Receiver(client)
            shop = await stack.enter_async_context(receiver)
            ways = [await stack.enter_async_context(proxy_to(server.port)) for _ in range(2)]
            configs = [
                configured(
                    folder / f"{number}.yaml", f"mongodb://127.0.0.1:{way.port}/?{OPTIONS}", "weather", shop
                )
                for number, way in enumerate(ways)
            ]
            fleet = Fleet(configs, client, seed=SEED)
            try:
                await _run(fleet, ways, client, receiver)
            finally:
                await fleet.end()
    finally:
        server.stop()


async def _run(fleet: Fleet, ways: Sequence[Proxy], client: Client, receiver: Receiver) -> None:
    load, calm, weather = Load(client, most=SAGAS, every=0.3), asyncio.Event(), Counter[str]()
    await fleet.start()
    async with asyncio.TaskGroup() as group:
        for number, way in enumerate(ways):
            group.create_task(_bad_weather(way, calm, number * 2, weather))
        mending = group.create_task(mend(client, every=0.5))
        await load.customers(CUSTOMERS)
        await receiver.told_all()
        calm.set()
        await wait_until(lambda: all_is_done(client), within=WITHIN, what="all sagas to end", every=0.2)
        mending.cancel()
    for order in load.orders:
        await is_whole(client, order, page=100)
    await fleet.stop()
    did_nothing_twice(load, receiver)
    assert set(weather) == set(BLOWS)
    print(
        f"\n{len(load.orders)} sagas; {dict(weather)}, {sum(way.cuts for way in ways)} connections cut; "
        f"{receiver.ledger.effects} commands, of which {receiver.ledger.repeats} were delivered again"
    )


async def _bad_weather(way: Proxy, calm: asyncio.Event, first: int, seen: Counter[str]) -> None:
    """One blow after the other, beginning with the first-th."""
    dice = random.Random(SEED + first)
    for blow in islice(cycle(BLOWS), first, None):
        await moment(0.2 + dice.random())
        if calm.is_set():
            return
        seen[blow] += 1
        match blow:
            case "cut":
                way.cut()
            case "slow":
                way.delay = 0.1
                await moment(0.5)
                way.delay = 0.0
            case "closed":
                way.close()
                await moment(0.5)
                way.open()
            case _:
                way.silence()
                await moment(SILENT)
                way.speak()
