"""Reads of one saga: itself, its entries, its history; and the definitions. Each on one snapshot.

Runs in a reader's thread.
"""

# ruff: noqa: S608 - statements are made of constants of these modules; every value is bound

from __future__ import annotations

import apsw

from adapters.stores.sqlite_places import Places
from adapters.stores.sqlite_rows import ENTRY, HISTORY, SAGA
from adapters.stores.sqlite_values import decoded_definition, decoded_entry, decoded_history, decoded_saga
from engine.errors import KeyAmbiguous, SagaNotFound
from engine.model import HistoryRow, Saga, StoredDefinition

_AGENDA = f"SELECT {ENTRY} FROM entries WHERE saga_id = ? ORDER BY made"


def saga(db: apsw.Connection, places: Places, saga_id: str) -> Saga:
    """Raises SagaNotFound."""
    row = db.execute(f"SELECT {SAGA} FROM sagas WHERE saga_id = ?", (saga_id,)).fetchone()
    if row is None:
        raise SagaNotFound(f"There is no saga {saga_id}")
    return decoded_saga(row, places[row[1]], map(decoded_entry, db.execute(_AGENDA, (saga_id,))))


def find(db: apsw.Connection, handle: str, machine: str | None) -> str:
    """Raises SagaNotFound, KeyAmbiguous."""
    if db.execute("SELECT 1 FROM sagas WHERE saga_id = ?", (handle,)).fetchone() is not None:
        return handle
    owners: list[str] = [
        saga_id
        for (saga_id,) in db.execute(
            "SELECT DISTINCT saga_id FROM keys WHERE value = ?1 AND (?2 IS NULL OR machine = ?2)",
            (handle, machine),
        )
    ]
    if not owners:
        raise SagaNotFound(f"There is no saga with the id or key {handle}")
    if len(owners) > 1:
        raise KeyAmbiguous(f"{len(owners)} sagas have the key {handle}: use the saga id")
    return owners[0]


def history(
    db: apsw.Connection, saga_id: str, *, after: int, limit: int | None, newest: bool
) -> list[HistoryRow]:
    """Rows after `after`, oldest first; at most `limit` of them, from the end if `newest`."""
    order = "DESC" if newest else "ASC"
    rows = db.execute(
        f"SELECT {HISTORY} FROM history WHERE saga_id = ? AND seq > ? ORDER BY seq {order} LIMIT ?",
        (saga_id, after, -1 if limit is None else limit),
    ).fetchall()
    return [decoded_history(row) for row in (reversed(rows) if newest else rows)]


def row_of(db: apsw.Connection, saga_id: str, event_id: str) -> HistoryRow | None:
    """The row of the event with this id."""
    row = db.execute(
        f"SELECT {HISTORY} FROM history WHERE saga_id = ? AND event_id = ?", (saga_id, event_id)
    ).fetchone()
    return None if row is None else decoded_history(row)


def definitions(db: apsw.Connection, machine: str | None) -> list[StoredDefinition]:
    """By name and version."""
    rows = db.execute(
        "SELECT machine, version, content_hash, source, deployed_at FROM definitions "
        "WHERE ?1 IS NULL OR machine = ?1 ORDER BY machine, version",
        (machine,),
    )
    return [decoded_definition(row) for row in rows]
