"""How the memory store takes a step: whether it fits, and what it changes."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import orjson

from adapters.stores.memory_shelves import Shelves
from engine.errors import DuplicateEvent, KeyTaken, PayloadInvalid, SagaExists, StaleLease, StaleSaga
from engine.model import Entry, Step


def create(shelves: Shelves, step: Step) -> None:
    """Raises SagaExists, KeyTaken, PayloadInvalid: nothing was changed."""
    _check_json(step)
    if step.saga.saga_id in shelves.sagas:
        if _is_repeat(shelves, step):
            return
        raise SagaExists(f"There is already a saga {step.saga.saga_id}")
    _check_keys(shelves, step)
    _apply(shelves, deepcopy(step))


def commit(shelves: Shelves, step: Step) -> None:
    """Raises SagaNotFound, DuplicateEvent, StaleSaga, StaleLease, KeyTaken, PayloadInvalid: nothing was changed."""
    _check_json(step)
    kept = shelves.saga(step.saga.saga_id)
    if _is_repeat(shelves, step):
        return
    _check_events(shelves, step)
    if kept.version != step.rows[0].seq - 1:
        raise StaleSaga(f"Saga {kept.saga_id} is at version {kept.version} by now")
    _check_fence(shelves, step)
    _check_keys(shelves, step)
    _apply(shelves, deepcopy(step))


def _is_repeat(shelves: Shelves, step: Step) -> bool:
    kept = shelves.rows[step.saga.saga_id][step.rows[0].seq - 1 : step.rows[-1].seq]
    same_rows = tuple(row for row, _ in kept) == step.rows
    return same_rows and all(_data(before) == _data(step) for _, before in kept)


def _check_events(shelves: Shelves, step: Step) -> None:
    own, kept = range(step.rows[0].seq, step.rows[-1].seq + 1), shelves.rows[step.saga.saga_id]
    had = {row.event_id for row, _ in kept if row.seq not in own}
    for row in step.rows:
        if row.event_id is not None and row.event_id in had:
            raise DuplicateEvent(f"Saga {step.saga.saga_id} has had event {row.event_id}")


def _check_fence(shelves: Shelves, step: Step) -> None:
    if step.fence is None:
        return
    kept = shelves.entries[step.saga.saga_id].get(step.fence.entry)
    if kept is not None and kept.token > step.fence.token:
        raise StaleLease(f"Entry {kept.id} was claimed by another since")


def _check_keys(shelves: Shelves, step: Step) -> None:
    for key in step.claimed:
        if shelves.keys.get(key, step.saga.saga_id) != step.saga.saga_id:
            raise KeyTaken(f"Another saga of {key.machine} has {key.name} {key.value}")


def _apply(shelves: Shelves, step: Step) -> None:
    saga_id = step.saga.saga_id
    shelves.sagas[saga_id] = step.saga
    shelves.rows.setdefault(saga_id, []).extend((row, step) for row in step.rows)
    _apply_to_agenda(step, shelves.entries.setdefault(saga_id, {}))
    for key in step.dropped:
        if shelves.keys.get(key) == saga_id:
            del shelves.keys[key]
    shelves.keys.update(dict.fromkeys(step.claimed, saga_id))


def _apply_to_agenda(step: Step, entries: dict[str, Entry]) -> None:
    for entry_id in step.removed:
        entries.pop(entry_id, None)
    for entry in step.rewritten:
        if entry.id in entries:
            entries[entry.id] = _rewritten(entries[entry.id], entry)
    for entry in step.added:
        before = entries.get(entry.id)
        token = entry.token if before is None else max(entry.token, before.token + 1)
        entries[entry.id] = replace(entry, token=token)


def _rewritten(kept: Entry, entry: Entry) -> Entry:
    """What a step changes of an entry that is still owed."""
    asked = replace(
        kept, payload=entry.payload, state=entry.state, business=entry.business, undoes=entry.undoes
    )
    if entry.status != "done":
        return asked
    return replace(asked, status="done", done=entry.done, owner=None, lease_until=0, reason=None)


def _data(step: Step) -> tuple[object, ...]:
    """What tells a step done again from a rival with the same rows."""
    saga = step.saga
    return len(step.rows), saga.metadata, saga.machine, saga.machine_version, saga.entity_id, saga.created_at


def _check_json(step: Step) -> None:
    """A store that keeps files would refuse it, so this one does."""
    payloads = [entry.payload for entry in (*step.added, *step.rewritten)]
    try:
        orjson.dumps((step.saga.metadata, payloads))
    except TypeError as error:
        raise PayloadInvalid(f"The data cannot be stored as JSON: {error}") from error
