"""Diagrams over HTTP: a machine as it is, or with one saga's way through it."""

from __future__ import annotations

import asyncio

from aiohttp import web

from engine.definition.ir import Definition
from engine.document import BOUND
from engine.drawing.diagram import draw
from engine.drawing.graph import Move
from web.answers import raw_answer
from web.context import Context, context_of
from web.machines import found_machine
from web.reading import read_query
from web.requests import DrawingQuery, MachineDrawingQuery, SagaDrawingQuery
from web.sagas import found_saga

TYPES = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "dot": "text/vnd.graphviz; charset=utf-8",
    "mermaid": "text/plain; charset=utf-8",
}
SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
"""An SVG opened by itself is a document: it may style itself and do nothing else."""


async def draw_machine(request: web.Request) -> web.Response:
    """`GET /api/v1/machines/{name}/diagram`."""
    context = context_of(request)
    query = read_query(request, MachineDrawingQuery)
    machine = await found_machine(request, context, query.version)
    return await _drawn(context, machine.definition, query)


async def draw_saga(request: web.Request) -> web.Response:
    """`GET /api/v1/sagas/{id}/diagram`: the way it took (its newest 500 steps) and where it stands."""
    context = context_of(request)
    query = read_query(request, SagaDrawingQuery)
    saga = await found_saga(request, context, query.machine)
    machine = await context.engine.deployments.machine(saga.machine, saga.machine_version)
    rows = await context.engine.store.history(saga.saga_id, limit=BOUND, newest=True)
    way = tuple((row.source or "", row.event, row.state) for row in rows if row.result == "applied")
    return await _drawn(context, machine.definition, query, way, saga.state)


async def _drawn(
    context: Context,
    definition: Definition,
    query: DrawingQuery,
    way: tuple[Move, ...] = (),
    current: str | None = None,
) -> web.Response:
    async with context.drawing:
        picture = await asyncio.to_thread(
            draw, definition, format=query.format, level=query.level, visited=way, current=current
        )
    policy = SVG_POLICY if query.format == "svg" else None
    return raw_answer(picture, TYPES[query.format], policy=policy)
