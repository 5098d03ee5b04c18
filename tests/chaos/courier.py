"""A worker behind Kafka: keeps a ledger of idempotency keys, and repeats itself, also late and out of order.

It finds back to its broker by itself, and knows what it has answered, as a worker with a database of its own does.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from adapters.channels.kafka_pace import let_go
from tests.fakes.ledger import Ledger
from tests.fakes.waiting import moment

REPLIES = {"prepareOrder": "orderPrepared", "bookCourier": "courierBooked"}
PARTITIONS = 2
PATIENCE = 3.0
"""Seconds. A broker that is gone says nothing; who waits longer begins anew."""

REQUEST_MS = 3_000
TROUBLE = (KafkaError, OSError, TimeoutError)


class Courier:
    """Each command is answered twice, and the answer to the command before it once more after it."""

    def __init__(self, address: str, commands: str, events: str) -> None:
        self.ledger = Ledger()
        self._address = address
        self._commands = commands
        self._events = events
        self._before: tuple[bytes, str, bytes] | None = None

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._for_ever())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _for_ever(self) -> None:
        while True:
            with suppress(*TROUBLE):
                await self._session()
            await moment(0.3)

    async def _session(self) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._address, auto_offset_reset="earliest", request_timeout_ms=REQUEST_MS
        )
        consumer.assign([TopicPartition(self._commands, number) for number in range(PARTITIONS)])
        producer = AIOKafkaProducer(bootstrap_servers=self._address, request_timeout_ms=REQUEST_MS)
        try:
            async with asyncio.timeout(PATIENCE):
                await consumer.start()
                await producer.start()
            while True:
                async with asyncio.timeout(PATIENCE):
                    message = await consumer.getone()
                await self._work(message, producer)
        finally:
            await let_go(consumer.stop(), PATIENCE)
            await let_go(producer.stop(), PATIENCE)

    async def _work(self, message: Any, producer: AIOKafkaProducer) -> None:
        command, key = json.loads(message.value), dict(message.headers)["idempotency-key"].decode()
        self.ledger.take(key, {"saga": message.key.decode(), **command})
        reply = {"messageLabel": REPLIES[command["messageLabel"]], "messagePayload": {}}
        answer = (message.key, f"courier-{key}", json.dumps(reply).encode())
        for saga, id_, value in (answer, answer, self._before or answer):
            headers = [("idempotency-key", id_.encode())]
            async with asyncio.timeout(PATIENCE):
                await producer.send_and_wait(self._events, key=saga, value=value, headers=headers)
        self._before = answer
