"""Names that one saga at most may have: each is a small document, whose _id is the name.

A name is reserved before the step that needs it, and counts once the saga's document says so too: a row whose saga
does not say so is on its way, or was left by a crash. Who wants such a one waits for some looks, then shuts its
writer out and takes it over. docs/decisions/0010-mongo-documents.md says why nobody can write under a lost name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from adapters.stores.mongo_places import Collection, Found, Place
from engine.errors import Refused, StoreUnavailable
from engine.model import Millis, Step

PATIENCE = 20
"""Looks at a name that is on its way, so that a writer who is only slower gets to its end."""

LEFT_BEHIND: Millis = 5_000
"""A name on its way for longer, by the moments of the steps, is taken over at the first look. Courtesy, not safety."""

LOOKS = 50
"""Before the caller is told to try later: somebody else takes the name over again and again."""

FENCED = "fenced"
"""A saga's field: the stamps of reservations that were lost; no step that relies on one is taken."""


class Name(Protocol):
    """What may be reserved: a key, or a saga's id."""

    @property
    def id(self) -> str:
        """The _id of its row: no two names share one."""
        ...

    @property
    def says(self) -> Mapping[str, Any]:
        """Of the row, beside what every reservation has."""
        ...

    def is_ours(self, kept: Found) -> bool:
        """The row was written for the same saga."""
        ...

    async def is_used(self, kept: Found) -> bool:
        """The row's saga has the name, so that it is not to be had."""
        ...

    async def shut_out(self, kept: Found) -> bool:
        """See that no step which relies on the row is taken any more; False if one was."""
        ...

    def taken(self) -> Refused:
        """What the caller is told when it is not to be had."""
        ...


class Reservations:
    """The names of one step, from their reservation to its end. `stamp` marks the step's own rows."""

    def __init__(self, rows: Collection, step: Step, names: Sequence[Name]) -> None:
        self._rows = rows
        self._step = step
        self._names = names
        self._made: list[Name] = []
        self.stamp = ObjectId()

    async def take(self) -> Refused | None:
        """Reserve all of them; what speaks against it, if another saga has one.

        Raises:
            StoreUnavailable: Others are at one of them all the time.
        """
        for name in self._names:
            if (taken := await self._take(name)) is not None:
                return taken
        return None

    async def give_back(self) -> None:
        """The step was not written now: what it reserved is free again, unless the saga has it after all."""
        for name in self._made:
            if not await name.is_used(self._row(name)):
                await self._rows.delete_one({"_id": name.id, "stamp": self.stamp})

    async def _take(self, name: Name) -> Refused | None:
        for look in range(LOOKS):
            try:
                await self._rows.insert_one(self._row(name))
            except DuplicateKeyError:
                kept = await self._rows.find_one({"_id": name.id})
            else:
                break
            if kept is None:
                continue
            if await name.is_used(kept):
                if not name.is_ours(kept):
                    return name.taken()
                if await self._put(name, kept):
                    return None
            # Also for the same saga: an earlier try of it may still be on its way.
            elif self._is_left(kept, look) and await name.shut_out(kept) and await self._put(name, kept):
                break
        else:
            raise StoreUnavailable("Another saga is claiming a key of this one at this moment")
        self._made.append(name)
        return None

    def _is_left(self, kept: Found, look: int) -> bool:
        return look >= PATIENCE or self._step.rows[0].at - kept["at"] >= LEFT_BEHIND

    async def _put(self, name: Name, kept: Found) -> bool:
        """The row is ours from now on, unless somebody was faster."""
        seen = {"_id": name.id, "stamp": kept["stamp"]}
        answer = await self._rows.update_one(seen, {"$set": self._fields(name)})
        return answer.matched_count == 1

    def _row(self, name: Name) -> dict[str, Any]:
        return {"_id": name.id, **self._fields(name)}

    def _fields(self, name: Name) -> dict[str, Any]:
        saga, at = self._step.saga, self._step.rows[0].at
        return {**name.says, "sagaId": saga.saga_id, "version": saga.version, "stamp": self.stamp, "at": at}


async def fence(place: Place, stamp: ObjectId, unless: Mapping[str, Any]) -> bool:
    """Shut a reservation out of its saga, which may be there or yet to come; False if the saga was written under it.

    A saga that is yet to come gets a document of its id and the stamp alone, which no read takes for a saga.
    """
    try:
        await place.collection.update_one(place.where(**unless), {"$addToSet": {FENCED: stamp}}, upsert=True)
    except DuplicateKeyError:
        return False
    return True
