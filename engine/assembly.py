"""Puts an engine together from its config and the registries of what adapters there are, and runs it.

Knows no adapter: a registry maps a kind ("sqlite", "rest") to a factory, and comes in.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from engine.config import Binding, Config
from engine.definition.ir import Definition
from engine.definition.reader import check_file
from engine.deployments import Deployments
from engine.dispatcher import Dispatcher
from engine.errors import ConfigInvalid, DefinitionInvalid
from engine.model import Millis
from engine.ports import Channel, Clock, Ids, Store
from engine.reporting import Reporter
from engine.runner import Runner

TICK: Millis = 200
"""How often the agenda is looked at: the lateness of a timer, and the cost of an idle daemon."""

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
) -> AsyncIterator[Engine]:
    """An engine that runs until the block is left; then it drains and lets go of everything.

    Raises:
        ConfigInvalid: A kind that there is no adapter for.
        DefinitionInvalid: A machine has errors; `findings` tells them all.
        DefinitionChanged: A machine differs from what is deployed under its version (unless `dev`).
        StoreLocked, StoreUnavailable: The store cannot be opened.
    """
    definitions = read_machines(config.machines, config.channels)
    async with AsyncExitStack() as stack:
        store = await _factory(adapters.stores, "store", config.store)(config.store.options, config.base)
        stack.push_async_callback(store.close)
        channels = _open_channels(adapters.channels, config)
        for channel in channels.values():
            stack.push_async_callback(channel.close)
        engine = _engine(store, channels, clock, ids)
        await engine.deployments.deploy(definitions, replace=dev)
        stack.push_async_callback(engine.dispatcher.drain, GRACE)
        if heartbeat is not None:
            heartbeat.every(TICK, engine.dispatcher.tick)
            heartbeat.start()
            stack.callback(heartbeat.stop)
        yield engine


def read_machines(paths: Sequence[Path], channels: Collection[str]) -> list[Definition]:
    """Check every machine file (scenario files aside); the findings of all of them come together.

    Raises:
        DefinitionInvalid: At least one has errors.
        ConfigInvalid: A path is not there.
    """
    reports = [check_file(path, channels=channels) for path in machine_files(paths)]
    wrong = [finding for report in reports if report.definition is None for finding in report.findings]
    if wrong:
        raise DefinitionInvalid("machine definitions have errors", wrong)
    return [report.definition for report in reports if report.definition is not None]


def machine_files(paths: Sequence[Path]) -> list[Path]:
    """The files behind `paths`: files as they are, folders as their *.yaml, by name.

    Raises:
        ConfigInvalid: A path is not there.
    """
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise ConfigInvalid(f"machines: {path} is not there")
        files += sorted(_in_folder(path)) if path.is_dir() else [path]
    return files


def _in_folder(folder: Path) -> list[Path]:
    found = [*folder.glob("*.yaml"), *folder.glob("*.yml")]
    return [path for path in found if not path.stem.endswith(".scenarios")]


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


def _engine(store: Store, channels: Mapping[str, Channel], clock: Clock, ids: Ids) -> Engine:
    deployments = Deployments(store, clock)
    runner = Runner(store=store, deployments=deployments, clock=clock, ids=ids)
    dispatcher = Dispatcher(
        store=store,
        runner=runner,
        deployments=deployments,
        channels=channels,
        clock=clock,
        ids=ids,
        owner=ids.new(),
        report=Reporter(),
    )
    return Engine(
        store=store, deployments=deployments, runner=runner, dispatcher=dispatcher, clock=clock, ids=ids
    )
