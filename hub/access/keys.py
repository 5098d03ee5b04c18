"""API keys of programs: `sgl_<id>_<secret>`, of which only the hash is kept."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from engine.model import Millis
from engine.ports import Clock, Ids
from engine.records import Record, Records
from hub.access.passwords import Passwords, new_secret
from hub.access.roles import Actor, Role
from hub.access.users import checked_name, checked_role

KEYS = "api_keys"
PREFIX = "sgl"
REMEMBERED: Millis = 30_000
"""Argon2 takes 50 ms: a key that was right is right for so long; a revoked one may be used so long on other daemons."""

_MOST = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is shown of a key."""

    id: str
    name: str
    role: Role
    created_at: Millis


class ApiKeys:
    """Any daemon on the store knows them."""

    def __init__(self, records: Records, clock: Clock, ids: Ids, passwords: Passwords) -> None:
        self._records = records
        self._clock = clock
        self._ids = ids
        self._passwords = passwords
        self._known: OrderedDict[str, tuple[Millis, Actor]] = OrderedDict()

    async def add(self, name: str, role: Role) -> str:
        """A new key: the text is shown now and never again.

        Raises:
            PayloadInvalid: The name or the role cannot be taken.
        """
        id_, secret = self._ids.new(), new_secret()
        body = {
            "name": checked_name(name),
            "role": checked_role(role),
            "hash": await self._passwords.hashed(secret),
        }
        await self._records.insert(Record(kind=KEYS, id=id_, at=self._clock.now(), body=body))
        return f"{PREFIX}_{id_}_{secret}"

    async def list(self) -> Sequence[ApiKey]:
        """All, oldest first."""
        return [
            ApiKey(id=record.id, name=record.body["name"], role=record.body["role"], created_at=record.at)
            for record in await self._records.find(KEYS, limit=_MOST)
        ]

    async def revoke(self, id_: str) -> bool:
        """The key is no longer taken; False if there is none."""
        self._known.clear()
        return await self._records.delete(KEYS, id_)

    async def verified(self, text: str) -> Actor | None:
        """Who has this key; None if nobody has."""
        digest, now = hashlib.sha256(text.encode()).hexdigest(), self._clock.now()
        known = self._known.get(digest)
        if known is not None and now - known[0] < REMEMBERED:
            return known[1]
        actor = await self._looked_up(text)
        if actor is not None:
            self._known[digest] = (now, actor)
            if len(self._known) > _MOST:
                self._known.popitem(last=False)
        return actor

    async def _looked_up(self, text: str) -> Actor | None:
        prefix, _, rest = text.partition("_")
        id_, _, secret = rest.partition("_")
        if prefix != PREFIX or not id_ or not secret or len(text) > 200:
            return None
        record = await self._records.get(KEYS, id_)
        if record is None or not await self._passwords.fits(secret, record.body["hash"]):
            return None
        return Actor(name=f"key:{record.body['name']}", role=record.body["role"], how="key")
