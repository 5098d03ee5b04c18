"""Does what sagas owe: hands commands and side effects to channels, fires timers, and tells the runner.

The only part that loops. An entry is done under a lease: while this daemon holds it nobody else
does; if the daemon dies, the lease runs out and any daemon claims it. A channel's fault never
raises here: it becomes a reply, a later try, or a parked entry.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import replace

from engine.attempts import Attempts, Broken
from engine.deployments import Deployments
from engine.errors import Invalid, Refused, Stale, Unavailable
from engine.model import Claim, Done, Entry, Event, Failed, Json, Later, Millis, Outcome, Saga, Step
from engine.ports import AgendaStore, Channel, Clock, Ids
from engine.reporting import Reporter
from engine.retries import Policy, policy_of
from engine.runner import Desk, Runner

LEASE: Millis = 30_000
"""How long an entry stays ours beyond the time its try may take."""

ROOM = 512
"""Entries in hand at once; more wait in the store. Bounds memory, not the channels' speed."""

ENGINE = "engine"


class Dispatcher:
    """Works on the agenda of all sagas, as far as it has room."""

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
    ) -> None:
        self._store = store
        self._runner = runner
        self._deployments = deployments
        self._attempts = Attempts(channels, report)
        self._clock = clock
        self._ids = ids
        self._owner = owner
        self._report = report
        self._room = room
        self._open = True
        self._running: set[asyncio.Task[None]] = set()
        runner.serve(Desk(lease=self.lease, take=self.take))

    def lease(self, step: Step) -> Step:
        """The step with its entries that are due now marked as ours, as far as there is room."""
        now = self._clock.now()
        room = self._room - len(self._running) if self._open else 0
        due = [entry for entry in step.added if entry.due <= now and entry.status == "due"][: max(room, 0)]
        if not due:
            return step
        mine = {entry.id: self._mine(entry, now) for entry in due}
        added = tuple(mine.get(entry.id, entry) for entry in step.added)
        agenda = tuple(mine.get(entry.id, entry) for entry in step.saga.agenda)
        return replace(step, added=added, saga=replace(step.saga, agenda=agenda))

    def _mine(self, entry: Entry, now: Millis) -> Entry:
        until = now + (entry.timeout or 0) + LEASE
        return replace(entry, owner=self._owner, token=entry.token + 1, lease_until=until)

    def take(self, saga: Saga, entry: Entry) -> None:
        """Begin an entry that is leased to this daemon; comes back at once. When draining the lease is given back."""
        if not self._open:
            return
        task = asyncio.get_running_loop().create_task(self._work(saga, entry), name=entry.id)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

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

    async def idle(self) -> None:
        """Return when nothing is in hand any more."""
        while self._running:
            await asyncio.wait(list(self._running))

    async def drain(self, grace: Millis) -> None:
        """Begin nothing more, let what is in hand finish for `grace` ms, and give the rest back."""
        self._open = False
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
        """One entry, from start to end. What went wrong with the store mends itself when the lease ends."""
        try:
            await self._do(saga, entry)
        except Stale:
            self._report.lease_lost(entry)
        except Unavailable as error:
            self._report.store_away(error)

    async def _do(self, saga: Saga, entry: Entry) -> None:
        work = self._fire(entry) if entry.kind == "timer" else self._deliver(saga, entry)
        await self._or_parked(entry, work)

    async def _or_parked(self, entry: Entry, work: Awaitable[None]) -> None:
        """Do `work`; what needs a person parks the entry."""
        try:
            await work
        except (Stale, Unavailable):
            raise
        except (Invalid, Refused) as error:  # a definition that no longer loads, an event it cannot take
            await self._park(entry, str(error))
        except Exception as error:  # a defect of ours: tried again it would only fail again
            self._report.bug(entry, error)
            await self._park(entry, f"{type(error).__name__} in the engine: a defect, see the log")

    async def _fire(self, entry: Entry) -> None:
        await self._tell(entry, Event(name=entry.name, id=entry.id, entry=entry.id, actor=ENGINE))

    async def _tell(self, entry: Entry, event: Event) -> None:
        answer = await self._runner.reply(entry, event)
        if answer.repeated:  # the step that had this id did not take the entry off: nothing else would
            await self._store.settle(entry)

    async def _deliver(self, saga: Saga, entry: Entry) -> None:
        machine = await self._deployments.machine(saga.machine, saga.machine_version)
        policy = policy_of(machine.definition, entry)
        if entry.status == "waiting" and entry.attempts >= policy.attempts:
            await self._give_up(entry, policy, Failed(reason="no reply came in time"))
            return
        tried = replace(entry, attempts=entry.attempts + 1)
        outcome = await self._attempts.make(saga, tried, policy)
        await self._or_parked(tried, self._conclude(tried, policy, outcome))

    async def _conclude(self, entry: Entry, policy: Policy, outcome: Outcome | Broken) -> None:
        match outcome:
            case Done():
                await self._conclude_done(entry, policy, outcome)
            case Later() if entry.attempts < policy.attempts:
                await self._try_later(entry, policy, outcome)
            case Later() | Failed():
                await self._give_up(entry, policy, outcome)
            case Broken():
                await self._park(entry, outcome.reason)

    async def _conclude_done(self, entry: Entry, policy: Policy, done: Done) -> None:
        if entry.kind == "effect":
            await self._store.settle(entry)
            return
        event = done.event or policy.replies.get(done.reply or "")
        if event is not None and event.startswith("$"):
            await self._park(entry, "the channel answered with an event whose name begins with $")
        elif event is not None:
            await self._tell(entry, _reply(entry, event, done.payload))
        elif done.reply is not None and policy.replies:
            known = ", ".join(policy.replies)
            await self._park(entry, f"the channel replied {done.reply!r}, the command knows {known}")
        elif entry.timeout is not None and policy.replies:
            due = self._clock.now() + entry.timeout
            await self._store.postpone(entry, due=due, reason=None, waiting=True)
        else:
            await self._store.settle(entry)

    async def _try_later(self, entry: Entry, policy: Policy, later: Later) -> None:
        wait = later.delay
        if wait is None:
            wait = policy.delay_after(entry.attempts, self._ids.jitter())
        self._report.later(entry, later.reason)
        await self._store.postpone(entry, due=self._clock.now() + wait, reason=later.reason)

    async def _give_up(self, entry: Entry, policy: Policy, outcome: Later | Failed) -> None:
        event = policy.replies.get("failed")
        if event is None:
            await self._park(entry, outcome.reason)
            return
        payload = outcome.payload if isinstance(outcome, Failed) else {}
        await self._tell(entry, replace(_reply(entry, event, payload), reason=outcome.reason))

    async def _park(self, entry: Entry, reason: str) -> None:
        self._report.parked(entry, reason)
        await self._store.park(entry, reason=reason)


def _reply(entry: Entry, event: str, payload: Json) -> Event:
    return Event(name=event, payload=payload, id=entry.id, entry=entry.id, actor=ENGINE)
