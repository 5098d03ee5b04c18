"""Steps to rows. Knows the order of columns; runs no statement.

Encoding happens in the event loop, before a step is queued. The way back is sqlite_values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from zlib import crc32

import orjson

from engine.errors import PayloadInvalid
from engine.model import Entry, HistoryRow, Key, Saga, Step

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
    paused: bool
    late: str


SAGA = "saga_id, place, version, latest_event, updated_at, created_at, entity_id, keys, metadata"
HISTORY = (
    "saga_id, seq, digest, at, event, event_id, result, source, state, entered, business_state_id, "
    "business_state_description, business_event_id, business_event_description, actor, reason, note"
)
ENTRY = (
    "saga_id, id, made, kind, name, channel, payload, state, business, undoes, done, timeout, due, status, "
    "attempts, owner, token, lease_until, reason"
)

OPEN = "status IN ('due', 'waiting')"
"""Of entries that can be claimed; as the index entries_open spells it, else SQLite does not use that."""

MADE_PER_STEP = 1 << 20
"""More entries than a step can add: keeps `made` growing from step to step."""


@dataclass(frozen=True, slots=True)
class StepRows:
    """A step as the rows it writes. `before` is the version it was made from."""

    is_first: bool
    before: int
    saga: Row
    history: Sequence[Row]
    added: Sequence[Row]
    rewritten: Sequence[Row]
    removed: Sequence[Row]
    claimed: Sequence[Row]
    dropped: Sequence[Row]
    fence: Sequence[Row]


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
        saga.paused,
        saga.late,
    )


def step_rows(step: Step, place: int, *, is_first: bool) -> StepRows:
    """The step as rows; `place` is the number of the saga's place.

    Raises:
        PayloadInvalid: A value has no JSON form.
    """
    saga, metadata = step.saga, encoded(step.saga.metadata)
    saga_id = saga.saga_id
    first_made = saga.version * MADE_PER_STEP
    digest = _digest(step, metadata, is_first)
    return StepRows(
        is_first,
        step.rows[0].seq - 1,
        _saga_row(saga, place, metadata),
        [_history_row(saga_id, row, digest) for row in step.rows],
        [_entry_row(entry, made) for made, entry in enumerate(step.added, first_made)],
        [_rewritten_row(entry) for entry in step.rewritten],
        [(saga_id, id_) for id_ in step.removed],
        [(key.value, key.machine, key.name, saga_id) for key in step.claimed],
        [(key.value, key.machine, key.name, saga_id) for key in step.dropped],
        [] if step.fence is None else [(saga_id, step.fence.entry, step.fence.token)],
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


def _digest(step: Step, metadata: bytes, is_first: bool) -> int:
    """With the rows, what tells a step done again from a rival of the same moment."""
    saga, digest = step.saga, crc32(metadata, len(step.rows))
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
        metadata.decode(),
    )


def _keys(keys: tuple[Key, ...]) -> str:
    return encoded([(key.machine, key.name, key.value) for key in keys]).decode() if keys else "[]"


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
        _payload(entry),
        entry.state,
        entry.business,
        entry.undoes,
        entry.done,
        entry.timeout,
        entry.due,
        entry.status,
        entry.attempts,
        entry.owner,
        entry.token,
        entry.lease_until,
        entry.reason,
    )


def _rewritten_row(entry: Entry) -> Row:
    """In the order of sqlite_steps._REWRITE_ENTRIES."""
    return (
        entry.saga_id,
        entry.id,
        _payload(entry),
        entry.state,
        entry.business,
        entry.undoes,
        entry.status == "done",
        entry.done,
    )


def _payload(entry: Entry) -> str | None:
    return None if entry.payload is None else encoded(entry.payload).decode()
