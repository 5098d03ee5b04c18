"""Writing to Kafka, and looking whether topics are there. Beside kafka_session.py the room of aiokafka.

Connects when it is first needed. Called by the channel (commands) and the inlet (dead letters).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError

from adapters.channels.kafka_options import Settings
from adapters.channels.kafka_pace import let_go
from adapters.channels.kafka_wire import Message

CONNECT_SECONDS = 10.0
SEND_SECONDS = 30.0
"""An idempotent producer tries for ever; whoever waits for it does not."""
STOP_SECONDS = 5.0
REQUEST_MS = 20_000
LARGEST = 16 * 1024 * 1024
"""Bytes that the client lets pass. What the broker takes is its own decision (`max.message.bytes`)."""

TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)
TROUBLE = (KafkaError, OSError, TimeoutError)
"""What a broker, or the way to it, can do to a call."""
REFUSED = (*TROUBLE, LookupError, ValueError)
"""What connecting can end with: aiokafka 0.14 trips over a SCRAM server that says no."""


def client_options(settings: Settings) -> dict[str, Any]:
    """What every client of this channel is opened with."""
    security = settings.security
    return {
        "bootstrap_servers": list(settings.brokers),
        "client_id": settings.client_id,
        "request_timeout_ms": REQUEST_MS,
        "security_protocol": security.protocol,
        "sasl_mechanism": security.mechanism,
        "sasl_plain_username": security.username,
        "sasl_plain_password": security.password,
        "ssl_context": security.tls,
    }


async def missing_topics(settings: Settings, wanted: Collection[str]) -> list[str]:
    """Those of the topics that are not there, or not for this user to see. Makes none.

    Raises:
        KafkaError, OSError, TimeoutError: No broker answered.
    """
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await admin.start()
            # All of them: to ask for one by its name makes it on a broker that creates topics by itself.
            there = set(await admin.list_topics())
    finally:
        with suppress(*TROUBLE):
            await admin.close()
    return [topic for topic in wanted if topic not in there]


class KafkaOutlet:
    """A producer: a message counts as sent when all in-sync replicas have it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._connecting = asyncio.Lock()
        self._leaving: set[asyncio.Task[None]] = set()

    async def connect(self) -> AIOKafkaProducer:
        """The producer, connected. Raises KafkaError, OSError, TimeoutError: no broker, nothing was sent."""
        async with self._connecting:
            if self._producer is None:
                self._producer = await self._connected()
            return self._producer

    async def send(self, topic: str, message: Message) -> None:
        """Write one message; durable on return.

        Raises:
            MessageSizeTooLargeError, RecordListTooLargeError: It was not written and never will be.
            KafkaError, OSError, TimeoutError: Whether it was written is not known.
        """
        producer = await self.connect()
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await producer.send_and_wait(
                    topic, key=message.key, value=message.value, headers=list(message.headers)
                )
        except TOO_LARGE:
            raise
        except KafkaError:
            # After a lost batch the sequence numbers of an idempotent producer do not fit any more.
            self._let_go(producer)
            raise

    async def close(self) -> None:
        """Let go of the connection; what is on its way is given a moment. Safe to call twice."""
        if self._producer is not None:
            self._let_go(self._producer)
        await asyncio.gather(*self._leaving)

    async def _connected(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            **client_options(self._settings),
            acks="all",
            enable_idempotence=self._settings.idempotent,
            max_request_size=LARGEST,
        )
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await producer.start()
        except BaseException:
            await _stop(producer)
            raise
        return producer

    def _let_go(self, producer: AIOKafkaProducer) -> None:
        if self._producer is producer:
            self._producer = None
            task = asyncio.get_running_loop().create_task(_stop(producer))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)


async def _stop(producer: AIOKafkaProducer) -> None:
    if not await let_go(producer.stop(), STOP_SECONDS):
        await let_go(producer.client.close(), STOP_SECONDS)
