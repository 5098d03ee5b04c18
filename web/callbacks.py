"""What a provider sends on its own. Today the sandbox's; each becomes an event of the saga it is about."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.callbacks import sandbox_callback
from web.answers import json_answer
from web.bodies import read_body
from web.context import context_of
from web.reading import read_query
from web.requests import SandboxCallback, SandboxCallbackQuery
from web.shapes import EventTaken

_CALLBACK = msgspec.json.Decoder(SandboxCallback)


async def take_callback(request: web.Request) -> web.Response:
    """`POST /v3/sandbox/callback`: the provider decided a payment; a repeat is the same event."""
    said = await read_body(request, _CALLBACK)
    return await _told(request, said)


async def take_redirect(request: web.Request) -> web.Response:
    """`GET /v3/sandbox/callback`: the same in the query, as a browser that comes back sends it."""
    return await _told(request, read_query(request, SandboxCallbackQuery))


async def _told(request: web.Request, said: SandboxCallback | SandboxCallbackQuery) -> web.Response:
    handle, event = sandbox_callback(msgspec.to_builtins(said))
    answer = await context_of(request).engine.runner.handle(handle, event)
    return json_answer(EventTaken(saga_id=answer.saga_id, current_state=answer.state, result=answer.result))
