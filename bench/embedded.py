"""Worker: the order saga on Sagaloom, in this process, on the SQLite store on disk.

`python -m bench.embedded --folder F --concurrency N` measures one block. Completion is seen through
`Runner.on_step`, which is called when the step is durable.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop

from adapters.channels.python import open_python
from adapters.stores.sqlite import open_sqlite
from adapters.ticker import Ticker
from bench.loop import measure, read_block, tell
from bench.orders import order
from engine.assembly import Adapters, Engine, running
from engine.clock import SystemClock, SystemIds
from engine.config import Binding, Config
from engine.heap import settle_heap
from engine.model import Step

HERE = Path(__file__).resolve().parent
MACHINE = "benchOrder"
HANDLERS = {"payments": "pay", "warehouse": "prepare", "couriers": "deliver", "office": "complete"}


class Orders:
    """Runs whole order sagas on an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[str, asyncio.Future[None]] = {}
        engine.runner.on_step.append(self._seen)

    async def run(self, number: int) -> None:
        """Start the saga of that number; return when it is durably complete."""
        saga_id = self._engine.ids.new()
        complete = self._waiting[saga_id] = self._loop.create_future()
        try:
            await self._engine.runner.start(MACHINE, metadata=order(number), saga_id=saga_id)
            await complete
        finally:
            del self._waiting[saga_id]

    def _seen(self, step: Step) -> None:
        if step.saga.is_final:
            self._waiting[step.saga.saga_id].set_result(None)


@asynccontextmanager
async def engine_in(folder: Path, *machines: Path) -> AsyncIterator[Engine]:
    """An engine on a SQLite store in `folder`, with bench/order.yaml or the machines given."""
    config = Config(
        store=Binding(type="sqlite", options={"path": str(folder / "engine.db")}),
        machines=machines or (HERE / "order.yaml",),
        channels={
            channel: Binding(type="python", options={"handler": f"bench.handlers:{function}"})
            for channel, function in HANDLERS.items()
        },
        base=HERE.parent,
    )
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # that a tick comes late under load is no news
    adapters = Adapters(stores={"sqlite": open_sqlite}, channels={"python": open_python})
    async with running(
        config, adapters=adapters, clock=SystemClock(), ids=SystemIds(), heartbeat=Ticker()
    ) as engine:
        yield engine


async def _main() -> None:
    block, _ = read_block()
    settle_heap()
    async with engine_in(block.folder) as engine:
        result = await measure(Orders(engine).run, block)
    tell(result, system="sagaloom")


if __name__ == "__main__":
    uvloop.run(_main())
