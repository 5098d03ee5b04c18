"""`/-/healthz`, `/-/ready` and `/-/metrics`, for whoever runs the daemon."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiohttp import web

from engine.errors import EngineError
from engine.model import Due
from web import metrics
from web.answers import json_answer, raw_answer
from web.context import Context, context_of
from web.problems import Problem
from web.shapes import Health

STORE_SECONDS = 2.0
"""A store that takes longer to say what is due next is not one to send traffic to."""

GAUGE_LIMIT = 1_000
"""Entries read for a gauge. More than these read as 1,000: the alarm has long gone off."""


async def healthz(request: web.Request) -> web.Response:
    """200 while the process can answer at all."""
    return json_answer(Health(status="ok"))


async def ready(request: web.Request) -> web.Response:
    """200 when events can be taken. Raises Problem: not-ready, with every reason."""
    reasons = await _reasons(context_of(request))
    if reasons:
        raise Problem("not-ready", "The daemon cannot take work now.", problems=reasons)
    return json_answer(Health(status="ready"))


async def show_metrics(request: web.Request) -> web.Response:
    """Prometheus text. A store that does not answer costs the gauges, not the scrape."""
    context = context_of(request)
    try:
        async with asyncio.timeout(STORE_SECONDS):
            owed = await _owed(context)
    except (EngineError, TimeoutError):
        owed = {}
    return raw_answer(metrics.exposition(context.tallies, owed), metrics.CONTENT_TYPE)


async def _reasons(context: Context) -> list[str]:
    reasons = []
    if context.gate.draining:
        reasons.append("draining: the daemon is stopping")
    if not context.engine.deployments.names():
        reasons.append("definitions: no machine is deployed")
    try:
        async with asyncio.timeout(STORE_SECONDS):
            await context.engine.store.next_due()
    except (EngineError, TimeoutError) as error:
        reasons.append(f"store: {str(error) or 'no answer in time'}")
    return reasons


async def _owed(context: Context) -> dict[str, int]:
    store, now = context.engine.store, context.engine.clock.now()
    parked: Sequence[Due] = await store.agenda(parked=True, limit=GAUGE_LIMIT)
    others: Sequence[Due] = await store.agenda(parked=False, limit=GAUGE_LIMIT)
    return {"parked": len(parked), "due": sum(row.entry.due <= now for row in others)}
