"""Puts the web application together from the routes. The one entry of this layer besides `server`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aiohttp import web

from adapters.files import Desk
from engine.model import Json
from hub.access.access import Access, open_access
from hub.callbacks import Callbacks
from hub.cashier import Cashier
from hub.gateway import Gateway
from hub.hub import Hub, Written, open_hub, plans
from hub.invoice_settings import Settings
from hub.paperwork import Papers, Paperwork, open_paperwork
from hub.views.views import Views
from providers.sandbox import SandboxProvider
from web.admission import NEEDS, Need, add_route, admission
from web.backoffice.desk import furnish
from web.boundary import boundary
from web.console.faces import open_console
from web.context import BODY_SECONDS, CONTEXT, Context, Tell
from web.documentation import PAGES, make_pages
from web.guards import Gate
from web.limits import open_limits
from web.metrics import Tallies
from web.pages.routes import add_pages
from web.route import Route
from web.routes import ROUTES, WORKER_ROUTES

if TYPE_CHECKING:
    from engine.assembly import Engine

PROBES_BODY = 10_000
"""Bytes; the one body that is taken there is a word."""


def build_app(
    engine: Engine,
    *,
    default_machine: str | None,
    max_body: int,
    body_seconds: float = BODY_SECONDS,
    hub: Hub | None = None,
    tell: Tell | None = None,
    access: Access | None = None,
    paperwork: Paperwork | None = None,
    shared: bool = False,
) -> web.Application:
    """The application that serves this engine: the whole API with the role api, else probes and `dispatch` only.

    Args:
        hub: Payments; None: on the sandbox alone.
        paperwork: Files and invoices, closed with the application; None: in memory, of a company without a name.
        access: Who may come in; None: the API is open, pages ask for a login.
        shared: Whether other daemons may work on the same store.
        default_machine: What `POST /saga` starts when the caller names no machine.
        max_body: The largest request body, in bytes, also after decompression.
        body_seconds: How long a caller may take to send a body.
        tell: The other processes of this daemon, if there are any.
    """
    hub = hub or _sandbox(engine)
    callbacks = Callbacks(hub.gateway, engine)
    views = Views(engine.store, engine.clock, engine.ids, shared=shared)
    views.follow(engine.runner)
    paperwork = paperwork or _on_the_desk(engine)
    context = Context(
        engine=engine,
        hub=hub,
        paperwork=paperwork,
        callbacks=callbacks,
        views=views,
        access=access or open_access(engine.store.records, engine.clock, engine.ids),
        cashier=Cashier(engine, hub),
        limits=open_limits(engine.clock, hub.pages),
        default_machine=default_machine,
        gate=Gate(),
        tallies=Tallies(),
        body_seconds=body_seconds,
        tell=tell or _nobody,
    )
    engine.runner.on_step.append(context.tallies.step)
    context.tallies.callbacks = callbacks.counts
    is_api = "api" in engine.roles
    app = _application(context, ROUTES if is_api else WORKER_ROUTES, max_body)
    app.on_startup.append(lambda _: callbacks.start())
    app.on_cleanup.append(lambda _: callbacks.stop())
    app.on_startup.append(lambda _: views.start())
    app.on_cleanup.append(lambda _: views.stop())
    app.on_startup.append(lambda _: paperwork.start())
    app.on_cleanup.append(lambda _: paperwork.close())
    if is_api:
        add_pages(app)
        open_console(app)
        furnish(app)
    return app


def build_probes(app: web.Application) -> web.Application:
    """Probes, metrics and `dispatch` of the daemon that `app` belongs to, for an address of their own."""
    return _application(app[CONTEXT], WORKER_ROUTES, PROBES_BODY)


def _nobody(word: Json) -> None:
    """There are no other processes."""


def _application(context: Context, routes: Sequence[Route], max_body: int) -> web.Application:
    app = web.Application(middlewares=[boundary, admission], client_max_size=max_body)
    app[CONTEXT] = context
    app[NEEDS] = {}
    app[PAGES] = make_pages(ROUTES)
    for route in routes:
        add_route(app, route.method, route.path, route.handler, Need(route.asked_role))
    return app


def _on_the_desk(engine: Engine) -> Paperwork:
    return open_paperwork(
        Papers(settings=Settings(), contents=Desk()), engine.store, engine.clock, engine.ids
    )


def _sandbox(engine: Engine) -> Hub:
    gateway = Gateway({"sandbox": SandboxProvider()})
    return open_hub(gateway, plans(gateway, Written()), engine.store.records, engine.clock)
