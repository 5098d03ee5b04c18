"""Whether an event costs more the older its saga is: the 10,000th events beside the 10th, in turn."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvloop

from bench.daemon import NOTES
from bench.embedded import engine_in
from bench.orders import order
from bench.report import Options, Report, Verdict
from engine.assembly import Engine
from engine.model import Event

OLD, QUICK_OLD, YOUNG = 10_000, 1_000, 10
"""Events that a saga has had when the measured ones come."""

EVENTS = 500
PAIRS = 2
"""Pairs of an old and a young saga; each pair is told `EVENTS` events a saga, in turn."""

TARGET = 1.2


class Told:
    """A saga and how many events it was told."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._runner = engine.runner
        self._name = name
        self._events = 0

    async def start(self, events: int) -> None:
        """Start the saga and tell it that many events."""
        await self._runner.start(
            "benchNotes", metadata={**order(0), "orderId": self._name}, saga_id=self._name
        )
        for _ in range(events):
            await self.tell()

    async def tell(self) -> tuple[float, float]:
        """One more event; the milliseconds it took, and those of CPU time of all threads."""
        self._events += 1
        event = Event(name="noted", id=f"e{self._events}", payload={"note": self._events})
        began, cpu = time.perf_counter(), time.process_time()
        await self._runner.handle(self._name, event)
        return (time.perf_counter() - began) * 1e3, (time.process_time() - cpu) * 1e3


def run(options: Options) -> Report:
    """Age sagas, tell old and young ones the same events in turn, and compare the medians."""
    age = QUICK_OLD if options.quick else OLD
    with TemporaryDirectory(prefix="ageing-", dir=options.folder) as folder:
        old, young = uvloop.run(_measured(Path(folder), age))
    rows = [
        _figures(f"events {YOUNG} to {YOUNG + EVENTS}", young),
        _figures(f"events {age} to {age + EVENTS}", old),
    ]
    ratio = rows[1]["p50_ms"] / rows[0]["p50_ms"]
    cpu_ratio = rows[1]["cpu_ms"] / rows[0]["cpu_ms"]
    return Report(
        name="ageing",
        title=f"The {age:,}th event of a saga beside the {YOUNG}th",
        columns=("events", "p50 ms", "p99 ms", "mean CPU ms"),
        rows=[[r["events"], f"{r['p50_ms']:.3f}", f"{r['p99_ms']:.3f}", f"{r['cpu_ms']:.3f}"] for r in rows],
        verdicts=[
            Verdict(
                claim=f"at most {TARGET} times the cost",
                measured=f"{ratio:.2f} in time, {cpu_ratio:.2f} in CPU",
                met=max(ratio, cpu_ratio) <= TARGET,
            )
        ],
        notes=[
            f"{PAIRS} old and {PAIRS} young sagas in one store, {EVENTS} events each, one by one in turn."
        ],
        data={"rows": rows, "ratio": ratio, "cpu_ratio": cpu_ratio},
    )


async def _measured(folder: Path, age: int) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    async with engine_in(folder, NOTES) as engine:
        old = [Told(engine, f"old-{pair}") for pair in range(PAIRS)]
        young = [Told(engine, f"young-{pair}") for pair in range(PAIRS)]
        await asyncio.gather(*(saga.start(age) for saga in old), *(saga.start(YOUNG) for saga in young))
        of_old, of_young = [], []
        for pair in range(PAIRS):
            for _ in range(EVENTS):
                of_old.append(await old[pair].tell())
                of_young.append(await young[pair].tell())
        return of_old, of_young


def _figures(events: str, measured: Sequence[tuple[float, float]]) -> dict[str, Any]:
    times = sorted(took for took, _ in measured)
    return {
        "events": events,
        "p50_ms": statistics.median(times),
        "p99_ms": times[int(len(times) * 0.99)],
        "cpu_ms": statistics.fmean(cpu for _, cpu in measured),
    }
