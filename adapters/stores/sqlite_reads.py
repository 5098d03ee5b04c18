"""Reads: sagas, history, agenda, lists and counts, each on one snapshot of the database.

Runs in a reader's thread (a claim also reads in the writer's). Every list is a walk along one index,
and fetches no row that it does not answer.
"""

# ruff: noqa: S608 - statements are made of constants of these modules; every value is bound

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import islice
from typing import Any

import apsw
import orjson

from adapters.stores.sqlite_places import Places
from adapters.stores.sqlite_rows import (
    ENTRY,
    HISTORY,
    SAGA,
    Row,
    decoded_definition,
    decoded_entry,
    decoded_history,
    decoded_saga,
)
from engine.errors import KeyAmbiguous, SagaNotFound
from engine.model import Count, Due, Entry, HistoryRow, Millis, Query, Saga, StoredDefinition

_AGENDA = f"SELECT {ENTRY} FROM entries WHERE saga_id = ? ORDER BY made"
_PARKED_OF = f"SELECT {ENTRY} FROM entries WHERE saga_id = ? AND status = 'parked' ORDER BY made"


def saga(db: apsw.Connection, places: Places, saga_id: str) -> Saga:
    """Raises SagaNotFound."""
    row = db.execute(f"SELECT {SAGA} FROM sagas WHERE saga_id = ?", (saga_id,)).fetchone()
    if row is None:
        raise SagaNotFound(f"There is no saga {saga_id}")
    return decoded_saga(row, places[row[1]], _entries(db, _AGENDA, saga_id))


def find(db: apsw.Connection, handle: str, machine: str | None) -> str:
    """Raises SagaNotFound, KeyAmbiguous."""
    if db.execute("SELECT 1 FROM sagas WHERE saga_id = ?", (handle,)).fetchone() is not None:
        return handle
    owners: list[str] = [
        saga_id
        for (saga_id,) in db.execute(
            "SELECT DISTINCT saga_id FROM keys WHERE value = ?1 AND (?2 IS NULL OR machine = ?2)",
            (handle, machine),
        )
    ]
    if not owners:
        raise SagaNotFound(f"There is no saga with the id or key {handle}")
    if len(owners) > 1:
        raise KeyAmbiguous(f"{len(owners)} sagas have the key {handle}: use the saga id")
    return owners[0]


def history(
    db: apsw.Connection, saga_id: str, *, after: int, limit: int | None, newest: bool
) -> list[HistoryRow]:
    """Rows after `after`, oldest first; at most `limit` of them, from the end if `newest`."""
    order = "DESC" if newest else "ASC"
    rows = db.execute(
        f"SELECT {HISTORY} FROM history WHERE saga_id = ? AND seq > ? ORDER BY seq {order} LIMIT ?",
        (saga_id, after, -1 if limit is None else limit),
    ).fetchall()
    return [decoded_history(row) for row in (reversed(rows) if newest else rows)]


def row_of(db: apsw.Connection, saga_id: str, event_id: str) -> HistoryRow | None:
    """The row of the event with this id."""
    row = db.execute(
        f"SELECT {HISTORY} FROM history WHERE saga_id = ? AND event_id = ?", (saga_id, event_id)
    ).fetchone()
    return None if row is None else decoded_history(row)


def next_due(db: apsw.Connection) -> Millis | None:
    """Leased entries come free later than they are due: look on until no entry can be earlier."""
    earliest: Millis | None = None
    for due, lease_until in db.execute(
        "SELECT due, lease_until FROM entries INDEXED BY entries_open WHERE status <> 'parked' ORDER BY due"
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
        sources.append(_agenda_rows(db, "entries_open", "status <> 'parked'", places, machine, after, limit))
    if parked is not False:
        sources.append(_agenda_rows(db, "entries_parked", "status = 'parked'", places, machine, after, limit))
    rows = merge(*sources, key=lambda row: (row[9], row[1]))
    return [_due(row, places) for row in islice(rows, limit)]


def listed(db: apsw.Connection, places: Places, query: Query) -> list[Saga]:
    """Newest first: the heads of all index ranges that can hold an answer, merged."""
    walks = [iter(rows) for rows in _walks(db, places.matching(query), query)]
    newest = islice(merge(*walks, reverse=True), query.limit)
    return [_listed(db, places, number) for _, _, number in newest]


def counts(db: apsw.Connection, places: Places, machine: str | None) -> list[Count]:
    """Sagas by machine, version and state, from the index alone."""
    sagas: Counter[tuple[str, int, str, str]] = Counter()
    wanted = orjson.dumps(places.of_machine(machine)).decode()
    for number, count in db.execute(
        "SELECT place, count(*) FROM sagas INDEXED BY sagas_by_place "
        "WHERE place IN (SELECT value FROM json_each(?)) GROUP BY place",
        (wanted,),
    ):
        place = places[number]
        sagas[place.machine, place.machine_version, place.state, place.business_state] += count
    return [
        Count(machine=name, machine_version=version, state=state, business_state=label, sagas=count)
        for (name, version, state, label), count in sorted(sagas.items())
    ]


def definitions(db: apsw.Connection, machine: str | None) -> list[StoredDefinition]:
    """By name and version."""
    rows = db.execute(
        "SELECT machine, version, content_hash, source, deployed_at FROM definitions "
        "WHERE ?1 IS NULL OR machine = ?1 ORDER BY machine, version",
        (machine,),
    )
    return [decoded_definition(row) for row in rows]


def _entries(db: apsw.Connection, statement: str, saga_id: str) -> list[Entry]:
    return [decoded_entry(row) for row in db.execute(statement, (saga_id,))]


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


def _walks(db: apsw.Connection, places: list[int] | None, query: Query) -> Iterator[Sequence[Row]]:
    """The first rows (created_at, saga_id, number) of each index range that can hold an answer."""
    where, values = _conditions(query)
    among: tuple[Any, ...] = () if places is None else (orjson.dumps(places).decode(),)
    in_places = [] if places is None else ["place IN (SELECT value FROM json_each(?))"]
    if query.parked:
        yield _walk(db, "sagas_parked", [*where, *in_places], (*values, *among), query.limit)
    elif query.entity_id:
        yield _walk(
            db, "sagas_by_entity", [*where, "entity_id <> ''", *in_places], (*values, *among), query.limit
        )
    elif places is None:
        yield _walk(db, "sagas_by_creation", where, values, query.limit)
    else:
        for place in places:
            yield _walk(db, "sagas_by_place", [*where, "place = ?"], (*values, place), query.limit)


def _walk(
    db: apsw.Connection, index: str, where: Sequence[str], values: Sequence[Any], limit: int
) -> Sequence[Row]:
    return db.execute(
        f"SELECT created_at, saga_id, number FROM sagas INDEXED BY {index} WHERE {' AND '.join(where)} "
        "ORDER BY created_at DESC, saga_id DESC LIMIT ?",
        (*values, limit),
    ).fetchall()


def _conditions(query: Query) -> tuple[list[str], tuple[Any, ...]]:
    """What does not follow from the place."""
    asked: list[tuple[str, tuple[Any, ...]]] = [("1", ())]
    if query.created_from is not None:
        asked.append(("created_at >= ?", (query.created_from,)))
    if query.created_to is not None:
        asked.append(("created_at < ?", (query.created_to,)))
    if query.after is not None:
        asked.append(("(created_at, saga_id) < (?, ?)", query.after))
    if query.entity_id is not None:
        asked.append(("entity_id = ?", (query.entity_id,)))
    if query.parked is not None:
        asked.append(("parked > 0" if query.parked else "parked = 0", ()))
    return [condition for condition, _ in asked], tuple(v for _, values in asked for v in values)


def _listed(db: apsw.Connection, places: Places, number: int) -> Saga:
    row: Row = db.execute(f"SELECT {SAGA}, parked FROM sagas WHERE number = ?", (number,)).fetchall()[0]
    parked = _entries(db, _PARKED_OF, row[0]) if row[-1] else ()
    return decoded_saga(row[:-1], places[row[1]], parked)
