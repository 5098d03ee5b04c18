"""The reference store: plain dictionaries, right by being simple. Nothing survives the process.

No lock is needed because no method awaits half way. Values are copied on their way in and out, so
that a caller's later change of a dictionary cannot reach what is kept. The assembly opens it for
`store: {type: memory}`, and the SQLite store is tested against it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from engine.errors import (
    ConfigInvalid,
    DefinitionChanged,
    DuplicateEvent,
    KeyAmbiguous,
    KeyTaken,
    PayloadInvalid,
    SagaExists,
    SagaNotFound,
    StaleLease,
    StaleSaga,
    StoreUnavailable,
)
from engine.model import (
    Claim,
    Count,
    Due,
    Entry,
    EntryStatus,
    HistoryRow,
    Key,
    Millis,
    Query,
    Saga,
    Step,
    StoredDefinition,
)
from engine.ports import Store


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
        self._sagas: dict[str, Saga] = {}
        self._steps: dict[str, list[tuple[HistoryRow, Saga]]] = {}
        self._entries: dict[str, dict[str, Entry]] = {}
        self._keys: dict[Key, str] = {}
        self._definitions: dict[tuple[str, int], StoredDefinition] = {}
        self._closed = False

    async def create(self, step: Step) -> None:
        self._check_open()
        _check_json(step)
        if step.saga.saga_id in self._sagas:
            if self._is_repeat(step):
                return
            raise SagaExists(f"There is already a saga {step.saga.saga_id}")
        self._check_keys(step)
        self._apply(deepcopy(step))

    async def commit(self, step: Step) -> None:
        self._check_open()
        _check_json(step)
        kept = self._saga(step.saga.saga_id)
        if self._is_repeat(step):
            return
        self._check_event(step)
        if kept.version != step.saga.version - 1:
            raise StaleSaga(f"Saga {kept.saga_id} is at version {kept.version} by now")
        self._check_keys(step)
        self._apply(deepcopy(step))

    async def load(self, saga_id: str) -> Saga:
        self._check_open()
        return deepcopy(self._whole(saga_id))

    async def find(self, handle: str, machine: str | None = None) -> str:
        self._check_open()
        if handle in self._sagas:
            return handle
        owners = {
            saga_id
            for key, saga_id in self._keys.items()
            if key.value == handle and machine in (None, key.machine)
        }
        if not owners:
            raise SagaNotFound(f"There is no saga with the id or key {handle}")
        if len(owners) > 1:
            raise KeyAmbiguous(f"{len(owners)} sagas have the key {handle}: use the saga id")
        return owners.pop()

    async def history(
        self, saga_id: str, *, after: int = 0, limit: int | None = None, newest: bool = False
    ) -> Sequence[HistoryRow]:
        self._check_open()
        rows = [row for row, _ in self._steps.get(saga_id, ()) if row.seq > after]
        if limit is None:
            return rows
        return rows[max(0, len(rows) - limit) :] if newest else rows[:limit]

    async def row_of(self, saga_id: str, event_id: str) -> HistoryRow | None:
        self._check_open()
        return next((row for row, _ in self._steps.get(saga_id, ()) if row.event_id == event_id), None)

    async def close(self) -> None:
        self._closed = True

    async def claim(self, *, owner: str, now: Millis, lease: Millis, limit: int) -> Sequence[Claim]:
        self._check_open()
        free = [
            entry
            for entry in self._all_entries()
            if entry.status != "parked" and entry.due <= now and entry.lease_until <= now
        ]
        chosen = [
            self._keep(
                replace(
                    entry,
                    owner=owner,
                    token=entry.token + 1,
                    lease_until=now + lease + (entry.timeout or 0),
                )
            )
            for entry in sorted(free, key=_by_due)[:limit]
        ]
        return [Claim(saga=deepcopy(self._whole(e.saga_id)), entry=deepcopy(e)) for e in chosen]

    async def postpone(self, entry: Entry, *, due: Millis, reason: str | None, waiting: bool = False) -> None:
        kept = self._leased(entry)
        status: EntryStatus = "waiting" if waiting else "due"
        self._keep(replace(_freed(kept), attempts=entry.attempts, due=due, status=status, reason=reason))

    async def park(self, entry: Entry, *, reason: str) -> None:
        kept = self._leased(entry)
        self._keep(replace(_freed(kept), attempts=entry.attempts, status="parked", reason=reason))

    async def settle(self, entry: Entry) -> None:
        self._leased(entry)
        del self._entries[entry.saga_id][entry.id]

    async def release(self, *, owner: str | None = None) -> int:
        self._check_open()
        held = [e for e in self._all_entries() if e.owner is not None and owner in (None, e.owner)]
        for entry in held:
            self._keep(_freed(entry))
        return len(held)

    async def next_due(self) -> Millis | None:
        self._check_open()
        moments = (max(e.due, e.lease_until) for e in self._all_entries() if e.status != "parked")
        return min(moments, default=None)

    async def agenda(
        self,
        *,
        parked: bool | None = None,
        machine: str | None = None,
        after: tuple[Millis, str] | None = None,
        limit: int = 50,
    ) -> Sequence[Due]:
        self._check_open()
        matching = [
            entry
            for entry in self._all_entries()
            if parked in (None, entry.status == "parked")
            and machine in (None, self._sagas[entry.saga_id].machine)
            and (after is None or _by_due(entry) > after)
        ]
        return [self._due(entry) for entry in sorted(matching, key=_by_due)[:limit]]

    async def list(self, query: Query) -> Sequence[Saga]:
        self._check_open()
        listed = (self._listed(saga) for saga in self._sagas.values())
        matching = [saga for saga in listed if _matches(saga, query)]
        matching.sort(key=_by_creation, reverse=True)
        return deepcopy(matching[: query.limit])

    async def counts(self, machine: str | None = None) -> Sequence[Count]:
        self._check_open()
        places = Counter(
            (saga.machine, saga.machine_version, saga.state, saga.business_state)
            for saga in self._sagas.values()
            if machine in (None, saga.machine)
        )
        return [
            Count(machine=name, machine_version=version, state=state, business_state=label, sagas=sagas)
            for (name, version, state, label), sagas in sorted(places.items())
        ]

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

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailable("The store is closed")

    def _saga(self, saga_id: str) -> Saga:
        if saga_id not in self._sagas:
            raise SagaNotFound(f"There is no saga {saga_id}")
        return self._sagas[saga_id]

    def _whole(self, saga_id: str) -> Saga:
        return replace(self._saga(saga_id), agenda=tuple(self._entries[saga_id].values()))

    def _listed(self, saga: Saga) -> Saga:
        entries = self._entries[saga.saga_id].values()
        return replace(saga, agenda=tuple(entry for entry in entries if entry.status == "parked"))

    def _due(self, entry: Entry) -> Due:
        saga = self._sagas[entry.saga_id]
        return Due(entry=deepcopy(entry), machine=saga.machine, saga_state=saga.state)

    def _all_entries(self) -> Iterator[Entry]:
        return (entry for entries in self._entries.values() for entry in entries.values())

    def _keep(self, entry: Entry) -> Entry:
        self._entries[entry.saga_id][entry.id] = entry
        return entry

    def _leased(self, entry: Entry) -> Entry:
        self._check_open()
        kept = self._entries.get(entry.saga_id, {}).get(entry.id)
        if kept is None or kept.token != entry.token:
            raise StaleLease(f"Entry {entry.id} is no longer leased under token {entry.token}")
        return kept

    def _is_repeat(self, step: Step) -> bool:
        steps = self._steps[step.saga.saga_id]
        if not 0 < step.row.seq <= len(steps):
            return False
        row, saga = steps[step.row.seq - 1]
        return row == step.row and _data(saga) == _data(step.saga)

    def _check_event(self, step: Step) -> None:
        event_id = step.row.event_id
        for row, _ in self._steps[step.saga.saga_id]:
            if event_id is not None and row.event_id == event_id and row.seq != step.row.seq:
                raise DuplicateEvent(f"Saga {step.saga.saga_id} has had event {event_id}")

    def _check_keys(self, step: Step) -> None:
        for key in step.claimed:
            if self._keys.get(key, step.saga.saga_id) != step.saga.saga_id:
                raise KeyTaken(f"Another saga of {key.machine} has {key.name} {key.value}")

    def _apply(self, step: Step) -> None:
        saga_id = step.saga.saga_id
        self._sagas[saga_id] = step.saga
        self._steps.setdefault(saga_id, []).append((step.row, step.saga))
        self._apply_to_agenda(step, self._entries.setdefault(saga_id, {}))
        for key in step.dropped:
            if self._keys.get(key) == saga_id:
                del self._keys[key]
        self._keys.update(dict.fromkeys(step.claimed, saga_id))

    def _apply_to_agenda(self, step: Step, entries: dict[str, Entry]) -> None:
        for entry_id in step.removed:
            entries.pop(entry_id, None)
        for entry_id, payload in step.rewritten:
            if entry_id in entries:
                entries[entry_id] = replace(entries[entry_id], payload=payload)
        for entry in step.added:
            before = entries.get(entry.id, entry)
            # A token never falls: a claim made since the step's saga was loaded stays fenced.
            entries[entry.id] = replace(entry, token=max(entry.token, before.token))


def _data(saga: Saga) -> tuple[object, ...]:
    """What tells a step done again from a rival with the same row."""
    return saga.metadata, saga.machine, saga.machine_version, saga.entity_id, saga.created_at


def _check_json(step: Step) -> None:
    """A store that keeps files would refuse it, so this one does."""
    try:
        orjson.dumps((step.saga.metadata, step.rewritten, [entry.payload for entry in step.added]))
    except TypeError as error:
        raise PayloadInvalid(f"The data cannot be stored as JSON: {error}") from error


def _by_due(entry: Entry) -> tuple[Millis, str]:
    return entry.due, entry.id


def _by_creation(saga: Saga) -> tuple[Millis, str]:
    return saga.created_at, saga.saga_id


def _freed(entry: Entry) -> Entry:
    return replace(entry, owner=None, lease_until=0)


def _matches(saga: Saga, query: Query) -> bool:
    wanted = (
        (query.machine, saga.machine),
        (query.machine_version, saga.machine_version),
        (query.state, saga.state),
        (query.business_state, saga.business_state),
        (query.entity_id, saga.entity_id),
        (query.is_final, saga.is_final),
        (query.parked, bool(saga.agenda)),
    )
    return (
        all(value is None or value == actual for value, actual in wanted)
        and (query.created_from is None or saga.created_at >= query.created_from)
        and (query.created_to is None or saga.created_at < query.created_to)
        and (query.after is None or _by_creation(saga) < query.after)
    )
