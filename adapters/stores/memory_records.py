"""The memory store's records: one dictionary. See engine.records for what each method promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace

from engine.errors import RecordExists, StaleRecord
from engine.model import Millis
from engine.records import Record


class MemoryRecords:
    """`alive` is asked before every call; it raises StoreUnavailable once the store is closed."""

    def __init__(self, alive: Callable[[], object]) -> None:
        self._alive = alive
        self._kept: dict[tuple[str, str], Record] = {}

    async def insert(self, record: Record) -> None:
        self._alive()
        if (record.kind, record.id) in self._kept:
            raise RecordExists(f"There is a {record.kind} {record.id} already")
        self._kept[record.kind, record.id] = deepcopy(replace(record, version=1))

    async def replace(self, record: Record) -> Record:
        self._alive()
        there = self._at_version(record.kind, record.id, record.version)
        written = replace(record, version=record.version + 1, at=there.at)
        self._kept[record.kind, record.id] = deepcopy(written)
        return written

    async def delete(self, kind: str, id: str, *, version: int | None = None) -> bool:
        self._alive()
        if (kind, id) not in self._kept:
            return False
        if version is not None:
            self._at_version(kind, id, version)
        del self._kept[kind, id]
        return True

    async def get(self, kind: str, id: str) -> Record | None:
        self._alive()
        return deepcopy(self._kept.get((kind, id)))

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
        self._alive()
        found = sorted(self._matching(kind, tags), key=_place, reverse=newest)
        chosen = [
            record
            for record in found
            if (since is None or record.at >= since)
            and (until is None or record.at < until)
            and (after is None or (_place(record) < after if newest else _place(record) > after))
        ]
        return deepcopy(chosen[:limit])

    async def starting(self, kind: str, tag: str, prefix: str, *, limit: int = 50) -> Sequence[Record]:
        self._alive()
        found = [
            one
            for one in self._kept.values()
            if one.kind == kind and one.tags.get(tag, "").startswith(prefix)
        ]
        return deepcopy(found[:limit])

    async def count(self, kind: str, *, tags: Mapping[str, str] | None = None) -> int:
        self._alive()
        return len(self._matching(kind, tags))

    def _matching(self, kind: str, tags: Mapping[str, str] | None) -> list[Record]:
        wanted = (tags or {}).items()
        return [
            record for record in self._kept.values() if record.kind == kind and wanted <= record.tags.items()
        ]

    def _at_version(self, kind: str, id: str, version: int) -> Record:
        there = self._kept.get((kind, id))
        if there is None or there.version != version:
            raise StaleRecord(f"The {kind} {id} was changed or removed meanwhile: read it again")
        return there


def _place(record: Record) -> tuple[Millis, str]:
    return record.at, record.id
