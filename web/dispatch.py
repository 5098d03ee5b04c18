"""`/api/v1/dispatch`: whether the daemon begins what sagas owe. Events are taken either way."""

from __future__ import annotations

from typing import Literal

import msgspec
from aiohttp import web

from engine.assembly import Engine
from engine.errors import ActionNotPossible
from web.acts import note
from web.answers import json_answer
from web.bodies import read_body
from web.context import context_of
from web.orders import SetDispatch
from web.reading import read_query
from web.requests import NoQuery
from web.shapes import Shape

State = Literal["running", "held", "elsewhere"]

_SET = msgspec.json.Decoder(SetDispatch)


class Dispatch(Shape):
    """`held`: what becomes due waits in the store, until it is `running` again.

    `elsewhere`: this daemon has the role api only, and daemons with the role worker begin.
    """

    state: State


async def show_dispatch(request: web.Request) -> web.Response:
    """`GET /api/v1/dispatch`."""
    read_query(request, NoQuery)
    return json_answer(Dispatch(state=state_of(context_of(request).engine)))


async def set_dispatch(request: web.Request) -> web.Response:
    """`POST /api/v1/dispatch`: hold, or go on from the next tick; what is in hand is finished either way.

    Raises ActionNotPossible: this daemon does not work.
    """
    read_query(request, NoQuery)
    body = await read_body(request, _SET)
    context = context_of(request)
    before = state_of(context.engine)
    set_state(context.engine, body.state)
    context.tell({"dispatch": body.state})
    await note(request, "dispatch.set", "dispatch", before={"state": before}, after={"state": body.state})
    return json_answer(Dispatch(state=state_of(context.engine)))


def set_state(engine: Engine, state: Literal["running", "held"]) -> None:
    """Hold, or go on. Raises ActionNotPossible: this daemon does not work."""
    if not engine.dispatcher.works:
        raise ActionNotPossible(
            "this daemon has the role api only and begins nothing: ask those with the role worker"
        )
    engine.dispatcher.go_on() if state == "running" else engine.dispatcher.hold()


def state_of(engine: Engine) -> State:
    """What the dispatcher does at present."""
    if not engine.dispatcher.works:
        return "elsewhere"
    return "held" if engine.dispatcher.holding else "running"
