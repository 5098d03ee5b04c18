"""Applies events to sagas: loads, steps, commits, and hands on what is due now.

The only caller of `step` and of `commit`. Acknowledges nothing that is not durable. Everything that
waits for the outside is the dispatcher's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import takewhile

from engine.copying import changed
from engine.deployments import Deployments
from engine.errors import (
    DuplicateEvent,
    EventNotAccepted,
    Invalid,
    KeyTaken,
    PayloadInvalid,
    Refused,
    SagaExists,
    SagaNotFound,
    StaleLease,
    StaleSaga,
    StoreUnavailable,
)
from engine.hot import HotSagas
from engine.locks import KeyedLocks
from engine.machine import interventions
from engine.machine.engine_events import RAISED_WITHIN
from engine.machine.interventions import Hand
from engine.machine.plan import Machine
from engine.machine.start import start
from engine.machine.step import step
from engine.machine.turn import CHAIN
from engine.model import Answer, Entry, Event, Fence, HistoryRow, Json, Millis, Saga, Step
from engine.ports import Clock, Ids, SagaStore, Screen

HOT_SAGAS = 4_096
"""Sagas kept in memory; about 10 kB each with 1 kB of metadata."""

RACES = 64
"""How often a step is made anew because another daemon was faster, before the caller is told."""

Decide = Callable[[Machine, Saga, Millis], Step]
Intervention = Callable[[Machine, Saga, Hand], Step]
Take = Callable[[Step], Step]
Owed = Callable[[Saga, Entry], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where the runner leaves what is due: the dispatcher.

    Attributes:
        lease: Marks the step's entries that are due now as taken by this daemon, as far as it has room.
        take: Is given each of them once the step is durable.
    """

    lease: Take
    take: Owed


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A saga that was asked for; `existed` if an earlier creation had made it."""

    saga: Saga
    existed: bool = False


class Runner:
    """What the outside calls to start sagas, to tell them events and to mend them by hand."""

    def __init__(
        self,
        *,
        store: SagaStore,
        deployments: Deployments,
        clock: Clock,
        ids: Ids,
        hot: int = HOT_SAGAS,
        screen: Screen | None = None,
    ) -> None:
        self._store = store
        self._deployments = deployments
        self._clock = clock
        self._ids = ids
        self._locks = KeyedLocks()
        self._hot = HotSagas(hot)
        self._desk: Desk | None = None
        self._screen = screen
        self.on_step: list[Callable[[Step], None]] = []
        self.on_doubt: list[Callable[[str], None]] = []

    def serve(self, desk: Desk) -> None:
        """Hand what is due to `desk` from now on; without one it waits in the store."""
        self._desk = desk

    async def start(
        self,
        machine: str,
        *,
        metadata: Json,
        entity_id: str = "",
        saga_id: str | None = None,
        actor: str | None = None,
    ) -> Started:
        """Start a saga of the newest version of `machine`; durable when this returns.

        A creation whose id or key a saga of the machine has already answers that saga, unchanged,
        unless the machine says `onDuplicate: reject`.

        Raises:
            MachineNotFound, PayloadInvalid, ExpressionFailed: Nothing was written.
            SagaExists, KeyTaken: Another saga has the id, or one of the keys.
            StoreUnavailable: Outcome unknown; with a `saga_id` or a key repeating is safe.
        """
        self.screen(metadata, "the metadata")
        found = self._deployments.latest(machine)
        id_ = saga_id or self._new_id(found)
        now = self._clock.now()
        first = start(found, saga_id=id_, entity_id=entity_id, metadata=metadata, now=now, actor=actor)
        try:
            await self._create(first)
        except (SagaExists, KeyTaken):
            if existing := await self._existing(found, first.saga, named=saga_id is not None):
                return Started(saga=existing, existed=True)
            raise
        return Started(saga=first.saga)

    async def _create(self, first: Step) -> None:
        async with self._locks.hold(first.saga.saga_id):
            if (
                self._hot.get(first.saga.saga_id) is not None
            ):  # to the store the same step once more is no news
                raise SagaExists(f"There is a saga {first.saga.saga_id} already")
            first = self._leased(first)
            try:
                await self._store.create(first)
            except (StoreUnavailable, asyncio.CancelledError):
                self._doubt(first.saga.saga_id)
                raise
            self._done(first)

    async def _existing(self, machine: Machine, wanted: Saga, *, named: bool) -> Saga | None:
        """The saga that a repeated creation means: the one with its id, or with one of its keys."""
        if machine.definition.on_duplicate == "reject":
            return None
        handles = [wanted.saga_id] if named else []
        handles += [key.value for key in wanted.keys]
        for handle in handles:
            with suppress(SagaNotFound):
                saga = await self._store.load(await self._store.find(handle, wanted.machine))
                if saga.machine == wanted.machine:
                    return saga
        return None

    async def handle(self, handle: str, event: Event, *, machine: str | None = None) -> Answer:
        """Apply an event from outside to the saga that `handle` (id or key) means; durable on return.

        An event with an id is applied once, however often it comes; a repeat gets the first answer. One
        without is nobody's repeat: it gets an id here, so that a twin which another daemon takes in the
        same millisecond makes another step.

        Raises:
            SagaNotFound, KeyAmbiguous, EventNotAccepted, PayloadInvalid, ExpressionFailed, KeyTaken:
                Nothing was changed.
            StoreUnavailable: Outcome unknown; with an event id repeating is safe.
        """
        if event.name.startswith("$"):
            raise EventNotAccepted(f"event {event.name!r}: names that begin with $ are the engine's own")
        self.screen(event.payload, "the event's payload")
        saga_id = await self._find(handle, machine)
        told = event if event.id is not None else changed(event, id=self._ids.new())
        return await self._apply(saga_id, event.id, lambda m, saga, now: step(m, saga, told, now))

    async def reply(self, entry: Entry, event: Event) -> Answer:
        """Apply what an entry came to: a command's reply, a timer.

        Raises:
            StaleLease: Somebody else has claimed the entry since; or it is not owed any more, and is a timer
                or was held for longer than its lease.
            PayloadInvalid, ExpressionFailed, KeyTaken: Nothing was changed; the entry is still owed.
            StoreUnavailable: Outcome unknown; repeating is safe.
        """

        def decide(machine: Machine, saga: Saga, now: Millis) -> Step:
            late = entry.kind == "timer" or entry.lease_until <= now
            if late and all(owed.id != entry.id for owed in saga.agenda):
                raise StaleLease(f"saga {saga.saga_id} no longer owes {entry.kind} {entry.id}")
            return _fenced(step(machine, saga, event, now), saga, entry)

        if self._screen is not None:  # what became of it must not be lost
            event = replace(event, payload=self._screen.cleaned(event.payload))
        return await self._apply(entry.saga_id, event.id, decide)

    async def stuck(self, entry: Entry, reason: str) -> Answer:
        """Park an undo: its saga is told by `$stuck`.

        Raises:
            StaleLease: The saga no longer owes it, or somebody else has claimed it since.
            StoreUnavailable: Outcome unknown; repeating is safe.
        """
        event_id = f"{entry.id}.stuck.{entry.token}"

        def decide(machine: Machine, saga: Saga, now: Millis) -> Step:
            made = interventions.stuck(machine, saga, entry, reason, event_id=event_id, now=now)
            return _fenced(made, saga, entry)

        return await self._apply(entry.saga_id, event_id, decide)

    async def intervene(self, handle: str, decide: Intervention, *, actor: str, reason: str) -> Answer:
        """Do by hand what `decide` makes of the freshly loaded saga (see engine/mending.py).

        Raises:
            SagaNotFound, and what `decide` raises: nothing was changed.
        """

        def by_hand(machine: Machine, saga: Saga, now: Millis) -> Step:
            return decide(machine, saga, Hand(actor=actor, reason=reason, now=now))

        return await self._apply(await self._find(handle, None), None, by_hand, fresh=True)

    async def preview(self, handle: str, decide: Intervention, *, actor: str, reason: str) -> Step:
        """What `intervene` would do; does nothing. Raises as it does."""
        saga = await self._store.load(await self._find(handle, None))
        machine = await self._deployments.machine(saga.machine, saga.machine_version)
        return decide(machine, saga, Hand(actor=actor, reason=reason, now=self._clock.now()))

    def screen(self, data: object, what: str) -> None:
        """Raises PayloadInvalid: `what` holds something that must not be taken in."""
        refusal = self._screen.refusal(data) if self._screen is not None else None
        if refusal is not None:
            raise PayloadInvalid(f"{what} {refusal}")

    async def _find(self, handle: str, machine: str | None) -> str:
        if self._hot.get(handle) is not None:
            return handle
        return await self._store.find(handle, machine)

    async def _apply(
        self, saga_id: str, event_id: str | None, decide: Decide, *, fresh: bool = False
    ) -> Answer:
        async with self._locks.hold(saga_id):
            if fresh:  # what became of the entries is known to the store only
                self._hot.forget(saga_id)
            for _ in range(RACES):
                try:
                    return await self._try(saga_id, event_id, decide)
                except StaleSaga:
                    self._hot.forget(saga_id)
        raise StaleSaga(f"saga {saga_id} changed {RACES} times while an event was applied; try again")

    async def _try(self, saga_id: str, event_id: str | None, decide: Decide) -> Answer:
        known = self._hot.get(saga_id)
        saga = known or await self._load(saga_id)
        machine = await self._deployments.machine(saga.machine, saga.machine_version)
        try:
            made = self._leased(decide(machine, saga, self._clock.now()))
        except (Refused, Invalid, StaleLease):
            if first := await self._seen(saga_id, event_id):
                return first
            if known is not None:  # a refusal counts only on the saga as it is in the store
                raise StaleSaga(saga_id) from None
            raise
        try:
            await self._store.commit(made)
        except DuplicateEvent:
            if first := await self._seen(saga_id, event_id):
                return first
            raise
        except (StoreUnavailable, asyncio.CancelledError):
            self._hot.forget(saga_id)
            self._doubt(saga_id)
            raise
        self._done(made)
        return _answer(made.rows, saga_id)

    async def _seen(self, saga_id: str, event_id: str | None) -> Answer | None:
        """The first answer, if the saga has had an event with this id."""
        row = await self._store.row_of(saga_id, event_id) if event_id is not None else None
        if row is None:
            return None
        after = await self._store.history(saga_id, after=row.seq, limit=CHAIN)
        return replace(_answer([row, *takewhile(_raised, after)], saga_id), repeated=True)

    async def _load(self, saga_id: str) -> Saga:
        saga = await self._store.load(saga_id)
        self._hot.keep(saga)
        return saga

    def _leased(self, made: Step) -> Step:
        return self._desk.lease(made) if self._desk else made

    def _done(self, made: Step) -> None:
        self._hot.keep(made.saga)
        for seen in self.on_step:
            seen(made)
        if self._desk:
            for entry in made.added:
                if entry.owner is not None:
                    self._desk.take(made.saga, entry)

    def _doubt(self, saga_id: str) -> None:
        """Tell who follows the steps that one may have become durable without being told of."""
        for seen in self.on_doubt:
            seen(saga_id)

    def _new_id(self, machine: Machine) -> str:
        prefix = machine.definition.saga_id_prefix
        return f"{prefix}-{self._ids.new()}" if prefix else self._ids.new()


def _fenced(made: Step, before: Saga, held: Entry) -> Step:
    """The step, to be refused if somebody else has claimed `held` since.

    In a paused saga nobody claims: there one token more is that of the pause itself, and the answer counts.
    """
    return changed(made, fence=Fence(entry=held.id, token=held.token + before.paused))


def _raised(row: HistoryRow) -> bool:
    """Whether the row belongs to the step of the row before: its event is raised within steps only."""
    return row.event in RAISED_WITHIN


def _answer(rows: Sequence[HistoryRow], saga_id: str) -> Answer:
    """What a step's rows tell the sender: what became of the event, and where all of it led."""
    event, last = rows[0], rows[-1]
    return Answer(
        saga_id=saga_id,
        version=last.seq,
        state=last.state,
        result=event.result,
        event=event.event,
        note=event.note,
    )
