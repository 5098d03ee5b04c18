"""Logins of people in browsers: a token that only the browser knows, kept here as its hash."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from engine.errors import StaleRecord
from engine.model import Millis
from engine.ports import Clock
from engine.records import Record, Records
from hub.access.passwords import new_secret
from hub.access.roles import Actor
from hub.access.users import User, Users

SESSIONS = "sessions"
LASTS: Millis = 12 * 3_600_000
"""A working day: whoever is at the desk tomorrow logs in again."""


_SWEPT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """`csrf` goes into every form of the person's pages and comes back with it."""

    actor: Actor
    csrf: str = field(repr=False)


class Sessions:
    """Any daemon on the store knows them."""

    def __init__(self, records: Records, clock: Clock, users: Users) -> None:
        self._records = records
        self._clock = clock
        self._users = users

    async def begin(self, user: User) -> str:
        """A new session's token, for a cookie."""
        token = new_secret()
        body = {"user": user.name, "userVersion": user.version, "until": self._clock.now() + LASTS}
        record = Record(
            kind=SESSIONS, id=_hashed(token), at=self._clock.now(), tags={"user": user.name}, body=body
        )
        await self._records.insert(record)
        await self._sweep(user.name)
        return token

    async def _sweep(self, user: str) -> None:
        """Remove sessions of the user that are over: nobody else does."""
        over = self._clock.now() - LASTS
        for record in await self._records.find(SESSIONS, tags={"user": user}, until=over, limit=_SWEPT):
            await self._records.delete(SESSIONS, record.id)

    async def find(self, token: str) -> Session | None:
        """None if it is over, was ended, or the user was changed since."""
        record = await self._records.get(SESSIONS, _hashed(token))
        if record is None or record.body["until"] <= self._clock.now():
            return None
        user = await self._users.get(record.body["user"])
        if user is None or user.disabled or user.version != record.body["userVersion"]:
            return None
        return Session(actor=Actor(name=user.name, role=user.role, how="session"), csrf=csrf_of(token))

    async def end(self, token: str) -> None:
        """Log out. Ending one that is over is fine."""
        try:
            await self._records.delete(SESSIONS, _hashed(token))
        except StaleRecord:
            return


def csrf_of(token: str) -> str:
    """What a form of this session carries: nobody who does not know the token can make it."""
    return hmac.new(token.encode(), b"sagaloom csrf", hashlib.sha256).hexdigest()


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
