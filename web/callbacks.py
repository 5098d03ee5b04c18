"""Callbacks of payment providers, for every provider alike: the request as it came goes to the hub."""

from __future__ import annotations

from aiohttp import web

from engine.errors import ChannelUnavailable
from providers.callbacks import CallbackRequest, Refused
from web.answers import raw_answer
from web.bodies import read_bytes
from web.context import Context, context_of
from web.problems import Problem
from web.reading import read_name

_CODES = {400: "callback-unreadable", 401: "callback-refused"}


async def take_callback(request: web.Request) -> web.Response:
    """`GET` and `POST /v3/{provider}/callback[/{part}]`: what it tells is durable when it is answered."""
    context = context_of(request)
    callback = await _callback(request, context)
    told = await context.callbacks.take(read_name(request, "provider"), callback)
    if not isinstance(told, Refused):
        return raw_answer(told.body, told.content_type, status=told.status)
    if told.status in _CODES:
        raise Problem(_CODES[told.status], f"The callback is not taken: {told.reason}.")
    raise ChannelUnavailable(f"the callback could not be checked: {told.reason}")


async def _callback(request: web.Request, context: Context) -> CallbackRequest:
    return CallbackRequest(
        method="POST" if request.method == "POST" else "GET",
        target=request.raw_path,
        part=request.match_info.get("part", ""),
        query=dict(reversed([*request.query.items()])),
        headers={name.lower(): value for name, value in reversed([*request.headers.items()])},
        body=await read_bytes(request),
        received=context.engine.clock.now(),
    )
