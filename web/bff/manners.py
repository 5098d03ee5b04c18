"""What all paths of the BFF have in common: limits, repeats that get the first answer, and how sagas are found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TypeVar

import msgspec
from aiohttp import web

from engine.model import Json, Saga
from providers.base import Rejected, Unknown
from web.access.login import address_of
from web.bodies import read_body
from web.context import USER, context_of
from web.gateway_answers import decided
from web.reading import read_actor, read_event_id
from web.route import Handler
from web.shapes import Shape

PREFIX = "/pgm-bff"

Wanted = TypeVar("Wanted")
Do = Callable[[str | None], Awaitable[Shape]]
"""(key, None without one) -> the answer. A repeat after a crash comes with the same key."""


def limited(handler: Handler) -> Handler:
    """The handler, as often a minute as the configuration lets each caller."""

    @wraps(handler)
    async def counted(request: web.Request) -> web.StreamResponse:
        context_of(request).limits.calls.take(_caller(request))
        return await handler(request)

    return counted


async def once(request: web.Request, asked: object, do: Do) -> Json:
    """What `do` answers; with an `Idempotency-Key`, what it answered the first time.

    Kept are a digest of the request, without what is the provider's alone, and the answer.

    Raises:
        PayloadInvalid: The key was used for another request.
    """
    given = read_event_id(request)
    if given is None:
        answer: Json = msgspec.to_builtins(await do(None))
        return answer
    body = msgspec.to_builtins(asked)
    if isinstance(body, dict):
        body.pop("providerData", None)
    path = request.path.removeprefix(PREFIX)

    async def kept(key: str, again: bool) -> Json | Unknown | Rejected:
        found: Json = msgspec.to_builtins(await do(key))
        return found

    key = f"bff\0{read_actor(request)}\0{path}\0{given}"
    return decided(await context_of(request).hub.calls.once(key, {"path": path, "body": body}, kept))


async def read(request: web.Request, wanted: type[Wanted]) -> Wanted:
    """The body. Raises Problem."""
    return await read_body(request, msgspec.json.Decoder(wanted))


async def found(request: web.Request, handle: str, machine: str) -> Saga:
    """The saga that its id or one of its keys means. Raises SagaNotFound, KeyAmbiguous."""
    store = context_of(request).engine.store
    return await store.load(await store.find(handle, machine))


def _caller(request: web.Request) -> str:
    user, access = request.get(USER), context_of(request).access
    known = user is not None and user.how != "open"
    return f"user:{user.name}" if user is not None and known else f"address:{address_of(request, access)}"
