"""The MongoDB store: durable, shared by any number of daemons, on a replica set or a sharded cluster.

Here what the ports ask for is passed on, calls are counted until the store may close, and the driver's errors become
the engine's. docs/stores.md says what an operator wants to know, docs/decisions/0010-mongo-documents.md why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pymongo import AsyncMongoClient

from adapters.stores import mongo_agenda as entries
from adapters.stores import mongo_definitions as kept
from adapters.stores import mongo_history as rows
from adapters.stores import mongo_index as index
from adapters.stores import mongo_keys as keys
from adapters.stores import mongo_originals as originals
from adapters.stores import mongo_owed as owed
from adapters.stores import mongo_steps as steps
from adapters.stores.mongo_connection import client_of, database_of, errors_told, reach, settings_of
from adapters.stores.mongo_places import Places
from adapters.stores.mongo_records import MongoRecords
from adapters.stores.mongo_values import whole_saga
from adapters.stores.mongo_watch import watch
from engine.errors import StoreUnavailable
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

T = TypeVar("T")


async def open_mongo(options: Mapping[str, Any], folder: Path) -> Store:
    """The store in the database `database` at `uri`; collections and indexes that are missing are made.

    Raises:
        ConfigInvalid: An option is wrong, or MongoDB refuses the user or the password.
        StoreUnavailable: Nobody answers.
    """
    settings = settings_of(options)
    client = client_of(settings)
    try:
        database = database_of(client, settings)
        places = Places(database, settings.collections)
        await reach(database, places.prepare)
    except BaseException:
        await client.close()
        raise
    return MongoStore(client, places, MongoRecords(database, places.taken()))


class MongoStore:
    """See engine.ports for what each method promises."""

    def __init__(self, client: AsyncMongoClient[dict[str, Any]], places: Places, records: Records) -> None:
        self._client = client
        self.records = records
        self._places = places
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False

    async def create(self, step: Step) -> None:
        await self._told(steps.create(self._places, step))

    async def commit(self, step: Step) -> None:
        await self._told(steps.commit(self._places, step))

    async def load(self, saga_id: str) -> Saga:
        return await self._told(self._load(saga_id))

    async def find(self, handle: str, machine: str | None = None) -> str:
        return await self._told(keys.find(self._places, handle, machine))

    async def history(
        self, saga_id: str, *, after: int = 0, limit: int | None = None, newest: bool = False
    ) -> Sequence[HistoryRow]:
        return await self._told(rows.history(self._places, saga_id, after=after, limit=limit, newest=newest))

    async def row_of(self, saga_id: str, event_id: str) -> HistoryRow | None:
        return await self._told(rows.row_of_event(self._places, saga_id, event_id))

    async def close(self) -> None:
        self._closed = True
        await self._idle.wait()
        await self._client.close()

    async def claim(self, *, owner: str, now: Millis, lease: Millis, limit: int) -> Sequence[Claim]:
        return await self._told(entries.claim(self._places, owner=owner, now=now, lease=lease, limit=limit))

    async def postpone(self, entry: Entry, *, due: Millis, reason: str | None, waiting: bool = False) -> None:
        await self._told(entries.postpone(self._places, entry, due=due, reason=reason, waiting=waiting))

    async def park(self, entry: Entry, *, reason: str) -> None:
        await self._told(entries.park(self._places, entry, reason=reason))

    async def settle(self, entry: Entry) -> None:
        await self._told(entries.settle(self._places, entry))

    async def release(self, *, owner: str | None = None) -> int:
        return await self._told(entries.release(self._places, owner=owner))

    async def watch_due(self, wake: Callable[[], None]) -> None:
        await watch(self._places, wake)

    async def next_due(self) -> Millis | None:
        return await self._told(owed.next_due(self._places))

    async def agenda(
        self,
        *,
        parked: bool | None = None,
        machine: str | None = None,
        after: tuple[Millis, str] | None = None,
        limit: int = 50,
    ) -> Sequence[Due]:
        return await self._told(
            owed.agenda(self._places, parked=parked, machine=machine, after=after, limit=limit)
        )

    async def tallies(self, *, now: Millis) -> Sequence[Tally]:
        return await self._told(owed.tallies(self._places, now=now))

    async def list(self, query: Query) -> Sequence[Saga]:
        return await self._told(index.listed(self._places, query))

    async def counts(self, machine: str | None = None) -> Sequence[Count]:
        return await self._told(index.counts(self._places, machine))

    async def deploy(self, definition: StoredDefinition, *, replace: bool = False) -> None:
        await self._told(self._deploy(definition, replace))

    async def definitions(self, machine: str | None = None) -> Sequence[StoredDefinition]:
        return await self._told(kept.definitions(self._places, machine))

    async def _load(self, saga_id: str) -> Saga:
        place, document = await self._places.find(saga_id, {"history": 0, "events": 0})
        return whole_saga(document if "version" in document else await originals.adopt(self._places, place))

    async def _deploy(self, definition: StoredDefinition, replace: bool) -> None:
        await kept.deploy(self._places, definition, replace=replace)
        await originals.adopt_all(self._places, definition.machine)

    async def _told(self, call: Coroutine[Any, Any, T]) -> T:
        """The call's answer, its errors those of the engine; close waits for it."""
        if self._closed:
            call.close()
            raise StoreUnavailable("The store is closed")
        self._running += 1
        self._idle.clear()
        try:
            with errors_told():
                return await call
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()
