"""Events from Kafka through two daemons of one consumer group over one MongoDB, one of which is killed -9 and replaced.

None is lost, none is applied twice, and each saga has them in the order in which they were sent. SAGALOOM_FULL=1 sends
5,000 and kills three times; KAFKA_BROKERS and MONGODB_URI have it run on those servers.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
from aiokafka import AIOKafkaProducer

from tests.chaos.client import Client
from tests.chaos.processes import Daemon
from tests.chaos.world import history_of
from tests.contract import mongo_server
from tests.contract.kafka_broker import Broker, broker
from tests.fakes.waiting import wait_until
from tests.needs import is_full

EVENTS, KILLS = (5_000, 3) if is_full() else (200, 1)
COUNTERS = [f"counter-{number}" for number in range(10)]
PARTITIONS = 4
WITHIN = 240.0


@pytest.mark.chaos
def test_of_events_through_kafka_none_is_lost_or_applied_twice_when_a_daemon_is_killed(
    tmp_path: Path,
) -> None:
    asyncio.run(_body(tmp_path))


async def _body(folder: Path) -> None:
    database = mongo_server.new_database()
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        client, kafka = Client(session), stack.enter_context(broker())
        stack.push_async_callback(mongo_server.drop, database)
        topic = await kafka.topic("counted", PARTITIONS)
        config = _configured(folder, database, kafka, topic)
        await _started(config, client, stack)
        victim = await _started(config, client, stack)
        for counter in COUNTERS:
            body = {"machine": "counter", "sagaId": counter, "metadata": {"count": 0}}
            assert (await client.post("/api/v1/sagas", body)).status == 201
        began = time.monotonic()
        async with kafka.producer() as producer:
            sending = asyncio.create_task(_send(producer, topic))
            for kill in range(KILLS):
                await _has_come_to(client, EVENTS * (kill + 1) // (KILLS + 2))
                await victim.killed()
                client.is_dead(victim.url)
                victim = await _started(config, client, stack)
            places = await sending
            await _has_come_to(client, EVENTS)
        print(f"\n{EVENTS} events, {KILLS} kills: {time.monotonic() - began:.0f} s")
        await wait_until(
            lambda: _all_committed(kafka, topic), within=WITHIN, what="the last commit", every=0.2
        )
        await _are_right(client, places)


def _configured(folder: Path, database: str, kafka: Broker, topic: str) -> Path:
    config = folder / "config.yaml"
    bus = {"type": "kafka", **kafka.options, "inputTopics": [topic], "consumerGroup": topic}
    store = {"type": "mongo", "uri": mongo_server.uri(), "database": database}
    machines = [str(Path(__file__).with_name("counter.yaml"))]
    config.write_text(
        json.dumps({"store": store, "machines": machines, "http": {"port": 0}, "channels": {"bus": bus}})
    )
    return config


async def _started(config: Path, client: Client, stack: AsyncExitStack) -> Daemon:
    """As users start it, and ended with the stack."""
    daemon = await Daemon.start(["-m", "cli", "serve", "--config", str(config)], config.with_suffix(".log"))
    stack.push_async_callback(daemon.end)
    assert await daemon.ready(), daemon.last_words()
    client.lives_at(daemon.url)
    return daemon


async def _send(producer: AIOKafkaProducer, topic: str) -> dict[str, list[str]]:
    """Where the events of each counter stand, in the order sent."""
    places: dict[str, list[str]] = {counter: [] for counter in COUNTERS}
    for number in range(EVENTS // len(COUNTERS)):
        value = json.dumps({"messageLabel": "counted", "messagePayload": {"last": number}}).encode()
        for counter in COUNTERS:
            at = await producer.send_and_wait(topic, key=counter.encode(), value=value)
            places[counter].append(f"{topic}-{at.partition}-{at.offset}")
    return places


async def _has_come_to(client: Client, events: int) -> None:
    async def has() -> bool:
        documents = await asyncio.gather(*(client.get(f"/api/v1/sagas/{each}") for each in COUNTERS))
        return bool(sum(document["metadata"]["count"] for document in documents) >= events)

    await wait_until(has, within=WITHIN, what=f"{events} events to be taken", every=0.2)


async def _all_committed(kafka: Broker, topic: str) -> bool:
    return await kafka.committed(topic, PARTITIONS) == EVENTS


async def _are_right(client: Client, places: Mapping[str, Sequence[str]]) -> None:
    for counter in COUNTERS:
        rows = await history_of(client, counter, page=500)
        assert [row["id"] for row in rows[1:]] == places[counter]
        document = await client.get(f"/api/v1/sagas/{counter}")
        each = EVENTS // len(COUNTERS)
        assert document["metadata"] == {"count": each, "last": each - 1}
