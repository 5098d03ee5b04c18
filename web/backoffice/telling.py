"""An event that a person sends to a saga, made for the version of it that the person saw.

Its id names that version, so that a double click and two people on the same screen are one event.
"""

from __future__ import annotations

from typing import Literal

from aiohttp import web

from engine.model import Event, Json
from web.context import context_of
from web.reading import acting

Told = Literal["accepted", "overtaken", "ignored"]
"""overtaken: the saga has changed since, or somebody else was faster; ignored: its state does not take the event."""


async def tell(
    request: web.Request,
    saga_id: str,
    machine: str,
    name: str,
    *,
    seen: int,
    reason: str,
    payload: Json | None = None,
) -> Told:
    """Have the event applied if the saga is as it was at version `seen`. Safe to repeat: a repeat is accepted too.

    Raises:
        SagaNotFound, EventNotAccepted, PayloadInvalid, StoreUnavailable
    """
    engine, actor = context_of(request).engine, acting(request).name
    event_id = f"backoffice-{name}-{seen}"
    row = await engine.store.row_of(saga_id, event_id)
    if row is None:
        if (await engine.store.load(saga_id)).version != seen:
            return "overtaken"
        event = Event(name=name, payload=payload or {}, id=event_id, actor=actor, reason=reason)
        answer = await engine.runner.handle(saga_id, event, machine=machine)
        if not answer.repeated:
            return "accepted" if answer.result == "applied" else "ignored"
        row = await engine.store.row_of(saga_id, event_id)
    mine = row is not None and (row.actor, row.reason) == (actor, reason)
    return "accepted" if mine else "overtaken"
