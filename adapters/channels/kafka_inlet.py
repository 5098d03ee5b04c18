"""Events in from Kafka, for as long as the engine runs: a consumer that breaks is replaced by a new one.

A message is done when the engine has taken it for good or refused it for good; while the engine cannot
say which (its store is away), it is asked again. Used by kafka.py only.
"""

from __future__ import annotations

import asyncio

import structlog

from adapters.channels.kafka_intake import Intake
from adapters.channels.kafka_options import Settings
from adapters.channels.kafka_pace import Pace, rest
from adapters.channels.kafka_session import Membership, Session

_log = structlog.get_logger("sagaloom.channel")


class KafkaInlet:
    """One member of the consumer group, for as long as it runs."""

    def __init__(self, name: str, settings: Settings, intake: Intake, pace: Pace) -> None:
        self._name = name
        self._settings = settings
        self._intake = intake
        self._pace = pace
        self._running: asyncio.Task[None] | None = None
        self._membership = Membership(pace.absence)
        self._trouble: str | None = "the consumer has not been started"

    def start(self) -> None:
        """Begin; comes back at once, `healthy` tells when it has joined."""
        self._trouble = "the consumer is connecting"
        self._running = asyncio.get_running_loop().create_task(self._run(), name=f"inlet {self._name}")

    async def stop(self) -> None:
        """Finish what is in hand, commit it, leave the group. Safe to call twice."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        self._trouble = "the consumer is stopped"

    def healthy(self) -> str | None:
        """None while events come in, else a sentence."""
        return self._trouble or self._membership.missed(self._settings.group)

    async def _run(self) -> None:
        while True:
            session = Session(self._settings, self._intake, self._pace, self._membership, self._heard)
            try:
                await session.run()
            except* Exception as group:
                self._heard(type(_first(group)).__name__)
            await rest(self._pace.again)

    def _heard(self, trouble: str | None) -> None:
        """What the last exchange with the brokers came to."""
        if trouble != self._trouble and trouble is not None:
            _log.warning("the Kafka consumer is in trouble", channel=self._name, reason=trouble)
        self._trouble = None if trouble is None else f"no events come in from Kafka: {trouble}"


def _first(group: BaseExceptionGroup[Exception]) -> BaseException:
    first: BaseException = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
