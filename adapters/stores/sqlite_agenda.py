"""Writes to the agenda that are no steps: claims, and what became of an entry.

Runs in the writer's thread, inside its transaction.
"""

# ruff: noqa: S608 - statements are made of constants of these modules; every value is bound

from __future__ import annotations

import apsw

from adapters.stores import sqlite_reads as reads
from adapters.stores.sqlite_places import Places
from adapters.stores.sqlite_rows import ENTRY, decoded_entry
from engine.errors import StaleLease
from engine.model import Claim, Entry, Millis

_CLAIMABLE = (
    f"SELECT {ENTRY} FROM entries INDEXED BY entries_open "
    "WHERE status <> 'parked' AND due <= ? AND lease_until <= ? ORDER BY due, id LIMIT ?"
)
_CLAIM = (
    "UPDATE entries SET owner = ?, token = token + 1, lease_until = ? + coalesce(timeout, 0) "
    f"WHERE saga_id = ? AND id = ? RETURNING {ENTRY}"
)
_SETTLE = "DELETE FROM entries WHERE saga_id = ? AND id = ? AND token = ?"
_POSTPONE = (
    "UPDATE entries SET status = ?, due = ?, attempts = ?, reason = ?, owner = NULL, lease_until = 0 "
    "WHERE saga_id = ? AND id = ? AND token = ?"
)
_PARK = (
    "UPDATE entries SET status = 'parked', attempts = ?, reason = ?, owner = NULL, lease_until = 0 "
    "WHERE saga_id = ? AND id = ? AND token = ?"
)
_RELEASE = (
    "UPDATE entries SET owner = NULL, lease_until = 0 WHERE owner IS NOT NULL AND (?1 IS NULL OR owner = ?1)"
)


def claim(
    db: apsw.Connection, places: Places, *, owner: str, now: Millis, lease: Millis, limit: int
) -> list[Claim]:
    """Lease what is due and free, oldest due first, each with its saga as it is then."""
    chosen = db.execute(_CLAIMABLE, (now, now, limit)).fetchall()
    entries = [
        decoded_entry(db.execute(_CLAIM, (owner, now + lease, *row[:2])).fetchall()[0]) for row in chosen
    ]
    sagas = {saga_id: reads.saga(db, places, saga_id) for saga_id in {e.saga_id for e in entries}}
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


def _fenced(entry: Entry) -> tuple[str, str, int]:
    return entry.saga_id, entry.id, entry.token


def _check_leased(db: apsw.Connection, entry: Entry) -> None:
    if db.changes() == 0:
        raise StaleLease(f"Entry {entry.id} is no longer leased under token {entry.token}")
