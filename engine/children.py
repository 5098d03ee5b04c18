"""Channel `sagas`, built in: a saga starts another one, or tells it an event. Idempotent by the entry's id."""

from __future__ import annotations

from engine.errors import EngineError, Stale, Unavailable
from engine.model import Delivery, Done, Event, Failed, Json, Later, Outcome
from engine.runner import Runner

CHANNEL = "sagas"


class SagasChannel:
    """Payloads: `{start: MACHINE, metadata, sagaId?, entityId?}` or `{tell: ID_OR_KEY, event, payload?, machine?}`.

    A started saga answers `{childSagaId}` with the reply `done`; its id is the entry's unless it is given.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def send(self, delivery: Delivery) -> Outcome:
        try:
            return await self._send(delivery)
        except (Stale, Unavailable) as error:
            return Later(reason=error.code, uncertain=True)
        except EngineError as error:
            return Failed(reason=f"{error.code}: {error}")

    async def close(self) -> None:
        """Nothing to let go of."""

    async def _send(self, delivery: Delivery) -> Outcome:
        asked = delivery.payload
        if isinstance(asked.get("start"), str):
            return await self._start(delivery)
        if isinstance(asked.get("tell"), str) and isinstance(asked.get("event"), str):
            return await self._tell(delivery)
        return Failed(reason="the payload names neither `start`, nor `tell` and `event`, as text")

    async def _start(self, delivery: Delivery) -> Outcome:
        asked = delivery.payload
        started = await self._runner.start(
            asked["start"],
            metadata=_mapping(asked, "metadata"),
            saga_id=_text(asked, "sagaId") or delivery.id,
            entity_id=_text(asked, "entityId") or delivery.entity_id,
            actor=f"saga {delivery.saga_id}",
        )
        return _done(delivery, {"childSagaId": started.saga.saga_id})

    async def _tell(self, delivery: Delivery) -> Outcome:
        asked = delivery.payload
        event = Event(
            name=asked["event"],
            payload=_mapping(asked, "payload"),
            id=delivery.id,
            actor=f"saga {delivery.saga_id}",
        )
        await self._runner.handle(asked["tell"], event, machine=_text(asked, "machine"))
        return _done(delivery, {})


def _done(delivery: Delivery, payload: Json) -> Done:
    return Done(reply="done" if "done" in delivery.replies else None, payload=payload)


def _mapping(asked: Json, name: str) -> Json:
    value = asked.get(name)
    return value if isinstance(value, dict) else {}


def _text(asked: Json, name: str) -> str | None:
    value = asked.get(name)
    return value if isinstance(value, str) and value else None
