"""Channel `kafka`: commands out to topics, events in from topics, in the Flow Manager's wire format.

What is written and read is in kafka_wire.py, reading in kafka_inlet.py, writing in kafka_outlet.py.
commands/wiring.py puts `open_kafka` into the registry of channels.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.channels.kafka_inlet import KafkaInlet
from adapters.channels.kafka_intake import Intake
from adapters.channels.kafka_options import Settings, read_settings
from adapters.channels.kafka_outlet import REFUSED, TOO_LARGE, TROUBLE, KafkaOutlet, missing_topics
from adapters.channels.kafka_pace import Pace
from adapters.channels.kafka_wire import command
from adapters.channels.options import wrong
from engine.errors import ChannelUnavailable
from engine.model import Delivery, Done, Failed, Later, Outcome
from engine.ports import Take


class KafkaChannel:
    """Sends to every output topic, and is an inlet: takes events from the input topics, if there are any."""

    def __init__(self, name: str, settings: Settings, pace: Pace | None = None) -> None:
        pace = pace or Pace()
        self._name = name
        self._settings = settings
        self._outlet = KafkaOutlet(settings)
        self._intake = Intake(name, settings, self._outlet, pace)
        self._inlet = KafkaInlet(name, settings, self._intake, pace)
        self._closed = False

    async def send(self, delivery: Delivery) -> Outcome:
        if self._closed:
            return Later(reason="the channel is closed")
        if not self._settings.outputs:
            return Failed(reason="the channel has no outputTopics")
        try:
            message = command(delivery)
        except (TypeError, ValueError, RecursionError):
            return Failed(reason="the payload cannot be written as JSON")
        try:
            await self._outlet.connect()
        except REFUSED as error:
            return Later(reason=f"no connection to Kafka: {type(error).__name__}")
        sent = (self._outlet.send(topic, message) for topic in self._settings.outputs)
        return _outcome(await asyncio.gather(*sent, return_exceptions=True))

    async def start(self, take: Take) -> None:
        """Look whether every topic is there, then take events in.

        Raises:
            ConfigInvalid: Topics are missing.
            ChannelUnavailable: No broker answers.
        """
        try:
            missing = await missing_topics(self._settings, self._settings.topics)
        except REFUSED as error:
            brokers = ", ".join(self._settings.brokers)
            raise ChannelUnavailable(
                f"channel {self._name}: no Kafka broker answers at {brokers} ({type(error).__name__}); "
                "is it running, and do protocol and credentials fit?"
            ) from None
        if missing:
            raise wrong(
                self._name,
                f"Kafka has no topic {', '.join(missing)}, or its user may not see it; create it and start again",
            )
        if self._settings.inputs:
            self._intake.serve(take)
            self._inlet.start()

    async def stop(self) -> None:
        """Take no more events in; those in hand are finished and committed. Safe to call twice."""
        await self._inlet.stop()

    def healthy(self) -> str | None:
        """None while events come in, or if none are to; else a sentence."""
        return self._inlet.healthy() if self._settings.inputs else None

    async def close(self) -> None:
        self._closed = True
        await self._inlet.stop()
        await self._outlet.close()


def open_kafka(name: str, options: Mapping[str, Any], folder: Path) -> KafkaChannel:
    """A channel to Kafka; connects at the first delivery, or when it is started as an inlet.

    Raises:
        ConfigInvalid: An option is unknown or wrong. The message never shows a value.
    """
    return KafkaChannel(name, read_settings(name, options, folder))


def _outcome(results: list[BaseException | None]) -> Outcome:
    """Done when every topic has it. A repeat brings it to all of them again, under the same key."""
    errors = [error for error in results if error is not None]
    for error in errors:
        if not isinstance(error, TROUBLE):
            raise error
        if isinstance(error, TOO_LARGE):
            return Failed(reason="the message is larger than Kafka takes")
    if errors:
        return Later(reason=f"Kafka did not confirm: {type(errors[0]).__name__}", uncertain=True)
    return Done()
