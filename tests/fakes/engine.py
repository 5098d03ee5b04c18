"""A whole engine in the test's own process: real machine, runner and dispatcher, on a clock of the test's.

Nothing ticks by itself. `run()` does what is due now; `wait(ms)` lets time pass and does what falls due on
the way, each thing at its own moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.stores.memory import MemoryStore
from engine.definition.ir import Definition
from engine.definition.reader import check_text
from engine.deployments import Deployments
from engine.dispatcher import ROOM, Dispatcher
from engine.machine.plan import Machine, compile_machine
from engine.mending import Mending
from engine.model import Answer, Entry, Event, HistoryRow, Json, Millis, Saga
from engine.ports import Channel, Store
from engine.reporting import Reporter
from engine.runner import HOT_SAGAS, Runner
from tests.fakes.clock import CountingIds, FakeClock


def definition_of(text: str, *, file: str = "test.yaml") -> Definition:
    """The checked definition; findings fail the test."""
    report = check_text(text, file=file)
    assert report.definition is not None, [f"line {f.line}: {f.message}" for f in report.findings]
    return report.definition


def machine_of(text: str) -> Machine:
    """The compiled machine."""
    return compile_machine(definition_of(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """An engine and the handles that tests turn."""

    store: Store
    clock: FakeClock
    deployments: Deployments
    runner: Runner
    mending: Mending
    dispatcher: Dispatcher
    machine: str

    async def start(self, metadata: Json | None = None, **named: Any) -> Saga:
        asked = {} if metadata is None else metadata
        return (await self.runner.start(self.machine, metadata=asked, **named)).saga

    async def send(
        self, handle: str, name: str, payload: Json | None = None, *, id: str | None = None
    ) -> Answer:
        return await self.runner.handle(handle, Event(name=name, payload=payload or {}, id=id, actor="test"))

    async def run(self) -> None:
        """Do all that is due now, and what comes of it."""
        await self.dispatcher.idle()
        while await self.dispatcher.tick():
            await self.dispatcher.idle()

    async def wait(self, ms: Millis) -> None:
        """Let `ms` pass; what falls due on the way is done at its moment."""
        await self.run()
        end = self.clock.now() + ms
        while (due := await self.store.next_due()) is not None and due <= end:
            self.clock.advance(max(due - self.clock.now(), 0))
            await self.run()
        self.clock.advance(end - self.clock.now())

    async def saga(self, saga_id: str) -> Saga:
        return await self.store.load(saga_id)

    async def history(self, saga_id: str) -> Sequence[HistoryRow]:
        return await self.store.history(saga_id)

    async def path(self, saga_id: str) -> list[str]:
        """The states entered so far."""
        return [row.state for row in await self.history(saga_id) if row.entered]

    async def owed(self, saga_id: str, name: str) -> Entry:
        """The one entry of that name, as the store has it."""
        (entry,) = [e for e in (await self.saga(saga_id)).agenda if e.name == name]
        return entry


async def engine_for(
    *texts: str,
    store: Store | None = None,
    channels: Mapping[str, Channel] | None = None,
    clock: FakeClock | None = None,
    ids: CountingIds | None = None,
    owner: str = "daemon-1",
    room: int = ROOM,
    hot: int = HOT_SAGAS,
    dev: bool = False,
) -> Bench:
    """An engine that runs the machines of `texts` (YAML); `bench.machine` is the first one's name."""
    store = store if store is not None else MemoryStore()
    clock = clock or FakeClock()
    ids = ids or CountingIds(owner)
    definitions = [definition_of(text) for text in texts]
    deployments = Deployments(store, clock)
    runner = Runner(store=store, deployments=deployments, clock=clock, ids=ids, hot=hot)
    dispatcher = Dispatcher(
        store=store,
        runner=runner,
        deployments=deployments,
        channels=channels or {},
        clock=clock,
        ids=ids,
        owner=owner,
        report=Reporter(),
        room=room,
    )
    await deployments.deploy(definitions, replace=dev)
    return Bench(
        store=store,
        clock=clock,
        deployments=deployments,
        runner=runner,
        mending=Mending(runner),
        dispatcher=dispatcher,
        machine=definitions[0].name,
    )
