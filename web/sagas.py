"""Routes of /api/v1/sagas: start, show, history, tell an event."""

from __future__ import annotations

from urllib.parse import quote

import msgspec
from aiohttp import web

from engine.document import BOUND, document, history_event
from engine.model import Event, Json, Saga
from web.answers import json_answer
from web.bodies import read_body
from web.context import Context, context_of
from web.reading import read_actor, read_handle, read_query
from web.requests import HistoryQuery, MachineQuery, NewEvent, NewSaga, NoQuery
from web.shapes import EventAnswer

_SAGA = msgspec.json.Decoder(NewSaga)
_EVENT = msgspec.json.Decoder(NewEvent)


async def create_saga(request: web.Request) -> web.Response:
    """`POST /api/v1/sagas`: 201 with the document, and where it is; 200 with that of a saga that was there."""
    context = context_of(request)
    read_query(request, NoQuery)
    actor = read_actor(request)
    body = await read_body(request, _SAGA)
    started = await context.engine.runner.start(
        context.machine_or_default(body.machine),
        metadata=body.metadata,
        entity_id=body.associated_entity_id,
        saga_id=body.saga_id,
        actor=actor,
    )
    found = await saga_document(context, started.saga)
    if started.existed:
        return json_answer(found)
    location = f"/api/v1/sagas/{quote(started.saga.saga_id, safe='')}"
    return json_answer(found, status=201, location=location)


async def show_saga(request: web.Request) -> web.Response:
    """`GET /api/v1/sagas/{id}`: the whole document, with the newest history."""
    context = context_of(request)
    saga = await found_saga(request, context, read_query(request, MachineQuery).machine)
    return json_answer(await saga_document(context, saga))


async def show_history(request: web.Request) -> web.Response:
    """`GET /api/v1/sagas/{id}/history`: every row there ever was, by pages."""
    query = read_query(request, HistoryQuery)
    store = context_of(request).engine.store
    saga_id = await store.find(read_handle(request), query.machine)
    rows = await store.history(saga_id, after=query.after, limit=query.limit + 1)
    shown = rows[: query.limit]
    more = len(rows) > len(shown)
    return json_answer(
        {"items": [history_event(row) for row in shown], "nextAfter": shown[-1].seq if more else None}
    )


async def take_event(request: web.Request) -> web.Response:
    """`POST /api/v1/sagas/{id}/events`: durable when answered; a repeat of an id gets the first answer."""
    machine = read_query(request, MachineQuery).machine
    actor, handle = read_actor(request), read_handle(request)
    body = await read_body(request, _EVENT)
    event = Event(name=body.name, payload=body.payload, id=body.id, actor=actor)
    answer = await context_of(request).engine.runner.handle(handle, event, machine=machine)
    return json_answer(EventAnswer.of(answer))


async def found_saga(request: web.Request, context: Context, machine: str | None) -> Saga:
    """The saga that the path means, by id or key."""
    store = context.engine.store
    return await store.load(await store.find(read_handle(request), machine))


async def saga_document(context: Context, saga: Saga) -> Json:
    """The document of the saga as it is in the store, with its newest rows of history."""
    rows = await context.engine.store.history(saga.saga_id, limit=BOUND, newest=True)
    return document(saga, rows)
