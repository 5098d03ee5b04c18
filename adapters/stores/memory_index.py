"""The memory store's lists and counts, for people: everything is looked at, nothing is indexed."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from dataclasses import replace

from adapters.stores.memory_shelves import Shelves
from engine.errors import KeyAmbiguous, SagaNotFound
from engine.model import Count, Millis, Query, Saga


def find(shelves: Shelves, handle: str, machine: str | None) -> str:
    """Raises SagaNotFound, KeyAmbiguous."""
    if handle in shelves.sagas:
        return handle
    owners = {
        saga_id
        for key, saga_id in shelves.keys.items()
        if key.value == handle and machine in (None, key.machine)
    }
    if not owners:
        raise SagaNotFound(f"There is no saga with the id or key {handle}")
    if len(owners) > 1:
        raise KeyAmbiguous(f"{len(owners)} sagas have the key {handle}: use the saga id")
    return owners.pop()


def listed(shelves: Shelves, query: Query) -> list[Saga]:
    """Newest first, of their entries only the parked ones."""
    sagas = [_listed(shelves, saga) for saga in shelves.sagas.values()]
    matching = [saga for saga in sagas if _matches(saga, query)]
    matching.sort(key=_by_creation, reverse=True)
    return deepcopy(matching[: query.limit])


def counts(shelves: Shelves, machine: str | None) -> list[Count]:
    """Sagas by machine, version and state."""
    places = Counter(
        (saga.machine, saga.machine_version, saga.state, saga.business_state)
        for saga in shelves.sagas.values()
        if machine in (None, saga.machine)
    )
    return [
        Count(machine=name, machine_version=version, state=state, business_state=label, sagas=sagas)
        for (name, version, state, label), sagas in sorted(places.items())
    ]


def _listed(shelves: Shelves, saga: Saga) -> Saga:
    entries = shelves.entries[saga.saga_id].values()
    return replace(saga, agenda=tuple(entry for entry in entries if entry.status == "parked"))


def _by_creation(saga: Saga) -> tuple[Millis, str]:
    return saga.created_at, saga.saga_id


def _matches(saga: Saga, query: Query) -> bool:
    wanted = (
        (query.machine, saga.machine),
        (query.machine_version, saga.machine_version),
        (query.state, saga.state),
        (query.business_state, saga.business_state),
        (query.entity_id, saga.entity_id),
        (query.is_final, saga.is_final),
        (query.parked, bool(saga.agenda)),
        (query.paused, saga.paused),
        (query.late, bool(saga.late)),
    )
    return (
        all(value is None or value == actual for value, actual in wanted)
        and (query.created_from is None or saga.created_at >= query.created_from)
        and (query.created_to is None or saga.created_at < query.created_to)
        and (query.updated_from is None or saga.updated_at >= query.updated_from)
        and (query.after is None or _by_creation(saga) < query.after)
    )
