"""Lists and counts of sagas. Every list is a walk along one index, and fetches no row that it does not answer.

Runs in a reader's thread.
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
from adapters.stores.sqlite_rows import ENTRY, SAGA, Row
from adapters.stores.sqlite_values import decoded_entry, decoded_saga
from engine.model import Count, Query, Saga

_PARKED_OF = f"SELECT {ENTRY} FROM entries WHERE saga_id = ? AND status = 'parked' ORDER BY made"


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
    elif (
        places is None or query.updated_from is not None
    ):  # one walk: no place is gone through again for a page
        yield _walk(db, "sagas_by_creation", [*where, *in_places], (*values, *among), query.limit)
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
    if query.updated_from is not None:
        asked.append(("updated_at >= ?", (query.updated_from,)))
    if query.after is not None:
        asked.append(("(created_at, saga_id) < (?, ?)", query.after))
    if query.entity_id is not None:
        asked.append(("entity_id = ?", (query.entity_id,)))
    if query.parked is not None:
        asked.append(("parked > 0" if query.parked else "parked = 0", ()))
    return [condition for condition, _ in asked], tuple(v for _, values in asked for v in values)


def _listed(db: apsw.Connection, places: Places, number: int) -> Saga:
    row: Row = db.execute(f"SELECT {SAGA}, parked FROM sagas WHERE number = ?", (number,)).fetchall()[0]
    parked = map(decoded_entry, db.execute(_PARKED_OF, row[:1])) if row[-1] else ()
    return decoded_saga(row[:-1], places[row[1]], parked)
