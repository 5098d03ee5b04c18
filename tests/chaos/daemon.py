"""The real daemon, assembled as `sagaloom serve` is, but for its store, which is wrapped at its port.

`python -m tests.chaos.daemon CONFIG dies METHOD before|after N` kills itself with SIGKILL at a call of its store;
`... CONFIG leases MS` leases for so long only, so that a test need not wait half a minute. The product has no hook for it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvloop

from adapters.ticker import Ticker
from commands.logs import log_to_stderr
from commands.wiring import adapters
from engine.assembly import StoreFactory, running
from engine.clock import SystemClock, SystemIds
from engine.config import load_config
from engine.dispatcher import LEASE
from engine.model import Claim, Millis, Step
from engine.ports import Store
from tests.fakes.faulty_store import Call, faulty
from web.app import build_app
from web.server import serve_http

Wrap = Callable[[Store], Store]


class ShortLeases:
    """The store, but what this daemon leases is leased for `lease` ms beyond the time that a try may take."""

    def __init__(self, inner: Store, lease: Millis) -> None:
        self._inner = inner
        self._lease = lease

    def __getattr__(self, method: str) -> Any:
        return getattr(self._inner, method)

    async def create(self, step: Step) -> None:
        await self._inner.create(self._shortened(step))

    async def commit(self, step: Step) -> None:
        await self._inner.commit(self._shortened(step))

    async def claim(self, *, owner: str, now: Millis, lease: Millis, limit: int) -> list[Claim]:
        return list(await self._inner.claim(owner=owner, now=now, lease=self._lease, limit=limit))

    def _shortened(self, step: Step) -> Step:
        less = LEASE - self._lease
        added = (
            replace(entry, lease_until=entry.lease_until - less) if entry.owner else entry
            for entry in step.added
        )
        return replace(step, added=tuple(added))


def wrapping(what: str, *arguments: str) -> Wrap:
    """What the command line asks for."""
    if what == "leases":
        return lambda store: ShortLeases(store, int(arguments[0]))
    method, when, number = arguments

    def fault(call: Call) -> None:
        # From that call on: one that raises (a stale saga, a lost lease) has no "after".
        if (call.method, call.when) == (method, when) and call.of_method >= int(number):
            os.kill(os.getpid(), signal.SIGKILL)

    return lambda store: faulty(store, fault)


async def serve(file: Path, wrap: Wrap) -> None:
    """Run until the death that was asked for, or until SIGTERM has drained the engine."""
    config = load_config(file)
    real = adapters(config)
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    stores = {kind: _wrapped(factory, wrap) for kind, factory in real.stores.items()}
    async with running(
        config,
        adapters=replace(real, stores=stores),
        clock=SystemClock(),
        ids=SystemIds(),
        heartbeat=Ticker(),
    ) as engine:
        app = build_app(engine, default_machine=config.default_machine, max_body=config.http.max_body)
        server = await serve_http(app, "127.0.0.1", 0)
        print(f"ready at http://127.0.0.1:{server.port}", flush=True)
        await stopped.wait()
        server.drain()
        await server.stop()


def _wrapped(factory: StoreFactory, wrap: Wrap) -> StoreFactory:
    async def open_wrapped(options: Mapping[str, Any], folder: Path) -> Store:
        return wrap(await factory(options, folder))

    return open_wrapped


if __name__ == "__main__":
    log_to_stderr("warning")
    uvloop.run(serve(Path(sys.argv[1]), wrapping(*sys.argv[2:])))
