"""Rows to values, from the columns that sqlite_rows names. Runs no statement; called in the thread that read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from adapters.stores.sqlite_rows import Place
from engine.model import Entry, HistoryRow, Json, Key, Saga, StoredDefinition


def decoded_saga(row: Sequence[Any], place: Place, agenda: Iterable[Entry]) -> Saga:
    """From the columns of SAGA."""
    saga_id, _, version, latest_event, updated_at, created_at, entity_id, keys, metadata = row
    return Saga(
        saga_id=saga_id,
        machine=place.machine,
        machine_version=place.machine_version,
        version=version,
        entity_id=entity_id,
        state=place.state,
        is_final=place.is_final,
        business_state=place.business_state,
        business_state_id=place.business_state_id,
        business_state_description=place.business_state_description,
        latest_event=latest_event,
        metadata=orjson.loads(metadata),
        keys=tuple(Key(machine=m, name=n, value=v) for m, n, v in orjson.loads(keys)),
        agenda=tuple(agenda),
        paused=place.paused,
        late=place.late,
        created_at=created_at,
        updated_at=updated_at,
    )


def decoded_history(row: Sequence[Any]) -> HistoryRow:
    """From the columns of HISTORY."""
    return HistoryRow(
        seq=row[1],
        at=row[3],
        event=row[4],
        event_id=row[5],
        result=row[6],
        source=row[7],
        state=row[8],
        entered=bool(row[9]),
        business_state_id=row[10],
        business_state_description=row[11],
        business_event_id=row[12],
        business_event_description=row[13],
        actor=row[14],
        reason=row[15],
        note=row[16],
    )


def decoded_entry(row: Sequence[Any]) -> Entry:
    """From the columns of ENTRY; what stands after them is left."""
    payload: Json | None = None if row[6] is None else orjson.loads(row[6])
    return Entry(
        saga_id=row[0],
        id=row[1],
        kind=row[3],
        name=row[4],
        channel=row[5],
        payload=payload,
        state=row[7],
        business=row[8],
        undoes=row[9],
        done=row[10],
        timeout=row[11],
        due=row[12],
        status=row[13],
        attempts=row[14],
        owner=row[15],
        token=row[16],
        lease_until=row[17],
        reason=row[18],
    )


def decoded_definition(row: Sequence[Any]) -> StoredDefinition:
    """From the columns in the order of the value's fields."""
    machine, version, content_hash, source, deployed_at = row
    return StoredDefinition(
        machine=machine, version=version, content_hash=content_hash, source=source, deployed_at=deployed_at
    )
