"""One saga: the way it took, what happened in words, what it owes, its data; asked for again while it moves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from engine.document import document
from engine.machine.plan import Machine
from engine.model import HistoryRow, Saga
from web.answers import SECURITY_HEADERS
from web.console.asking import asked
from web.console.faces import console_of
from web.console.pictures import on_its_way
from web.console.timeline import owed, timeline
from web.console.versions import machine_or_why
from web.console.words import is_fragment, show
from web.context import context_of
from web.pages.texts import language_of, texts_in
from web.reading import read_handle
from web.requests import Name, Query

ROWS = 500
"""Rows of the history that a page shows: the API has the others."""


class SagaQuery(Query):
    """`seen`: what the page that asks shows already."""

    seen: Name | None = None


async def show_saga(request: web.Request) -> web.StreamResponse:
    """`GET /console/sagas/{id}`, by id or key."""
    saga = await load(request)
    return show(request, "saga.html", await _names(request, saga))


async def show_live(request: web.Request) -> web.StreamResponse:
    """`GET /console/sagas/{id}/live`: the same without what is round it; 204 if nothing changed."""
    seen = asked(request, SagaQuery).seen
    saga = await load(request)
    if is_fragment(request) and seen == standing(saga):
        return web.Response(status=204, headers=SECURITY_HEADERS)
    return show(request, "saga_live.html", await _names(request, saga))


async def load(request: web.Request) -> Saga:
    """The saga that the path means. Raises SagaNotFound, KeyAmbiguous."""
    store = context_of(request).engine.store
    return await store.load(await store.find(read_handle(request)))


def standing(saga: Saga) -> str:
    """Changes with whatever the page shows of the saga."""
    entries = [(e.id, e.status, e.due, e.attempts, e.owner, e.reason) for e in saga.agenda]
    return hashlib.sha256(repr((saga.version, entries)).encode()).hexdigest()[:16]


async def _names(request: web.Request, saga: Saga) -> dict[str, Any]:
    engine = context_of(request).engine
    texts = texts_in(language_of(request))
    machine, problem, _ = await machine_or_why(context_of(request), saga.machine, saga.machine_version)
    rows = await engine.store.history(saga.saga_id, limit=ROWS, newest=True)
    picture, undrawn = await _picture(request, machine, saga, rows)
    return {
        "saga": saga,
        "seen": standing(saga),
        "moves": not saga.is_final or any(entry.status != "done" for entry in saga.agenda),
        "problem": problem,
        "picture": picture,
        "undrawn": undrawn,
        "happenings": timeline(rows, machine, texts),
        "earlier": rows[0].seq > 1 if rows else False,
        "owed": owed(saga, machine, engine.clock.now(), texts),
        "parked": [entry for entry in saga.agenda if entry.status == "parked"],
        "document": document(saga, rows),
    }


async def _picture(
    request: web.Request, machine: Machine | None, saga: Saga, rows: Sequence[HistoryRow]
) -> tuple[str, str]:
    if machine is None:
        return "", ""
    svg, undrawn = await console_of(request).pictures.or_why(machine.definition)
    way = [(row.source or "", row.event, row.state) for row in rows if row.result == "applied"]
    return on_its_way(svg, machine.definition, way, saga.state), undrawn
