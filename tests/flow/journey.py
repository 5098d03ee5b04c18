"""Drives a shipped machine through the whole engine in process: real store, runner, dispatcher, gateway.

Only the clock, the ids and the recording channels are made for tests. A journey is a list of steps,
each with the state that it leads to; the edges it took are read from the history.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.channels.demo import couriers, warehouse
from adapters.channels.python import PythonChannel
from adapters.stores.memory import MemoryStore
from engine.definition.ir import Definition
from engine.definition.reader import load
from engine.deployments import Deployments
from engine.dispatcher import Dispatcher
from engine.model import Delivery, Done, Entry, Event, HistoryRow, Json, Later, Millis, Outcome, Saga
from engine.ports import Channel
from engine.reporting import Reporter
from engine.runner import Runner
from hub.gateway import PaymentsChannel
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

    async def saga(self) -> Saga:
        return await self.store.load(self.saga_id)

    async def state(self) -> str:
        return (await self.saga()).state

    async def metadata(self) -> Json:
        return (await self.saga()).metadata

    async def parked(self) -> list[Entry]:
        return [entry for entry in (await self.saga()).agenda if entry.status == "parked"]

    async def history(self) -> list[HistoryRow]:
        return list(await self.store.history(self.saga_id))

    async def edges(self) -> set[Edge]:
        rows = await self.history()
        return {
            (row.source, row.event, row.state)
            for row in rows
            if row.source is not None and row.result == "applied"
        }


@asynccontextmanager
async def journey(
    machine: str, metadata: Json, bound: Mapping[str, Channel] | None = None
) -> AsyncIterator[Journey]:
    """A saga of machines/<machine>.yaml, started, with everything done that follows at once.

    `bound` takes the place of the shipped channels.
    """
    clock, ids, store, notifications = TestClock(), CountedIds(), MemoryStore(), Notifications()
    channels: Mapping[str, Channel] = {
        "payments": PaymentsChannel({"sandbox": SandboxProvider()}),
        "notifications": PythonChannel(notifications),
        "warehouse": PythonChannel(warehouse),
        "couriers": PythonChannel(couriers),
        **(bound or {}),
    }
    deployments = await _deployed(machine)
    runner = Runner(store=store, deployments=deployments, clock=clock, ids=ids)
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
    saga = await runner.start(machine, metadata=metadata)
    await dispatcher.idle()
    yield Journey(saga.saga_id, runner, dispatcher, store, clock, notifications)
    await dispatcher.drain(10 * SECOND)


_DEPLOYED: dict[str, Deployments] = {}


async def _deployed(machine: str) -> Deployments:
    """Compiled once for all journeys: it takes a hundred times as long as a journey."""
    if machine not in _DEPLOYED:
        deployments = Deployments(MemoryStore(), TestClock())
        await deployments.deploy([load(MACHINES / f"{machine}.yaml")])
        _DEPLOYED[machine] = deployments
    return _DEPLOYED[machine]


def edges_of(definition: Definition) -> set[Edge]:
    """Every edge of a machine; one without a target leads back to where it starts."""
    return set(_edges(definition))


def _edges(definition: Definition) -> Iterator[Edge]:
    for state in definition.states.values():
        for event, alternatives in state.on.items():
            yield from ((state.name, event, one.to or state.name) for one in alternatives)
        for timer in state.after:
            if timer.transition is not None:
                yield state.name, timer.event, timer.transition.to or state.name


def step_of(step: Any) -> tuple[str, Json]:
    """A step of a table, an event's name or (name, payload), as both."""
    return (step, {}) if isinstance(step, str) else (step[0], step[1])
