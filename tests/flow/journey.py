"""Drives a shipped machine through the whole engine in process: real store, runner, dispatcher, gateway.

Only the clock, the ids and the recording channels are made for tests. A journey is a list of steps,
each with the state that it leads to; the edges it took are read from the history.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.channels.demo import couriers, warehouse
from adapters.channels.python import PythonChannel
from adapters.stores.memory import MemoryStore
from engine import children
from engine.definition.ir import Definition, State, Timer, Transition
from engine.definition.reader import load
from engine.deployments import Deployments
from engine.dispatcher import Dispatcher
from engine.machine.engine_events import SLA
from engine.mending import Mending
from engine.model import Delivery, Done, Entry, Event, HistoryRow, Json, Later, Millis, Outcome, Saga
from engine.ports import Channel
from engine.reporting import Reporter
from engine.runner import Runner
from hub.gateway import Gateway
from hub.payments_channel import PaymentsChannel
from providers.sandbox import SandboxProvider

MACHINES = Path(__file__).parents[2] / "machines"

SECOND = 1_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR

Edge = tuple[str, str, str]
"""State, event, state after."""


@dataclass
class TestClock:
    """Time stands still until a test moves it."""

    __test__ = False
    at: Millis = 1_700_000_000_000

    def now(self) -> Millis:
        return self.at


@dataclass
class CountedIds:
    """Ids in order, and no jitter."""

    made: int = 0

    def new(self) -> str:
        self.made += 1
        return f"id{self.made:06d}"

    def jitter(self) -> float:
        return 0.0


@dataclass
class Notifications:
    """Remembers what was sent; the saga's metadata say what becomes of a mail: `mail: failed|late`."""

    sent: list[str] = field(default_factory=list)

    async def __call__(self, delivery: Delivery) -> Outcome:
        mail = delivery.payload.get("mail") if delivery.kind == "command" else None
        if mail == "late":
            return Later(reason="busy")
        if mail == "failed":
            return Done(reply="failed")
        self.sent.append(delivery.name)
        return Done(reply="done" if "done" in delivery.replies else None)


@dataclass
class Journey:
    """One saga on its way."""

    saga_id: str
    runner: Runner
    dispatcher: Dispatcher
    store: MemoryStore
    clock: TestClock
    notifications: Notifications

    async def send(self, event: str, payload: Json | None = None, id: str | None = None) -> str:
        """Send an event, let everything that follows happen; the state after."""
        await self.runner.handle(self.saga_id, Event(name=event, payload=payload or {}, id=id))
        await self.dispatcher.idle()
        return await self.state()

    async def deliver(self, handle: str, event: Event) -> str:
        """Send an event to whatever saga has the key `handle`."""
        await self.runner.handle(handle, event)
        await self.dispatcher.idle()
        return await self.state()

    async def wait(self, delay: Millis) -> str:
        """Let time pass, and everything that is due by then happen."""
        self.clock.at += delay
        while await self.dispatcher.tick():
            await self.dispatcher.idle()
        return await self.state()

    @property
    def mending(self) -> Mending:
        return Mending(self.runner)

    async def saga(self) -> Saga:
        return await self.store.load(self.saga_id)

    async def child(self) -> Saga:
        """The saga that this one started last."""
        return await self.store.load((await self.metadata())["childSagaId"])

    async def state(self) -> str:
        return (await self.saga()).state

    async def metadata(self) -> Json:
        return (await self.saga()).metadata

    async def parked(self) -> list[Entry]:
        return [entry for entry in (await self.saga()).agenda if entry.status == "parked"]

    async def history(self) -> list[HistoryRow]:
        return list(await self.store.history(self.saga_id))

    async def edges(self) -> set[Edge]:
        """What the saga did; that of a reply which only a join or a compensation awaited among it."""
        rows = await self.history()
        return {
            (row.source, row.event, row.state)
            for row in rows
            if row.source is not None and row.result == "applied" and row.event != SLA
        }


@asynccontextmanager
async def journey(
    machine: str, metadata: Json, bound: Mapping[str, Channel] | None = None, *, beside: Sequence[str] = ()
) -> AsyncIterator[Journey]:
    """A saga of machines/<machine>.yaml, started, with everything done that follows at once.

    `bound` takes the place of the shipped channels; `beside`: machines of which it starts sagas.
    """
    clock, ids, store, notifications = TestClock(), CountedIds(), MemoryStore(), Notifications()
    deployments = await deployed(machine, *beside)
    runner = Runner(store=store, deployments=deployments, clock=clock, ids=ids)
    channels: Mapping[str, Channel] = {
        "payments": PaymentsChannel(Gateway({"sandbox": SandboxProvider()})),
        "notifications": PythonChannel(notifications),
        "warehouse": PythonChannel(warehouse),
        "couriers": PythonChannel(couriers),
        children.CHANNEL: children.SagasChannel(runner),
        **(bound or {}),
    }
    dispatcher = Dispatcher(
        store=store,
        runner=runner,
        deployments=deployments,
        channels=channels,
        clock=clock,
        ids=ids,
        owner="test",
        report=Reporter(),
    )
    started = await runner.start(machine, metadata=metadata)
    await dispatcher.idle()
    yield Journey(started.saga.saga_id, runner, dispatcher, store, clock, notifications)
    await dispatcher.drain(10 * SECOND)


_DEPLOYED: dict[tuple[str, ...], Deployments] = {}


async def deployed(*machines: str) -> Deployments:
    """Compiled once for all journeys: it takes a hundred times as long as a journey."""
    if machines not in _DEPLOYED:
        deployments = Deployments(MemoryStore(), TestClock())
        await deployments.deploy([load(MACHINES / f"{machine}.yaml") for machine in machines])
        _DEPLOYED[machines] = deployments
    return _DEPLOYED[machines]


def edges_of(definition: Definition) -> set[Edge]:
    """Every edge of a machine; one without a target leads back to where it starts."""
    return {
        edge for state in definition.states.values() if not state.final for edge in _edges(definition, state)
    }


def _edges(definition: Definition, state: State) -> Iterator[Edge]:
    business = definition.business_states[state.business_state]
    for part in (state, business, definition):
        for event, alternatives in part.on.items():
            yield from ((state.name, event, one.to or state.name) for one in alternatives)
        for timer, transition in _moving(part.timers):
            yield state.name, timer.event, transition.to or state.name


def _moving(timers: Sequence[Timer]) -> Iterator[tuple[Timer, Transition]]:
    yield from ((timer, timer.transition) for timer in timers if timer.transition is not None)


def step_of(step: Any) -> tuple[str, Json]:
    """A step of a table, an event's name or (name, payload), as both."""
    return (step, {}) if isinstance(step, str) else (step[0], step[1])
