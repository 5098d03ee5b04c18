"""Reads of the agenda: what is owed, when, and how much is amiss. Every list is a walk along one index.

Runs in a reader's thread.
"""

# ruff: noqa: S608 - statements are made of constants of these modules; every value is bound

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from heapq import merge
from itertools import islice

import apsw
import orjson

from adapters.stores.sqlite_places import Places
from adapters.stores.sqlite_rows import ENTRY, OPEN, Row
from adapters.stores.sqlite_values import decoded_entry
from engine.model import Due, Millis, Tally

_PARKED = "SELECT place, sum(parked) FROM sagas INDEXED BY sagas_parked WHERE parked > 0 GROUP BY place"
_DUE = (
    "SELECT place, count(*) FROM entries INDEXED BY entries_open CROSS JOIN sagas USING (saga_id) "
    f"WHERE {OPEN} AND due <= ?1 AND lease_until <= ?1 GROUP BY place"
)
_STANDING = (
    "SELECT place, count(*) FROM sagas INDEXED BY sagas_by_place "
    "WHERE place IN (SELECT value FROM json_each(?)) GROUP BY place"
)


def next_due(db: apsw.Connection) -> Millis | None:
    """Leased entries come free later than they are due: look on until no entry can be earlier."""
    earliest: Millis | None = None
    for due, lease_until in db.execute(
        f"SELECT due, lease_until FROM entries INDEXED BY entries_open WHERE {OPEN} ORDER BY due"
    ):
        if earliest is not None and due >= earliest:
            break
        free = max(due, lease_until)
        earliest = free if earliest is None else min(earliest, free)
    return earliest


def agenda(
    db: apsw.Connection,
    places: Places,
    *,
    parked: bool | None,
    machine: str | None,
    after: tuple[Millis, str] | None,
    limit: int,
) -> list[Due]:
    """Entries by (due, id), each with its saga's machine and state."""
    sources = []
    if parked is not True:
        sources.append(_agenda_rows(db, "entries_open", OPEN, places, machine, after, limit))
    if parked is not False:
        sources.append(_agenda_rows(db, "entries_parked", "status = 'parked'", places, machine, after, limit))
    rows = merge(*sources, key=lambda row: (row[12], row[1]))
    return [_due(row, places) for row in islice(rows, limit)]


def tallies(db: apsw.Connection, places: Places, *, now: Millis) -> list[Tally]:
    """By machine: parked entries and sagas amiss from indexes alone; the backlog entry by entry."""
    amiss = places.amiss()
    standing = dict(db.execute(_STANDING, (orjson.dumps(list(amiss)).decode(),)))
    parked = _by_machine(places, dict(db.execute(_PARKED)))
    due = _by_machine(places, dict(db.execute(_DUE, (now,))))
    late = _by_machine(places, {n: sagas for n, sagas in standing.items() if amiss[n].late})
    paused = _by_machine(places, {n: sagas for n, sagas in standing.items() if amiss[n].paused})
    return [
        Tally(machine=name, parked=parked[name], due=due[name], late=late[name], paused=paused[name])
        for name in sorted({*parked, *due, *late, *paused})
    ]


def _agenda_rows(
    db: apsw.Connection,
    index: str,
    status: str,
    places: Places,
    machine: str | None,
    after: tuple[Millis, str] | None,
    limit: int,
) -> Sequence[Row]:
    columns = ", ".join(f"entries.{column}" for column in ENTRY.split(", "))
    due, last_id = after or (-(1 << 62), "")
    of_machine = None if machine is None else orjson.dumps(places.of_machine(machine)).decode()
    return db.execute(
        f"SELECT {columns}, place FROM entries INDEXED BY {index} CROSS JOIN sagas USING (saga_id) "
        f"WHERE {status} AND (due, id) > (?, ?) "
        "AND (?3 IS NULL OR place IN (SELECT value FROM json_each(?3))) ORDER BY due, id LIMIT ?4",
        (due, last_id, of_machine, limit),
    ).fetchall()


def _due(row: Row, places: Places) -> Due:
    place = places[row[-1]]
    return Due(entry=decoded_entry(row), machine=place.machine, saga_state=place.state)


def _by_machine(places: Places, counts: Mapping[int, int]) -> Counter[str]:
    machines: Counter[str] = Counter()
    for number, count in counts.items():
        machines[places[number].machine] += count
    return machines
