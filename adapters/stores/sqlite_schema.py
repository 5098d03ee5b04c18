"""The SQLite store's file: its tables, how a connection is set up, and how an older file is brought up.

The user's view of this is docs/stores.md. Called by sqlite.py when the store opens.
"""

from __future__ import annotations

from pathlib import Path

import apsw

from engine.errors import ConfigInvalid, StoreUnavailable

APPLICATION_ID = 0x5361676C
"""Marks the file as ours ("Sagl"), see https://sqlite.org/pragma.html#pragma_application_id."""

CHECKPOINT_PAGES = 10_000
"""The WAL is moved into the database every 40 MB: fewer stalls than at SQLite's 4 MB."""

BUSY_MILLIS = 5_000
"""Only a backup or a person's shell can hold a lock; they are let finish."""

READER_MMAP = 1 << 30
"""Readers map up to 1 GB of the file, which spares them a copy of each page."""

_VERSION_1 = """
CREATE TABLE places (              -- where sagas can stand; a saga's row holds the number
  place INTEGER PRIMARY KEY,
  machine TEXT NOT NULL,
  machine_version INTEGER NOT NULL,
  state TEXT NOT NULL,
  is_final INTEGER NOT NULL,
  business_state TEXT NOT NULL,
  business_state_id INTEGER NOT NULL,
  business_state_description TEXT NOT NULL,
  paused INTEGER NOT NULL,
  late TEXT NOT NULL,
  UNIQUE (machine, machine_version, state, is_final, business_state, business_state_id,
          business_state_description, paused, late)
);
CREATE TABLE sagas (
  number INTEGER PRIMARY KEY,
  saga_id TEXT NOT NULL UNIQUE,
  place INTEGER NOT NULL,
  version INTEGER NOT NULL,
  latest_event TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  entity_id TEXT NOT NULL,
  parked INTEGER NOT NULL DEFAULT 0,  -- parked entries, kept by the triggers below
  keys TEXT NOT NULL,                 -- JSON [[machine, name, value], ...]
  metadata TEXT NOT NULL              -- JSON
);
CREATE INDEX sagas_by_creation ON sagas (created_at, saga_id);
CREATE INDEX sagas_by_place ON sagas (place, created_at, saga_id);
CREATE INDEX sagas_by_entity ON sagas (entity_id, created_at, saga_id) WHERE entity_id <> '';
CREATE INDEX sagas_parked ON sagas (created_at, saga_id, place, parked) WHERE parked > 0;
CREATE TABLE history (
  saga_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  digest INTEGER NOT NULL,            -- CRC-32 of the saga's data: tells a repeat from a rival
  at INTEGER NOT NULL,
  event TEXT NOT NULL,
  event_id TEXT,
  result TEXT NOT NULL,
  source TEXT,
  state TEXT NOT NULL,
  entered INTEGER NOT NULL,
  business_state_id INTEGER NOT NULL,
  business_state_description TEXT NOT NULL,
  business_event_id INTEGER,
  business_event_description TEXT,
  actor TEXT,
  reason TEXT,
  note TEXT,
  PRIMARY KEY (saga_id, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX history_by_event ON history (saga_id, event_id) WHERE event_id IS NOT NULL;
CREATE TABLE entries (
  saga_id TEXT NOT NULL,
  id TEXT NOT NULL,
  made INTEGER NOT NULL,              -- order of making within the saga
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  channel TEXT,
  payload TEXT,                       -- JSON; NULL stands for the saga's metadata
  state TEXT,
  business TEXT,
  undoes TEXT,
  done INTEGER NOT NULL,              -- the saga's version when it was done, 0 if it was not
  timeout INTEGER,
  due INTEGER NOT NULL,
  status TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  owner TEXT,
  token INTEGER NOT NULL,
  lease_until INTEGER NOT NULL,
  reason TEXT,
  PRIMARY KEY (saga_id, id)
) WITHOUT ROWID;
CREATE INDEX entries_open ON entries (due, id) WHERE status IN ('due', 'waiting');
CREATE INDEX entries_parked ON entries (due, id) WHERE status = 'parked';
CREATE TRIGGER entry_parked AFTER UPDATE OF status ON entries
WHEN (old.status = 'parked') <> (new.status = 'parked') BEGIN
  UPDATE sagas SET parked = parked + iif(new.status = 'parked', 1, -1) WHERE saga_id = new.saga_id;
END;
CREATE TRIGGER entry_added AFTER INSERT ON entries WHEN new.status = 'parked' BEGIN
  UPDATE sagas SET parked = parked + 1 WHERE saga_id = new.saga_id;
END;
CREATE TRIGGER entry_removed AFTER DELETE ON entries WHEN old.status = 'parked' BEGIN
  UPDATE sagas SET parked = parked - 1 WHERE saga_id = old.saga_id;
END;
CREATE TABLE keys (
  value TEXT NOT NULL,
  machine TEXT NOT NULL,
  name TEXT NOT NULL,
  saga_id TEXT NOT NULL,
  PRIMARY KEY (value, machine, name)
) WITHOUT ROWID;
CREATE TABLE definitions (
  machine TEXT NOT NULL,
  version INTEGER NOT NULL,
  content_hash TEXT NOT NULL,
  source TEXT NOT NULL,
  deployed_at INTEGER NOT NULL,
  PRIMARY KEY (machine, version)
) WITHOUT ROWID;
"""

_VERSION_2 = """
CREATE TABLE records (               -- engine.records: what is kept beside the sagas
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  at INTEGER NOT NULL,
  tags TEXT NOT NULL,                 -- JSON; record_tags has them again, for finding
  body TEXT NOT NULL,                 -- JSON
  PRIMARY KEY (kind, id)
);
CREATE INDEX records_by_time ON records (kind, at, id);
CREATE TABLE record_tags (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  at INTEGER NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (kind, name, value, at, id)
) WITHOUT ROWID;
CREATE INDEX record_tags_by_id ON record_tags (kind, id);
"""

_VERSION_3 = """
DROP INDEX record_tags_by_id;        -- a record knows its tags, so that they are found by their key
"""

MIGRATIONS = (_VERSION_1, _VERSION_2, _VERSION_3)
"""What brings a file from user_version n to n + 1. Never change one that was released: add one."""


def open_writer(path: Path) -> apsw.Connection:
    """The one connection that writes and checkpoints; makes or migrates the file.

    Raises:
        ConfigInvalid: The file is not a Sagaloom database, or a newer Sagaloom made it.
        StoreUnavailable: The file cannot be opened, or is damaged.
    """
    try:
        return _opened(path)
    except apsw.NotADBError as error:
        raise ConfigInvalid(f"store: {path} is not a SQLite database: name another path") from error
    except apsw.CorruptError as error:
        raise StoreUnavailable(f"The database {path} is damaged: restore a backup ({error})") from error
    except apsw.Error as error:
        raise StoreUnavailable(f"The database {path} cannot be opened: {error}") from error


def open_reader(path: Path) -> apsw.Connection:
    """A connection that can neither write nor checkpoint."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    db.set_busy_timeout(BUSY_MILLIS)
    db.wal_autocheckpoint(0)
    db.execute(f"PRAGMA mmap_size = {READER_MMAP}; PRAGMA temp_store = memory; PRAGMA query_only = on")
    return db


def _opened(path: Path) -> apsw.Connection:
    db = apsw.Connection(str(path), statementcachesize=200)
    try:
        db.set_busy_timeout(BUSY_MILLIS)
        _check_ours(db, path)
        _check_version(db, path)
        _tune(db)
        _migrate(db)
        _free_leases(db)
    except BaseException:
        db.close()
        raise
    return db


def _check_ours(db: apsw.Connection, path: Path) -> None:
    is_empty = db.execute("SELECT count(*) FROM sqlite_schema").get == 0
    if not is_empty and db.pragma("application_id") != APPLICATION_ID:
        raise ConfigInvalid(f"store: {path} is the database of another program: name another path")


def _check_version(db: apsw.Connection, path: Path) -> None:
    version = db.pragma("user_version")
    if version > len(MIGRATIONS):
        raise ConfigInvalid(
            f"store: a newer Sagaloom made {path} (format {version}, this one knows {len(MIGRATIONS)}): "
            "install that one"
        )


def _tune(db: apsw.Connection) -> None:
    db.execute(
        "PRAGMA journal_mode = wal; PRAGMA synchronous = full; PRAGMA foreign_keys = off;"
        "PRAGMA temp_store = memory; PRAGMA cache_size = -65536"
    )
    db.wal_autocheckpoint(CHECKPOINT_PAGES)


def _migrate(db: apsw.Connection) -> None:
    for version, statements in enumerate(
        MIGRATIONS[db.pragma("user_version") :], db.pragma("user_version") + 1
    ):
        db.execute(
            f"BEGIN IMMEDIATE; {statements} PRAGMA application_id = {APPLICATION_ID};"
            f"PRAGMA user_version = {version}; COMMIT"
        )


def _free_leases(db: apsw.Connection) -> None:
    """Who opens the file holds the process lock, so whoever holds a lease in it is dead."""
    db.execute("UPDATE entries SET owner = NULL, lease_until = 0 WHERE owner IS NOT NULL")
