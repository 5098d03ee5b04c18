"""What sagas owe, and how many stand where: `GET /api/v1/agenda` and `GET /api/v1/counts`."""

from __future__ import annotations

from aiohttp import web

from engine.document import agenda_entry
from engine.model import Due, Json
from web.answers import json_answer
from web.context import context_of
from web.cursors import cursor_for, place_of
from web.reading import read_query
from web.requests import AgendaQuery, MachineQuery
from web.shapes import Shape


class CountItem(Shape):
    """How many sagas of a machine stand in a state."""

    machine: str
    machine_version: int
    state: str
    business_state: str
    sagas: int


class Counts(Shape):
    """Sagas by machine, version and state."""

    items: list[CountItem]


async def list_agenda(request: web.Request) -> web.Response:
    """Entries by due time: all, only parked ones, or only others."""
    query = read_query(request, AgendaQuery)
    rows = await context_of(request).engine.store.agenda(
        parked=query.parked, machine=query.machine, after=place_of(query.cursor), limit=query.limit + 1
    )
    shown = rows[: query.limit]
    more = len(rows) > len(shown)
    cursor = cursor_for((shown[-1].entry.due, shown[-1].entry.id)) if more else None
    return json_answer({"items": [_item(row) for row in shown], "nextCursor": cursor})


async def show_counts(request: web.Request) -> web.Response:
    """Sagas by machine, version and state."""
    counts = await context_of(request).engine.store.counts(read_query(request, MachineQuery).machine)
    items = [
        CountItem(
            machine=count.machine,
            machine_version=count.machine_version,
            state=count.state,
            business_state=count.business_state,
            sagas=count.sagas,
        )
        for count in counts
    ]
    return json_answer(Counts(items=items))


def _item(row: Due) -> Json:
    place = {"sagaId": row.entry.saga_id, "machine": row.machine, "sagaState": row.saga_state}
    return agenda_entry(row.entry) | place
