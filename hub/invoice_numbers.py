"""Invoice numbers: a sequence for each series and year, without a gap and without a double, in the records.

A series is a chain of records, whose ids are their places in it. A number is taken by inserting the record of the
invoice behind the last one: the insert decides, whoever else tries, in this daemon or in another. docs/decisions/0013-invoice-numbers.md has the argument. Called by hub/invoices.py.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.errors import RecordExists
from engine.model import Json, Millis
from engine.ports import Clock
from engine.records import Record, Records

KIND = "invoices"
RESERVED, MADE = "reserved", "made"


class NumberBook:
    """The series. `zone` says in which year a moment is; counts begin anew with every year."""

    def __init__(self, records: Records, clock: Clock, *, zone: str) -> None:
        self._records = records
        self._clock = clock
        self._zone = ZoneInfo(zone)
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def find(self, about: str) -> Record | None:
        """The record that has the number of what `about` names."""
        found = await self._records.find(KIND, tags={"about": about}, limit=1)
        return found[0] if found else None

    async def take(self, about: str, series: str, body: Json, tags: Mapping[str, str]) -> Record:
        """A number for `about`: the next of the series, or the one that it has already.

        The record is at `RESERVED`, its body has `number`, its time is later than that of the one before.

        Raises:
            StoreUnavailable: Perhaps it was taken; asking again finds out.
        """
        async with self._turns[
            series
        ]:  # else the callers of this daemon would only get into each other's way
            while True:
                # In this order: a record that was inserted after the last one was read makes the insert fail, and one
                # that was inserted before is found.
                record = await self._next(series, about, body, tags)
                if there := await self.find(about):
                    return there
                try:
                    await self._records.insert(record)
                except RecordExists:
                    continue
                return record

    async def _next(self, series: str, about: str, body: Json, tags: Mapping[str, str]) -> Record:
        now = self._clock.now()
        found = await self._records.find(KIND, tags={"series": series}, newest=True, limit=1)
        last = found[0] if found else None
        at = max(now, last.at + 1) if last else now
        year, place = self._year(at), last.body["place"] + 1 if last else 1
        count = last.body["count"] + 1 if last and last.body["year"] == year else 1
        number = f"{series}-{year}-{count:06}"
        known = {"number": number, "name": f"{number}.pdf", "year": year, "count": count, "place": place}
        return Record(
            kind=KIND,
            id=f"{series}-{place:09}",
            at=at,
            tags={**tags, "about": about, "series": series, "state": RESERVED},
            body={**body, **known},
        )

    def _year(self, at: Millis) -> int:
        return datetime.fromtimestamp(at / 1000, self._zone).year
