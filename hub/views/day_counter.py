"""Counts the days whose rows changed, each so often that it costs a twentieth of a core at most."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from engine.ports import Clock, Ids
from engine.records import Records
from hub.views.days import count_day
from hub.views.marks import Marks

PACE = 20.0
"""A day rests this many times longer than counting it took."""

REST = 1.0
"""Seconds that a day rests at least."""


class DayCounter:
    """The days that are due. `turn` is held while rows are written."""

    def __init__(self, records: Records, clock: Clock, ids: Ids, turn: asyncio.Lock) -> None:
        self._records = records
        self._marks = Marks(records, clock, ids)
        self._turn = turn
        self._due: dict[str, float] = {}
        self._rested: dict[str, float] = {}
        self._touched: set[str] = set()
        self._counting = asyncio.Lock()

    async def touch(self, days: Iterable[str], now: float) -> None:
        """Before rows of these days are written; the caller has the turn."""
        wanted = set(days)
        await self._marks.set(wanted)
        self._touched |= wanted
        for day in wanted:
            self._due.setdefault(day, max(now, self._rested.get(day, 0.0)))

    async def adopt(self, *, everything: bool) -> None:
        """Take on what daemons left that are gone."""
        async with self._turn:
            for day in await self._marks.adopt(everything=everything):
                self._due.setdefault(day, 0.0)

    async def count_due(self, clock: Callable[[], float], *, everything: bool = False) -> None:
        """Count what is due, or all there is. Raises StoreUnavailable: it stays due."""
        async with self._counting:
            for day in sorted(day for day, due in self._due.items() if everything or due <= clock()):
                await self._count(day, clock)

    async def _count(self, day: str, clock: Callable[[], float]) -> None:
        began = clock()
        self._touched.discard(day)
        await count_day(self._records, day)
        self._rest(day, clock(), clock() - began)
        async with self._turn:
            if day in self._touched:  # a row was written meanwhile
                self._due[day] = self._rested[day]
            else:
                await self._marks.clear(day)
                del self._due[day]

    def _rest(self, day: str, now: float, took: float) -> None:
        self._rested = {each: until for each, until in self._rested.items() if until > now}
        self._rested[day] = now + max(REST, took * PACE)
