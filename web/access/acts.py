"""What admins do to users and keys, each with its row in the audit log. The API and the pages call the same."""

from __future__ import annotations

from aiohttp import web

from engine.errors import StaleRecord
from engine.model import Json
from hub.access.roles import Role
from hub.access.users import User
from web.acts import note
from web.context import context_of
from web.problems import Problem


async def add_user(request: web.Request, name: str, password: str, role: Role) -> User:
    """Raises PayloadInvalid, RecordExists."""
    user = await context_of(request).access.users.add(name, password, role)
    await note(request, "user.add", f"user {name}", after=_standing(user))
    return user


async def change_user(
    request: web.Request,
    name: str,
    *,
    role: Role | None = None,
    disabled: bool | None = None,
    password: str | None = None,
) -> User:
    """What is given is changed. Raises Problem: user-not-found; PayloadInvalid, StaleRecord."""
    users = context_of(request).access.users
    before = await users.get(name)
    if before is None:
        raise Problem("user-not-found", "There is no user of this name.")
    user = await users.change(name, role=role, disabled=disabled, password=password)
    action = "user.password" if role is None and disabled is None else "user.change"
    await note(request, action, f"user {name}", before=_standing(before), after=_standing(user))
    return user


async def add_key(request: web.Request, name: str, role: Role) -> tuple[str, str]:
    """The id of the key and its text, which nobody can read again. Raises PayloadInvalid."""
    text = await context_of(request).access.keys.add(name, role)
    id_ = text.split("_")[1]
    await note(request, "key.add", f"key {id_}", after={"name": name, "role": role})
    return id_, text


async def revoke_key(request: web.Request, id_: str) -> None:
    """Raises Problem: key-not-found."""
    keys = context_of(request).access.keys
    before = next((key for key in await keys.list() if key.id == id_), None)
    try:
        revoked = before is not None and await keys.revoke(id_)
    except StaleRecord:
        revoked = False
    if before is None or not revoked:
        raise Problem("key-not-found", "There is no API key of this id.")
    await note(request, "key.revoke", f"key {id_}", before={"name": before.name, "role": before.role})


def _standing(user: User) -> Json:
    return {"role": user.role, "disabled": user.disabled}
