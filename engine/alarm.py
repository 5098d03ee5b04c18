"""When the dispatcher looks at the agenda: at every beat, at the moment that the store names, and when it is rung.

A look that finds nothing due is one question to the store. Whoever writes what others must take rings through the
store, where it can (engine.ports.DueWatch); where it cannot, they find it at the next beat.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress

from engine.dispatcher import Dispatcher
from engine.errors import Unavailable
from engine.model import Millis
from engine.ports import AgendaStore, Clock, DueWatch
from engine.reporting import Reporter

GAP = 0.05
"""Seconds from one look to the next at least, beats apart: bounds what many moments in a row cost the store."""


class Alarm:
    """Lives on the loop that it was started on."""

    def __init__(
        self, *, dispatcher: Dispatcher, store: AgendaStore, clock: Clock, every: Millis, report: Reporter
    ) -> None:
        self._dispatcher = dispatcher
        self._store = store
        self._clock = clock
        self._every = every
        self._report = report
        self._looking = self._again = False
        self._last = float("-inf")
        self._planned: asyncio.Handle | None = None
        self._planned_at = float("inf")
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Listen to the store, if it can tell."""
        if isinstance(self._store, DueWatch):
            self._begin(self._store.watch_due(self.ring))

    async def stop(self) -> None:
        """Look no more. Safe to call twice."""
        if self._planned is not None:
            self._planned.cancel()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def beat(self) -> None:
        """Time to look again. Comes back at once: who beats may stop without breaking off a look."""
        self.ring()

    def ring(self) -> None:
        """Something may be due: look soon."""
        self._plan(0.0)

    async def look(self) -> None:
        """Have done what is due, and plan a look for what will be due before the next beat. Never two at a time."""
        if self._looking:
            self._again = True
            return
        self._looking = True
        try:
            with suppress(Unavailable):
                await self._look()
        finally:
            self._looking = False
        if self._again:
            self._again = False
            self.ring()

    async def _look(self) -> None:
        if self._dispatcher.holding:
            return
        self._last = asyncio.get_running_loop().time()
        due = await self._next_due()
        if due is not None and due <= self._clock.now():
            await self._dispatcher.tick()
            due = await self._next_due()
        ahead = self._every if due is None else due - self._clock.now()
        if ahead < self._every:
            self._plan((ahead + 1) / 1000)  # the clock cuts off what is less than a millisecond

    async def _next_due(self) -> Millis | None:
        try:
            return await self._store.next_due()
        except Unavailable as error:
            self._report.store_away(error)
            raise

    def _plan(self, seconds: float) -> None:
        """Look after so many seconds, or sooner if that is planned already."""
        loop = asyncio.get_running_loop()
        at = max(loop.time() + seconds, self._last + GAP)
        if self._planned is not None:
            if self._planned_at <= at and not self._planned.cancelled():
                return
            self._planned.cancel()
        self._planned_at = at  # uvloop's handle of a moment that has come knows none
        self._planned = loop.call_at(at, self._now)

    def _now(self) -> None:
        self._planned = None
        self._begin(self.look())

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
