"""What every handler is given: the engine, the configured limits, the gate and the tallies."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from web.guards import Gate
from web.metrics import Tallies
from web.problems import Problem

if TYPE_CHECKING:
    from engine.assembly import Engine

DRAWINGS_AT_ONCE = 2
"""A drawing runs a program; more of them than cores only makes events wait."""

BODY_SECONDS = 20.0
"""How long a caller may take to send a body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The daemon's parts, one for the life of the application."""

    engine: Engine
    default_machine: str | None
    gate: Gate
    tallies: Tallies
    body_seconds: float = BODY_SECONDS
    drawing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(DRAWINGS_AT_ONCE))

    def machine_or_default(self, machine: str | None) -> str:
        """The machine that was asked for, else the configured one. Raises Problem: machine-required."""
        name = machine or self.default_machine
        if name is None:
            raise Problem("machine-required", "No default machine is configured: name one.")
        return name


CONTEXT = web.AppKey("context", Context)


def context_of(request: web.Request) -> Context:
    """The context of the application that serves this request."""
    return request.app[CONTEXT]
