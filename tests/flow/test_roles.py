"""Daemons that divide the work: one takes requests, another does what sagas owe."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from adapters.stores.memory import MemoryStore
from engine.assembly import Adapters, Engine, Role, running
from engine.config import Binding, Config
from engine.model import Event
from engine.ports import Store
from tests.fakes.channel import ScriptedChannel
from tests.fakes.clock import CountingIds, FakeClock
from tests.fakes.machines import sample
from tests.flow.test_inlets import Bus

MACHINE = sample(
    """
    A: {businessState: OPEN, on: {go: B}}
    B: {businessState: OPEN, command: ask, on: {over: C}}
    C: {businessState: SHUT, final: true}
    """,
    top="commands: {ask: {channel: outside, replies: {done: over}}}",
)


class Shared(MemoryStore):
    """Stays open when one of its daemons ends."""

    async def close(self) -> None: ...


class House:
    """Daemons on one store; what each of them brought to the outside is kept apart."""

    def __init__(self, folder: Path) -> None:
        (folder / "sample.yaml").write_text(MACHINE)
        self.store = Shared()
        self.clock = FakeClock()
        self._folder = folder

    @asynccontextmanager
    async def daemon(
        self, role: Role, channel: ScriptedChannel, bus: Bus | None = None
    ) -> AsyncIterator[Engine]:
        async def open_store(options: Mapping[str, Any], folder: Path) -> Store:
            return self.store

        channels = {"outside": Binding(type="outside"), "bus": Binding(type="bus")}
        config = Config(
            store=Binding(type="shared"),
            machines=(self._folder / "sample.yaml",),
            channels=channels,
            base=self._folder,
        )
        adapters = Adapters(
            stores={"shared": open_store},
            channels={"outside": lambda *_: channel, "bus": lambda *_: bus or Bus()},
        )
        ids = CountingIds(role)
        async with running(config, adapters=adapters, clock=self.clock, ids=ids, roles=[role]) as engine:
            yield engine


def test_what_an_api_daemon_takes_is_free_for_the_workers_at_once(tmp_path: Path) -> None:
    async def body() -> None:
        house = House(tmp_path)
        mine, theirs = ScriptedChannel(), ScriptedChannel()
        async with house.daemon("api", mine) as api, house.daemon("worker", theirs) as worker:
            saga_id = (await api.runner.start("sample", metadata={})).saga.saga_id
            await api.runner.handle(saga_id, Event(name="go"))
            (owed,) = (await house.store.load(saga_id)).agenda
            assert (owed.owner, owed.lease_until) == (None, 0)
            assert await api.dispatcher.tick() == 0
            assert await worker.dispatcher.tick() == 1
            await worker.dispatcher.idle()
            assert (await house.store.load(saga_id)).state == "C"
        assert (len(mine.deliveries), len(theirs.deliveries)) == (0, 1)

    asyncio.run(body())


def test_only_workers_take_what_inlets_bring(tmp_path: Path) -> None:
    async def body() -> None:
        house, mine, theirs = House(tmp_path), Bus(), Bus()
        async with (
            house.daemon("api", ScriptedChannel(), mine) as api,
            house.daemon("worker", ScriptedChannel(), theirs) as worker,
        ):
            assert (list(api.inlets), list(worker.inlets)) == ([], ["bus"])
        assert (mine.log, theirs.log) == (["close"], ["start", "stop", "close"])

    asyncio.run(body())


def test_an_api_daemon_does_not_work_either_when_it_is_told_to_go_on(tmp_path: Path) -> None:
    async def body() -> None:
        house = House(tmp_path)
        async with house.daemon("api", ScriptedChannel()) as api:
            api.dispatcher.go_on()
            assert api.dispatcher.holding
            saga_id = (await api.runner.start("sample", metadata={})).saga.saga_id
            await api.runner.handle(saga_id, Event(name="go"))
            assert await api.dispatcher.tick() == 0

    asyncio.run(body())
