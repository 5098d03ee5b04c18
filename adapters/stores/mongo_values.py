"""Sagas, entries and history rows to documents and back. Sends nothing; docs/stores.md lists the fields.

The names of a saga's and of a row's fields are the original's where it has one; ours stand beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote
from zlib import crc32

from adapters.stores.mongo_json import date, from_bson, iso, json_object, millis, text_of, to_bson
from engine.model import Entry, HistoryRow, Key, Saga, Step

Document = Mapping[str, Any]

MADE_PER_STEP = 1 << 20
"""More entries than a step can add: keeps `made` growing from step to step."""

_ENTRY = {
    "id": "id", "kind": "kind", "name": "name", "channel": "channel", "state": "state", "business": "business",
    "undoes": "undoes", "done": "done", "timeout": "timeout", "due": "due", "status": "status",
    "attempts": "attempts", "owner": "owner", "token": "token", "leaseUntil": "lease_until", "reason": "reason",
}  # fmt: skip
_ROW = {
    "event": "event", "businessEventId": "business_event_id", "seq": "seq", "id": "event_id",
    "businessEventDescription": "business_event_description", "result": "result", "from": "source", "to": "state",
    "entered": "entered", "businessStateId": "business_state_id",
    "businessStateDescription": "business_state_description", "actor": "actor", "reason": "reason", "note": "note",
}  # fmt: skip


def saga_fields(saga: Saga, metadata: bytes) -> dict[str, Any]:
    """What of the saga's document a step writes anew, history and agenda apart; None: the field is not there."""
    return {
        "associatedEntityId": saga.entity_id,
        "isFinal": saga.is_final,
        "metadata": to_bson(metadata),
        "currentState": saga.state,
        "latestEvent": saga.latest_event,
        "businessStateId": saga.business_state_id,
        "businessStateDescription": saga.business_state_description,
        "businessState": saga.business_state,
        "machine": saga.machine,
        "machineVersion": saga.machine_version,
        "version": saga.version,
        "keys": [{"machine": key.machine, "name": key.name, "value": key.value} for key in saga.keys],
        "createdAt": date(saga.created_at),
        "updatedAt": date(saga.updated_at),
        "paused": saga.paused or None,
        "late": saga.late or None,
    }


def saga_of(document: Document, entries: Iterable[Document]) -> Saga:
    """The saga in a document that has all our fields, with these entries of its agenda."""
    return Saga(
        saga_id=document["sagaId"],
        machine=document["machine"],
        machine_version=document["machineVersion"],
        version=document["version"],
        entity_id=document.get("associatedEntityId") or "",
        state=document["currentState"],
        is_final=bool(document.get("isFinal")),
        business_state=document.get("businessState") or "",
        business_state_id=document.get("businessStateId") or 0,
        business_state_description=document.get("businessStateDescription") or "",
        latest_event=document.get("latestEvent") or "",
        metadata=json_object(document.get("metadata")),
        keys=tuple(Key(machine=k["machine"], name=k["name"], value=k["value"]) for k in document["keys"]),
        agenda=tuple(entry_of(entry, document["sagaId"]) for entry in sorted(entries, key=_by_making)),
        paused=bool(document.get("paused")),
        late=document.get("late") or "",
        created_at=millis(document["createdAt"]) or 0,
        updated_at=millis(document["updatedAt"]) or 0,
    )


def whole_saga(document: Document) -> Saga:
    """With every entry of its agenda."""
    return saga_of(document, document.get("agenda", {}).values())


def entry_fields(entry: Entry, made: int) -> dict[str, Any]:
    """The whole entry; nothing stands for None."""
    fields = {name: getattr(entry, ours) for name, ours in _ENTRY.items()}
    kept = {name: value for name, value in fields.items() if value is not None}
    return {**kept, **payload_field(entry), "made": made}


def payload_field(entry: Entry) -> dict[str, Any]:
    """What is asked; null stands for the saga's metadata as they are now."""
    return {"payload": None if entry.payload is None else to_bson(text_of(entry.payload))}


def entry_of(fields: Document, saga_id: str) -> Entry:
    """The entry in a field of the agenda."""
    payload = fields.get("payload")
    # from_bson: the driver's own whole numbers are no plain ones, which not every JSON library writes.
    given = {ours: from_bson(fields[name]) for name, ours in _ENTRY.items() if fields.get(name) is not None}
    return Entry(saga_id=saga_id, payload=None if payload is None else from_bson(payload), **given)


@lru_cache(maxsize=16_384)
def slot(entry_id: str, saga_id: str) -> str:
    """The name of the agenda's field for an entry: what its id has beside the saga's, `3-0` for `saga.3.0`.

    Without a dot, a dollar or a NUL, and another one for another id.
    """
    own = entry_id.removeprefix(f"{saga_id}.")
    if own != entry_id and own.replace(".", "").isalnum() and own.isascii():
        return own.replace(".", "-")
    return "~" + quote(entry_id, safe="").replace(".", "%2E")


def digest(step: Step, metadata: bytes) -> int:
    """With the rows, what tells a step done again from a rival of the same moment."""
    saga, number = step.saga, crc32(metadata, len(step.rows))
    if step.rows[0].seq == 1:  # what never changes afterwards
        number = crc32(text_of((saga.machine, saga.machine_version, saga.entity_id, saga.created_at)), number)
    return number


def row_fields(row: HistoryRow, number: int) -> dict[str, Any]:
    """A row of history.events; `number` is the digest of its step."""
    fields = {name: getattr(row, ours) for name, ours in _ROW.items()}
    kept = {name: value for name, value in fields.items() if value is not None}
    return {"event": row.event, "timestamp": iso(row.at), **kept, "digest": number}


def row_of(fields: Document) -> HistoryRow:
    """The row in an element of history.events, or in a document of the archive."""
    given: dict[str, Any] = {ours: fields.get(name) for name, ours in _ROW.items()}
    return HistoryRow(at=millis(fields["timestamp"]) or 0, **given)


def state_fields(row: HistoryRow) -> dict[str, Any]:
    """A row of history.states, for a row that entered one."""
    return {
        "state": row.state,
        "timestamp": iso(row.at),
        "businessStateId": row.business_state_id,
        "businessStateDescription": row.business_state_description,
    }


def _by_making(fields: Document) -> int:
    made: int = fields["made"]
    return made
