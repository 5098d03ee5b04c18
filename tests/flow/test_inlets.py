"""A channel that is an inlet as well: begun once the engine is ready, ended before it drains."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from adapters.stores.memory import open_memory
from engine.assembly import Adapters, running
from engine.clock import SystemClock, SystemIds
from engine.config import Binding, Config
from engine.errors import ChannelUnavailable, EngineError
from engine.model import Delivery, Done, Event, Outcome
from engine.ports import Take
from tests.fakes.machines import sample

MACHINE = sample(
    """
    A: {businessState: OPEN, on: {go: B}}
    B: {businessState: OPEN, command: ask, on: {over: C}}
    C: {businessState: SHUT, final: true}
    """,
    top="commands: {ask: {channel: bus}}",
)


class Bus:
    """A channel that brings events in; it keeps what happened to it."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.refusal: EngineError | None = None
        self.take: Take | None = None

    async def send(self, delivery: Delivery) -> Outcome:
        self.log.append(f"send {delivery.name}")
        return Done()

    async def close(self) -> None:
        self.log.append("close")

    async def start(self, take: Take) -> None:
        self.log.append("start")
        if self.refusal:
            raise self.refusal
        self.take = take

    async def stop(self) -> None:
        self.log.append("stop")

    def healthy(self) -> str | None:
        return None


def config_in(folder: Path) -> Config:
    (folder / "sample.yaml").write_text(MACHINE)
    return Config(
        store=Binding(type="memory", options={}),
        machines=(folder / "sample.yaml",),
        channels={"bus": Binding(type="bus")},
        base=folder,
    )


def adapters_of(bus: Bus) -> Adapters:
    return Adapters(stores={"memory": open_memory}, channels={"bus": lambda name, options, folder: bus})


def test_events_come_in_between_the_start_and_the_drain(tmp_path: Path) -> None:
    async def body() -> None:
        bus = Bus()
        config, clock, ids = config_in(tmp_path), SystemClock(), SystemIds()
        async with running(config, adapters=adapters_of(bus), clock=clock, ids=ids) as engine:
            assert dict(engine.inlets) == {"bus": bus}
            saga_id = (await engine.runner.start("sample", metadata={})).saga.saga_id
            assert bus.take is not None
            assert (await bus.take(saga_id, Event(name="go"))).state == "B"
            await engine.dispatcher.idle()
        assert bus.log == ["start", "send ask", "stop", "close"]

    asyncio.run(body())


def test_an_inlet_that_cannot_start_ends_the_engine_in_good_order(tmp_path: Path) -> None:
    async def body() -> None:
        bus = Bus()
        bus.refusal = ChannelUnavailable("channel bus: nobody answers")
        config, clock, ids = config_in(tmp_path), SystemClock(), SystemIds()
        with suppress(ChannelUnavailable):
            async with running(config, adapters=adapters_of(bus), clock=clock, ids=ids):
                raise AssertionError("it began")
        assert bus.log == ["start", "stop", "close"]

    asyncio.run(body())
