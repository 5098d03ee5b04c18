"""How many sagas stand in each state, kept up with every step: pages that ask every few seconds make no store count.

The store is counted when somebody first looks, and again after a while: what other daemons on the same store do,
and a step whose outcome is not known, is seen then.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping

from engine.machine.migrating import MIGRATE
from engine.model import Millis, Step, Tally
from engine.ports import Clock, DueWatch, Store

Place = tuple[str, int, str]
"""Machine, version, state."""

ALONE: Millis = 300_000
"""Nobody else writes to an embedded store: counting again only mends what a step during the count made wrong."""

SHARED: Millis = 15_000
SOON: Millis = 5_000
"""When what was counted is known to be wrong."""

OWED: Millis = 3_000
"""How long what is parked, due and late may be old; the store reads it from indexes of its own."""


class Census:
    """One for the life of the daemon; `step` and `doubt` are called on the loop."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lasts = SHARED if isinstance(store, DueWatch) else ALONE
        self._counts: Counter[Place] = Counter()
        self._counted: Millis | None = None
        self._wrong = False
        self._tallies: dict[str, Tally] = {}
        self._tallies_until: Millis = 0
        self._busy = asyncio.Lock()

    def step(self, step: Step) -> None:
        """Count a committed step: for `Runner.on_step`."""
        saga, first = step.saga, step.rows[0]
        if first.event == MIGRATE:  # it came from another version, which the step does not tell
            self._wrong = True
            return
        if first.source is not None:
            self._counts[saga.machine, saga.machine_version, first.source] -= 1
        self._counts[saga.machine, saga.machine_version, saga.state] += 1

    def doubt(self, saga_id: str) -> None:
        """A step may have been committed without `step` being told: for `Runner.on_doubt`."""
        self._wrong = True

    async def counts(self) -> Mapping[Place, int]:
        """Sagas by machine, version and state. Raises StoreUnavailable."""
        async with self._busy:
            if self._is_old():
                await self._count()
        return {place: count for place, count in self._counts.items() if count > 0}

    async def tallies(self) -> Mapping[str, Tally]:
        """By machine: what is parked, due, late and paused. Raises StoreUnavailable."""
        now = self._clock.now()
        if now >= self._tallies_until:
            self._tallies = {each.machine: each for each in await self._store.tallies(now=now)}
            self._tallies_until = now + OWED
        return self._tallies

    def _is_old(self) -> bool:
        if self._counted is None:
            return True
        return self._clock.now() >= self._counted + (SOON if self._wrong else self._lasts)

    async def _count(self) -> None:
        """Steps that are committed meanwhile add to what is counted."""
        self._counted, self._wrong, self._counts = None, False, Counter()
        now = self._clock.now()
        for each in await self._store.counts():
            self._counts[each.machine, each.machine_version, each.state] += each.sagas
        self._counted = now
