"""How soon a daemon begins what another one left: two engines, each with its own connection to one MongoDB.

    python -m bench.wake [--uri mongodb://...] [--rounds N]

Without --uri, or MONGODB_URI, a SecantusDB is started for it. Each way of leaving work is measured with change
streams and, for comparison, with polling alone.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pymongo import MongoClient

from adapters.stores.mongo import open_mongo
from adapters.ticker import Ticker
from bench.ports import free_port
from bench.probes import quantile
from bench.report import Report, Verdict, show
from engine.assembly import Adapters, Engine, Role, running
from engine.clock import SystemClock, SystemIds
from engine.config import Binding, Config
from engine.model import Delivery, Done, Outcome
from engine.ports import Channel, Store

HERE = Path(__file__).resolve().parent
TARGET_MS = 100
ROUNDS = 40
AHEAD_MS = 400
"""How far in the future a moment is when it is written: at least one beat, so that nobody is told of it."""

STARTS_IN = 30.0


class Arrivals:
    """A channel that says when a saga's command came."""

    def __init__(self) -> None:
        self._came: dict[str, asyncio.Future[float]] = {}

    def of(self, saga_id: str) -> asyncio.Future[float]:
        return self._came.setdefault(saga_id, asyncio.get_running_loop().create_future())

    async def send(self, delivery: Delivery) -> Outcome:
        came = self.of(delivery.saga_id)
        if not came.done():
            came.set_result(time.time() * 1000)
        return Done(reply="done")

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One daemon that leaves work, and one that takes it."""

    leaves: Engine
    takes: Engine
    arrivals: Arrivals

    async def after_a_request(self, saga_id: str) -> float:
        """The first takes no work itself: what a request asks for is due at once."""
        await self.leaves.runner.start("benchWake", metadata={}, saga_id=saga_id)
        began = time.time() * 1000
        return await self.arrivals.of(saga_id) - began

    async def after_a_release(self, saga_id: str) -> float:
        """The first gives its leases back, as when it drains."""
        owner = f"draining-{saga_id}"
        await self._held(saga_id, owner, 600_000)
        began = time.time() * 1000
        await self.leaves.store.release(owner=owner)
        return await self.arrivals.of(saga_id) - began

    async def after_a_lease(self, saga_id: str) -> float:
        """The first is gone; its lease runs out."""
        until = await self._held(saga_id, f"dead-{saga_id}", AHEAD_MS)
        return await self.arrivals.of(saga_id) - until

    async def after_a_timer(self, saga_id: str) -> float:
        """The first set a timer."""
        due = self.leaves.clock.now() + AHEAD_MS
        over = self.arrivals.of(saga_id)
        await self.leaves.runner.start("benchTimers", metadata={"due": due}, saga_id=saga_id)
        return await over - due

    async def _held(self, saga_id: str, owner: str, lease: int) -> int:
        self.takes.dispatcher.hold()
        await self.leaves.runner.start("benchWake", metadata={}, saga_id=saga_id)
        now = self.leaves.clock.now()
        [claim] = await self.leaves.store.claim(owner=owner, now=now, lease=lease, limit=10)
        self.takes.dispatcher.go_on()
        return claim.entry.lease_until


WAYS: Mapping[str, Callable[[Pair, str], Awaitable[float]]] = {
    "due at once": Pair.after_a_request,
    "released": Pair.after_a_release,
    "lease ran out": Pair.after_a_lease,
    "timer": Pair.after_a_timer,
}


class _Polled:
    """A store that tells nobody anything."""

    def __init__(self, inner: Store) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        if name == "watch_due":
            raise AttributeError(name)
        return getattr(self._inner, name)


def measured(uri: str, rounds: int) -> Report:
    """Measure all ways, with and without change streams."""
    told = {way: asyncio.run(_measure(uri, way, rounds, polled=False)) for way in WAYS}
    polled = {way: asyncio.run(_measure(uri, way, rounds, polled=True)) for way in WAYS}
    rows = [
        [way, *(f"{quantile(times[way], q):,.0f}" for times in (told, polled) for q in (0.5, 0.95))]
        for way in WAYS
    ]
    return Report(
        name="wake",
        title=f"What one daemon left and another began, {rounds} times each way",
        columns=("left as", "told: p50 ms", "p95 ms", "polled: p50 ms", "p95 ms"),
        rows=rows,
        verdicts=[
            Verdict(
                claim=f"{way}: median under {TARGET_MS} ms",
                measured=f"{quantile(told[way], 0.5):.1f} ms",
                met=quantile(told[way], 0.5) < TARGET_MS,
            )
            for way in WAYS
        ],
    )


async def _measure(uri: str, way: str, rounds: int, *, polled: bool) -> list[float]:
    database = f"sagaloom_wake_{os.getpid()}_{'polled' if polled else 'told'}_{way.replace(' ', '_')}"
    async with _pair(uri, database, polled=polled) as pair:
        await WAYS[way](pair, "warm-up")
        times = []
        for number in range(rounds):
            times.append(await WAYS[way](pair, f"s{number}"))
            await asyncio.sleep(number * 37 % 200 / 1000)  # at all moments between two beats
    with MongoClient[dict[str, Any]](uri) as client:
        client.drop_database(database)
    return times


@asynccontextmanager
async def _pair(uri: str, database: str, *, polled: bool) -> AsyncIterator[Pair]:
    arrivals = Arrivals()

    async def opened(options: Mapping[str, Any], folder: Path) -> Store:
        store: Any = await open_mongo(options, folder)
        return _Polled(store) if polled else store

    def channel(name: str, options: Mapping[str, Any], folder: Path) -> Channel:
        return arrivals

    adapters = Adapters(stores={"mongo": opened}, channels={"arrivals": channel})
    config = Config(
        store=Binding(type="mongo", options={"uri": uri, "database": database}),
        machines=(HERE / "wake.yaml", HERE / "timers.yaml"),
        channels={"outside": Binding(type="arrivals", options={})},
        base=HERE.parent,
    )
    async with (
        _engine(config, adapters, {"api"}) as leaves,
        _engine(config, adapters, {"worker"}) as takes,
    ):

        def fired(step: Any) -> None:
            came = arrivals.of(step.saga.saga_id)
            if step.saga.machine == "benchTimers" and step.saga.is_final and not came.done():
                came.set_result(time.time() * 1000)

        takes.runner.on_step.append(fired)
        yield Pair(leaves=leaves, takes=takes, arrivals=arrivals)


def _engine(config: Config, adapters: Adapters, roles: set[Role]) -> Any:
    return running(
        config, adapters=adapters, clock=SystemClock(), ids=SystemIds(), heartbeat=Ticker(), roles=roles
    )


@contextmanager
def _server(given: str | None) -> Iterator[str]:
    """The MongoDB that is given, or a stand-in of our own."""
    if given:
        yield given
        return
    program, port = Path(sys.executable).parent / "secantusd-py", free_port()
    with TemporaryDirectory(prefix="wake-") as folder:
        command = [str(program), "--host", "127.0.0.1", "--port", str(port), "--sync-on-commit"]
        command += ["--log-level", "ERROR", "--storage-path", f"{folder}/data"]
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL)
        try:
            yield f"mongodb://127.0.0.1:{port}/?replicaSet=secantus&serverSelectionTimeoutMS={STARTS_IN * 1000:.0f}"
        finally:
            process.terminate()
            process.wait()


def main() -> int:
    """Print the report; 0 when every target is met."""
    parser = argparse.ArgumentParser(prog="bench.wake", description=__doc__)
    parser.add_argument(
        "--uri", default=os.environ.get("MONGODB_URI"), help="of a MongoDB for the measurement"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"of each way ({ROUNDS})")
    given = parser.parse_args()
    with _server(given.uri) as uri:
        report = measured(uri, given.rounds)
    show(report)
    return 0 if all(verdict.met for verdict in report.verdicts) else 1


if __name__ == "__main__":
    raise SystemExit(main())
