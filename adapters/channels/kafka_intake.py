"""One message from Kafka to its end: taken by the engine, or in the dead-letter topic with the reason.

Never skips: while the store or the broker is away the same message is tried again. No client library
here. Called by the lanes of kafka_session.py.
"""

from __future__ import annotations

import traceback

import structlog

from adapters.channels.kafka_options import Settings
from adapters.channels.kafka_outlet import TOO_LARGE, TROUBLE, KafkaOutlet
from adapters.channels.kafka_pace import Pace, rest
from adapters.channels.kafka_wire import Arrival, Poison, dead_letter, event, has_own_id
from engine.errors import Invalid, Refused, Stale, Unavailable
from engine.ports import Take

_log = structlog.get_logger("sagaloom.channel")


class Intake:
    """Takes messages in; `take` is the engine."""

    def __init__(self, name: str, settings: Settings, outlet: KafkaOutlet, pace: Pace) -> None:
        self._name = name
        self._settings = settings
        self._outlet = outlet
        self._pace = pace
        self._engine: Take | None = None

    def serve(self, take: Take) -> None:
        """Give events to `take` from now on."""
        self._engine = take

    async def take(self, arrival: Arrival) -> None:
        """Return when the message need not come again."""
        wait = self._pace.retry
        while True:
            try:
                await self._once(arrival)
                return
            except (Unavailable, Stale, *TROUBLE) as error:
                self._note("an event from Kafka has to wait", arrival, type(error).__name__)
            await rest(wait)
            wait = min(wait * 2, self._pace.retry_longest)

    async def _once(self, arrival: Arrival) -> None:
        poison = await self._told(arrival)
        if poison is not None:
            await self._bury(arrival, poison)

    async def _told(self, arrival: Arrival) -> Poison | None:
        """Tell the engine; why it will not have it, if so."""
        assert self._engine is not None
        try:
            handle, told = event(arrival, actor=self._name)
            answer = await self._engine(handle, told)
        except Poison as poison:
            return poison
        except (Refused, Invalid) as error:
            return Poison(error.code, str(error))
        except (Unavailable, Stale, *TROUBLE):
            raise
        except Exception as error:  # a defect would meet the same message for ever
            frames = traceback.extract_tb(error.__traceback__)  # where, but not what: texts may hold data
            places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
            _log.error("a defect kept an event from Kafka out", channel=self._name, places=places)
            return Poison("defect", type(error).__name__)
        if answer.repeated and answer.event != told.name and has_own_id(arrival):
            return Poison("id-reused", f"the saga had an event {answer.event} with this idempotency-key")
        return None

    async def _bury(self, arrival: Arrival, poison: Poison) -> None:
        topic = self._settings.dead_letter_of(arrival.topic)
        try:
            await self._outlet.send(topic, dead_letter(arrival, poison))
        except TOO_LARGE:  # with our headers it is: its place tells where the whole of it is
            await self._outlet.send(topic, dead_letter(arrival, poison, whole=False))
        self._note("a message from Kafka is a dead letter", arrival, poison.code)

    def _note(self, what: str, arrival: Arrival, reason: str) -> None:
        """Names and places only: keys and values hold people's data."""
        place = {"topic": arrival.topic, "partition": arrival.partition, "offset": arrival.offset}
        _log.warning(what, channel=self._name, reason=reason, **place)
