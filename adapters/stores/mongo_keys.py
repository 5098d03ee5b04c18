"""Second handles, and in a store of several collections the ids of sagas: the names that mongo_reservations reserves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson

from adapters.stores.mongo_places import Found, Place, Places
from adapters.stores.mongo_reservations import fence
from engine.errors import KeyAmbiguous, KeyTaken, Refused, SagaExists, SagaNotFound
from engine.model import Key, Step


@dataclass(frozen=True, slots=True)
class KeyName:
    """A key for the saga of a step."""

    places: Places
    key: Key
    saga_id: str

    @property
    def id(self) -> str:
        return _id(self.key)

    @property
    def says(self) -> Mapping[str, Any]:
        return _fields(self.key)

    def is_ours(self, kept: Found) -> bool:
        return bool(kept["sagaId"] == self.saga_id)

    async def is_used(self, kept: Found) -> bool:
        return await _has(self.places, kept["sagaId"], self.key)

    async def shut_out(self, kept: Found) -> bool:
        try:
            place = await self.places.place(kept["sagaId"])
        except SagaNotFound:
            place = self.places.new(self.key.machine, kept["sagaId"])
        return await fence(place, kept["stamp"], {"keys": {"$not": {"$elemMatch": _fields(self.key)}}})

    def taken(self) -> Refused:
        return KeyTaken(f"Another saga of {self.key.machine} has {self.key.name} {self.key.value}")


@dataclass(frozen=True, slots=True)
class IdName:
    """The id of a new saga, which no other collection may have."""

    places: Places
    place: Place

    @property
    def id(self) -> str:
        return orjson.dumps(("", "sagaId", self.place.saga_id)).decode()

    @property
    def says(self) -> Mapping[str, Any]:
        return {"collection": self.place.collection.name}

    def is_ours(self, kept: Found) -> bool:
        return bool(kept["collection"] == self.place.collection.name)

    async def is_used(self, kept: Found) -> bool:
        try:
            place, _ = await self.places.find(self.place.saga_id, {"sagaId": 1})
        except SagaNotFound:
            return False
        return bool(place.collection.name == kept["collection"])

    async def shut_out(self, kept: Found) -> bool:
        there = self.places.named(kept["collection"])
        if (
            there is None
        ):  # the configuration names it no more: whoever is still to write there is not one of us
            return True
        place = Place(there, self.place.saga_id, self.place.saga_id)
        # Not `None`: what a filter says is equal is written by an upsert.
        return await fence(place, kept["stamp"], {"currentState": {"$exists": False}})

    def taken(self) -> Refused:
        return SagaExists(f"There is already a saga {self.place.saga_id}")


def names_of(places: Places, step: Step) -> list[KeyName | IdName]:
    """What the step has to reserve: its keys; and a new saga its id, where several collections have sagas."""
    saga = step.saga
    keys = [KeyName(places, key, saga.saga_id) for key in dict.fromkeys(step.claimed)]
    is_new = step.rows[0].seq == 1 and len(places.all()) > 1
    return [*([IdName(places, places.new(saga.machine, saga.saga_id))] if is_new else ()), *keys]


async def let_go(places: Places, step: Step) -> None:
    """The step is written: the keys that it dropped are free, unless the saga has claimed them anew since."""
    for key in step.dropped:
        if key not in step.claimed:
            mine = {"sagaId": step.saga.saga_id, "version": {"$lt": step.saga.version}}
            await places.keys.delete_one({"_id": _id(key), **mine})


async def find(places: Places, handle: str, machine: str | None) -> str:
    """Raises SagaNotFound, KeyAmbiguous."""
    with suppress(SagaNotFound):
        place, _ = await places.find(handle, {"sagaId": 1})
        return place.saga_id
    where = {"value": handle} if machine is None else {"value": handle, "machine": machine}
    owners = await _owners(places, await places.keys.find(where).to_list())
    if not owners:
        raise SagaNotFound(f"There is no saga with the id or key {handle}")
    if len(owners) > 1:
        raise KeyAmbiguous(f"{len(owners)} sagas have the key {handle}: use the saga id")
    return owners.pop()


async def _owners(places: Places, kept: Sequence[Found]) -> set[str]:
    owners = set()
    for one in kept:
        if await _has(
            places, one["sagaId"], Key(machine=one["machine"], name=one["name"], value=one["value"])
        ):
            owners.add(one["sagaId"])
    return owners


async def _has(places: Places, saga_id: str, key: Key) -> bool:
    try:
        _, document = await places.find(saga_id, {"sagaId": 1, "keys": 1})
    except SagaNotFound:
        return False
    return _fields(key) in document.get("keys", ())


def _fields(key: Key) -> dict[str, Any]:
    """As a saga's document and the key's own have it."""
    return {"machine": key.machine, "name": key.name, "value": key.value}


def _id(key: Key) -> str:
    """The key as JSON text: no two keys share one."""
    return orjson.dumps((key.machine, key.name, key.value)).decode()
