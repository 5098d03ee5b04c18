"""`/api/v1/dispatch`: whether the daemon begins what sagas owe. Events are taken either way."""

from __future__ import annotations

from typing import Literal

import msgspec
from aiohttp import web

from engine.assembly import Engine
from web.answers import json_answer
from web.bodies import read_body
from web.context import context_of
from web.orders import SetDispatch
from web.reading import read_query
from web.requests import NoQuery
from web.shapes import Shape

State = Literal["running", "held"]

_SET = msgspec.json.Decoder(SetDispatch)


class Dispatch(Shape):
    """`held`: what becomes due waits in the store, until it is `running` again."""

    state: State


async def show_dispatch(request: web.Request) -> web.Response:
    """`GET /api/v1/dispatch`."""
    read_query(request, NoQuery)
    return json_answer(Dispatch(state=state_of(context_of(request).engine)))


async def set_dispatch(request: web.Request) -> web.Response:
    """`POST /api/v1/dispatch`: hold, or go on from the next tick; what is in hand is finished either way."""
    read_query(request, NoQuery)
    body = await read_body(request, _SET)
    engine = context_of(request).engine
    engine.dispatcher.go_on() if body.state == "running" else engine.dispatcher.hold()
    return json_answer(Dispatch(state=state_of(engine)))


def state_of(engine: Engine) -> State:
    """What the dispatcher does at present."""
    return "held" if engine.dispatcher.holding else "running"
