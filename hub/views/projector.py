"""Keeps the views up to date: follows the steps of this daemon, and catches up with what it did not see.

A step costs its saga nothing: it is noted, and its row written a moment later together with others. What is noted is
lost with the process, so a start looks through the sagas that changed since the views were known to be complete.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace

import structlog

from engine.errors import EngineError, SagaNotFound
from engine.model import Millis, Query, Saga, Step
from engine.ports import Clock, Ids, Store
from hub.views.day_counter import DayCounter
from hub.views.days import day_of
from hub.views.keeping import KINDS, keep
from hub.views.marks import follow_until, followed_until
from hub.views.rows import PAYMENT

LINGER = 0.2
"""Seconds between a step and its row: what a saga does meanwhile makes one row."""

BATCH = 200
"""Rows written at once; the store commits them together."""

NOTED = 5_000
"""Sagas that are noted at most; with more of them they are forgotten and found again in the store."""

SLACK: Millis = 120_000
"""A step may become durable so long after its own time, and clocks of daemons may differ by so much."""

SAVED: Millis = 10_000
"""How often it is kept how far the views are: what a start has to look at beyond the slack."""

SWEEP = 60.0
"""Seconds after which daemons that share a store look for what one of them left when it was killed."""

DOUBT = 5.0
"""Seconds after which it is looked whether a step became durable whose outcome was unknown."""

AGAIN = 1.0
"""Seconds until the store is asked again that was away."""

_log = structlog.get_logger("sagaloom.hub")


class Projector:
    """One a daemon. `shared`: other daemons work on the same store."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, *, shared: bool = False) -> None:
        self._store = store
        self._clock = clock
        self._shared = shared
        self._turn = asyncio.Lock()
        self._days = DayCounter(store.records, clock, ids, self._turn)
        self._noted: dict[str, Saga] = {}
        self._doubted: dict[str, float] = {}
        self._saved: Millis = 0
        self._forgotten = 0
        self._complete = False
        self._woken, self._stopping = asyncio.Event(), asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def seen(self, step: Step) -> None:
        """For `Runner.on_step`."""
        if step.saga.machine not in KINDS:
            return
        if len(self._noted) >= NOTED and step.saga.saga_id not in self._noted:
            self._noted.clear()
            self._forgotten += 1
            self._complete = False
        self._noted[step.saga.saga_id] = step.saga
        self._woken.set()

    def doubted(self, saga_id: str) -> None:
        """For `Runner.on_doubt`."""
        self._doubted[saga_id] = _now() + DOUBT
        self._woken.set()

    def start(self) -> None:
        """Follow the steps from now on; beside that, catch up with what was missed."""
        loop = asyncio.get_running_loop()
        jobs = (self._follow, self._count, self._look_back)
        self._tasks = [
            loop.create_task(self._again_and_again(job), name=f"views {job.__name__}") for job in jobs
        ]

    async def stop(self) -> None:
        """Write what is noted and go. What cannot be written now is caught up with at the next start."""
        self._stopping.set()
        self._woken.set()
        if self._tasks:
            await asyncio.wait(self._tasks)
            self._tasks = []
            try:
                await self.settle()
            except EngineError as error:
                _log.warning("views.behind", code=error.code, noted=len(self._noted))

    async def settle(self, *, days: bool = False) -> None:
        """What this daemon has done so far is in the views when this returns; with `days` it is counted too.

        Raises StoreUnavailable.
        """
        noted = list(self._noted)
        for first in range(0, len(noted), BATCH):
            async with self._turn:
                await self._write(noted[first : first + BATCH])
        if days:
            await self._days.count_due(_now, everything=True)

    async def catch_up(self) -> None:
        """Have everything in the views that is durable now, whoever did it. Raises StoreUnavailable."""
        now, forgotten = self._clock.now(), self._forgotten
        known = await followed_until(self._store.records)
        await self._days.adopt(everything=not self._shared)
        for machine in KINDS:
            since = None if known is None else known - SLACK
            await self._go_through(Query(machine=machine, updated_from=since, limit=BATCH))
        if not self._stopping.is_set() and forgotten == self._forgotten:
            self._complete = True
            await follow_until(self._store.records, now)

    async def _go_through(self, query: Query) -> None:
        while not self._stopping.is_set():
            page = await self._store.list(query)
            async with self._turn:
                await self._keep(page)
            if len(page) < query.limit:
                return
            query = replace(query, after=(page[-1].created_at, page[-1].saga_id))

    async def _follow(self) -> None:
        if not self._noted:  # else the store was away
            due = min(self._doubted.values(), default=None)
            await _either(self._woken, None if due is None else due - _now())
        await _either(self._stopping, LINGER)
        self._woken.clear()
        await self._ask_for_doubted()
        now, complete = self._clock.now(), self._complete
        await self.settle()
        if complete and self._complete and not self._shared and now - self._saved >= SAVED:
            await follow_until(self._store.records, now)
            self._saved = now

    async def _count(self) -> None:
        await _either(self._stopping, AGAIN)
        if not self._stopping.is_set():
            await self._days.count_due(_now)

    async def _look_back(self) -> None:
        if not self._complete or self._shared:
            await self.catch_up()
        await _either(self._stopping, SWEEP if self._shared else AGAIN)

    async def _ask_for_doubted(self) -> None:
        for saga_id in [each for each, due in self._doubted.items() if due <= _now()]:
            with suppress(SagaNotFound):
                saga = await self._store.load(saga_id)
                there = self._noted.get(saga_id)
                if saga.machine in KINDS and (there is None or there.version < saga.version):
                    self._noted[saga_id] = saga
            del self._doubted[saga_id]

    async def _write(self, saga_ids: Sequence[str]) -> None:
        """Those of them that are noted yet; the caller has the turn."""
        batch = {saga_id: self._noted[saga_id] for saga_id in saga_ids if saga_id in self._noted}
        await self._keep(list(batch.values()))
        for saga_id, saga in batch.items():
            if self._noted.get(saga_id) is saga:
                del self._noted[saga_id]

    async def _keep(self, sagas: Sequence[Saga]) -> None:
        await self._days.touch((day_of(saga.created_at) for saga in sagas if saga.machine == PAYMENT), _now())
        ends = await asyncio.gather(*(keep(self._store, saga) for saga in sagas), return_exceptions=True)
        for saga, end in zip(sagas, ends, strict=True):
            if isinstance(end, EngineError | asyncio.CancelledError):
                raise end
            if isinstance(end, BaseException):  # its text may hold data
                _log.error("views.not-shown", saga=saga.saga_id, error=type(end).__name__)

    async def _again_and_again(self, job: Callable[[], Awaitable[None]]) -> None:
        """Until it is stopped. A store that is away is asked again; nothing that was noted is forgotten."""
        while not self._stopping.is_set():
            try:
                await job()
            except EngineError as error:
                _log.warning("views.behind", code=error.code)
                await _either(self._stopping, AGAIN)
            except Exception as error:
                _log.error("views.failed", error=type(error).__name__)
                await _either(self._stopping, AGAIN)


def _now() -> float:
    """Seconds of the loop's own clock, which never goes back."""
    return asyncio.get_running_loop().time()


async def _either(event: asyncio.Event, seconds: float | None) -> None:
    """Wait for the event, or until so many seconds have passed."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
