"""Sagas that the original Flow Manager wrote: documents without our fields, under ids of their own.

They get our fields beside theirs, and nothing of theirs is lost or renamed: what reads the collection goes on
reading it. It happens to all of them when their machine is deployed, to one that is met before at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from bson import ObjectId

from adapters.stores.mongo_json import date, iso, millis
from adapters.stores.mongo_places import Collection, Found, Place, Places
from engine.errors import SagaNotFound
from engine.model import Millis

FIRST_VERSION = 1
"""Of a machine that is not deployed yet."""

_AT_ONCE = 200
_UNTOUCHED = {"machine": None, "version": None}
_A_SAGA = {"sagaId": {"$type": "string"}, "currentState": {"$type": "string"}}


async def adopt_all(places: Places, machine: str | None = None) -> None:
    """Give our fields to every saga that lacks them in the own collection of the machine, or of each; once it is deployed."""
    for collection in places.of_machine(machine):
        owner = places.only_machine(collection)
        if owner is None or machine not in (None, owner):
            continue
        while found := await collection.find({**_UNTOUCHED, **_A_SAGA}).limit(_AT_ONCE).to_list():
            version = await _version(places, owner)
            if version is None:
                break
            for document in found:
                await _write(collection, document, fields_for(document, owner, version))


async def adopt(places: Places, place: Place) -> Found:
    """The saga's document with our fields; it has them from now on if its machine is deployed.

    Raises:
        SagaNotFound: It is in a collection of several machines, so that nobody knows its machine.
    """
    machine = places.only_machine(place.collection)
    document = await place.collection.find_one({**_A_SAGA, **place.where()})
    if document is None or machine is None:
        raise SagaNotFound(
            f"Saga {place.saga_id} was written by another program, and no machine alone has its collection "
            f"{place.collection.name} (store: collections)"
        )
    if "version" in document:
        return document
    version = await _version(places, machine)
    fields = fields_for(document, machine, version or FIRST_VERSION)
    if version is not None:
        await _write(place.collection, document, fields)
    rows = {"events": fields.pop("history.events")}
    return {**document, **fields, "history": {**(document.get("history") or {}), **rows}}


def fields_for(document: Mapping[str, Any], machine: str, version: int) -> dict[str, Any]:
    """Our fields of a document that has none, and of the original's those that it left out; its rows get theirs too."""
    rows = _rows(document)
    moments = [moment for row in rows if (moment := millis(row["timestamp"])) is not None]
    begun = millis(document.get("createdAt")) or min(moments, default=_made(document))
    missing = {
        "associatedEntityId": "",
        "isFinal": False,
        "metadata": {},
        "latestEvent": rows[-1]["event"],
        "businessState": document.get("businessStateDescription") or "",
        "createdAt": date(begun),
        "updatedAt": date(max(moments, default=begun)),
    }
    return {
        "machine": machine,
        "machineVersion": version,
        "version": len(rows),
        "keys": [],
        "agenda": {},
        "history.events": rows,
        **{name: value for name, value in missing.items() if document.get(name) is None},
    }


async def _write(collection: Collection, document: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
    """Nothing is written if somebody was faster, who wrote the same."""
    where = {"_id": document["_id"], "sagaId": document["sagaId"], **_UNTOUCHED}
    await collection.update_one(where, {"$set": fields})


async def _version(places: Places, machine: str) -> int | None:
    """The oldest version that is deployed: the one that was made of the original's configuration."""
    oldest = await places.definitions.find({"machine": machine}).sort("version", 1).limit(1).to_list()
    return oldest[0]["version"] if oldest else None


def _rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """history.events, at least one, each with the fields that our rows have."""
    history = document.get("history") or {}
    states: Sequence[Mapping[str, Any]] = history.get("states") or [_present(document)]
    names = document.get("events") or [document.get("latestEvent") or "created"]
    events: Sequence[Mapping[str, Any]] = history.get("events") or [{"event": name} for name in names]
    entered = [states[max(0, len(states) - len(events) + number)] for number in range(len(events))]
    before = [None, *(state["state"] for state, _ in pairwise(entered))]
    return [
        _row(number, event, state, source)
        for number, (event, state, source) in enumerate(zip(events, entered, before, strict=True), 1)
    ]


def _row(
    number: int, event: Mapping[str, Any], state: Mapping[str, Any], source: str | None
) -> dict[str, Any]:
    """One state belongs to one event; where there are fewer states, the first stands for those before."""
    added = {
        "timestamp": event.get("timestamp") or state.get("timestamp") or iso(0),
        "seq": number,
        "result": "applied",
        "to": state["state"],
        "entered": True,
        "businessStateId": state.get("businessStateId") or 0,
        "businessStateDescription": state.get("businessStateDescription") or "",
    }
    return {**added, **({} if source is None else {"from": source}), **event}


def _present(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "state": document["currentState"],
        "businessStateId": document.get("businessStateId"),
        "businessStateDescription": document.get("businessStateDescription"),
    }


def _made(document: Mapping[str, Any]) -> Millis:
    """When a document without any moment was written: its id tells."""
    id_ = document["_id"]
    return int(id_.generation_time.timestamp() * 1000) if isinstance(id_, ObjectId) else 0
