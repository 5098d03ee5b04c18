"""`sagaloom serve`: the daemon, from its config to its last answered request."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.terminal import safe, say

if TYPE_CHECKING:
    from engine.assembly import Engine
    from engine.config import Config


@click.command("serve")
@click.option(
    "--config",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="config.yaml; left out: the built-in one.",
)
@click.option("--host", metavar="HOST", help="Listen here instead of what the config says (127.0.0.1).")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Listen on this port (8080); 0 takes any free one."
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep the embedded store in DIR.",
)
@click.option("--dev", is_flag=True, help="Watch the machine files, and take changes under the same version.")
@click.option(
    "--paused", is_flag=True, help="Take events, but begin nothing that sagas owe until `sagaloom resume`."
)
def command(
    file: Path | None, host: str | None, port: int | None, data: Path | None, dev: bool, paused: bool
) -> None:
    """Run the daemon until SIGTERM or Ctrl-C, which let it finish what is in hand.

    SIGHUP has it read the machine files again.
    """
    import uvloop

    from commands.logs import log_to_stderr
    from engine.config import load_config

    config = load_config(file, data=data)
    http = replace(
        config.http,
        host=config.http.host if host is None else host,
        port=config.http.port if port is None else port,
    )
    log_to_stderr(config.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(replace(config, http=http), dev=dev, paused=paused))


async def _serve(config: Config, *, dev: bool, paused: bool) -> None:
    from adapters.ticker import Ticker
    from commands.wiring import adapters
    from engine.assembly import running
    from engine.clock import SystemClock, SystemIds
    from engine.heap import settle_heap
    from web.app import build_app
    from web.server import serve_http

    stopped = _on_signals()
    async with running(
        config,
        adapters=adapters(config),
        clock=SystemClock(),
        ids=SystemIds(),
        heartbeat=Ticker(),
        dev=dev,
        paused=paused,
    ) as engine:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, engine.reload.want)
        app = build_app(engine, default_machine=config.default_machine, max_body=config.http.max_body)
        server = await serve_http(app, config.http.host, config.http.port)
        settle_heap()
        try:
            _announce(config, engine, server.port)
            await stopped.wait()
            server.drain()
        finally:
            await server.stop()


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


def _announce(config: Config, engine: Engine, port: int) -> None:
    host = f"[{config.http.host}]" if ":" in config.http.host else config.http.host
    url = f"http://{host}:{port}"
    lines = {
        "Sagaloom is ready at": url,
        "API and documentation": f"{url}/documentation",
        "Probes": f"{url}/-/ready {url}/-/healthz {url}/-/metrics",
        "Machines": ", ".join(engine.deployments.names()) or "none",
        **(
            {"Held": "nothing that sagas owe is begun until `sagaloom resume`"}
            if engine.dispatcher.holding
            else {}
        ),
        "Store": _store(config),
    }
    for name, value in lines.items():
        with suppress(BrokenPipeError):
            say(f"{name + ':':<23} {safe(value)}")


def _store(config: Config) -> str:
    path = config.store.options.get("path")
    return f"{config.store.type} {(config.base / path).resolve()}" if path else config.store.type
