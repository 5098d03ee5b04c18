"""The SQLite store's records: two tables, one of them for the tags. See engine.records for the promises."""

# ruff: noqa: S608 - statements are made of constants of this module; every value is bound

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import apsw
import orjson

from adapters.stores.sqlite_readers import Readers
from adapters.stores.sqlite_rows import encoded
from adapters.stores.sqlite_writer import Writer
from engine.errors import RecordExists, StaleRecord
from engine.model import Millis
from engine.records import Record

_COLUMNS = "records.kind, records.id, records.version, records.at, records.tags, records.body"
_LAST = "\U0010ffff"
"""Sorts after all that may follow a prefix."""


class SqliteRecords:
    """Writes queue up with the sagas' and are committed with them."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def insert(self, record: Record) -> None:
        values = (record.kind, record.id, record.at, encoded(dict(record.tags)), encoded(record.body))
        await self._writer.submit(partial(_insert, record=record, values=values))

    async def replace(self, record: Record) -> Record:
        values = (encoded(dict(record.tags)), encoded(record.body), record.kind, record.id)
        at = await self._writer.submit(partial(_replace, record=record, values=values))
        return replace(record, version=record.version + 1, at=at)

    async def delete(self, kind: str, id: str, *, version: int | None = None) -> bool:
        return await self._writer.submit(partial(_delete, kind=kind, id=id, version=version))

    async def get(self, kind: str, id: str) -> Record | None:
        return await self._readers.read(_get, kind, id)

    async def find(
        self,
        kind: str,
        *,
        tags: Mapping[str, str] | None = None,
        since: Millis | None = None,
        until: Millis | None = None,
        after: tuple[Millis, str] | None = None,
        newest: bool = False,
        limit: int = 50,
    ) -> Sequence[Record]:
        bounds = _bounds(since, until, after, newest=newest)
        return await self._readers.read(_find, kind, dict(tags or {}), bounds, newest, limit)

    async def starting(self, kind: str, tag: str, prefix: str, *, limit: int = 50) -> Sequence[Record]:
        return await self._readers.read(_starting, kind, tag, prefix, limit)

    async def count(self, kind: str, *, tags: Mapping[str, str] | None = None) -> int:
        return await self._readers.read(_count, kind, dict(tags or {}))


def _insert(db: apsw.Connection, record: Record, values: tuple[Any, ...]) -> None:
    if db.execute("SELECT 1 FROM records WHERE kind = ? AND id = ?", (record.kind, record.id)).get:
        raise RecordExists(f"There is a {record.kind} {record.id} already")
    db.execute("INSERT INTO records (kind, id, version, at, tags, body) VALUES (?, ?, 1, ?, ?, ?)", values)
    _tag(db, record, record.at, dict(record.tags))


def _replace(db: apsw.Connection, record: Record, values: tuple[Any, ...]) -> Millis:
    there = db.execute(
        "SELECT at, tags FROM records WHERE kind = ? AND id = ? AND version = ?",
        (record.kind, record.id, record.version),
    ).fetchone()
    if there is None:
        raise _stale(record.kind, record.id)
    at: Millis = there[0]
    before, after = orjson.loads(there[1]).items(), record.tags.items()
    db.execute(
        "UPDATE records SET version = version + 1, tags = ?, body = ? WHERE kind = ? AND id = ?", values
    )
    _untag(db, record.kind, record.id, at, dict(before - after))
    _tag(db, record, at, dict(after - before))
    return at


def _tag(db: apsw.Connection, record: Record, at: Millis, tags: Mapping[str, str]) -> None:
    db.executemany(
        "INSERT INTO record_tags (kind, name, value, at, id) VALUES (?, ?, ?, ?, ?)",
        [(record.kind, name, value, at, record.id) for name, value in tags.items()],
    )


def _untag(db: apsw.Connection, kind: str, id: str, at: Millis, tags: Mapping[str, str]) -> None:
    db.executemany(
        "DELETE FROM record_tags WHERE kind = ? AND name = ? AND value = ? AND at = ? AND id = ?",
        [(kind, name, value, at, id) for name, value in tags.items()],
    )


def _delete(db: apsw.Connection, kind: str, id: str, version: int | None) -> bool:
    there = db.execute(
        "SELECT version, at, tags FROM records WHERE kind = ? AND id = ?", (kind, id)
    ).fetchone()
    if there is None:
        return False
    if version not in (None, there[0]):
        raise _stale(kind, id)
    _untag(db, kind, id, there[1], orjson.loads(there[2]))
    db.execute("DELETE FROM records WHERE kind = ? AND id = ?", (kind, id))
    return True


def _stale(kind: str, id: str) -> StaleRecord:
    return StaleRecord(f"The {kind} {id} was changed or removed meanwhile: read it again")


def _get(db: apsw.Connection, kind: str, id: str) -> Record | None:
    rows = db.execute(f"SELECT {_COLUMNS} FROM records WHERE kind = ? AND id = ?", (kind, id))
    return next(_records(rows), None)


def _bounds(
    since: Millis | None, until: Millis | None, after: tuple[Millis, str] | None, *, newest: bool
) -> list[tuple[str, tuple[Any, ...]]]:
    """Conditions on (at, id) of the table that is walked, each with its values."""
    bounds: list[tuple[str, tuple[Any, ...]]] = []
    if since is not None:
        bounds.append(("{}.at >= ?", (since,)))
    if until is not None:
        bounds.append(("{}.at < ?", (until,)))
    if after is not None:
        bounds.append((f"({{0}}.at, {{0}}.id) {'<' if newest else '>'} (?, ?)", after))
    return bounds


def _find(
    db: apsw.Connection,
    kind: str,
    tags: dict[str, str],
    bounds: list[tuple[str, tuple[Any, ...]]],
    newest: bool,
    limit: int,
) -> list[Record]:
    walked, source, values = _source(kind, tags)
    where = "".join(f" AND {condition.format(walked)}" for condition, _ in bounds)
    order = "DESC" if newest else "ASC"
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM {source}{where} ORDER BY {walked}.at {order}, {walked}.id {order} LIMIT ?",
        (*values, *(value for _, given in bounds for value in given), limit),
    )
    return list(_records(rows))


def _starting(db: apsw.Connection, kind: str, tag: str, prefix: str, limit: int) -> list[Record]:
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM record_tags AS first CROSS JOIN records "
        "ON records.kind = first.kind AND records.id = first.id "
        "WHERE first.kind = ? AND first.name = ? AND first.value >= ? AND first.value < ? LIMIT ?",
        (kind, tag, prefix, prefix + _LAST, limit),
    )
    return list(_records(rows))


def _count(db: apsw.Connection, kind: str, tags: dict[str, str]) -> int:
    _, source, values = _source(kind, tags)
    number: int = db.execute(f"SELECT count(*) FROM {source}", values).get
    return number


def _source(kind: str, tags: dict[str, str]) -> tuple[str, str, tuple[Any, ...]]:
    """Which table is walked, the FROM and WHERE, and their values; the first tag's index leads."""
    if not tags:
        return "records", "records WHERE records.kind = ?", (kind,)
    (name, value), *others = tags.items()
    more = "".join(
        " AND EXISTS (SELECT 1 FROM record_tags AS other WHERE other.kind = first.kind AND other.name = ? "
        "AND other.value = ? AND other.at = first.at AND other.id = first.id)"
        for _ in others
    )
    source = (
        "record_tags AS first CROSS JOIN records ON records.kind = first.kind AND records.id = first.id "
        f"WHERE first.kind = ? AND first.name = ? AND first.value = ?{more}"
    )
    return "first", source, (kind, name, value, *(part for other in others for part in other))


def _records(rows: Any) -> Iterator[Record]:
    for kind, id_, version, at, tags, body in rows:
        yield Record(
            kind=kind, id=id_, version=version, at=at, tags=orjson.loads(tags), body=orjson.loads(body)
        )
