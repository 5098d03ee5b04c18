"""Puts an engine together from its config and the registries of what adapters there are, and runs it.

Knows no adapter: a registry maps a kind ("sqlite", "rest") to a factory, and comes in.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from engine import children
from engine.alarm import Alarm
from engine.bulk import Bulk
from engine.config import Binding, Config, JobConfig
from engine.deployments import Deployments
from engine.dispatcher import Dispatcher
from engine.errors import ConfigInvalid
from engine.jobs import Jobs
from engine.mending import Mending
from engine.migration import Migration
from engine.model import Millis
from engine.ports import Calendar, Channel, Clock, Ids, Inlet, Keeper, Screen, Store
from engine.reload import Reload
from engine.reporting import Reporter
from engine.runner import Runner

TICK: Millis = 200
"""How often the agenda is looked at: the cost of an idle daemon, and how late it finds what nobody told it of."""

WATCH: Millis = 500
"""How often a wish to read the machine files again is looked for, and with `dev` whether they changed."""

LOOK_AT_JOBS: Millis = 1_000
"""How late a job may begin; its moments are whole minutes."""

GRACE: Millis = 10_000
"""How long a stop waits for what is in hand."""

Role = Literal["api", "worker"]
"""`api` takes what callers send; `worker` does what sagas owe, takes what inlets bring, and starts jobs."""

BOTH: frozenset[Role] = frozenset({"api", "worker"})

StoreFactory = Callable[[Mapping[str, Any], Path], Awaitable[Store]]
ChannelFactory = Callable[[str, Mapping[str, Any], Path], Channel]
CalendarFactory = Callable[[str, str, str], Calendar]
"""Of a job's name, its cron expression and its time zone. Raises ConfigInvalid."""


class Heartbeat(Protocol):
    """What calls `Dispatcher.tick` again and again (adapters/ticker.py; tests call it themselves)."""

    def every(self, interval: Millis, job: Callable[[], Awaitable[object]]) -> None: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapters:
    """The registries: kind -> factory; and who looks at what comes in, if somebody does.

    Without `calendar` a configuration may have no jobs.
    """

    stores: Mapping[str, StoreFactory]
    channels: Mapping[str, ChannelFactory]
    screen: Screen | None = None
    calendar: CalendarFactory | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A running engine: what web/ and the command line work with.

    `inlets` are by their channels' names; without the role `worker` there are none, nor jobs.
    """

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
    inlets: Mapping[str, Inlet] = field(default_factory=dict)
    jobs: Jobs | None = None
    roles: frozenset[Role] = BOTH


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
    roles: Collection[Role] = BOTH,
) -> AsyncIterator[Engine]:
    """An engine that runs until the block is left; then it drains and lets go of everything.

    Args:
        dev: Take machines that changed under the same version, and watch their files.
        paused: Begin nothing that sagas owe until `Dispatcher.go_on`; events are taken all the same.
        roles: Without `worker` it leaves what sagas owe in the store, free for the daemons that work. (Whether
            callers come in is web's.)

    Raises:
        ConfigInvalid: A kind that there is no adapter for, or a job that is none.
        DefinitionInvalid: A machine has errors; `findings` tells them all.
        DefinitionChanged: A machine differs from what is deployed under its version (unless `dev`).
        StoreLocked, StoreUnavailable: The store cannot be opened.
        ChannelUnavailable: What an inlet brings events in from does not answer.
    """
    async with AsyncExitStack() as stack:
        store = await _factory(adapters.stores, "store", config.store)(config.store.options, config.base)
        stack.push_async_callback(store.close)
        channels = _open_channels(adapters.channels, config)
        for channel in channels.values():
            stack.push_async_callback(channel.close)
            if isinstance(channel, Keeper):
                channel.keep_in(store.records, clock)
        calendars = _calendars(config, adapters.calendar)
        engine = _engine(
            config,
            store,
            channels,
            calendars,
            clock,
            ids,
            screen=adapters.screen,
            dev=dev,
            roles=frozenset(roles),
        )
        await engine.reload.files()
        _check_machines_of_jobs(config, engine.deployments)
        if paused:
            engine.dispatcher.hold()
        if "worker" in engine.roles:
            stack.push_async_callback(engine.dispatcher.drain, GRACE)
            for inlet in engine.inlets.values():
                stack.push_async_callback(inlet.stop)
                await inlet.start(engine.runner.handle)
        if heartbeat is not None:
            alarm = _alarm(engine)
            stack.push_async_callback(alarm.stop)
            _beat(heartbeat, engine, alarm)
            stack.callback(heartbeat.stop)
        yield engine


def _alarm(engine: Engine) -> Alarm:
    return Alarm(
        dispatcher=engine.dispatcher,
        store=engine.store,
        clock=engine.clock,
        every=TICK,
        report=Reporter(),
    )


def _beat(heartbeat: Heartbeat, engine: Engine, alarm: Alarm) -> None:
    """What this daemon does again and again. What is due in the store is leased, so daemons do no work twice."""
    heartbeat.every(WATCH, engine.reload.tick)
    if "worker" in engine.roles:
        heartbeat.every(TICK, alarm.beat)
        alarm.start()
        if engine.jobs:
            heartbeat.every(LOOK_AT_JOBS, engine.jobs.tick)
    heartbeat.start()


def _calendars(
    config: Config, open_calendar: CalendarFactory | None
) -> dict[str, tuple[JobConfig, Calendar]]:
    if config.jobs and open_calendar is None:
        raise ConfigInvalid("jobs: there is no calendar for them here")
    return {
        name: (job, open_calendar(name, job.cron, job.timezone))
        for name, job in config.jobs.items()
        if open_calendar is not None
    }


def _check_machines_of_jobs(config: Config, deployments: Deployments) -> None:
    known = deployments.names()
    for name, job in config.jobs.items():
        if job.machine not in known:
            raise ConfigInvalid(
                f"job {name}: there is no machine {job.machine!r} (there are: {', '.join(known) or 'none'})"
            )


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
    config: Config,
    store: Store,
    channels: Mapping[str, Channel],
    jobs: Mapping[str, tuple[JobConfig, Calendar]],
    clock: Clock,
    ids: Ids,
    *,
    screen: Screen | None,
    dev: bool,
    roles: frozenset[Role],
) -> Engine:
    deployments = Deployments(store, clock, config.variables)
    runner = Runner(store=store, deployments=deployments, clock=clock, ids=ids, screen=screen)
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
        works="worker" in roles,
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
        inlets=_inlets(channels) if "worker" in roles else {},
        jobs=Jobs(jobs, runner=runner, clock=clock, report=report),
        roles=roles,
    )


def _inlets(channels: Mapping[str, Channel]) -> dict[str, Inlet]:
    return {name: channel for name, channel in channels.items() if isinstance(channel, Inlet)}
