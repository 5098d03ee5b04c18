"""What waits for a person, over all machines: the entries that are parked, longest due first."""

from __future__ import annotations

from aiohttp import web

from web.console.asking import asked
from web.console.faces import console_of
from web.console.words import show
from web.context import context_of
from web.cursors import cursor_for, place_of
from web.requests import Cursor, Name, Query

PAGE = 50


class ParkedQuery(Query):
    """Of one machine, or of all."""

    machine: Name | None = None
    cursor: Cursor | None = None


async def show_parked(request: web.Request) -> web.StreamResponse:
    """`GET /console/parked`."""
    wanted, engine = asked(request, ParkedQuery), context_of(request).engine
    rows = await engine.store.agenda(
        parked=True, machine=wanted.machine, after=place_of(wanted.cursor), limit=PAGE + 1
    )
    shown = rows[:PAGE]
    more = cursor_for((shown[-1].entry.due, shown[-1].entry.id)) if len(rows) > PAGE else None
    tallies = await console_of(request).census.tallies()
    names = {
        "rows": shown,
        "more": more,
        "wanted": wanted,
        "machines": engine.deployments.names(),
        "tallies": {name: tally.parked for name, tally in sorted(tallies.items()) if tally.parked},
    }
    return show(request, "parked.html", names)
