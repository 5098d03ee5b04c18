"""Writes to the agenda that are no steps: claims, and what became of an entry.

Runs in the writer's thread, inside its transaction.
"""

# ruff: noqa: S608 - statements are made of constants of these modules; every value is bound

from __future__ import annotations

import apsw
import orjson

from adapters.stores.sqlite_places import Places
from adapters.stores.sqlite_rows import ENTRY, OPEN, SAGA
from adapters.stores.sqlite_values import decoded_entry, decoded_saga
from engine.errors import StaleLease
from engine.model import Claim, Entry, Millis

_CLAIM = (
    "WITH free AS MATERIALIZED (SELECT saga_id, id FROM entries INDEXED BY entries_open "
    f"WHERE {OPEN} AND due <= ?1 AND lease_until <= ?1 ORDER BY due, id LIMIT ?2) "
    "UPDATE entries SET owner = ?3, token = token + 1, lease_until = ?1 + ?4 + coalesce(timeout, 0) "
    f"FROM free WHERE entries.saga_id = free.saga_id AND entries.id = free.id RETURNING {ENTRY}"
)
_SAGAS = f"SELECT {SAGA} FROM sagas WHERE saga_id IN (SELECT value FROM json_each(?))"
_LEASED = "WHERE saga_id = ? AND id = ? AND token = ? AND status <> 'done'"
_SETTLE = f"DELETE FROM entries {_LEASED}"
_POSTPONE = (
    "UPDATE entries SET status = ?, due = ?, attempts = ?, reason = ?, owner = NULL, lease_until = 0 "
    f"{_LEASED}"
)
_PARK = (
    f"UPDATE entries SET status = 'parked', attempts = ?, reason = ?, owner = NULL, lease_until = 0 {_LEASED}"
)
_RELEASE = (
    "UPDATE entries SET owner = NULL, lease_until = 0 WHERE owner IS NOT NULL AND (?1 IS NULL OR owner = ?1)"
)


def claim(
    db: apsw.Connection, places: Places, *, owner: str, now: Millis, lease: Millis, limit: int
) -> list[Claim]:
    """Lease what is due and free, oldest due first, each with its saga as it is then, less its agenda."""
    claimed = db.execute(_CLAIM, (now, limit, owner, lease)).fetchall()
    entries = sorted(map(decoded_entry, claimed), key=_by_due)  # RETURNING keeps no order
    ids = orjson.dumps(list({entry.saga_id for entry in entries})).decode()
    sagas = {row[0]: decoded_saga(row, places[row[1]], ()) for row in db.execute(_SAGAS, (ids,))}
    return [Claim(saga=sagas[entry.saga_id], entry=entry) for entry in entries]


def postpone(db: apsw.Connection, entry: Entry, *, due: Millis, reason: str | None, waiting: bool) -> None:
    """Give up the lease until `due`. Raises StaleLease."""
    status = "waiting" if waiting else "due"
    db.execute(_POSTPONE, (status, due, entry.attempts, reason, *_fenced(entry)))
    _check_leased(db, entry)


def park(db: apsw.Connection, entry: Entry, *, reason: str) -> None:
    """Set the entry aside. Raises StaleLease."""
    db.execute(_PARK, (entry.attempts, reason, *_fenced(entry)))
    _check_leased(db, entry)


def settle(db: apsw.Connection, entry: Entry) -> None:
    """Remove the entry. Raises StaleLease."""
    db.execute(_SETTLE, _fenced(entry))
    _check_leased(db, entry)


def release(db: apsw.Connection, *, owner: str | None) -> int:
    """Free the leases of `owner`, or all; answers how many."""
    db.execute(_RELEASE, (owner,))
    return db.changes()


def _by_due(entry: Entry) -> tuple[Millis, str]:
    return entry.due, entry.id


def _fenced(entry: Entry) -> tuple[str, str, int]:
    return entry.saga_id, entry.id, entry.token


def _check_leased(db: apsw.Connection, entry: Entry) -> None:
    if db.changes() == 0:
        raise StaleLease(f"Entry {entry.id} is no longer leased under token {entry.token}")
