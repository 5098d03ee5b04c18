"""The people who may log in: kept as records, found by name.

Raises of every method that writes: StoreUnavailable, the outcome is unknown then.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from engine.errors import PayloadInvalid, RecordExists, StaleRecord
from engine.model import Json, Millis
from engine.ports import Clock
from engine.records import Record, Records
from hub.access.passwords import Passwords, new_secret, problem
from hub.access.roles import ROLES, Role

USERS = "users"
FIRST = "admin"
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """`version` grows with every change: a session of an older one is over."""

    name: str
    role: Role
    disabled: bool = False
    created_at: Millis
    version: int
    hashed: str = field(repr=False)


class Users:
    """Who may log in."""

    def __init__(self, records: Records, clock: Clock, passwords: Passwords) -> None:
        self._records = records
        self._clock = clock
        self._passwords = passwords

    async def first(self) -> str | None:
        """Make the first admin if there is no user yet: the password, to be shown once; None if there are users."""
        if await self._records.find(USERS, limit=1):
            return None
        password = new_secret()
        record = await self._made(FIRST, password, "admin")
        try:
            await self._records.insert(record)
        except RecordExists:
            return None
        return password

    async def add(self, name: str, password: str, role: Role) -> User:
        """A new user.

        Raises:
            PayloadInvalid: The name, the password or the role cannot be taken.
            RecordExists: The name is taken.
        """
        name = checked_name(name)
        if said := problem(password):
            raise PayloadInvalid(said)
        record = await self._made(name, password, checked_role(role))
        await self._records.insert(record)
        return _user(record)

    async def get(self, name: str) -> User | None:
        record = await self._records.get(USERS, name)
        return None if record is None else _user(record)

    async def list(self) -> Sequence[User]:
        """All, by the time they were made."""
        return [_user(record) for record in await self._records.find(USERS, limit=1_000)]

    async def verified(self, name: str, password: str) -> User | None:
        """The user, if the password is theirs and they may log in. As slow for a name that is not there."""
        user = await self.get(name)
        fits = await self._passwords.fits(password, None if user is None else user.hashed)
        return user if fits and user is not None and not user.disabled else None

    async def change(
        self,
        name: str,
        *,
        role: Role | None = None,
        disabled: bool | None = None,
        password: str | None = None,
    ) -> User:
        """Change what is given; ends the user's sessions.

        Raises:
            PayloadInvalid: Wrong values, or it would leave no admin.
            StaleRecord: There is no such user, or others change it all the time.
        """
        if password is not None and (said := problem(password)):
            raise PayloadInvalid(said)
        hashed = None if password is None else await self._passwords.hashed(password)
        for _ in range(_TRIES):
            record = await self._records.get(USERS, name)
            if record is None:
                raise StaleRecord(f"there is no user {name}")
            changed: Json = dict(record.body)
            changed |= {"role": checked_role(role)} if role is not None else {}
            changed |= {"disabled": disabled} if disabled is not None else {}
            changed |= {"hash": hashed} if hashed is not None else {}
            if _is_admin(record.body) and not _is_admin(changed):
                await self._keep_an_admin(name)
            try:
                return _user(await self._records.replace(replace(record, body=changed)))
            except StaleRecord:
                continue
        raise StaleRecord(f"the user {name} is being changed by others: try again")

    async def _keep_an_admin(self, name: str) -> None:
        others = (user for user in await self.list() if user.name != name and not user.disabled)
        if not any(user.role == "admin" for user in others):
            raise PayloadInvalid("somebody has to stay admin: make another user one first")

    async def _made(self, name: str, password: str, role: Role) -> Record:
        hashed = await self._passwords.hashed(password)
        body = {"role": role, "disabled": False, "hash": hashed}
        return Record(kind=USERS, id=name, at=self._clock.now(), body=body)


def checked_name(name: str) -> str:
    """Raises PayloadInvalid."""
    if not _NAME.fullmatch(name):
        raise PayloadInvalid("a name is 1 to 64 of a-z 0-9 . _ @ - and begins with a letter or digit")
    return name


def checked_role(role: str) -> Role:
    """Raises PayloadInvalid."""
    for known in ROLES:
        if role == known:
            return known
    raise PayloadInvalid(f"a role is one of {', '.join(ROLES)}")


def _is_admin(body: Json) -> bool:
    return body["role"] == "admin" and not body["disabled"]


def _user(record: Record) -> User:
    return User(
        name=record.id,
        role=checked_role(record.body["role"]),
        disabled=record.body["disabled"],
        created_at=record.at,
        version=record.version,
        hashed=record.body["hash"],
    )
