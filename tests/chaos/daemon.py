"""The real daemon with a death foretold: it kills itself with SIGKILL at a call of its store.

`python -m tests.chaos.daemon CONFIG METHOD before|after N`: assembled as `sagaloom serve` is, the store
wrapped at its port. The product has no hook for it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvloop

from adapters.ticker import Ticker
from commands.logs import log_to_stderr
from commands.wiring import adapters
from engine.assembly import running
from engine.clock import SystemClock, SystemIds
from engine.config import load_config
from engine.ports import Store
from tests.fakes.faulty_store import Call, faulty
from web.app import build_app
from web.server import serve_http


async def serve(file: Path, method: str, when: str, number: int) -> None:
    """Run until the call comes, or until SIGTERM has drained the engine."""

    def fault(call: Call) -> None:
        # From that call on: one that raises (a stale saga, a lost lease) has no "after".
        if (call.method, call.when) == (method, when) and call.of_method >= number:
            os.kill(os.getpid(), signal.SIGKILL)

    async def doomed(options: Mapping[str, Any], folder: Path) -> Store:
        return faulty(await real.stores["sqlite"](options, folder), fault)

    config = load_config(file)
    real = adapters(config)
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with running(
        config,
        adapters=replace(real, stores={"sqlite": doomed}),
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


if __name__ == "__main__":
    log_to_stderr("warning")
    uvloop.run(serve(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))
