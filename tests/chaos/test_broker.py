"""The broker as the network and its own death treat it: cut off, slow, silent, killed and started with nothing.

Two daemons carry orders on by commands and events over it. What the worker says comes twice, late and out of order.
The broker is always the stand-in, which keeps nothing: all that was in it when it died is lost, and has to be sent again.
"""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from engine.model import Json
from tests.chaos.client import Client
from tests.chaos.courier import PARTITIONS, REPLIES, Courier
from tests.chaos.processes import Daemon
from tests.chaos.proxy import Proxy, proxy_to
from tests.chaos.world import all_is_done, history_of
from tests.contract import mongo_server
from tests.contract.kafka_broker import Broker, free_port, own_broker
from tests.fakes.waiting import moment, wait_until

ORDERS = 6
TOPICS = ("commands", "events", "commands.dead-letter", "events.dead-letter")
WITHIN = 60.0


@pytest.mark.chaos
def test_a_broker_that_is_cut_off_and_killed_holds_orders_up_and_loses_none(tmp_path: Path) -> None:
    asyncio.run(_body(tmp_path))


async def _body(folder: Path) -> None:
    database, port = mongo_server.new_database(), free_port()
    daemons: list[Daemon] = []
    try:
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(aiohttp.ClientSession())
            way = await stack.enter_async_context(proxy_to(port))
            broker = stack.enter_context(own_broker(advertised=way.port, at=port))
            await broker.make(*TOPICS, partitions=PARTITIONS)
            courier = Courier(f"127.0.0.1:{way.port}", "commands", "events")
            await stack.enter_async_context(courier.working())
            config = _configured(folder, database, way)
            for number in range(2):
                daemons.append(
                    await Daemon.start(
                        ["-m", "cli", "serve", "--config", str(config)], folder / f"{number}.log"
                    )
                )
            clients = [await _client_of(daemon, session) for daemon in daemons]
            await _storm(way, clients)
            await _death(broker, clients)
            for daemon in daemons:  # a broker that keeps its topics has them from its first moment on
                daemon.signal(signal.SIGSTOP)
            again = stack.enter_context(own_broker(advertised=way.port, at=port))
            await again.make(*TOPICS, partitions=PARTITIONS)
            for daemon in daemons:
                daemon.signal(signal.SIGCONT)
            await _recovery(clients)
            await _all_went_well(clients[0], courier)
    finally:
        for daemon in daemons:
            await daemon.end()
        await mongo_server.drop(database)


def _configured(folder: Path, database: str, way: Proxy) -> Path:
    config = folder / "config.yaml"
    bus = {
        "type": "kafka",
        "brokers": [f"127.0.0.1:{way.port}"],
        "outputTopics": ["commands"],
        "inputTopics": ["events"],
        "consumerGroup": "shop",
        "idempotent": False,
    }
    store = {"type": "mongo", "uri": mongo_server.uri(), "database": database}
    machines = [str(Path(__file__).with_name("shop.yaml"))]
    config.write_text(
        json.dumps({"store": store, "machines": machines, "http": {"port": 0}, "channels": {"bus": bus}})
    )
    return config


async def _client_of(daemon: Daemon, session: aiohttp.ClientSession) -> Client:
    assert await daemon.ready(), daemon.last_words()
    client = Client(session)
    client.lives_at(daemon.url)
    await _probe_says(client, ready=True)
    return client


async def _order(clients: Sequence[Client], name: str) -> None:
    """Acknowledged, whatever the broker does at the moment."""
    for number in range(ORDERS):
        body: Json = {
            "machine": "shop",
            "sagaId": f"{name}-{number}",
            "metadata": {"orderNumber": f"{name}{number}"},
        }
        assert (await clients[number % 2].post("/api/v1/sagas", body)).status == 201


async def _done(clients: Sequence[Client]) -> None:
    await wait_until(lambda: all_is_done(clients[0]), within=WITHIN, what="the orders to end", every=0.1)


async def _storm(way: Proxy, clients: Sequence[Client]) -> None:
    way.delay = 0.05
    await _order(clients, "slow")
    way.cut()
    await moment(0.3)
    way.cut()
    way.delay = 0.0
    way.silence()
    await _order(clients, "silent")
    await moment(2)
    way.speak()
    await _done(clients)


async def _death(broker: Broker, clients: Sequence[Client]) -> None:
    assert broker.process is not None
    await _order(clients, "dying")
    broker.process.kill()
    broker.process.wait()
    await _order(clients, "dead")
    for client in clients:
        await _probe_says(client, ready=False)


async def _recovery(clients: Sequence[Client]) -> None:
    began = time.monotonic()
    await _done(clients)
    for client in clients:
        await _probe_says(client, ready=True)
    print(f"\nback {time.monotonic() - began:.1f} s after the broker")


async def _probe_says(client: Client, *, ready: bool) -> None:
    async def says() -> bool:
        return (await client.status("/-/ready") == 200) is ready

    await wait_until(says, within=WITHIN, what="the probe to tell", every=0.1)


async def _all_went_well(client: Client, courier: Courier) -> None:
    names = ("slow", "silent", "dying", "dead")
    wanted = {
        (f"{name}-{number}", command) for name in names for number in range(ORDERS) for command in REPLIES
    }
    asked = Counter(
        (courier.ledger.first(key)["saga"], courier.ledger.first(key)["messageLabel"])
        for key in courier.ledger.keys
    )
    assert asked == dict.fromkeys(wanted, 1), "one key for each thing asked"
    assert list(courier.ledger.contradictions()) == []
    for saga_id in sorted({saga_id for saga_id, _ in wanted}):
        rows = await history_of(client, saga_id)
        assert [row["event"] for row in rows] == ["ordered", "orderPrepared", "courierBooked"]
    print(f"{len(wanted)} commands, {courier.ledger.repeats} came again")
