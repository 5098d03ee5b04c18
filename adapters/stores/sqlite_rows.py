"""Values to rows and back. Knows the order of columns; runs no statement.

Encoding happens in the event loop, before a step is queued; decoding in the thread that read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from zlib import crc32

import orjson

from engine.errors import PayloadInvalid
from engine.model import Entry, HistoryRow, Json, Key, Saga, Step, StoredDefinition

Row = tuple[Any, ...]


class Place(NamedTuple):
    """Where a saga stands, as far as it follows from its machine; rows hold its number."""

    machine: str
    machine_version: int
    state: str
    is_final: bool
    business_state: str
    business_state_id: int
    business_state_description: str


SAGA = "saga_id, place, version, latest_event, updated_at, created_at, entity_id, keys, done, metadata"
HISTORY = (
    "saga_id, seq, digest, at, event, event_id, result, source, state, entered, business_state_id, "
    "business_state_description, business_event_id, business_event_description, actor, reason, note"
)
ENTRY = (
    "saga_id, id, made, kind, name, channel, payload, state, timeout, due, status, attempts, owner, "
    "token, lease_until, reason"
)

MADE_PER_STEP = 1 << 20
"""More entries than a step can add: keeps `made` growing from step to step."""


@dataclass(frozen=True, slots=True)
class StepRows:
    """A step as the rows it writes."""

    is_first: bool
    saga: Row
    history: Row
    added: Sequence[Row]
    rewritten: Sequence[Row]
    removed: Sequence[Row]
    claimed: Sequence[Row]
    dropped: Sequence[Row]


def place_of(saga: Saga) -> Place:
    """What of the saga its row holds as one number."""
    return Place(
        saga.machine,
        saga.machine_version,
        saga.state,
        saga.is_final,
        saga.business_state,
        saga.business_state_id,
        saga.business_state_description,
    )


def step_rows(step: Step, place: int, *, is_first: bool) -> StepRows:
    """The step as rows; `place` is the number of the saga's place.

    Raises:
        PayloadInvalid: A value has no JSON form.
    """
    saga, metadata = step.saga, encoded(step.saga.metadata)
    saga_id = saga.saga_id
    first_made = saga.version * MADE_PER_STEP
    return StepRows(
        is_first,
        _saga_row(saga, place, metadata),
        _history_row(saga_id, step.row, _digest(saga, metadata, is_first)),
        [_entry_row(entry, made) for made, entry in enumerate(step.added, first_made)],
        [(encoded(payload).decode(), saga_id, id_) for id_, payload in step.rewritten],
        [(saga_id, id_) for id_ in step.removed],
        [(key.value, key.machine, key.name, saga_id) for key in step.claimed],
        [(key.value, key.machine, key.name, saga_id) for key in step.dropped],
    )


def encoded(value: object) -> bytes:
    """The value as JSON.

    Raises:
        PayloadInvalid: It has no JSON form, or a whole number of more than 64 bits.
    """
    try:
        return orjson.dumps(value)
    except TypeError as error:
        raise PayloadInvalid(f"The data cannot be stored as JSON: {error}") from error


def decoded_saga(row: Sequence[Any], place: Place, agenda: Iterable[Entry]) -> Saga:
    """From the columns of SAGA."""
    saga_id, _, version, latest_event, updated_at, created_at, entity_id, keys, done, metadata = row
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
        done=tuple(orjson.loads(done)),
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
        timeout=row[8],
        due=row[9],
        status=row[10],
        attempts=row[11],
        owner=row[12],
        token=row[13],
        lease_until=row[14],
        reason=row[15],
    )


def decoded_definition(row: Sequence[Any]) -> StoredDefinition:
    """From the columns in the order of the value's fields."""
    machine, version, content_hash, source, deployed_at = row
    return StoredDefinition(
        machine=machine, version=version, content_hash=content_hash, source=source, deployed_at=deployed_at
    )


def _digest(saga: Saga, metadata: bytes, is_first: bool) -> int:
    """With the row, what tells a step done again from a rival of the same moment."""
    digest = crc32(metadata)
    if is_first:  # what never changes afterwards
        digest = crc32(encoded((saga.machine, saga.machine_version, saga.entity_id, saga.created_at)), digest)
    return digest


def _saga_row(saga: Saga, place: int, metadata: bytes) -> Row:
    return (
        saga.saga_id,
        place,
        saga.version,
        saga.latest_event,
        saga.updated_at,
        saga.created_at,
        saga.entity_id,
        _keys(saga.keys),
        _names(saga.done),
        metadata.decode(),
    )


def _keys(keys: tuple[Key, ...]) -> str:
    return encoded([(key.machine, key.name, key.value) for key in keys]).decode() if keys else "[]"


def _names(names: tuple[str, ...]) -> str:
    return encoded(names).decode() if names else "[]"


def _history_row(saga_id: str, row: HistoryRow, digest: int) -> Row:
    return (
        saga_id,
        row.seq,
        digest,
        row.at,
        row.event,
        row.event_id,
        row.result,
        row.source,
        row.state,
        row.entered,
        row.business_state_id,
        row.business_state_description,
        row.business_event_id,
        row.business_event_description,
        row.actor,
        row.reason,
        row.note,
    )


def _entry_row(entry: Entry, made: int) -> Row:
    return (
        entry.saga_id,
        entry.id,
        made,
        entry.kind,
        entry.name,
        entry.channel,
        None if entry.payload is None else encoded(entry.payload).decode(),
        entry.state,
        entry.timeout,
        entry.due,
        entry.status,
        entry.attempts,
        entry.owner,
        entry.token,
        entry.lease_until,
        entry.reason,
    )
