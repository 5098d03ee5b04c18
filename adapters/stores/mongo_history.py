"""The history: the newest rows in the saga's document, older ones in the archive.

Rows never change, so they are copied to the archive before the write that drops them from the document: who reads
the document first and the archive afterwards meets every row. Called by the store and by mongo_steps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.errors import BulkWriteError

from adapters.stores.mongo_originals import adopt
from adapters.stores.mongo_places import Collection, Places
from adapters.stores.mongo_updates import literal
from adapters.stores.mongo_values import row_of
from engine.errors import SagaNotFound
from engine.model import HistoryRow, Step

MOST_ROWS = 500
"""A document never holds more; with fewer than half of that none is ever moved."""

_MOVED = MOST_ROWS // 2
_DUPLICATE = 11000
_ROWS = {"sagaId": 1, "version": 1, "history.events": 1}

Row = Mapping[str, Any]


def archived(version: int) -> int:
    """Up to which row the history of a saga at this version is in the archive alone; it grows by 250 at a time."""
    return max(0, version // _MOVED - 1) * _MOVED


def moves(step: Step) -> bool:
    """Whether the step drops rows from the document."""
    return archived(step.rows[0].seq - 1) != archived(step.rows[-1].seq)


async def move(places: Places, step: Step) -> None:
    """Copy the rows that the step will drop. Repeating it is harmless. Raises SagaNotFound."""
    saga_id, last = step.saga.saga_id, archived(step.rows[-1].seq)
    _, document = await places.find(saga_id, _ROWS)
    rows = [row for row in _rows(document) if row["seq"] <= last]
    copies = [{"_id": f"{saga_id}/{row['seq']}", "sagaId": saga_id, **row} for row in rows]
    if copies:
        await _insert_missing(places.archive, copies)


async def history(
    places: Places, saga_id: str, *, after: int, limit: int | None, newest: bool
) -> list[HistoryRow]:
    """Rows with seq > after, oldest first; at most `limit`, from the end if `newest`."""
    try:
        place, document = await places.find(saga_id, _ROWS)
        document = document if "version" in document else await adopt(places, place)
    except SagaNotFound:
        return []
    embedded = [row for row in _rows(document) if row["seq"] > after]
    first = min((row["seq"] for row in _rows(document)), default=1)
    if newest and limit is not None:
        missing = limit - len(embedded)
        older = await _older(places, saga_id, after, first, missing, DESCENDING) if missing > 0 else []
        rows = [*reversed(older), *embedded]
        return [row_of(row) for row in rows[max(0, len(rows) - limit) :]]
    older = await _older(places, saga_id, after, first, limit, ASCENDING)
    return [row_of(row) for row in [*older, *embedded][:limit]]


async def row_of_event(places: Places, saga_id: str, event_id: str) -> HistoryRow | None:
    """The row of the event with this id, wherever it is by now."""
    of_event = {"$eq": ["$$row.id", literal(event_id)]}
    rows = {"$filter": {"input": "$history.events", "as": "row", "cond": of_event}}
    pipeline: list[Row] = [
        {"$match": {"sagaId": saga_id, "history.events.id": event_id}},
        {"$project": {"rows": rows}},
    ]
    for found in await asyncio.gather(*(_answer(collection, pipeline) for collection in places.all())):
        for document in found:
            return row_of(document["rows"][0])
    moved = await places.archive.find_one({"sagaId": saga_id, "id": event_id})
    return None if moved is None else row_of(moved)


async def rows_between(places: Places, saga_id: str, document: Row, first: int, last: int) -> list[Row]:
    """The rows of a step as they are kept, given the saga's document."""
    found = {row["seq"]: row for row in _rows(document) if first <= row["seq"] <= last}
    if len(found) <= last - first:
        moved = places.archive.find({"sagaId": saga_id, "seq": {"$gte": first, "$lte": last}})
        found |= {row["seq"]: row async for row in moved}
    return [row for _, row in sorted(found.items())]


async def had_events(
    places: Places, saga_id: str, document: Row, event_ids: Sequence[str], *, but: range
) -> str | None:
    """The first of the event ids that the saga has had in another row than these."""
    rows = [*_rows(document), *await archived_rows(places, saga_id, event_ids)]
    had = {row.get("id") for row in rows if row["seq"] not in but}
    return next((event_id for event_id in event_ids if event_id in had), None)


async def archived_rows(places: Places, saga_id: str, event_ids: Sequence[str]) -> list[Row]:
    """The rows of these events that are in the archive."""
    if not event_ids:
        return []
    return [row async for row in places.archive.find({"sagaId": saga_id, "id": {"$in": list(event_ids)}})]


def _rows(document: Row) -> Sequence[Row]:
    rows: Sequence[Row] = document.get("history", {}).get("events", ())
    return rows


async def _older(
    places: Places, saga_id: str, after: int, before: int, limit: int | None, order: int
) -> Sequence[Row]:
    if after + 1 >= before or limit == 0:
        return []
    where = {"sagaId": saga_id, "seq": {"$gt": after, "$lt": before}}
    return await places.archive.find(where).sort("seq", order).limit(limit or 0).to_list()


async def _answer(collection: Collection, pipeline: Sequence[Row]) -> list[dict[str, Any]]:
    return await (await collection.aggregate(pipeline)).to_list()


async def _insert_missing(archive: Collection, rows: Sequence[dict[str, Any]]) -> None:
    try:
        await archive.insert_many(rows, ordered=False)
    except BulkWriteError as error:
        if any(failure["code"] != _DUPLICATE for failure in error.details["writeErrors"]):
            raise
        if error.details.get("writeConcernErrors"):
            raise
