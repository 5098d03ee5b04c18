"""Writes steps: what creates and commits do to the tables, and why one is refused.

Runs in the writer's thread, inside its transaction. A batch is written blindly, a statement a table, and
the constraints and counts of rows tell whether every step fitted; only if not is each looked at alone.
"""

# ruff: noqa: S608 - statements are made of constants of these modules; every value is bound

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain

import apsw

from adapters.stores.sqlite_rows import ENTRY, HISTORY, SAGA, Row, StepRows
from engine.errors import (
    DuplicateEvent,
    KeyTaken,
    Refused,
    SagaExists,
    SagaNotFound,
    Stale,
    StaleLease,
    StaleSaga,
)

_INSERT_SAGAS = f"INSERT INTO sagas ({SAGA}) VALUES "
_UPDATE_SAGAS = (
    "WITH new (saga_id, place, version, latest_event, updated_at, _, _, keys, metadata, before) AS (VALUES ",
    (
        ") UPDATE sagas SET place = new.place, version = new.version, latest_event = new.latest_event, "
        "updated_at = new.updated_at, keys = new.keys, metadata = new.metadata "
        "FROM new WHERE sagas.saga_id = new.saga_id AND sagas.version = new.before"
    ),
)
_INSERT_HISTORY = f"INSERT INTO history ({HISTORY}) VALUES "
_DELETE_ENTRIES = ("DELETE FROM entries WHERE (saga_id, id) IN (VALUES ", ")")
_PUT_ENTRIES = (
    f"INSERT INTO entries ({ENTRY}) VALUES ",
    (
        "ON CONFLICT (saga_id, id) DO UPDATE SET "
        "kind = excluded.kind, name = excluded.name, channel = excluded.channel, payload = excluded.payload, "
        "state = excluded.state, business = excluded.business, undoes = excluded.undoes, "
        "done = excluded.done, timeout = excluded.timeout, due = excluded.due, status = excluded.status, "
        "attempts = excluded.attempts, owner = excluded.owner, lease_until = excluded.lease_until, "
        # Whoever held it is fenced, also by a claim that was made since the step's saga was loaded.
        "reason = excluded.reason, token = max(token + 1, excluded.token)"
    ),
)
_CLAIM_KEYS = (
    "INSERT INTO keys (value, machine, name, saga_id) VALUES ",
    "ON CONFLICT DO UPDATE SET saga_id = saga_id WHERE saga_id = excluded.saga_id",
)
_REWRITE_ENTRIES = (
    "WITH new (saga_id, id, payload, state, business, undoes, is_done, done) AS (VALUES ",
    (
        ") UPDATE entries SET payload = new.payload, state = new.state, business = new.business, "
        "undoes = new.undoes, done = iif(is_done, new.done, entries.done), "
        "status = iif(is_done, 'done', status), owner = iif(is_done, NULL, owner), "
        "lease_until = iif(is_done, 0, lease_until), reason = iif(is_done, NULL, reason) "
        "FROM new WHERE entries.saga_id = new.saga_id AND entries.id = new.id"
    ),
)
_FENCED = (
    "WITH held (saga_id, id, token) AS (VALUES ",
    (
        ") SELECT 1 FROM held CROSS JOIN entries WHERE entries.saga_id = held.saga_id "
        "AND entries.id = held.id AND entries.token > held.token LIMIT 1"
    ),
)
_DROP_KEY = "DELETE FROM keys WHERE value = ? AND machine = ? AND name = ? AND saga_id = ?"

_VERSION = "SELECT version FROM sagas WHERE saga_id = ?"
_STEP = f"SELECT {HISTORY} FROM history WHERE saga_id = ? AND seq BETWEEN ? AND ? ORDER BY seq"
_HAD_EVENT = "SELECT seq FROM history WHERE saga_id = ? AND event_id = ? AND seq NOT BETWEEN ? AND ?"
_KEY_OWNER = "SELECT saga_id FROM keys WHERE value = ? AND machine = ? AND name = ?"

MOST_ROWS = 256
"""In one statement; 256 rows of 17 values stay below SQLite's 32,766 and apsw's 16 kB of cached text."""


def write_together(db: apsw.Connection, steps: Sequence[StepRows]) -> bool:
    """Write the steps if all of them fit; False if one does not, and some may be written then."""
    try:
        return _written(db, steps)
    except apsw.ConstraintError:
        return False


def write_alone(db: apsw.Connection, step: StepRows) -> None:
    """Write the step, unless that was done before.

    Raises:
        SagaExists, SagaNotFound, DuplicateEvent, StaleSaga, StaleLease, KeyTaken: Nothing was written.
    """
    if db.execute(_STEP, (step.saga[0], *_seqs(step))).fetchall() == step.history:
        return
    if objection := _objection(db, step):
        raise objection
    _written(db, [step])


def _written(db: apsw.Connection, steps: Sequence[StepRows]) -> bool:
    first = [step.saga for step in steps if step.is_first]
    later = [(*step.saga, step.before) for step in steps if not step.is_first]
    _write(db, (_INSERT_SAGAS, ""), first)
    _write(db, (_INSERT_HISTORY, ""), _all(step.history for step in steps))
    if _write(db, _UPDATE_SAGAS, later) != len(later):
        return False
    if _is_fenced(db, _all(step.fence for step in steps)):
        return False
    _write(db, _DELETE_ENTRIES, _all(step.removed for step in steps))
    _write(db, _REWRITE_ENTRIES, _all(step.rewritten for step in steps))
    _write(db, _PUT_ENTRIES, _all(step.added for step in steps))
    _write_each(db, _DROP_KEY, _all(step.dropped for step in steps))
    claimed = _all(step.claimed for step in steps)
    return _write(db, _CLAIM_KEYS, claimed) == len(claimed)


def _all(rows: Iterator[Sequence[Row]]) -> list[Row]:
    return list(chain.from_iterable(rows))


def _write(db: apsw.Connection, around: tuple[str, str], rows: Sequence[Row]) -> int:
    """Run the statement for all rows, many at a time; answers how many rows it changed."""
    changed = done = 0
    while done < len(rows):
        count = min(MOST_ROWS, 1 << (len(rows) - done).bit_length() - 1)  # few texts to prepare: powers of 2
        part = rows[done : done + count]
        db.execute(_statement(around, len(part[0]), count), tuple(chain.from_iterable(part)))
        changed += db.changes()
        done += count
    return changed


def _is_fenced(db: apsw.Connection, held: Sequence[Row]) -> bool:
    """Whether somebody else has claimed one of the entries since."""
    done = 0
    while done < len(held):
        count = min(MOST_ROWS, 1 << (len(held) - done).bit_length() - 1)
        values = tuple(chain.from_iterable(held[done : done + count]))
        if db.execute(_statement(_FENCED, len(held[0]), count), values).get is not None:
            return True
        done += count
    return False


def _write_each(db: apsw.Connection, statement: str, rows: Sequence[Row]) -> None:
    if rows:
        db.executemany(statement, rows)


@cache
def _statement(around: tuple[str, str], columns: int, rows: int) -> str:
    row = f"({','.join('?' * columns)})"
    return f"{around[0]}{','.join([row] * rows)} {around[1]}"


def _objection(db: apsw.Connection, step: StepRows) -> Refused | Stale | None:
    saga_id = step.saga[0]
    current = db.execute(_VERSION, (saga_id,)).get
    if step.is_first:
        if current is not None:
            return SagaExists(f"There is already a saga {saga_id}")
    elif current is None:
        return SagaNotFound(f"There is no saga {saga_id}")
    elif objection := _race_lost(db, step, current):
        return objection
    return _key_taken(db, step)


def _race_lost(db: apsw.Connection, step: StepRows, current: int) -> Stale | None:
    saga_id = step.saga[0]
    for event_id in (row[5] for row in step.history):
        if db.execute(_HAD_EVENT, (saga_id, event_id, *_seqs(step))).get is not None:
            return DuplicateEvent(f"Saga {saga_id} has had event {event_id}")
    if current != step.before:
        return StaleSaga(f"Saga {saga_id} is at version {current} by now")
    if _is_fenced(db, step.fence):
        return StaleLease(f"Entry {step.fence[0][1]} was claimed by another since")
    return None


def _seqs(step: StepRows) -> tuple[int, int]:
    """First and last of its rows."""
    return step.before + 1, step.before + len(step.history)


def _key_taken(db: apsw.Connection, step: StepRows) -> KeyTaken | None:
    for value, machine, name, saga_id in step.claimed:
        if db.execute(_KEY_OWNER, (value, machine, name)).get not in (None, saga_id):
            return KeyTaken(f"Another saga of {machine} has {name} {value}")
    return None
