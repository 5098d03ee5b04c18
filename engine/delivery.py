"""One entry, from start to end: ask its channel, and make of the outcome an event, a later try or a parked entry.

A channel's fault never raises here. Called by the dispatcher, under a lease.
"""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import replace

from engine.attempts import Attempts, Broken
from engine.copying import changed
from engine.deployments import Deployments
from engine.errors import Invalid, Refused, Stale, StaleLease, Unavailable
from engine.machine.pausing import NEVER
from engine.machine.settling import answer_id
from engine.model import Done, Entry, Event, Failed, Json, Later, Outcome, Saga
from engine.ports import AgendaStore, Clock, Ids
from engine.reporting import Reporter
from engine.retries import Policy
from engine.runner import Runner

ENGINE = "engine"
"""The actor of what the engine tells a saga."""


class Deliveries:
    """Does entries that are leased to this daemon."""

    def __init__(
        self,
        *,
        store: AgendaStore,
        runner: Runner,
        deployments: Deployments,
        attempts: Attempts,
        clock: Clock,
        ids: Ids,
        report: Reporter,
    ) -> None:
        self._store = store
        self._runner = runner
        self._deployments = deployments
        self._attempts = attempts
        self._clock = clock
        self._ids = ids
        self._report = report

    async def do(self, saga: Saga, entry: Entry) -> None:
        """Do `entry` from start to end: it comes to an event, a later try, or a place among the parked.

        Raises:
            Stale: Somebody else has it now, or may have: its lease ended before it was begun.
            Unavailable: The store is away; the entry is done again when its lease ends.
        """
        if entry.lease_until <= self._clock.now():  # this daemon stood still since it took the entry
            raise StaleLease(f"the lease of entry {entry.id} ended before it was begun")
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
        policy = Policy(machine=machine, entry=entry)
        if entry.status == "waiting" and entry.attempts >= policy.attempts:
            await self._give_up(entry, policy, Later(reason="no reply came in time", uncertain=True))
            return
        tried = changed(entry, attempts=entry.attempts + 1)
        outcome = await self._attempts.make(saga, tried, policy)
        if entry.kind == "poll" and not isinstance(outcome, Broken):
            await self._or_parked(tried, self._conclude_poll(tried, policy, outcome))
        else:
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
        reply, event = _answer_of(policy, done)
        if done.event is not None and done.event.startswith("$"):
            await self._park(entry, "the channel answered with an event whose name begins with $")
        elif reply == "failed" and entry.undoes is not None:
            await self._park(entry, "the receiver could not undo it")
        elif event is not None:
            await self._tell(entry, _reply(entry, event, reply, done.payload))
        elif reply is not None and policy.replies:
            known = ", ".join(policy.replies)
            await self._park(entry, f"the channel replied {reply!r}, the command knows {known}")
        elif policy.replies:
            due = NEVER if entry.timeout is None else self._clock.now() + entry.timeout
            await self._store.postpone(entry, due=due, reason=None, waiting=True)
        else:
            await self._store.settle(entry)

    async def _conclude_poll(self, entry: Entry, policy: Policy, outcome: Outcome) -> None:
        """What a poll learnt is told; as long as its state is not left it asks again."""
        reason = None if isinstance(outcome, Done) else outcome.reason
        if isinstance(outcome, Done):
            reply, event = _answer_of(policy, outcome)
            if event is not None and not event.startswith("$"):
                told = _reply(entry, event, reply, outcome.payload)
                answer = await self._runner.reply(entry, replace(told, id=f"{entry.id}.{entry.attempts}"))
                if answer.state != entry.state:
                    return  # it went with its state
        due = self._clock.now() + policy.poll_after(entry.attempts)
        await self._store.postpone(entry, due=due, reason=reason)

    async def _try_later(self, entry: Entry, policy: Policy, later: Later) -> None:
        wait = later.delay
        if wait is None:
            wait = policy.delay_after(entry.attempts, self._ids.jitter())
        self._report.later(entry, later.reason)
        await self._store.postpone(entry, due=self._clock.now() + wait, reason=later.reason)

    async def _give_up(self, entry: Entry, policy: Policy, outcome: Later | Failed) -> None:
        event = policy.event_of("failed") if entry.undoes is None else None
        if event is None:
            await self._park(entry, outcome.reason)
            return
        payload = outcome.payload if isinstance(outcome, Failed) else {}
        # After several tries one of them may have got through, whatever the last one said.
        uncertain = isinstance(outcome, Later) and (outcome.uncertain or entry.attempts > 1)
        told = _reply(entry, event, "failed", payload)
        await self._tell(entry, replace(told, reason=outcome.reason, uncertain=uncertain))

    async def _park(self, entry: Entry, reason: str) -> None:
        self._report.parked(entry, reason)
        if entry.undoes is not None:
            # A `$stuck` that its saga cannot take must not keep the undo from being parked.
            with suppress(Invalid, Refused):
                await self._runner.stuck(entry, reason)
                return
        await self._store.park(entry, reason=reason)


def _answer_of(policy: Policy, done: Done) -> tuple[str | None, str | None]:
    """(reply, event) of a try that got through; (None, None) if the reply is still to come.

    Where something waits for `done` and the command names no such reply, being accepted is all the
    receiver will ever say.
    """
    if done.event is not None:
        return done.reply or _named(policy, done.event), done.event
    reply = done.reply
    if reply is None and "done" not in policy.replies:
        reply = "done" if policy.event_of("done") is not None else None
    return reply, policy.event_of(reply) if reply is not None else None


def _named(policy: Policy, event: str) -> str | None:
    known = policy.machine.names.get(event, event)
    return next((reply for reply, name in policy.replies.items() if name == known), None)


def _reply(entry: Entry, event: str, reply: str | None, payload: Json) -> Event:
    id_ = answer_id(entry, reply)
    return Event(name=event, payload=payload, id=id_, entry=entry.id, reply=reply, actor=ENGINE)
