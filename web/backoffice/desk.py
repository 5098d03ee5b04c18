"""What the backoffice has of its own beside the daemon's parts: alerts, and refunds of many payments at once."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from hub.alerts import Alerts
from hub.bulk_refunds import BulkRefunds
from web.context import CONTEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One for the life of the application."""

    alerts: Alerts
    refunds: BulkRefunds


DESK = web.AppKey("desk", Desk)


def furnish(app: web.Application) -> None:
    """Have the desk in the application; what was left open is carried on when it starts."""
    context = app[CONTEXT]
    engine = context.engine
    refunds = BulkRefunds(engine, context.access.audit)
    app[DESK] = Desk(alerts=Alerts(engine.store, engine.clock, context.callbacks.kept), refunds=refunds)
    app.on_startup.append(lambda _: refunds.start())
    app.on_cleanup.append(lambda _: refunds.stop())


def desk_of(request: web.Request) -> Desk:
    """The desk of the application that serves this request."""
    return request.app[DESK]
