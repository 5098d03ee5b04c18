"""How the MongoDB store takes a step: one compare-and-set, and a look at the saga only when that does not fit.

A step that claims keys writes these first (mongo_reservations); one that fills the document moves rows to the archive
first (mongo_history). Neither says anything until the step itself is written.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from adapters.stores import mongo_history as rows
from adapters.stores.mongo_json import text_of
from adapters.stores.mongo_keys import let_go, names_of
from adapters.stores.mongo_originals import adopt
from adapters.stores.mongo_places import Found, Place, Places
from adapters.stores.mongo_reservations import FENCED, Reservations
from adapters.stores.mongo_updates import Pipeline, first_document, step_update
from adapters.stores.mongo_values import digest, slot
from adapters.stores.mongo_values import row_of as row_in
from engine.errors import (
    DuplicateEvent,
    EngineError,
    KeyTaken,
    Refused,
    SagaExists,
    SagaNotFound,
    StaleLease,
    StaleSaga,
    StoreUnavailable,
)
from engine.model import Step

TRIES = 4
"""Of a step that ought to fit but does not: each finds out something new about where the saga is."""


async def create(places: Places, step: Step) -> None:
    """Raises SagaExists, KeyTaken, PayloadInvalid: nothing was changed."""
    document = first_document(step, text_of(step.saga.metadata))

    async def write(stamp: ObjectId) -> bool:
        # Elsewhere no _id would collide: with what the original wrote, or was there before there were several.
        if (len(places.all()) > 1 or places.has_originals) and await _is_done(places, step):
            return False
        place = places.new(step.saga.machine, step.saga.saga_id)
        try:
            await place.collection.insert_one(document)
        except DuplicateKeyError:
            if await _is_done(places, step):
                return False
            await _write_over_fence(place, document, stamp)
        return True

    await _with_names(places, step, write)


async def commit(places: Places, step: Step) -> None:
    """Raises SagaNotFound, DuplicateEvent, StaleSaga, StaleLease, KeyTaken, PayloadInvalid: nothing was changed."""
    version = step.rows[-1].seq
    keep = version - rows.archived(version) if rows.moves(step) else None
    update = step_update(step, text_of(step.saga.metadata), keep=keep)

    async def write(stamp: ObjectId) -> bool:
        if await _written(places, step, update, stamp):
            return True
        if await _is_done(places, step):
            return False
        raise _Moved

    await _with_names(places, step, write)


class _Moved(Exception):
    """The step ought to fit and did not: the saga is elsewhere, or a name was lost. Known better, it is tried again."""


async def _with_names(places: Places, step: Step, write: Callable[[ObjectId], Awaitable[bool]]) -> None:
    """Reserve the names, write, and set right what became of them. An unknown outcome leaves them as they are."""
    for _ in range(TRIES):
        names = Reservations(places.keys, step, names_of(places, step))
        try:
            written = await _reserved(names) and await write(names.stamp)
        except _Moved:
            await names.give_back()
            continue
        except Refused as taken:
            await names.give_back()
            if not isinstance(taken, (KeyTaken, SagaExists)) or not await _is_done(places, step):
                raise
            written = False
        except EngineError:
            await names.give_back()
            raise
        if not written:
            await names.give_back()
        await let_go(places, step)
        return
    raise _in_between(step)


async def _reserved(names: Reservations) -> bool:
    if (taken := await names.take()) is not None:
        raise taken
    return True


async def _write_over_fence(place: Place, document: Found, stamp: ObjectId) -> None:
    """Write a new saga over what keeps its id from a writer that was shut out. Raises _Moved if that is us."""
    fields = {name: value for name, value in document.items() if name not in ("_id", "sagaId")}
    where = place.where(currentState=None, fenced={"$ne": stamp})
    answer = await place.collection.update_one(where, {"$set": fields, "$unset": {FENCED: ""}})
    if not answer.matched_count:
        raise _Moved


async def _written(places: Places, step: Step, update: Pipeline, stamp: ObjectId) -> bool:
    """False if the saga is not where the step begins, has had one of its events, or the step is fenced."""
    saga_id, base = step.saga.saga_id, step.rows[0].seq - 1
    event_ids = _event_ids(step)
    if rows.archived(base) and await rows.archived_rows(places, saga_id, event_ids):
        return False
    if rows.moves(step):
        await rows.move(places, step)
    place = places.new(step.saga.machine, saga_id)
    where: Found = {"version": base}
    if event_ids:
        where["history.events.id"] = {"$nin": event_ids}
    if step.claimed:
        where[FENCED] = {"$ne": stamp}
    if step.fence is not None:
        where[f"agenda.{slot(step.fence.entry, saga_id)}.token"] = {"$not": {"$gt": step.fence.token}}
    answer = await place.collection.update_one(place.where(**where), update)
    return answer.matched_count == 1


async def _is_done(places: Places, step: Step) -> bool:
    """True for a repeat; False if nothing speaks against the step.

    Raises:
        SagaExists, SagaNotFound, DuplicateEvent, StaleSaga, StaleLease: Something does.
    """
    saga_id, is_first = step.saga.saga_id, step.rows[0].seq == 1
    unread = ("metadata", "events", *(() if step.fence else ("agenda",)))
    try:
        place, document = await places.find(saga_id, dict.fromkeys(unread, 0))
    except SagaNotFound:
        if is_first:
            return False
        raise
    if "version" not in document:
        document = await adopt(places, place)
    if await _is_repeat(places, step, document):
        return True
    if is_first:
        raise SagaExists(f"There is already a saga {saga_id}")
    await _refuse_race_lost(places, step, document)
    return False


async def _is_repeat(places: Places, step: Step, document: Found) -> bool:
    first, last = step.rows[0].seq, step.rows[-1].seq
    if document["version"] < last:
        return False
    kept = await rows.rows_between(places, step.saga.saga_id, document, first, last)
    number = digest(step, text_of(step.saga.metadata))
    same = all(row.get("digest") == number for row in kept)
    return same and tuple(map(row_in, kept)) == step.rows


async def _refuse_race_lost(places: Places, step: Step, document: Found) -> None:
    saga_id, own = step.saga.saga_id, range(step.rows[0].seq, step.rows[-1].seq + 1)
    had = await rows.had_events(places, saga_id, document, _event_ids(step), but=own)
    if had is not None:
        raise DuplicateEvent(f"Saga {saga_id} has had event {had}")
    if document["version"] != own.start - 1:
        raise StaleSaga(f"Saga {saga_id} is at version {document['version']} by now")
    if step.fence is not None:
        entry = document.get("agenda", {}).get(slot(step.fence.entry, saga_id))
        if entry is not None and entry["token"] > step.fence.token:
            raise StaleLease(f"Entry {step.fence.entry} was claimed by another since")


def _event_ids(step: Step) -> list[str]:
    return [row.event_id for row in step.rows if row.event_id is not None]


def _in_between(step: Step) -> StoreUnavailable:
    return StoreUnavailable(f"Saga {step.saga.saga_id} is being written at this moment")
