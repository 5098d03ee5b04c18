"""The memory store's agenda: who does what, what became of it, and what is left to do."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from dataclasses import replace

from adapters.stores.memory_shelves import Shelves
from engine.errors import StaleLease
from engine.model import Claim, Due, Entry, EntryStatus, Millis, Tally

OPEN: tuple[EntryStatus, ...] = ("due", "waiting")


def claim(shelves: Shelves, *, owner: str, now: Millis, lease: Millis, limit: int) -> list[Claim]:
    """Lease what is due and free, oldest due first, each with its saga as it is then."""
    free = sorted((e for e in shelves.all_entries() if _is_free(e, now)), key=by_due)[:limit]
    claimed = [
        replace(e, owner=owner, token=e.token + 1, lease_until=now + lease + (e.timeout or 0)) for e in free
    ]
    return [Claim(saga=deepcopy(shelves.bare(e.saga_id)), entry=deepcopy(shelves.keep(e))) for e in claimed]


def postpone(shelves: Shelves, entry: Entry, *, due: Millis, reason: str | None, waiting: bool) -> None:
    """Raises StaleLease."""
    kept = _leased(shelves, entry)
    status: EntryStatus = "waiting" if waiting else "due"
    shelves.keep(replace(_freed(kept), attempts=entry.attempts, due=due, status=status, reason=reason))


def park(shelves: Shelves, entry: Entry, *, reason: str) -> None:
    """Raises StaleLease."""
    kept = _leased(shelves, entry)
    shelves.keep(replace(_freed(kept), attempts=entry.attempts, status="parked", reason=reason))


def settle(shelves: Shelves, entry: Entry) -> None:
    """Raises StaleLease."""
    _leased(shelves, entry)
    del shelves.entries[entry.saga_id][entry.id]


def release(shelves: Shelves, *, owner: str | None) -> int:
    """Free the leases of `owner`, or all; answers how many."""
    held = [e for e in shelves.all_entries() if e.owner is not None and owner in (None, e.owner)]
    for entry in held:
        shelves.keep(_freed(entry))
    return len(held)


def next_due(shelves: Shelves) -> Millis | None:
    """When the next entry can be claimed."""
    return min((max(e.due, e.lease_until) for e in shelves.all_entries() if e.status in OPEN), default=None)


def agenda(
    shelves: Shelves,
    *,
    parked: bool | None,
    machine: str | None,
    after: tuple[Millis, str] | None,
    limit: int,
) -> list[Due]:
    """Entries by (due, id), each with its saga's machine and state."""
    matching = [
        entry
        for entry in shelves.all_entries()
        if entry.status != "done"
        and parked in (None, entry.status == "parked")
        and machine in (None, shelves.sagas[entry.saga_id].machine)
        and (after is None or by_due(entry) > after)
    ]
    return [_due(shelves, entry) for entry in sorted(matching, key=by_due)[:limit]]


def tallies(shelves: Shelves, *, now: Millis) -> list[Tally]:
    """By machine, those with nothing to tell left out."""
    machine_of = {saga_id: saga.machine for saga_id, saga in shelves.sagas.items()}
    open_sagas = [saga for saga in shelves.sagas.values() if not saga.is_final]
    parked = Counter(machine_of[e.saga_id] for e in shelves.all_entries() if e.status == "parked")
    due = Counter(machine_of[e.saga_id] for e in shelves.all_entries() if _is_free(e, now))
    late = Counter(saga.machine for saga in open_sagas if saga.late)
    paused = Counter(saga.machine for saga in open_sagas if saga.paused)
    return [
        Tally(machine=name, parked=parked[name], due=due[name], late=late[name], paused=paused[name])
        for name in sorted({*parked, *due, *late, *paused})
    ]


def by_due(entry: Entry) -> tuple[Millis, str]:
    """The order of the agenda."""
    return entry.due, entry.id


def _is_free(entry: Entry, now: Millis) -> bool:
    return entry.status in OPEN and entry.due <= now and entry.lease_until <= now


def _leased(shelves: Shelves, entry: Entry) -> Entry:
    kept = shelves.entries.get(entry.saga_id, {}).get(entry.id)
    if kept is None or kept.token != entry.token or kept.status == "done":
        raise StaleLease(f"Entry {entry.id} is no longer leased under token {entry.token}")
    return kept


def _freed(entry: Entry) -> Entry:
    return replace(entry, owner=None, lease_until=0)


def _due(shelves: Shelves, entry: Entry) -> Due:
    saga = shelves.sagas[entry.saga_id]
    return Due(entry=deepcopy(entry), machine=saga.machine, saga_state=saga.state)
