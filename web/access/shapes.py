"""Users, API keys and the audit log: what callers may send, and what they are answered."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from engine.machine.names import iso
from hub.access.keys import ApiKey
from hub.access.roles import Role
from hub.access.users import User
from hub.audit import Act
from web.requests import Body, Cursor, Limit, Moment, Query
from web.shapes import Shape

UserName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._@-]{0,63}(?![\s\S])")]
Password = Annotated[str, Meta(min_length=12, max_length=256)]
Filter = Annotated[str, Meta(min_length=1, max_length=500)]


class NewUser(Body):
    """Somebody who may log in. Without `password` the daemon makes one, and answers it once."""

    name: UserName
    role: Role
    password: Password | None = None


class UserChanges(Body):
    """What is given is changed; it ends the user's sessions. `newPassword`: the daemon makes one."""

    role: Role | None = None
    disabled: bool | None = None
    password: Password | None = None
    new_password: bool = False


class NewKey(Body):
    """A key for a program."""

    name: UserName
    role: Role


class AuditQuery(Query):
    actor: Filter | None = None
    action: Filter | None = None
    target: Filter | None = None
    since: Annotated[Moment | None, Meta(description="Inclusive")] = None
    until: Annotated[Moment | None, Meta(description="Exclusive")] = None
    limit: Limit = 50
    cursor: Cursor | None = None


class UserShown(Shape):
    """A user. `password` is there once: when the daemon has made it."""

    name: str
    role: Role
    disabled: bool
    created_at: str
    password: str | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def of(cls, user: User, password: str | None = None) -> UserShown:
        """The user in this shape."""
        return cls(
            name=user.name,
            role=user.role,
            disabled=user.disabled,
            created_at=iso(user.created_at),
            password=msgspec.UNSET if password is None else password,
        )


class UserList(Shape):
    items: list[UserShown]


class KeyShown(Shape):
    """An API key, without what makes it one."""

    id: str
    name: str
    role: Role
    created_at: str

    @classmethod
    def of(cls, key: ApiKey) -> KeyShown:
        """The key in this shape."""
        return cls(id=key.id, name=key.name, role=key.role, created_at=iso(key.created_at))


class KeyList(Shape):
    items: list[KeyShown]


class KeyAdded(Shape):
    """`key` is what the program sends; it is answered this once."""

    id: str
    name: str
    role: Role
    key: str


class KeyRevoked(Shape):
    id: str


class ActShown(Shape):
    """One row of the audit log."""

    id: str
    at: str
    actor: str
    action: str
    target: str
    reason: str
    before: dict[str, Any]
    after: dict[str, Any]

    @classmethod
    def of(cls, act: Act) -> ActShown:
        """The row in this shape."""
        return cls(
            id=act.id,
            at=iso(act.at),
            actor=act.actor,
            action=act.action,
            target=act.target,
            reason=act.reason,
            before=act.before,
            after=act.after,
        )


class AuditPage(Shape):
    """Newest first."""

    items: list[ActShown]
    next_cursor: str | None
