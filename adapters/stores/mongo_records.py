"""The MongoDB store's records: a collection for each kind, whose documents are the bodies and `_record`.

So what the original keeps in a collection of its own (invoices, rules) stands in ours as readably. See
engine.records for the promises; the filter of every write names `_id`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from adapters.stores.mongo_connection import Database, errors_told
from adapters.stores.mongo_json import from_bson, text_of, to_bson
from adapters.stores.mongo_places import Collection
from engine.errors import ConfigInvalid, RecordExists, StaleRecord
from engine.model import Millis
from engine.records import Record

OURS = "_record"
"""Holds version, at and tags; the one field beside `_id` that no body may have."""

_INDEXES = [
    IndexModel([(f"{OURS}.at", ASCENDING), ("_id", ASCENDING)], name="by_time"),
    IndexModel([(f"{OURS}.tags", ASCENDING), (f"{OURS}.at", ASCENDING), ("_id", ASCENDING)], name="by_tag"),
]


class MongoRecords:
    """`taken`: collections that hold sagas and what belongs to them, so that no kind may be called so."""

    def __init__(self, database: Database, taken: frozenset[str]) -> None:
        self._database = database
        self._taken = taken
        self._ready: set[str] = set()

    async def insert(self, record: Record) -> None:
        with errors_told():
            try:
                await (await self._of(record.kind)).insert_one(_document(replace(record, version=1)))
            except DuplicateKeyError:
                raise RecordExists(f"There is a {record.kind} {record.id} already") from None

    async def replace(self, record: Record) -> Record:
        with errors_told():
            collection = await self._of(record.kind)
            there = await collection.find_one(_at(record.id, record.version), {OURS: 1})
            if there is not None:
                written = replace(record, version=record.version + 1, at=there[OURS]["at"])
                found = await collection.replace_one(_at(record.id, record.version), _document(written))
                if found.matched_count:
                    return written
        raise _stale(record.kind, record.id)

    async def delete(self, kind: str, id: str, *, version: int | None = None) -> bool:
        with errors_told():
            collection = await self._of(kind)
            found = await collection.delete_one({"_id": id} if version is None else _at(id, version))
            if found.deleted_count:
                return True
            if version is not None and await collection.find_one({"_id": id}, {"_id": 1}) is not None:
                raise _stale(kind, id)
            return False

    async def get(self, kind: str, id: str) -> Record | None:
        with errors_told():
            document = await (await self._of(kind)).find_one({"_id": id, OURS: {"$exists": True}})
            return None if document is None else _record(kind, document)

    async def find(
        self,
        kind: str,
        *,
        tags: Mapping[str, str] | None = None,
        since: Millis | None = None,
        until: Millis | None = None,
        after: tuple[Millis, str] | None = None,
        newest: bool = False,
        limit: int = 50,
    ) -> Sequence[Record]:
        where = {"$and": [_tagged(tags), *_bounds(since, until, after, newest=newest)]}
        order = DESCENDING if newest else ASCENDING
        with errors_told():
            found = (await self._of(kind)).find(where).sort([(f"{OURS}.at", order), ("_id", order)])
            return [_record(kind, document) async for document in found.limit(limit)]

    async def starting(self, kind: str, tag: str, prefix: str, *, limit: int = 50) -> Sequence[Record]:
        where = {f"{OURS}.tags": {"$regex": f"^{re.escape(f'{tag}={prefix}')}"}}
        with errors_told():
            found = (await self._of(kind)).find(where).limit(limit)
            return [_record(kind, document) async for document in found]

    async def count(self, kind: str, *, tags: Mapping[str, str] | None = None) -> int:
        with errors_told():
            return await (await self._of(kind)).count_documents(_tagged(tags))

    async def _of(self, kind: str) -> Collection:
        if kind in self._taken:
            raise ConfigInvalid(f"store: the collection {kind} holds sagas; give it another name")
        collection: Collection = self._database[kind]
        if kind not in self._ready:
            await collection.create_indexes(_INDEXES)
            self._ready.add(kind)
        return collection


def _document(record: Record) -> dict[str, Any]:
    tags = [f"{name}={value}" for name, value in record.tags.items()]
    return {
        **to_bson(text_of(record.body)),
        "_id": record.id,
        OURS: {"version": record.version, "at": record.at, "tags": tags},
    }


def _record(kind: str, document: dict[str, Any]) -> Record:
    ours, id_ = document.pop(OURS), document.pop("_id")
    tags = dict(tag.split("=", 1) for tag in ours["tags"])
    return Record(
        kind=kind, id=id_, version=ours["version"], at=ours["at"], tags=tags, body=from_bson(document)
    )


def _tagged(tags: Mapping[str, str] | None) -> dict[str, Any]:
    if not tags:
        return {OURS: {"$exists": True}}
    return {f"{OURS}.tags": {"$all": [f"{name}={value}" for name, value in tags.items()]}}


def _bounds(
    since: Millis | None, until: Millis | None, after: tuple[Millis, str] | None, *, newest: bool
) -> list[dict[str, Any]]:
    bounds: list[dict[str, Any]] = []
    if since is not None:
        bounds.append({f"{OURS}.at": {"$gte": since}})
    if until is not None:
        bounds.append({f"{OURS}.at": {"$lt": until}})
    if after is not None:
        beyond = "$lt" if newest else "$gt"
        same = {f"{OURS}.at": after[0], "_id": {beyond: after[1]}}
        bounds.append({"$or": [{f"{OURS}.at": {beyond: after[0]}}, same]})
    return bounds


def _at(id_: str, version: int) -> dict[str, Any]:
    return {"_id": id_, f"{OURS}.version": version}


def _stale(kind: str, id_: str) -> StaleRecord:
    return StaleRecord(f"The {kind} {id_} was changed or removed meanwhile: read it again")
