"""Who sends a request, and whether they may: API keys, sessions, roles, and forms that are our own pages'.

Every route says what it asks for when it is added here; one that does not is for admins. The middleware stands
inside the boundary: what it refuses becomes a problem for programs, and the login page for people.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from hub.access.access import Access
from hub.access.roles import Actor, Role
from web.context import CSRF, USER, context_of
from web.guards import SAFE_METHODS
from web.pages.faults import fault_page
from web.pages.forms import FORMS, read_form, text_in
from web.problems import Problem
from web.turned_away import to_login

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

COOKIE = "sagaloom_session"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="sagaloom"'}
_WRONG_KEY = {"WWW-Authenticate": 'Bearer realm="sagaloom", error="invalid_token"'}
_OPEN = Actor(name="open", role="admin", how="open")


@dataclass(frozen=True, slots=True)
class Need:
    """What a route asks for: a role (None: nobody is asked), in the manner of an API or of a page."""

    role: Role | None
    face: Literal["api", "page"] = "api"


NEEDS = web.AppKey("needs", dict[tuple[str, str], Need])
_UNSAID = Need("admin")


def add_route(app: web.Application, method: str, path: str, handler: Handler, need: Need) -> None:
    """The one way to add a route. HEAD comes with GET."""
    router = app.router
    route = router.add_get(path, handler) if method == "GET" else router.add_route(method, path, handler)
    assert route.resource is not None
    app[NEEDS][method, route.resource.canonical] = need


@web.middleware
async def admission(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let in whoever may; their Actor is request[USER], the token of their forms request[CSRF]."""
    resource = request.match_info.route.resource
    if resource is None:  # there is nothing at this path
        return await handler(request)
    method = "GET" if request.method == "HEAD" else request.method
    need = request.app[NEEDS].get((method, resource.canonical), _UNSAID)
    try:
        await _admit(request, need)
    except Problem as refused:
        if need.face == "api":
            raise
        return to_login(request) if refused.kind.code == "login-required" else fault_page(request, refused)
    return await handler(request)


async def _admit(request: web.Request, need: Need) -> None:
    access = context_of(request).access
    actor, csrf = await _recognised(request, access, need)
    if actor is not None:
        request[USER] = actor
    if csrf is not None:
        request[CSRF] = csrf
    if need.role is None:
        return
    if actor is None:
        raise Problem("login-required", "Send an API key as `Authorization: Bearer KEY`.", headers=CHALLENGE)
    if not actor.may(need.role):
        raise Problem("not-allowed", f"This asks for the role {need.role}; {actor.name} is {actor.role}.")
    if csrf is not None and request.method not in SAFE_METHODS:
        await _check_form(request, csrf)


async def _recognised(request: web.Request, access: Access, need: Need) -> tuple[Actor | None, str | None]:
    """Who it is, and the token that their forms must carry (sessions only)."""
    if need == Need(None):
        return None, None
    if need.face == "api" and (key := _key_in(request)):
        return await _holder(access, key), None
    if token := token_in(request):
        session = await access.sessions.find(token)
        if session is not None:
            return session.actor, session.csrf
    return (_OPEN if need.face == "api" and not access.house.asks else None), None


async def _holder(access: Access, key: str) -> Actor:
    actor = await access.keys.verified(key)
    if actor is None:
        raise Problem("key-refused", "There is no such API key, or it was revoked.", headers=_WRONG_KEY)
    return actor


def _key_in(request: web.Request) -> str | None:
    """`Authorization: Bearer`, `X-API-Key`, or `secret`, which is what callers of the original send."""
    headers = request.headers
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return headers.get("X-API-Key") or headers.get("secret")


def token_in(request: web.Request) -> str | None:
    """The session's token, as the browser keeps it."""
    return request.cookies.get(COOKIE) if "Cookie" in request.headers else None


async def _check_form(request: web.Request, csrf: str) -> None:
    given = request.headers.get("X-CSRF-Token", "")
    if not given and request.content_type in FORMS:
        given = text_in(await read_form(request), "csrf")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), csrf.encode()):
        raise Problem(
            "csrf-refused", "This form is from another login. Go back, load the page again, and repeat."
        )
