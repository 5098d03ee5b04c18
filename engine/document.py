"""A saga as the outside sees it: the document that the API answers and that others read.

Field names are the original's; ours stand beside them.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.machine.names import iso
from engine.machine.pausing import FROZEN, NEVER
from engine.model import Entry, HistoryRow, Json, Saga

BOUND = 500
"""How many history rows a document holds; the API gives the rest by pages."""


def document(saga: Saga, rows: Sequence[HistoryRow]) -> Json:
    """The document of a saga; `rows` are its newest history rows, oldest first (at most `BOUND`)."""
    return {
        **summary(saga),
        "metadata": saga.metadata,
        "events": [row.event for row in rows],
        "history": {
            "states": [_state(row) for row in rows if row.entered],
            "events": [history_event(row) for row in rows],
        },
        "agenda": [agenda_entry(entry) for entry in saga.agenda if entry.status != "done"],
        "done": [entry.name for entry in done_commands(saga)],
    }


def summary(saga: Saga) -> Json:
    """A saga as a list shows it: no metadata, no history."""
    return {
        "sagaId": saga.saga_id,
        "associatedEntityId": saga.entity_id,
        "machine": saga.machine,
        "machineVersion": saga.machine_version,
        "version": saga.version,
        "currentState": saga.state,
        "isFinal": saga.is_final,
        "businessState": saga.business_state,
        "businessStateId": saga.business_state_id,
        "businessStateDescription": saga.business_state_description,
        "latestEvent": saga.latest_event,
        "keys": [{"name": key.name, "value": key.value} for key in saga.keys],
        "createdAt": iso(saga.created_at),
        "updatedAt": iso(saga.updated_at),
        "parked": any(entry.status == "parked" for entry in saga.agenda),
        "paused": saga.paused,
        "late": bool(saga.late),
    }


def done_commands(saga: Saga) -> list[Entry]:
    """The commands that were done and would be undone by a compensation, oldest first."""
    return sorted((e for e in saga.agenda if e.status == "done" and e.done), key=lambda e: e.done)


def agenda_entry(entry: Entry) -> Json:
    """One thing a saga owes, without what is sent."""
    return {
        "id": entry.id,
        "kind": entry.kind,
        "name": entry.name,
        "channel": entry.channel,
        "state": entry.state,
        "undoes": entry.undoes,
        "status": "paused" if FROZEN <= entry.due < NEVER else entry.status,
        "due": iso(entry.due) if entry.due < FROZEN else None,
        "attempts": entry.attempts,
        "leaseUntil": iso(entry.lease_until) if entry.owner else None,
        "reason": entry.reason,
    }


def history_event(row: HistoryRow) -> Json:
    """One row of the history: the original's fields, then ours."""
    return {
        "event": row.event,
        "timestamp": iso(row.at),
        "businessEventId": row.business_event_id,
        "businessEventDescription": row.business_event_description,
        "seq": row.seq,
        "id": row.event_id,
        "result": row.result,
        "from": row.source,
        "to": row.state,
        "actor": row.actor,
        "reason": row.reason,
        "note": row.note,
    }


def _state(row: HistoryRow) -> Json:
    return {
        "state": row.state,
        "timestamp": iso(row.at),
        "businessStateId": row.business_state_id,
        "businessStateDescription": row.business_state_description,
    }
