"""Puts the web application together from the routes. The one entry of this layer besides `server`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from web.boundary import boundary
from web.context import BODY_SECONDS, CONTEXT, Context
from web.documentation import PAGES, make_pages
from web.guards import Gate
from web.metrics import Tallies
from web.routes import ROUTES

if TYPE_CHECKING:
    from engine.assembly import Engine


def build_app(
    engine: Engine, *, default_machine: str | None, max_body: int, body_seconds: float = BODY_SECONDS
) -> web.Application:
    """The application that serves this engine.

    Args:
        default_machine: What `POST /saga` starts when the caller names no machine.
        max_body: The largest request body, in bytes, also after decompression.
        body_seconds: How long a caller may take to send a body.
    """
    context = Context(
        engine=engine,
        default_machine=default_machine,
        gate=Gate(),
        tallies=Tallies(),
        body_seconds=body_seconds,
    )
    engine.runner.on_step.append(context.tallies.step)
    app = web.Application(middlewares=[boundary], client_max_size=max_body)
    app[CONTEXT] = context
    app[PAGES] = make_pages(ROUTES)
    for route in ROUTES:
        add = app.router.add_get if route.method == "GET" else app.router.add_post  # HEAD comes with GET
        add(route.path, route.handler)
    return app
