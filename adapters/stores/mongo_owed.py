"""Reads of the agenda: what is owed, when, and how much is amiss. Every one begins with an index."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from adapters.stores.mongo_agenda import free_at
from adapters.stores.mongo_places import Collection, Places
from adapters.stores.mongo_updates import LONG_AGO, OPEN, Pipeline, entries_where, has_status
from adapters.stores.mongo_values import entry_of
from engine.model import Due, Millis, Tally

_HAS_OPEN: Mapping[str, Any] = {"nextDue": {"$gte": LONG_AGO}}
_HAS_PARKED: Mapping[str, Any] = {"parkedDue": {"$gte": LONG_AGO}}
_BY_DUE = {"agenda.v.due": 1, "agenda.v.id": 1}


async def next_due(places: Places) -> Millis | None:
    """When the next entry can be claimed: the first of an index."""
    found = await asyncio.gather(
        *(one.find_one(_HAS_OPEN, {"nextDue": 1}, sort=[("nextDue", 1)]) for one in places.all())
    )
    return min((document["nextDue"] for document in found if document is not None), default=None)


async def agenda(
    places: Places,
    *,
    parked: bool | None,
    machine: str | None,
    after: tuple[Millis, str] | None,
    limit: int,
) -> list[Due]:
    """Entries by (due, id), each with its saga's machine and state."""
    if limit <= 0:
        return []
    of_machine = {} if machine is None else {"machine": machine}
    parts = [replace(one, where={**of_machine, **one.where}) for one in _parts(parked, after)]
    answers = await asyncio.gather(
        *(_shown(one, part, after, limit) for one in places.of_machine(machine) for part in parts)
    )
    owed = sorted(
        (due for answer in answers for due in map(_due, answer)),
        key=lambda due: (due.entry.due, due.entry.id),
    )
    return owed[:limit]


async def tallies(places: Places, *, now: Millis) -> list[Tally]:
    """By machine, those with nothing to tell left out."""
    open_sagas = {"isFinal": False}
    parked, due, late, paused = await asyncio.gather(
        _sums(places, [{"$match": _HAS_PARKED}], "$parked"),
        _sums(places, [{"$match": {"nextDue": {"$lte": now}}}], {"$size": free_at(now)}),
        _sums(places, [{"$match": {"late": {"$gt": ""}, **open_sagas}}], 1),
        _sums(places, [{"$match": {"paused": True, **open_sagas}}], 1),
    )
    return [
        Tally(machine=name, parked=parked[name], due=due[name], late=late[name], paused=paused[name])
        for name in sorted({*parked, *due, *late, *paused})
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Sagas among which some of the entries are that come next. `first`: the field that has the due time of each
    saga's first one, where no saga has to be read that comes after enough others.
    """

    where: Mapping[str, Any]
    statuses: Sequence[str]
    first: str | None = None


def _parts(parked: bool | None, after: tuple[Millis, str] | None) -> list[_Part]:
    """Sagas with a lease are apart, since their order is another one, and so are those that were seen before."""
    parts, fields = [], []
    if parked is not True:
        parts.append(_Part(where={"leasedUntil": {"$gte": LONG_AGO}}, statuses=OPEN))
        fields.append(_Part(where={"leasedUntil": None}, statuses=OPEN, first="nextDue"))
    if parked is not False:
        fields.append(_Part(where={}, statuses=["parked"], first="parkedDue"))
    for part in fields:
        field, begin = part.first or "", LONG_AGO if after is None else after[0] + 1
        parts.append(replace(part, where={field: {"$gte": begin}, **part.where}))
        if after is not None:
            seen = {field: {"$gte": LONG_AGO, "$lt": begin}, **part.where}
            parts.append(replace(part, where=seen, first=None))
    return parts


async def _shown(
    collection: Collection, part: _Part, after: tuple[Millis, str] | None, limit: int
) -> list[dict[str, Any]]:
    where = part.where
    if part.first is not None:
        cut = collection.find(where, {part.first: 1}).sort(part.first, 1).skip(limit - 1).limit(1)
        for last in await cut.to_list():  # as many as are asked for, and all of the last one's moment
            where = {**where, part.first: {**where[part.first], "$lte": last[part.first]}}
    return await _answer(collection, _agenda(where, part, after, limit))


def _agenda(where: Mapping[str, Any], part: _Part, after: tuple[Millis, str] | None, limit: int) -> Pipeline:
    entries = entries_where(has_status(*part.statuses))
    return [
        {"$match": where},
        {"$project": {"sagaId": 1, "machine": 1, "currentState": 1, "agenda": entries}},
        {"$unwind": "$agenda"},
        *_later(after),
        {"$sort": _BY_DUE},
        {"$limit": limit},
    ]


def _later(after: tuple[Millis, str] | None) -> Pipeline:
    if after is None:
        return []
    due, id_ = after
    same = {"agenda.v.due": due, "agenda.v.id": {"$gt": id_}}
    return [{"$match": {"$or": [{"agenda.v.due": {"$gt": due}}, same]}}]


def _due(document: Mapping[str, Any]) -> Due:
    entry = entry_of(document["agenda"]["v"], document["sagaId"])
    return Due(entry=entry, machine=document["machine"], saga_state=document["currentState"])


async def _sums(places: Places, pipeline: Pipeline, amount: Any) -> Counter[str]:
    grouped = [*pipeline, {"$group": {"_id": "$machine", "amount": {"$sum": amount}}}]
    answers = await asyncio.gather(*(_answer(one, grouped) for one in places.all()))
    sums: Counter[str] = Counter()
    for group in (group for answer in answers for group in answer if group["amount"]):
        sums[group["_id"]] += group["amount"]
    return sums


async def _answer(collection: Collection, pipeline: Pipeline) -> list[dict[str, Any]]:
    return await (await collection.aggregate(pipeline)).to_list()
