"""Lists and counts of sagas, each along an index."""

from __future__ import annotations

import asyncio
from collections import Counter
from heapq import merge
from itertools import islice
from typing import Any

from adapters.stores.mongo_json import date
from adapters.stores.mongo_originals import adopt_all
from adapters.stores.mongo_places import Collection, Places
from adapters.stores.mongo_updates import LONG_AGO, Pipeline, entries_where, has_status
from adapters.stores.mongo_values import saga_of
from engine.model import Count, Query, Saga

_EQUAL = {
    "machine": "machine", "machine_version": "machineVersion", "state": "currentState", "is_final": "isFinal",
    "business_state": "businessState", "entity_id": "associatedEntityId",
}  # fmt: skip
LONG = 1 << 62
"""Further away than BSON's first date: sagas with a createdAt are asked for, so that an index answers."""

_NEWEST = {"createdAt": -1, "sagaId": -1}


async def listed(places: Places, query: Query) -> list[Saga]:
    """Newest first, of their entries only the parked ones."""
    if query.limit <= 0:
        return []
    await adopt_all(places, query.machine)
    pipeline: Pipeline = [
        {"$match": _where(query)},
        {"$sort": _NEWEST},
        {"$limit": query.limit},
        {"$unset": ["history", "events"]},
        {"$set": {"agenda": entries_where(has_status("parked"))}},
    ]
    answers = await asyncio.gather(*(_sagas(one, pipeline) for one in places.of_machine(query.machine)))
    return list(
        islice(merge(*answers, key=lambda saga: (saga.created_at, saga.saga_id), reverse=True), query.limit)
    )


async def counts(places: Places, machine: str | None) -> list[Count]:
    """Sagas by machine, version and state, from an index alone."""
    await adopt_all(places, machine)
    place = {
        "machine": "$machine", "version": "$machineVersion", "state": "$currentState", "label": "$businessState"
    }  # fmt: skip
    pipeline: Pipeline = [
        {"$match": {"machine": machine if machine is not None else {"$gte": ""}}},
        {"$group": {"_id": place, "sagas": {"$sum": 1}}},
    ]
    sagas: Counter[tuple[str, int, str, str]] = Counter()
    for collection in places.of_machine(machine):
        async for group in await collection.aggregate(pipeline):
            key = group["_id"]
            sagas[key["machine"], key["version"], key["state"], key["label"]] += group["sagas"]
    return [
        Count(machine=name, machine_version=version, state=state, business_state=label, sagas=count)
        for (name, version, state, label), count in sorted(sagas.items())
    ]


async def _sagas(collection: Collection, pipeline: Pipeline) -> list[Saga]:
    return [
        saga_of(document, (one["v"] for one in document["agenda"]))
        async for document in await collection.aggregate(pipeline)
    ]


def _where(query: Query) -> dict[str, Any]:
    asked = {name: value for ours, name in _EQUAL.items() if (value := getattr(query, ours)) is not None}
    for name, flag, there in (
        ("parkedDue", query.parked, {"$gte": LONG_AGO}),
        ("paused", query.paused, True),
        ("late", query.late, {"$gt": ""}),
    ):
        if flag is not None:
            asked[name] = there if flag else None
    updated = {} if query.updated_from is None else {"updatedAt": {"$gte": date(query.updated_from)}}
    return {**asked, "version": {"$exists": True}, **updated, **_created(query)}


def _created(query: Query) -> dict[str, Any]:
    """A range of creation that always has a lower end, so that an index in this order answers."""
    lowest = -LONG if query.created_from is None else query.created_from
    created: dict[str, Any] = {"$gte": date(lowest)}
    if query.created_to is not None:
        created["$lt"] = date(query.created_to)
    if query.after is None:
        return {"createdAt": created}
    at, saga_id = date(query.after[0]), query.after[1]
    rest = [{"createdAt": {"$lt": at}}, {"createdAt": at, "sagaId": {"$lt": saga_id}}]
    return {"createdAt": {**created, "$lte": at}, "$or": rest}
