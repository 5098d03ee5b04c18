"""/api/v1/users, /api/v1/keys and /api/v1/audit."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.access.access import Access
from hub.access.passwords import new_secret
from web.access.acts import add_key, add_user, change_user, revoke_key
from web.access.shapes import (
    ActShown,
    AuditPage,
    AuditQuery,
    KeyAdded,
    KeyList,
    KeyRevoked,
    KeyShown,
    NewKey,
    NewUser,
    UserChanges,
    UserList,
    UserShown,
)
from web.answers import json_answer
from web.bodies import read_body
from web.context import context_of
from web.cursors import cursor_for, place_of
from web.moments import moment
from web.problems import Problem
from web.reading import read_name, read_query
from web.requests import NoQuery

_NEW_USER = msgspec.json.Decoder(NewUser)
_USER_CHANGES = msgspec.json.Decoder(UserChanges)
_NEW_KEY = msgspec.json.Decoder(NewKey)


async def list_users(request: web.Request) -> web.Response:
    """`GET /api/v1/users`: by the time they were made."""
    read_query(request, NoQuery)
    return json_answer(UserList(items=[UserShown.of(user) for user in await _access(request).users.list()]))


async def post_user(request: web.Request) -> web.Response:
    """`POST /api/v1/users`."""
    read_query(request, NoQuery)
    body = await read_body(request, _NEW_USER)
    made = None if body.password is not None else new_secret()
    user = await add_user(request, body.name, body.password or made or "", body.role)
    return json_answer(UserShown.of(user, made), status=201, location="/api/v1/users")


async def patch_user(request: web.Request) -> web.Response:
    """`PATCH /api/v1/users/{user}`."""
    read_query(request, NoQuery)
    name, body = read_name(request, "user"), await read_body(request, _USER_CHANGES)
    if body == UserChanges() or (body.password is not None and body.new_password):
        raise Problem("invalid-request", "Give role, disabled, and either password or newPassword.")
    made = new_secret() if body.new_password else None
    user = await change_user(
        request, name, role=body.role, disabled=body.disabled, password=body.password or made
    )
    return json_answer(UserShown.of(user, made))


async def list_keys(request: web.Request) -> web.Response:
    """`GET /api/v1/keys`: oldest first."""
    read_query(request, NoQuery)
    return json_answer(KeyList(items=[KeyShown.of(key) for key in await _access(request).keys.list()]))


async def post_key(request: web.Request) -> web.Response:
    """`POST /api/v1/keys`."""
    read_query(request, NoQuery)
    body = await read_body(request, _NEW_KEY)
    id_, text = await add_key(request, body.name, body.role)
    added = KeyAdded(id=id_, name=body.name, role=body.role, key=text)
    return json_answer(added, status=201, location="/api/v1/keys")


async def delete_key(request: web.Request) -> web.Response:
    """`DELETE /api/v1/keys/{key}`."""
    read_query(request, NoQuery)
    id_ = read_name(request, "key")
    await revoke_key(request, id_)
    return json_answer(KeyRevoked(id=id_))


async def list_audit(request: web.Request) -> web.Response:
    """`GET /api/v1/audit`: newest first."""
    query = read_query(request, AuditQuery)
    found = await _access(request).audit.list(
        actor=query.actor,
        action=query.action,
        target=query.target,
        since=moment("since", query.since),
        until=moment("until", query.until),
        after=place_of(query.cursor),
        limit=query.limit + 1,
    )
    shown = found[: query.limit]
    cursor = cursor_for((shown[-1].at, shown[-1].id)) if len(found) > len(shown) else None
    return json_answer(AuditPage(items=[ActShown.of(act) for act in shown], next_cursor=cursor))


def _access(request: web.Request) -> Access:
    return context_of(request).access
