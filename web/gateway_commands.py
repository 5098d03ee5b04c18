"""/saga/*: commands of a Flow Manager that runs elsewhere, and /v3/{provider}/check. Both answer when it is durable."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from engine.errors import MachineNotFound
from engine.model import Json
from hub.gateway_commands import MESSAGE, NOTICE, check_command, command_of, message_of
from web.answers import json_answer
from web.bodies import read_body
from web.context import context_of
from web.gateway import status_of
from web.problems import Problem
from web.reading import read_event_id, read_query
from web.requests import FlowManagerEvent, NoQuery
from web.shapes import Shape

_COMMAND = msgspec.json.Decoder(FlowManagerEvent)


class CommandTaken(Shape):
    """The command will be carried out, and what becomes of it sent as an event; the saga shows how far it is."""

    saga_id: str


def taking(operation: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of `/saga/...` for an operation."""

    async def take(request: web.Request) -> web.Response:
        read_query(request, NoQuery)
        body = await read_body(request, _COMMAND)
        message, context = body.value, context_of(request)
        payload = message.message_payload or {}
        check_command(operation, payload, context.hub.gateway)
        command = command_of(operation, body.key, message.message_label, payload, read_event_id(request))
        return await _started(request, command.machine, command.metadata, command.saga_id)

    return take


async def send_message(request: web.Request) -> web.Response:
    """`POST /saga/send`: the Flow Manager hears `notificationSent` or `notificationFailed`."""
    read_query(request, NoQuery)
    body = await read_body(request, _COMMAND)
    message = body.value
    command = message_of(
        body.key, message.message_label, message.message_payload or {}, read_event_id(request)
    )
    return await _started(request, command.machine, command.metadata, command.saga_id)


async def check(request: web.Request) -> web.Response:
    """`GET /v3/{provider}/check?paymentId=`: the status; the merchant is told the same, however long that takes."""
    status = await status_of(request)
    answer: Json = msgspec.to_builtins(status)
    context = context_of(request)
    if NOTICE in context.engine.deployments.names():
        await context.engine.runner.start(NOTICE, metadata={"metadata": None, **answer}, actor="api")
    return json_answer(answer)


async def _started(request: web.Request, machine: str, metadata: Json, saga_id: str) -> web.Response:
    try:
        started = await context_of(request).engine.runner.start(
            machine, metadata=metadata, saga_id=saga_id, actor="api"
        )
    except MachineNotFound:
        missing = "gateway.flowManagerUrl" + (", and mail or sms" if machine == MESSAGE else "")
        raise Problem(
            "machine-not-found", f"The configuration names nobody to tell: set {missing}."
        ) from None
    return json_answer(CommandTaken(saga_id=started.saga.saga_id), status=202)
