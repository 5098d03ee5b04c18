"""`/-/healthz`, `/-/ready` and `/-/metrics`, for whoever runs the daemon."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from aiohttp import web

from engine.errors import EngineError
from engine.model import Tally
from web import metrics
from web.answers import json_answer, raw_answer
from web.context import Context, context_of
from web.dispatch import state_of
from web.problems import Problem
from web.shapes import Health, Readiness

STORE_SECONDS = 2.0
"""A store that takes longer to say what is due next is not one to send traffic to."""


async def healthz(request: web.Request) -> web.Response:
    """200 while the process can answer at all."""
    return json_answer(Health(status="ok"))


async def ready(request: web.Request) -> web.Response:
    """200 when events can be taken. Raises Problem: not-ready, with every reason."""
    reasons = await _reasons(context_of(request))
    if reasons:
        raise Problem("not-ready", "The daemon cannot take work now.", problems=reasons)
    return json_answer(Readiness(status="ready", dispatch=state_of(context_of(request).engine)))


async def show_metrics(request: web.Request) -> web.Response:
    """Prometheus text. A store that does not answer costs the gauges, not the scrape."""
    context = context_of(request)
    engine = context.engine
    owed: Sequence[Tally] | None = None
    unmatched: int | None = None
    with suppress(EngineError, TimeoutError):
        async with asyncio.timeout(STORE_SECONDS):
            owed = await engine.store.tallies(now=engine.clock.now())
            unmatched = await context.callbacks.kept.count()
    present = metrics.Present(
        machines=engine.deployments.names(),
        owed=owed,
        holding=engine.dispatcher.holding,
        unmatched=unmatched,
    )
    return raw_answer(metrics.exposition(context.tallies, present), metrics.CONTENT_TYPE)


async def _reasons(context: Context) -> list[str]:
    reasons = []
    if context.gate.draining:
        reasons.append("draining: the daemon is stopping")
    if not context.engine.deployments.names():
        reasons.append("definitions: no machine is deployed")
    for name, inlet in context.engine.inlets.items():
        if illness := inlet.healthy():
            reasons.append(f"channel {name}: {illness}")
    try:
        async with asyncio.timeout(STORE_SECONDS):
            await context.engine.store.next_due()
    except (EngineError, TimeoutError) as error:
        reasons.append(f"store: {str(error) or 'no answer in time'}")
    return reasons
