"""The console's own parts, one set for the life of the application."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from web.console.bulk_runs import BulkRuns
from web.console.census import Census
from web.console.drafts import Drafts
from web.console.pictures import Pictures
from web.console.times import Watch
from web.context import CONTEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """See each one's module. `sketches` are the diagrams of drafts."""

    census: Census
    pictures: Pictures
    sketches: Pictures
    watch: Watch
    drafts: Drafts
    runs: BulkRuns


CONSOLE = web.AppKey("console", Console)


def console_of(request: web.Request) -> Console:
    """The console of the application that serves this request."""
    return request.app[CONSOLE]


def open_console(app: web.Application) -> None:
    """Give the application a console. Nothing is read until somebody looks."""
    context = app[CONTEXT]
    engine = context.engine
    census = Census(engine.store, engine.clock)
    engine.runner.on_step.append(census.step)
    engine.runner.on_doubt.append(census.doubt)
    drafts = Drafts(engine.reload)
    runs = BulkRuns(engine, context.access.audit)
    app.on_cleanup.append(lambda _: runs.stop())
    app[CONSOLE] = Console(
        census=census,
        pictures=Pictures(context.drawing),
        sketches=Pictures(drafts.slots),
        watch=Watch(engine.store, engine.clock),
        drafts=drafts,
        runs=runs,
    )
