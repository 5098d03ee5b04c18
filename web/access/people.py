"""/access/users and /access/keys: who may come in. Passwords and keys are shown in the one answer that makes them."""

from __future__ import annotations

from aiohttp import web

from engine.errors import PayloadInvalid, RecordExists
from hub.access.passwords import new_secret
from hub.access.roles import ROLES
from hub.access.users import checked_name, checked_role
from web.access import acts
from web.answers import see_other
from web.context import context_of
from web.pages.forms import Form, read_form, text_in
from web.pages.rendering import page
from web.problems import Problem
from web.reading import read_name

USERS = "/access/users"
KEYS = "/access/keys"


async def show_users(request: web.Request) -> web.StreamResponse:
    """`GET /access/users`."""
    return await _users(request)


async def add_user(request: web.Request) -> web.StreamResponse:
    """`POST /access/users`: with a password that the admin passes on."""
    form = await read_form(request)
    name, password = _name(form), new_secret()
    try:
        await acts.add_user(request, checked_name(name), password, checked_role(text_in(form, "role")))
    except PayloadInvalid:
        return await _users(request, said="rule", status=422)
    except RecordExists:
        return await _users(request, said="taken", status=409)
    return await _users(request, made=(name, password), status=201)


async def change_user(request: web.Request) -> web.StreamResponse:
    """`POST /access/users/{user}`: `do` is role, disable, enable or password."""
    name, form = read_name(request, "user"), await read_form(request)
    do, password = text_in(form, "do"), new_secret()
    try:
        if do == "role":
            await acts.change_user(request, name, role=checked_role(text_in(form, "role")))
        elif do in ("disable", "enable"):
            await acts.change_user(request, name, disabled=do == "disable")
        elif do == "password":
            await acts.change_user(request, name, password=password)
        else:
            raise Problem("invalid-request", "`do` is role, disable, enable or password.")
    except PayloadInvalid:
        return await _users(request, said="last_admin", status=422)
    return await _users(request, made=(name, password)) if do == "password" else see_other(USERS)


async def show_keys(request: web.Request) -> web.StreamResponse:
    """`GET /access/keys`."""
    return await _keys(request)


async def add_key(request: web.Request) -> web.StreamResponse:
    """`POST /access/keys`."""
    form = await read_form(request)
    name = _name(form)
    try:
        _, text = await acts.add_key(request, checked_name(name), checked_role(text_in(form, "role")))
    except PayloadInvalid:
        return await _keys(request, said="rule", status=422)
    return await _keys(request, made=(name, text), status=201)


async def revoke_key(request: web.Request) -> web.StreamResponse:
    """`POST /access/keys/{key}/revoke`."""
    await acts.revoke_key(request, read_name(request, "key"))
    return see_other(KEYS)


def _name(form: Form) -> str:
    return text_in(form, "name").strip().lower()


async def _users(
    request: web.Request, *, said: str | None = None, made: tuple[str, str] | None = None, status: int = 200
) -> web.Response:
    users = await context_of(request).access.users.list()
    names = {"users": users, "roles": ROLES, "said": said, "made": made}
    return page(request, "access/users.html", names, status=status)


async def _keys(
    request: web.Request, *, said: str | None = None, made: tuple[str, str] | None = None, status: int = 200
) -> web.Response:
    keys = await context_of(request).access.keys.list()
    names = {"keys": keys, "roles": ROLES, "said": said, "made": made}
    return page(request, "access/keys.html", names, status=status)
