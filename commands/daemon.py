"""One daemon in this process: the engine and its doors, from its config to its last answered request."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from adapters.ticker import Ticker
from commands.doors import house_of, make_first_user
from commands.telling import merchant_of, messaging_of
from commands.terminal import safe, say
from commands.wiring import adapters, gateway, papers_of, plans_of, with_gateway
from engine.assembly import Engine, Role, running
from engine.clock import SystemClock, SystemIds
from engine.config import Config, load_config
from engine.heap import settle_heap
from hub.access.access import open_access
from hub.hub import open_hub
from hub.paperwork import open_paperwork
from web.app import build_app, build_probes
from web.context import Tell
from web.server import HttpServer, serve_http

_log = structlog.get_logger("sagaloom.process")

HELD = "nothing that sagas owe is begun until `sagaloom resume`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What `serve` was asked for.

    Attributes:
        host, port: Instead of the config's.
        probes_port: Probes, metrics and `dispatch` once more on a port of this process's own.
    """

    file: Path | None = None
    host: str | None = None
    port: int | None = None
    data: Path | None = None
    dev: bool = False
    paused: bool = False
    roles: tuple[Role, ...] = ("api", "worker")
    probes_port: int | None = None


def config_of(order: Order) -> Config:
    """The configuration, with what the command line says instead. Raises ConfigInvalid."""
    config = load_config(order.file, data=order.data)
    http = config.http
    host = http.host if order.host is None else order.host
    port = http.port if order.port is None else order.port
    return replace(config, http=replace(http, host=host, port=port))


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """A running daemon."""

    engine: Engine
    server: HttpServer


@asynccontextmanager
async def open_daemon(
    config: Config, order: Order, *, sockets: Sequence[socket.socket] = (), tell: Tell | None = None
) -> AsyncIterator[Daemon]:
    """A daemon that takes requests; when the block is left it finishes what is in hand.

    Args:
        sockets: Bound already: listen on these.
        tell: The other processes of this daemon.
    """
    config, payments, papers = with_gateway(config), gateway(config), papers_of(config)
    messaging, told = messaging_of(config), merchant_of(config)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(messaging.close)
        engine = await stack.enter_async_context(
            running(
                config,
                adapters=adapters(config, payments, messaging=messaging, told=told),
                clock=SystemClock(),
                ids=SystemIds(),
                heartbeat=Ticker(),
                dev=order.dev,
                paused=order.paused,
                roles=order.roles,
            )
        )
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, engine.reload.want)
        http = config.http
        hub = open_hub(payments, plans_of(config, payments), engine.store.records, engine.clock)
        hub = replace(hub, messaging=messaging, merchant=told)
        paperwork = open_paperwork(papers, engine.store, engine.clock, engine.ids)
        access = open_access(engine.store.records, engine.clock, engine.ids, house_of(config))
        if "api" in order.roles:
            await make_first_user(access)
        app = build_app(
            engine,
            access=access,
            default_machine=config.default_machine,
            max_body=http.max_body,
            hub=hub,
            tell=tell,
            paperwork=paperwork,
            shared=config.store.type == "mongo",
        )
        if order.probes_port is not None:
            # A process that takes over listens there before the one that leaves has closed.
            probes = await serve_http(
                build_probes(app), http.host, order.probes_port, reuse_port=bool(sockets)
            )
            stack.push_async_callback(probes.stop)
        server = await serve_http(app, http.host, http.port, sockets=sockets, allowed_hosts=http.public_hosts)
        stack.push_async_callback(server.stop)
        payments.public_url = payments.public_url or f"http://127.0.0.1:{server.port}"
        settle_heap()
        yield Daemon(engine=engine, server=server)


async def serve_alone(config: Config, order: Order) -> None:
    """Run until SIGTERM or SIGINT, which let it finish what is in hand; a second one ends it as usual."""
    stopped = _on_signals()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, _cannot_roll)
    async with open_daemon(config, order) as daemon:
        engine = daemon.engine
        announce(config, order, port=daemon.server.port, machines=engine.deployments.names())
        await stopped.wait()
        daemon.server.drain()


def _cannot_roll() -> None:
    """By default the signal would end it, requests and all."""
    _log.warning("process.not_replaced", reason="SIGUSR2 is for --processes; stop this one and start another")


def _on_signals() -> asyncio.Event:
    """Set by the first SIGTERM or SIGINT; the second one ends the process as usual."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()

    def stop() -> None:
        stopped.set()
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(one)
            signal.signal(one, signal.SIG_DFL)

    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stop)
    return stopped


def announce(config: Config, order: Order, *, port: int, machines: Sequence[str], processes: int = 1) -> None:
    """Say on stdout where it listens, what it runs and where it keeps it."""
    host = f"[{config.http.host}]" if ":" in config.http.host else config.http.host
    url = f"http://{host}:{port}"
    lines = {
        "Sagaloom is ready at": url,
        **(_faces(url) if "api" in order.roles else {}),
        "Probes": f"{url}/-/ready {url}/-/healthz {url}/-/metrics",
        **({"Role": order.roles[0]} if len(order.roles) == 1 else {}),
        **({"Processes": str(processes)} if processes > 1 else {}),
        "Machines": ", ".join(machines) or "none",
        **({"Held": HELD} if order.paused and "worker" in order.roles else {}),
        "Store": _store(config),
    }
    for name, value in lines.items():
        with suppress(BrokenPipeError):
            say(f"{name + ':':<23} {safe(value)}")


def _faces(url: str) -> dict[str, str]:
    return {
        "Checkout": f"{url}/payment",
        "Backoffice and console": f"{url}/backoffice {url}/console",
        "API and documentation": f"{url}/documentation",
    }


def _store(config: Config) -> str:
    path = config.store.options.get("path")
    return f"{config.store.type} {(config.base / path).resolve()}" if path else config.store.type
