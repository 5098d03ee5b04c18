"""Puts an engine together from its config and the registries of what adapters there are, and runs it.

Knows no adapter: a registry maps a kind ("sqlite", "rest") to a factory, and comes in.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from engine import children
from engine.bulk import Bulk
from engine.config import Binding, Config
from engine.deployments import Deployments
from engine.dispatcher import Dispatcher
from engine.errors import ConfigInvalid
from engine.mending import Mending
from engine.migration import Migration
from engine.model import Millis
from engine.ports import Channel, Clock, Ids, Store
from engine.reload import Reload
from engine.reporting import Reporter
from engine.runner import Runner

TICK: Millis = 200
"""How often the agenda is looked at: the lateness of a timer, and the cost of an idle daemon."""

WATCH: Millis = 500
"""How often a wish to read the machine files again is looked for, and with `dev` whether they changed."""

GRACE: Millis = 10_000
"""How long a stop waits for what is in hand."""

StoreFactory = Callable[[Mapping[str, Any], Path], Awaitable[Store]]
ChannelFactory = Callable[[str, Mapping[str, Any], Path], Channel]


class Heartbeat(Protocol):
    """What calls `Dispatcher.tick` again and again (adapters/ticker.py; tests call it themselves)."""

    def every(self, interval: Millis, job: Callable[[], Awaitable[object]]) -> None: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapters:
    """The registries: kind -> factory."""

    stores: Mapping[str, StoreFactory]
    channels: Mapping[str, ChannelFactory]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A running engine: what web/ and the command line work with."""

    store: Store
    deployments: Deployments
    runner: Runner
    mending: Mending
    bulk: Bulk
    migration: Migration
    reload: Reload
    dispatcher: Dispatcher
    clock: Clock
    ids: Ids


@asynccontextmanager
async def running(
    config: Config,
    *,
    adapters: Adapters,
    clock: Clock,
    ids: Ids,
    heartbeat: Heartbeat | None = None,
    dev: bool = False,
    paused: bool = False,
) -> AsyncIterator[Engine]:
    """An engine that runs until the block is left; then it drains and lets go of everything.

    Args:
        dev: Take machines that changed under the same version, and watch their files.
        paused: Begin nothing that sagas owe until `Dispatcher.go_on`; events are taken all the same.

    Raises:
        ConfigInvalid: A kind that there is no adapter for.
        DefinitionInvalid: A machine has errors; `findings` tells them all.
        DefinitionChanged: A machine differs from what is deployed under its version (unless `dev`).
        StoreLocked, StoreUnavailable: The store cannot be opened.
    """
    async with AsyncExitStack() as stack:
        store = await _factory(adapters.stores, "store", config.store)(config.store.options, config.base)
        stack.push_async_callback(store.close)
        channels = _open_channels(adapters.channels, config)
        for channel in channels.values():
            stack.push_async_callback(channel.close)
        engine = _engine(config, store, channels, clock, ids, dev=dev)
        await engine.reload.files()
        if paused:
            engine.dispatcher.hold()
        stack.push_async_callback(engine.dispatcher.drain, GRACE)
        if heartbeat is not None:
            heartbeat.every(TICK, engine.dispatcher.tick)
            heartbeat.every(WATCH, engine.reload.tick)
            heartbeat.start()
            stack.callback(heartbeat.stop)
        yield engine


def _open_channels(registry: Mapping[str, ChannelFactory], config: Config) -> dict[str, Channel]:
    return {
        name: _factory(registry, f"channels.{name}", binding)(name, binding.options, config.base)
        for name, binding in config.channels.items()
    }


F = TypeVar("F")


def _factory(registry: Mapping[str, F], where: str, binding: Binding) -> F:
    if binding.type not in registry:
        known = ", ".join(sorted(registry))
        raise ConfigInvalid(f"{where}: there is no type {binding.type!r} (there are: {known})")
    return registry[binding.type]


def _engine(
    config: Config, store: Store, channels: Mapping[str, Channel], clock: Clock, ids: Ids, *, dev: bool
) -> Engine:
    deployments = Deployments(store, clock)
    runner = Runner(store=store, deployments=deployments, clock=clock, ids=ids)
    channels = {**channels, children.CHANNEL: children.SagasChannel(runner)}
    bulk, report = Bulk(store, runner), Reporter()
    dispatcher = Dispatcher(
        store=store,
        runner=runner,
        deployments=deployments,
        channels=channels,
        clock=clock,
        ids=ids,
        owner=ids.new(),
        report=report,
    )
    reload = Reload(deployments, paths=config.machines, channels=config.channels, report=report, dev=dev)
    return Engine(
        store=store,
        deployments=deployments,
        runner=runner,
        mending=Mending(runner),
        bulk=bulk,
        migration=Migration(deployments, bulk),
        reload=reload,
        dispatcher=dispatcher,
        clock=clock,
        ids=ids,
    )
