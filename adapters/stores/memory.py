"""The reference store: plain dictionaries, right by being simple. Nothing survives the process.

No lock is needed because no method awaits half way. Values are copied on their way in and out, so
that a caller's later change of a dictionary cannot reach what is kept. The assembly opens it for
`store: {type: memory}`, and the SQLite store is tested against it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from adapters.stores import memory_agenda as entries
from adapters.stores import memory_index as index
from adapters.stores import memory_steps as steps
from adapters.stores.memory_records import MemoryRecords
from adapters.stores.memory_shelves import Shelves
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


async def open_memory(options: Mapping[str, Any], folder: Path) -> Store:
    """An empty store.

    Raises:
        ConfigInvalid: It was given options; it has none.
    """
    if options:
        raise ConfigInvalid(f"store: a memory store has no option {', '.join(sorted(options))}")
    return MemoryStore()


class MemoryStore:
    """Everything in dictionaries; see engine.ports for what each method promises."""

    def __init__(self) -> None:
        self._kept = Shelves()
        self._definitions: dict[tuple[str, int], StoredDefinition] = {}
        self._closed = False
        self.records: Records = MemoryRecords(self._shelves)

    async def create(self, step: Step) -> None:
        steps.create(self._shelves(), step)

    async def commit(self, step: Step) -> None:
        steps.commit(self._shelves(), step)

    async def load(self, saga_id: str) -> Saga:
        return deepcopy(self._shelves().whole(saga_id))

    async def find(self, handle: str, machine: str | None = None) -> str:
        return index.find(self._shelves(), handle, machine)

    async def history(
        self, saga_id: str, *, after: int = 0, limit: int | None = None, newest: bool = False
    ) -> Sequence[HistoryRow]:
        rows = [row for row, _ in self._shelves().rows.get(saga_id, ()) if row.seq > after]
        if limit is None:
            return rows
        return rows[max(0, len(rows) - limit) :] if newest else rows[:limit]

    async def row_of(self, saga_id: str, event_id: str) -> HistoryRow | None:
        rows = self._shelves().rows.get(saga_id, ())
        return next((row for row, _ in rows if row.event_id == event_id), None)

    async def close(self) -> None:
        self._closed = True

    async def claim(self, *, owner: str, now: Millis, lease: Millis, limit: int) -> Sequence[Claim]:
        return entries.claim(self._shelves(), owner=owner, now=now, lease=lease, limit=limit)

    async def postpone(self, entry: Entry, *, due: Millis, reason: str | None, waiting: bool = False) -> None:
        entries.postpone(self._shelves(), entry, due=due, reason=reason, waiting=waiting)

    async def park(self, entry: Entry, *, reason: str) -> None:
        entries.park(self._shelves(), entry, reason=reason)

    async def settle(self, entry: Entry) -> None:
        entries.settle(self._shelves(), entry)

    async def release(self, *, owner: str | None = None) -> int:
        return entries.release(self._shelves(), owner=owner)

    async def next_due(self) -> Millis | None:
        return entries.next_due(self._shelves())

    async def agenda(
        self,
        *,
        parked: bool | None = None,
        machine: str | None = None,
        after: tuple[Millis, str] | None = None,
        limit: int = 50,
    ) -> Sequence[Due]:
        return entries.agenda(self._shelves(), parked=parked, machine=machine, after=after, limit=limit)

    async def tallies(self, *, now: Millis) -> Sequence[Tally]:
        return entries.tallies(self._shelves(), now=now)

    async def list(self, query: Query) -> Sequence[Saga]:
        return index.listed(self._shelves(), query)

    async def counts(self, machine: str | None = None) -> Sequence[Count]:
        return index.counts(self._shelves(), machine)

    async def deploy(self, definition: StoredDefinition, *, replace: bool = False) -> None:
        self._check_open()
        place = (definition.machine, definition.version)
        kept = self._definitions.get(place)
        if kept is not None and kept.content_hash == definition.content_hash:
            return
        if kept is not None and not replace:
            raise DefinitionChanged(
                f"Machine {definition.machine} version {definition.version} was deployed with another "
                "content: give the new content a new version"
            )
        self._definitions[place] = definition

    async def definitions(self, machine: str | None = None) -> Sequence[StoredDefinition]:
        self._check_open()
        return [
            definition
            for (name, _), definition in sorted(self._definitions.items())
            if machine in (None, name)
        ]

    def _shelves(self) -> Shelves:
        self._check_open()
        return self._kept

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailable("The store is closed")
