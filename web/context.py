"""What every handler is given: the engine, the configured limits, the gate and the tallies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from engine.model import Json
from hub.access.roles import Actor
from web.guards import Gate
from web.limits import Limits
from web.metrics import Tallies
from web.problems import Problem

if TYPE_CHECKING:
    from engine.assembly import Engine
    from hub.access.access import Access
    from hub.callbacks import Callbacks
    from hub.cashier import Cashier
    from hub.hub import Hub
    from hub.paperwork import Paperwork
    from hub.views.views import Views

DRAWINGS_AT_ONCE = 2
"""A drawing runs a program; more of them than cores only makes events wait."""

Tell = Callable[[Json], None]
"""Tells the other processes of this daemon what was changed here: they share nothing but the store."""

EXPORTS_AT_ONCE = 2
"""An Excel file takes a core for seconds; the next one waits its turn."""

BODY_SECONDS = 20.0
"""How long a caller may take to send a body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The daemon's parts, one for the life of the application."""

    engine: Engine
    hub: Hub
    paperwork: Paperwork
    callbacks: Callbacks
    views: Views
    access: Access
    cashier: Cashier
    limits: Limits
    default_machine: str | None
    gate: Gate
    tallies: Tallies
    tell: Tell
    body_seconds: float = BODY_SECONDS
    exporting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(EXPORTS_AT_ONCE))
    drawing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(DRAWINGS_AT_ONCE))

    def machine_or_default(self, machine: str | None) -> str:
        """The machine that was asked for, else the configured one. Raises Problem: machine-required."""
        name = machine or self.default_machine
        if name is None:
            raise Problem("machine-required", "No default machine is configured: name one.")
        return name


CONTEXT = web.AppKey("context", Context)

USER = web.RequestKey("user", Actor)
"""Who sends the request; not there on routes that ask nobody."""

CSRF = web.RequestKey("csrf", str)
"""What the forms of a person's session carry; not there without a session."""


def context_of(request: web.Request) -> Context:
    """The context of the application that serves this request."""
    return request.app[CONTEXT]
