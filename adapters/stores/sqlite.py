"""The SQLite store: durable, embedded, for one process at a time. The default.

Here only what the ports ask for is turned into jobs of the writer and of the readers; the statements
are in sqlite_steps and sqlite_agenda, sqlite_reads, sqlite_owed and sqlite_index. docs/stores.md says what an operator wants to know.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import apsw

from adapters.stores import sqlite_agenda as entries
from adapters.stores import sqlite_index as index
from adapters.stores import sqlite_owed as owed
from adapters.stores import sqlite_reads as reads
from adapters.stores.sqlite_lock import ProcessLock
from adapters.stores.sqlite_places import Places, insert_place
from adapters.stores.sqlite_readers import Readers
from adapters.stores.sqlite_records import SqliteRecords
from adapters.stores.sqlite_rows import place_of, step_rows
from adapters.stores.sqlite_schema import open_writer
from adapters.stores.sqlite_writer import Writer
from engine.errors import ConfigInvalid, DefinitionChanged, StoreUnavailable
from engine.model import (
    Claim,
    Count,
    Due,
    Entry,
    HistoryRow,
    Millis,
    Query,
    Saga,
    Step,
    StoredDefinition,
    Tally,
)
from engine.ports import Store
from engine.records import Records

DEFAULT_PATH = "data/sagaloom.db"


async def open_sqlite(options: Mapping[str, Any], folder: Path) -> Store:
    """The store in the file `path` (relative to `folder`), which is made if it is not there.

    Raises:
        ConfigInvalid: An option is wrong, or the file is no database that this Sagaloom knows.
        StoreLocked: Another process has it open.
        StoreUnavailable: The file cannot be opened, or is damaged.
    """
    path = _path(options, folder)
    lock = await asyncio.to_thread(_locked, path)
    try:
        db = await asyncio.to_thread(open_writer, path)
    except BaseException:
        lock.release()
        raise
    return SqliteStore(path, db, lock)


class SqliteStore:
    """See engine.ports for what each method promises."""

    def __init__(self, path: Path, db: apsw.Connection, lock: ProcessLock) -> None:
        self._lock = lock
        self._places = Places(db)
        self._writer = Writer(db)
        self._readers = Readers(path)
        self.records: Records = SqliteRecords(self._writer, self._readers)

    async def create(self, step: Step) -> None:
        await self._write(step, is_first=True)

    async def commit(self, step: Step) -> None:
        await self._write(step, is_first=False)

    async def load(self, saga_id: str) -> Saga:
        return await self._readers.read(reads.saga, self._places, saga_id)

    async def find(self, handle: str, machine: str | None = None) -> str:
        return await self._readers.read(reads.find, handle, machine)

    async def history(
        self, saga_id: str, *, after: int = 0, limit: int | None = None, newest: bool = False
    ) -> Sequence[HistoryRow]:
        return await self._readers.read(reads.history, saga_id, after=after, limit=limit, newest=newest)

    async def row_of(self, saga_id: str, event_id: str) -> HistoryRow | None:
        return await self._readers.read(reads.row_of, saga_id, event_id)

    async def close(self) -> None:
        # Readers first: the last connection to close is the writer's, which then checkpoints.
        await self._readers.close()
        await self._writer.close()
        self._lock.release()

    async def claim(self, *, owner: str, now: Millis, lease: Millis, limit: int) -> Sequence[Claim]:
        return await self._writer.submit(
            partial(entries.claim, places=self._places, owner=owner, now=now, lease=lease, limit=limit)
        )

    async def postpone(self, entry: Entry, *, due: Millis, reason: str | None, waiting: bool = False) -> None:
        await self._writer.submit(
            partial(entries.postpone, entry=entry, due=due, reason=reason, waiting=waiting)
        )

    async def park(self, entry: Entry, *, reason: str) -> None:
        await self._writer.submit(partial(entries.park, entry=entry, reason=reason))

    async def settle(self, entry: Entry) -> None:
        await self._writer.submit(partial(entries.settle, entry=entry))

    async def release(self, *, owner: str | None = None) -> int:
        return await self._writer.submit(partial(entries.release, owner=owner))

    async def next_due(self) -> Millis | None:
        return await self._readers.read(owed.next_due)

    async def agenda(
        self,
        *,
        parked: bool | None = None,
        machine: str | None = None,
        after: tuple[Millis, str] | None = None,
        limit: int = 50,
    ) -> Sequence[Due]:
        return await self._readers.read(
            owed.agenda, self._places, parked=parked, machine=machine, after=after, limit=limit
        )

    async def tallies(self, *, now: Millis) -> Sequence[Tally]:
        return await self._readers.read(owed.tallies, self._places, now=now)

    async def list(self, query: Query) -> Sequence[Saga]:
        return await self._readers.read(index.listed, self._places, query)

    async def counts(self, machine: str | None = None) -> Sequence[Count]:
        return await self._readers.read(index.counts, self._places, machine)

    async def deploy(self, definition: StoredDefinition, *, replace: bool = False) -> None:
        await self._writer.submit(partial(_deploy, definition=definition, replace=replace))

    async def definitions(self, machine: str | None = None) -> Sequence[StoredDefinition]:
        return await self._readers.read(reads.definitions, machine)

    async def _write(self, step: Step, *, is_first: bool) -> None:
        place = place_of(step.saga)
        number = self._places.number(place)
        if number is None:  # the first saga that ever stands there
            number = await self._writer.submit(partial(insert_place, place=place))
            self._places.learn(place, number)
        await self._writer.submit_step(step_rows(step, number, is_first=is_first))


def _path(options: Mapping[str, Any], folder: Path) -> Path:
    if unknown := sorted(set(options) - {"path"}):
        raise ConfigInvalid(f"store: a SQLite store has no option {', '.join(unknown)} (it has: path)")
    path = options.get("path", DEFAULT_PATH)
    if not isinstance(path, str | Path) or "\0" in str(path) or not str(path):
        raise ConfigInvalid("store: path is the name of a file")
    return folder / path


def _locked(path: Path) -> ProcessLock:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(f"The folder {path.parent} cannot be made: {error.strerror}") from error
    return ProcessLock.take(path)


def _deploy(db: apsw.Connection, definition: StoredDefinition, replace: bool) -> None:
    kept = db.execute(
        "SELECT content_hash FROM definitions WHERE machine = ? AND version = ?",
        (definition.machine, definition.version),
    ).get
    if kept == definition.content_hash:
        return
    if kept is not None and not replace:
        raise DefinitionChanged(
            f"Machine {definition.machine} version {definition.version} was deployed with another "
            "content: give the new content a new version"
        )
    db.execute(
        "INSERT OR REPLACE INTO definitions (machine, version, content_hash, source, deployed_at) "
        "VALUES (?, ?, ?, ?, ?)",
        (
            definition.machine,
            definition.version,
            definition.content_hash,
            definition.source,
            definition.deployed_at,
        ),
    )
