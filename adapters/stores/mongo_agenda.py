"""Writes to the agenda that are no steps: claims, and what became of an entry.

Each is one update of the saga's document with the entry's token in the filter; none changes the saga's version.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from adapters.stores.mongo_places import Collection, Found, Place, Places
from adapters.stores.mongo_updates import (
    GONE,
    HELPERS,
    LONG_AGO,
    OPEN,
    WAKE,
    Pipeline,
    claim_update,
    entries_where,
    entry_update,
    has_status,
    literal,
    removal,
)
from adapters.stores.mongo_values import entry_of, saga_of, slot
from engine.errors import SagaNotFound, StaleLease
from engine.model import Claim, Entry, Millis

ROUNDS = 50
"""How often a claim looks anew when others were faster, before it is content with what it has."""


class _Free(NamedTuple):
    """An entry that may be claimed, and the document it was seen in."""

    entry: Entry
    place: Place
    document: Found


async def claim(places: Places, *, owner: str, now: Millis, lease: Millis, limit: int) -> list[Claim]:
    """Lease what is due and free, oldest due first, each with its saga as it is then, less its agenda."""
    claimed: list[Claim] = []
    for _ in range(ROUNDS):
        free = await _free(places, now, limit - len(claimed)) if len(claimed) < limit else []
        if not free:
            break
        answers = await asyncio.gather(
            *(_claimed(of_saga, owner, now, lease) for of_saga in _by_saga(free)), return_exceptions=True
        )
        claimed += [one for answer in answers if isinstance(answer, list) for one in answer]
        failed = [answer for answer in answers if isinstance(answer, BaseException)]
        if failed and not claimed:
            raise failed[0]
        if failed:  # what was claimed is to be done; the rest waits for the end of its lease
            break
    return sorted(claimed, key=lambda one: (one.entry.due, one.entry.id))


async def postpone(places: Places, entry: Entry, *, due: Millis, reason: str | None, waiting: bool) -> None:
    """Give up the lease until `due`. Raises StaleLease."""
    status = "waiting" if waiting else "due"
    fields = {**GONE, "attempts": entry.attempts, "due": due, "status": status, "reason": reason}
    await _write(places, entry, entry_update(_slot(entry), fields))


async def park(places: Places, entry: Entry, *, reason: str) -> None:
    """Set the entry aside. Raises StaleLease."""
    fields = {**GONE, "attempts": entry.attempts, "status": "parked", "reason": reason}
    await _write(places, entry, entry_update(_slot(entry), fields))


async def settle(places: Places, entry: Entry) -> None:
    """Remove the entry. Raises StaleLease."""
    await _write(places, entry, removal(_slot(entry)))


async def release(places: Places, *, owner: str | None) -> int:
    """Free the leases of `owner`, or all; answers how many."""
    mine: dict[str, Any] = {"$gt": ["$$e.v.owner", None]}
    where: dict[str, Any] = {"leasedUntil": {"$gte": LONG_AGO}}
    if owner is not None:
        mine, where["owners"] = {"$eq": ["$$e.v.owner", literal(owner)]}, owner
    pipeline: Pipeline = [{"$match": where}, {"$project": {"sagaId": 1, "agenda": entries_where(mine)}}]
    freed = 0
    for collection in places.all():
        async for document in await collection.aggregate(pipeline):
            place = places.learn(collection, document)
            answers = await asyncio.gather(*(_freed(place, one["k"], one["v"]) for one in document["agenda"]))
            freed += sum(answers)
    return freed


def free_at(now: Millis) -> dict[str, Any]:
    """Expression: the entries that can be claimed at `now`."""
    due, free = {"$lte": ["$$e.v.due", now]}, {"$lte": ["$$e.v.leaseUntil", now]}
    return entries_where(has_status(*OPEN), due, free)


async def _free(places: Places, now: Millis, limit: int) -> list[_Free]:
    """The oldest due. So many sagas in the order in which they came to be free hold all of them but for some whose
    lease ran out, which came to be free later than they were due: if there are more sagas, these are asked for too.
    """
    came_free: Pipeline = [
        {"$match": {"nextDue": {"$lte": now}}},
        {"$sort": {"nextDue": 1}},
        {"$limit": limit},
    ]
    seen = await _seen_in_all(places, [*came_free, *_shown(now)])
    if len({free.place for free in seen}) >= limit:
        ran_out: Pipeline = [{"$match": {"leasedUntil": {"$lte": now}}}, *_shown(now)]
        dues = {"$map": {"input": "$agenda", "as": "e", "in": "$$e.v.due"}}
        oldest: Pipeline = [{"$set": {"oldest": {"$min": dues}}}, {"$sort": {"oldest": 1}}]
        again = await _seen_in_all(places, [*ran_out, *oldest, {"$limit": limit}])
        known = {free.place for free in again}
        seen = [*again, *(free for free in seen if free.place not in known)]
    return sorted(seen, key=lambda free: (free.entry.due, free.entry.id))[:limit]


def _shown(now: Millis) -> Pipeline:
    return [{"$unset": ["history", "events"]}, {"$set": {"agenda": free_at(now)}}]


async def _seen_in_all(places: Places, pipeline: Pipeline) -> list[_Free]:
    answers = await asyncio.gather(*(_seen(places, one, pipeline) for one in places.all()))
    return [free for answer in answers for free in answer]


async def _seen(places: Places, collection: Collection, pipeline: Pipeline) -> list[_Free]:
    return [
        _Free(entry_of(one["v"], document["sagaId"]), places.learn(collection, document), document)
        async for document in await collection.aggregate(pipeline)
        for one in document["agenda"]
    ]


def _by_saga(free: Sequence[_Free]) -> list[list[_Free]]:
    sagas: Mapping[tuple[str, str], list[_Free]] = defaultdict(list)
    for one in free:
        sagas[one.place.collection.name, one.place.saga_id].append(one)
    return list(sagas.values())


async def _claimed(free: Sequence[_Free], owner: str, now: Millis, lease: Millis) -> list[Claim]:
    """All of a saga's entries that were seen free, or none if anything of them changed meanwhile."""
    entries = [
        replace(
            one.entry,
            owner=owner,
            token=one.entry.token + 1,
            lease_until=now + lease + (one.entry.timeout or 0),
        )
        for one in free
    ]
    unchanged = {name: value for one in free for name, value in _as_seen(one.entry, now).items()}
    place, document = free[0].place, free[0].document
    update = claim_update({_slot(entry): (entry.token, entry.lease_until) for entry in entries}, owner)
    answer = await place.collection.update_one(place.where(version=document["version"], **unchanged), update)
    saga = saga_of(document, ())
    return [Claim(saga=saga, entry=entry) for entry in entries] if answer.matched_count else []


def _as_seen(entry: Entry, now: Millis) -> dict[str, Any]:
    at = f"agenda.{_slot(entry)}"
    return {
        f"{at}.token": entry.token,
        f"{at}.due": entry.due,
        f"{at}.status": entry.status,
        f"{at}.leaseUntil": {"$lte": now},
    }


async def _write(places: Places, entry: Entry, update: Pipeline) -> None:
    at = f"agenda.{_slot(entry)}"
    try:
        place = await places.place(entry.saga_id)
    except SagaNotFound:
        raise _stale(entry) from None
    held = {f"{at}.token": entry.token, f"{at}.status": {"$ne": "done"}}
    answer = await place.collection.update_one(place.where(**held), update)
    if not answer.matched_count:
        raise _stale(entry)


async def _freed(place: Place, at: str, fields: Mapping[str, Any]) -> int:
    held = {f"agenda.{at}.owner": fields["owner"], f"agenda.{at}.token": fields["token"]}
    changes = {f"agenda.{at}.owner": literal(None), f"agenda.{at}.leaseUntil": literal(0), **WAKE}
    answer = await place.collection.update_one(place.where(**held), [{"$set": changes}, HELPERS])
    return answer.matched_count


def _slot(entry: Entry) -> str:
    return slot(entry.id, entry.saga_id)


def _stale(entry: Entry) -> StaleLease:
    return StaleLease(f"Entry {entry.id} is no longer leased under token {entry.token}")
