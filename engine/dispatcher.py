"""Finds what sagas owe and has it done, as far as there is room.

The only part that loops. An entry is done under a lease: while this daemon holds it nobody else
does; if the daemon dies, the lease runs out and any daemon claims it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from engine.attempts import Attempts
from engine.copying import changed
from engine.delivery import Deliveries
from engine.deployments import Deployments
from engine.errors import Stale, Unavailable
from engine.model import Claim, Entry, Millis, Saga, Step
from engine.ports import AgendaStore, Channel, Clock, Ids
from engine.reporting import Reporter
from engine.runner import Desk, Runner

LEASE: Millis = 30_000
"""How long an entry stays ours beyond the time its try may take."""

ROOM = 4_096
"""Entries in hand at once; more wait in the store for the next tick. Bounds memory (some 5 kB each)."""

Worker = asyncio.Task[None]


class Dispatcher:
    """Works on the agenda of all sagas, as far as it has room.

    Not `works`: this daemon begins nothing. What is due stays free in the store, and others take it.
    """

    def __init__(
        self,
        *,
        store: AgendaStore,
        runner: Runner,
        deployments: Deployments,
        channels: Mapping[str, Channel],
        clock: Clock,
        ids: Ids,
        owner: str,
        report: Reporter,
        room: int = ROOM,
        works: bool = True,
    ) -> None:
        self._store = store
        self._runner = runner
        self._clock = clock
        self._owner = owner
        self._deliveries = Deliveries(
            store=store,
            runner=runner,
            deployments=deployments,
            attempts=Attempts(channels, report),
            clock=clock,
            ids=ids,
            report=report,
        )
        self._report = report
        self._room = room
        self._open = self.works = works
        self._running: set[Worker] = set()
        self._next: dict[Worker, tuple[Saga, Entry]] = {}
        if works:
            runner.serve(Desk(lease=self.lease, take=self.take))

    def lease(self, step: Step) -> Step:
        """The step with its entries that are due now marked as ours, as far as there is room."""
        now = self._clock.now()
        room = self._room - len(self._running) if self._open else 0
        due = [entry for entry in step.added if entry.due <= now and entry.status == "due"][: max(room, 0)]
        if not due:
            return step
        mine = {entry.id: self._mine(entry, now) for entry in due}
        return changed(step, added=tuple(mine.get(entry.id, entry) for entry in step.added))

    def _mine(self, entry: Entry, now: Millis) -> Entry:
        until = now + (entry.timeout or 0) + LEASE
        return changed(entry, owner=self._owner, token=entry.token + 1, lease_until=until)

    def take(self, saga: Saga, entry: Entry) -> None:
        """Begin an entry that is leased to this daemon; comes back at once. When draining the lease is given back."""
        if not self._open:
            return
        worker = asyncio.current_task()
        if worker in self._running and worker not in self._next:
            self._next[worker] = (saga, entry)  # what a reply asks for follows it in the same task
            return
        task = asyncio.get_running_loop().create_task(self._work(saga, entry), name=entry.id)
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: Worker) -> None:
        self._running.discard(task)
        self._next.pop(task, None)

    async def tick(self) -> int:
        """Claim what is due and begin it; how many entries were begun."""
        begun = 0
        while self._open and (room := self._room - len(self._running)) > 0:
            claims = await self._claim(room)
            for claim in claims:
                self.take(claim.saga, claim.entry)
            begun += len(claims)
            if len(claims) < room:
                break
        return begun

    async def _claim(self, room: int) -> list[Claim]:
        try:
            return list(
                await self._store.claim(owner=self._owner, now=self._clock.now(), lease=LEASE, limit=room)
            )
        except Unavailable as error:
            self._report.store_away(error)
            return []

    def hold(self) -> None:
        """Begin nothing until `go_on`: what becomes due waits in the store."""
        self._open = False

    def go_on(self) -> None:
        """Begin again what is due, from the next tick on."""
        self._open = self.works

    @property
    def holding(self) -> bool:
        """Whether it begins nothing at present."""
        return not self._open

    async def idle(self) -> None:
        """Return when nothing is in hand any more."""
        while self._running:
            await asyncio.wait(list(self._running))

    async def drain(self, grace: Millis) -> None:
        """Begin nothing more, let what is in hand finish for `grace` ms, and give the rest back."""
        self.hold()
        try:
            async with asyncio.timeout(grace / 1000):
                await self.idle()
        except TimeoutError:
            left = list(self._running)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        await self._store.release(owner=self._owner)

    async def _work(self, saga: Saga, entry: Entry) -> None:
        """An entry, and then what came of it, as long as one thing leads to the next."""
        worker = asyncio.current_task()
        await self._one(saga, entry)
        while worker is not None and (following := self._next.pop(worker, None)):
            await self._one(*following)

    async def _one(self, saga: Saga, entry: Entry) -> None:
        """One entry, from start to end. What went wrong with the store mends itself when the lease ends."""
        try:
            await self._deliveries.do(saga, entry)
        except Stale:
            self._report.lease_lost(entry)
        except Unavailable as error:
            self._report.store_away(error)
