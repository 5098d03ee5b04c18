"""Where things are: the collections, their indexes, and the document of a saga.

A saga's document is the one with its sagaId; its _id is the same, except for what the original wrote. Every
write names both, so that on a sharded collection one shard is asked and exactly one document is meant.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.asynchronous.collection import AsyncCollection

from adapters.stores.mongo_connection import Database
from engine.errors import ConfigInvalid, SagaNotFound

Collection = AsyncCollection[dict[str, Any]]
Found = dict[str, Any]

SAGAS, ARCHIVE, KEYS, DEFINITIONS = "sagas", "saga_archive", "saga_keys", "machine_definitions"
REMEMBERED = 16_384
"""Sagas whose place is kept in memory: those of the engine's own cache, and those whose entries are under way."""

_NEWEST = [("createdAt", DESCENDING), ("sagaId", DESCENDING)]
_PLACE = [(name, ASCENDING) for name in ("machine", "machineVersion", "currentState", "businessState")]
SAGA_INDEXES: Mapping[str, tuple[Sequence[tuple[str, int]], bool]] = {
    "by_saga": ([("sagaId", ASCENDING)], False),
    "by_creation": (_NEWEST, False),
    "by_machine": ([("machine", ASCENDING), *_NEWEST], False),
    "by_place": (_PLACE, False),
    "by_state": ([("currentState", ASCENDING), *_NEWEST], False),
    "by_entity": ([("associatedEntityId", ASCENDING), *_NEWEST], False),
    "by_update": ([("updatedAt", ASCENDING)], False),
    "by_next_due": ([("nextDue", ASCENDING)], True),
    "by_lease": ([("leasedUntil", ASCENDING), ("owners", ASCENDING)], True),
    "by_parked": ([("parkedDue", ASCENDING)], True),
    "by_paused": ([("paused", ASCENDING)], True),
    "by_late": ([("late", ASCENDING)], True),
}
"""By name: the fields, and whether it is sparse: sagas without the field are not in it."""


class Place(NamedTuple):
    """A document of a saga."""

    collection: Collection
    id: Any
    saga_id: str

    def where(self, **more: Any) -> dict[str, Any]:
        """The filter of a write."""
        return {"_id": self.id, "sagaId": self.saga_id, **more}


class Places:
    """The collections of a database. `machines` maps those that have one of their own to its name."""

    def __init__(self, database: Database, machines: Mapping[str, str]) -> None:
        self.database = database
        self._machines = machines
        names = [SAGAS, *machines.values()]
        if clash := {ARCHIVE, KEYS, DEFINITIONS} & set(names):
            raise ConfigInvalid(f"store: the collection {', '.join(sorted(clash))} is kept for other things")
        self._by_name: dict[str, Collection] = {name: database[name] for name in names}
        self.archive: Collection = database[ARCHIVE]
        self.keys: Collection = database[KEYS]
        self.definitions: Collection = database[DEFINITIONS]
        self.has_originals = False
        self._places: OrderedDict[str, Place] = OrderedDict()

    async def prepare(self) -> None:
        """Make the indexes, and see whether the original wrote here: its documents have ids of their own."""
        await self._make_indexes()
        objects = {"_id": {"$type": "objectId"}}
        for collection in self.all():
            if await collection.find_one(objects, {"_id": 1}) is not None:
                self.has_originals = True

    async def _make_indexes(self) -> None:
        """All that are missing; an index that somebody else made on the same fields will do."""
        for collection in self.all():
            await _make(collection, SAGA_INDEXES)
        archive = {
            "by_seq": ([("sagaId", ASCENDING), ("seq", ASCENDING)], False),
            "by_event": ([("sagaId", ASCENDING), ("id", ASCENDING)], False),
        }
        await _make(self.archive, archive)
        await _make(self.keys, {"by_value": ([("value", ASCENDING)], False)})

    def taken(self) -> frozenset[str]:
        """The names of all collections that the sagas need."""
        return frozenset((*self._by_name, ARCHIVE, KEYS, DEFINITIONS))

    def all(self) -> list[Collection]:
        """Every collection with sagas."""
        return list(self._by_name.values())

    def named(self, name: str) -> Collection | None:
        """The collection with sagas of this name."""
        return self._by_name.get(name)

    def of_machine(self, machine: str | None) -> list[Collection]:
        """The collections that may hold sagas of the machine; of any for None."""
        return self.all() if machine is None else [self._of(machine)]

    def only_machine(self, collection: Collection) -> str | None:
        """The machine that alone uses the collection, None if several may."""
        users = [machine for machine, name in self._machines.items() if name == collection.name]
        return users[0] if len(users) == 1 and collection.name != SAGAS else None

    def new(self, machine: str, saga_id: str) -> Place:
        """Where a saga of ours is, unless we know better."""
        return self._places.get(saga_id) or Place(self._of(machine), saga_id, saga_id)

    def learn(self, collection: Collection, document: Mapping[str, Any]) -> Place:
        """Remember where the document was found."""
        place = Place(collection, document["_id"], document["sagaId"])
        self._places[place.saga_id] = place
        self._places.move_to_end(place.saga_id)
        if len(self._places) > REMEMBERED:
            self._places.popitem(last=False)
        return place

    async def find(self, saga_id: str, fields: Mapping[str, Any] | None = None) -> tuple[Place, Found]:
        """The saga's document, wherever it is. Raises SagaNotFound."""
        known = self._places.get(saga_id)
        collections = self.all() if known is None else [known.collection]
        shown = fields if fields is None or 0 in fields.values() else {**fields, "currentState": 1}
        found = await asyncio.gather(*(one.find_one({"sagaId": saga_id}, shown) for one in collections))
        for collection, document in zip(collections, found, strict=True):
            # Without a state it is the fence of a saga that is yet to come (mongo_reservations).
            if document is not None and "currentState" in document:
                return self.learn(collection, document), document
        self._places.pop(saga_id, None)
        raise SagaNotFound(f"There is no saga {saga_id}")

    async def place(self, saga_id: str) -> Place:
        """Where the saga is, without a read if that is remembered. Raises SagaNotFound."""
        known = self._places.get(saga_id)
        if known is not None:
            return known
        place, _ = await self.find(saga_id, {"sagaId": 1})
        return place

    def _of(self, machine: str) -> Collection:
        return self._by_name[self._machines.get(machine, SAGAS)]


async def _make(collection: Collection, wanted: Mapping[str, tuple[Sequence[tuple[str, int]], bool]]) -> None:
    there = [tuple(index["key"].items()) async for index in await collection.list_indexes()]
    missing = {name: index for name, index in wanted.items() if tuple(index[0]) not in there}
    if missing:
        await collection.create_indexes(list(_models(missing)))


def _models(wanted: Mapping[str, tuple[Sequence[tuple[str, int]], bool]]) -> Iterable[IndexModel]:
    for name, (keys, sparse) in wanted.items():
        yield IndexModel(list(keys), name=name, **({"sparse": True} if sparse else {}))
