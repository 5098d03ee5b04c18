"""Sagas over Kafka: out as commands, back as events, through deaths of consumers and absences of the store."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from adapters.channels.kafka import KafkaChannel
from adapters.channels.kafka_options import read_settings
from adapters.channels.kafka_pace import Pace
from adapters.stores.memory import MemoryStore
from adapters.stores.sqlite import open_sqlite
from commands.wiring import CHANNELS, STORES
from engine.assembly import Adapters, Engine, running
from engine.clock import SystemClock, SystemIds
from engine.config import Binding, Config
from engine.errors import StoreUnavailable
from engine.model import Answer, Event
from engine.ports import Take
from tests.contract.kafka_broker import Broker, broker
from tests.fakes.engine import Bench, engine_for
from tests.fakes.faulty_store import Call, faulty
from tests.fakes.waiting import moment, wait_until
from tests.flow.kafka_member import PACE

ROOT = Path(__file__).parents[2]

SHOP = """
machine: shop
version: 1
initialState: ORDERED
creationEvent: ordered
keys: [metadata.orderNumber]
businessStates:
  OPEN: {id: 0, description: Being worked on}
  SHUT: {id: 1, description: Over}
commands:
  prepareOrder: {channel: bus}
  bookCourier: {channel: bus}
states:
  ORDERED:
    businessState: OPEN
    command: prepareOrder
    on: {orderPrepared: PREPARED}
  PREPARED:
    businessState: OPEN
    command: bookCourier
    on: {courierBooked: DONE}
  DONE: {businessState: SHUT, final: true}
"""

COUNTER = """
machine: counter
version: 1
initialState: COUNTING
creationEvent: begun
keys: [metadata.name]
businessStates:
  OPEN: {id: 0, description: Being worked on}
states:
  COUNTING:
    businessState: OPEN
    on: {counted: {set: {last: "{{ payload.last }}"}}}
"""


@pytest.fixture(scope="module")
def kafka() -> Iterator[Broker]:
    with broker() as running_one:
        yield running_one


@asynccontextmanager
async def worker(kafka: Broker, commands: str, events: str) -> AsyncIterator[list[dict[str, Any]]]:
    """A service as the Flow Manager's client library makes them; what it was sent."""
    replies = {"prepareOrder": "orderPrepared", "bookCourier": "courierBooked"}
    seen: list[dict[str, Any]] = []
    consumer = AIOKafkaConsumer(
        commands, bootstrap_servers=kafka.address, auto_offset_reset="earliest", enable_auto_commit=False
    )

    async def work(producer: AIOKafkaProducer) -> None:
        async for message in consumer:
            command = json.loads(message.value)
            seen.append({"saga": message.key.decode(), **command})
            reply = {"messageLabel": replies[command["messageLabel"]], "messagePayload": {"by": "worker"}}
            value = json.dumps(reply, separators=(",", ":")).encode()
            await producer.send_and_wait(events, key=message.key, value=value, headers=[])

    await consumer.start()
    async with kafka.producer() as producer:
        task = asyncio.create_task(work(producer))
        try:
            yield seen
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await consumer.stop()


@asynccontextmanager
async def daemon(kafka: Broker, folder: Path, commands: str, events: str) -> AsyncIterator[Engine]:
    """An engine as `serve` runs it, but for HTTP and the heartbeat."""
    (folder / "shop.yaml").write_text(SHOP)
    options = {**kafka.options, "outputTopics": [commands], "inputTopics": [events], "consumerGroup": events}
    config = Config(
        store=Binding(type="sqlite", options={"path": "shop.db"}),
        machines=(folder / "shop.yaml",),
        channels={"bus": Binding(type="kafka", options=options)},
        base=folder,
    )
    adapters = Adapters(stores=STORES, channels=CHANNELS)
    async with running(config, adapters=adapters, clock=SystemClock(), ids=SystemIds()) as engine:
        yield engine


def test_a_saga_goes_through_workers_of_the_flow_manager_and_back(kafka: Broker, tmp_path: Path) -> None:
    async def body() -> None:
        commands, events = await kafka.topic("commands", 2), await kafka.topic("events", 2)
        async with (
            worker(kafka, commands, events) as seen,
            daemon(kafka, tmp_path, commands, events) as engine,
        ):
            started = await engine.runner.start("shop", metadata={"orderNumber": "7"})
            saga_id = started.saga.saga_id

            async def over() -> bool | None:
                return (await engine.store.load(saga_id)).is_final or None

            await wait_until(over, within=20, what="the saga to end")
            rows = await engine.store.history(saga_id)
            assert [row.event for row in rows] == ["ordered", "orderPrepared", "courierBooked"]
            assert [row.actor for row in rows[1:]] == ["bus", "bus"]
            assert (await engine.store.load(saga_id)).metadata == {"orderNumber": "7", "by": "worker"}
            assert [(each["saga"], each["messageLabel"], each["messagePayload"]) for each in seen] == [
                (saga_id, "prepareOrder", {"orderNumber": "7"}),
                (saga_id, "bookCourier", {"orderNumber": "7", "by": "worker"}),
            ]
        assert await kafka.committed(events, 2) == 2, "a stop commits what was done"

    asyncio.run(body())


class Members:
    """Consumers of one group over one engine; what they told it is counted."""

    def __init__(self, kafka: Broker, topic: str, bench: Bench) -> None:
        self._kafka = kafka
        self._topic = topic
        self._bench = bench
        self.repeats = 0
        self.taken: dict[str, int] = {}

    def take_of(self, name: str) -> Take:
        """The engine, as the member `name` reaches it."""

        async def take(handle: str, event: Event) -> Answer:
            answer = await self._bench.runner.handle(handle, event)
            self.repeats += answer.repeated
            self.taken[name] = self.taken.get(name, 0) + 1
            return answer

        return take

    @asynccontextmanager
    async def inside(self, name: str, pace: Pace = PACE) -> AsyncIterator[KafkaChannel]:
        """A member in this process, which leaves in good order."""
        options = {**self._kafka.options, "inputTopics": [self._topic], "consumerGroup": self._topic}
        channel = KafkaChannel(name, read_settings(name, options, ROOT), pace)
        await channel.start(self.take_of(name))
        try:
            yield channel
        finally:
            await channel.close()

    @asynccontextmanager
    async def outside(self, name: str) -> AsyncIterator[Victim]:
        """A member as a process, which has joined."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.flow.kafka_member", self._kafka.address, self._topic, self._topic),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        victim = Victim(process, self.take_of(name))
        try:
            await victim.joined()
            yield victim
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()


class Victim:
    """A consumer process. It is given answers by the test's engine until it is killed."""

    def __init__(self, process: asyncio.subprocess.Process, take: Take) -> None:
        self._process = process
        self._take = take
        self._asked: list[dict[str, Any]] = []

    async def joined(self) -> None:
        """Events that come in meanwhile, those of the member killed before it, are kept."""
        while (said := await self.said()) != {"joined": True}:
            self._asked.append(said)

    async def said(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            line = await self._process.stdout.readline()
        assert line, "the member died by itself"
        said: dict[str, Any] = json.loads(line)
        return said

    async def killed_after(self, events: int) -> None:
        """kill -9 in the middle of its work: so many events have been taken, and nearly none committed."""
        assert self._process.stdin is not None
        for _ in range(events):
            asked = self._asked.pop(0) if self._asked else await self.said()
            event = Event(name=asked["name"], payload=asked["payload"], id=asked["id"])
            answer = {"number": asked["number"], "answer": asdict(await self._take(asked["handle"], event))}
            self._process.stdin.write(json.dumps(answer).encode() + b"\n")
        self._process.send_signal(signal.SIGKILL)


async def counters(bench: Bench, many: int) -> list[str]:
    return [(await bench.start({"name": f"c{number}"})).saga_id for number in range(many)]


async def sent(
    producer: AIOKafkaProducer, topic: str, sagas: Sequence[str], numbers: range
) -> dict[str, list[str]]:
    """One event for each saga and number; the places where they stand, by saga, in the order sent."""
    futures = [
        (saga, await producer.send(topic, key=saga.encode(), value=counted(number)))
        for number in numbers
        for saga in sagas
    ]
    places: dict[str, list[str]] = {saga: [] for saga in sagas}
    for saga, future in futures:
        at = await future
        places[saga].append(f"{topic}-{at.partition}-{at.offset}")
    return places


def counted(number: int) -> bytes:
    return json.dumps({"messageLabel": "counted", "messagePayload": {"last": number}}).encode()


async def has_taken(bench: Bench, sagas: Sequence[str], each: int, *, within: float = 30) -> None:
    """Come back when every saga has had `each` events."""

    async def all_there() -> bool | None:
        return all([(await bench.saga(saga)).version > each for saga in sagas]) or None

    await wait_until(all_there, within=within, what="every event to be taken")


async def places_in_history(bench: Bench, sagas: Sequence[str]) -> dict[str, list[str]]:
    return {saga: [str(row.event_id) for row in (await bench.history(saga))[1:]] for saga in sagas}


def test_of_5000_events_none_is_lost_or_taken_twice_when_a_consumer_of_two_is_killed_three_times(
    kafka: Broker, tmp_path: Path
) -> None:
    async def body() -> None:
        topic = await kafka.topic("events", 4)
        store = await open_sqlite({"path": "counters.db"}, tmp_path)
        bench = await engine_for(COUNTER, store=store, channels={})
        sagas = await counters(bench, 50)
        members = Members(kafka, topic, bench)
        places: dict[str, list[str]] = {saga: [] for saga in sagas}

        async def send_more(producer: AIOKafkaProducer, turn: int) -> None:
            numbers = range(turn * 25, turn * 25 + 25)
            for saga, more in (await sent(producer, topic, sagas, numbers)).items():
                places[saga] += more

        async with kafka.producer() as producer, members.inside("steady"):
            for turn in range(3):
                async with members.outside(f"killed-{turn}") as victim:
                    await send_more(producer, turn)
                    await victim.killed_after(100)
            await send_more(producer, 3)
            await has_taken(bench, sagas, 100)
            await wait_until(lambda: done(kafka, topic, 5_000), within=10, what="the last commit")
        assert await places_in_history(bench, sagas) == places
        assert {(await bench.saga(saga)).metadata["last"] for saga in sagas} == {99}
        assert members.repeats > 0, "what a killed member had not committed came again"
        await store.close()

    asyncio.run(body())


async def done(kafka: Broker, topic: str, count: int) -> bool | None:
    return await kafka.committed(topic, 4) == count or None


def test_members_come_and_go_while_events_flow_and_each_event_is_taken_once(kafka: Broker) -> None:
    async def body() -> None:
        topic = await kafka.topic("events", 4)
        bench = await engine_for(COUNTER)
        sagas = await counters(bench, 20)
        members = Members(kafka, topic, bench)
        stopped = asyncio.Event()
        places: dict[str, list[str]] = {saga: [] for saga in sagas}

        async def flow(producer: AIOKafkaProducer) -> int:
            number = 0
            while not stopped.is_set():
                for saga, more in (await sent(producer, topic, sagas, range(number, number + 1))).items():
                    places[saga] += more
                number += 1
                await moment(0.02)
            return number

        async with kafka.producer() as producer, members.inside("first"):
            flowing = asyncio.create_task(flow(producer))
            await wait_until(lambda: busy(members, "first"), within=20, what="the first to have work")
            async with members.inside("second"):
                await wait_until(lambda: busy(members, "second"), within=20, what="the second to have work")
            before = members.taken["first"]
            await wait_until(
                lambda: busy(members, "first", before + 100), within=20, what="the first to go on"
            )
            stopped.set()
            number = await flowing
            await has_taken(bench, sagas, number)
        assert await places_in_history(bench, sagas) == places
        assert members.repeats == 0, "who leaves in good order has committed all that it took"

    asyncio.run(body())


async def busy(members: Members, name: str, more_than: int = 40) -> bool | None:
    return members.taken.get(name, 0) > more_than or None


def test_events_wait_while_the_store_is_away_and_then_come_in_order(kafka: Broker) -> None:
    async def body() -> None:
        topic = await kafka.topic("events", 4)
        away = asyncio.Event()

        def fault(call: Call) -> None:
            """Half of the failures come after the write: nobody knows then whether it was done."""
            if (
                away.is_set()
                and call.method == "commit"
                and call.when == ("before", "after")[call.number % 2]
            ):
                failed.append(call)
                raise StoreUnavailable("the database is away")

        failed: list[Call] = []
        bench = await engine_for(COUNTER, store=faulty(MemoryStore(), fault))
        sagas = await counters(bench, 10)
        members = Members(kafka, topic, bench)
        pace = replace(PACE, retry=0.02, retry_longest=0.1, commit=0.02)

        async def felt() -> bool | None:
            return len(failed) > 50 or None

        async with kafka.producer() as producer, members.inside("only", pace) as channel:
            places = await sent(producer, topic, sagas, range(5))
            await has_taken(bench, sagas, 5)
            away.set()
            more = await sent(producer, topic, sagas, range(5, 20))
            await wait_until(felt, within=20, what="the absence to be felt")
            away.clear()
            await has_taken(bench, sagas, 20)
            await wait_until(lambda: done(kafka, topic, 200), within=10, what="the last commit")
            assert channel.healthy() is None
        expected = {saga: places[saga] + more[saga] for saga in sagas}
        assert await places_in_history(bench, sagas) == expected

    asyncio.run(body())
