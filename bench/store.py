"""Measures the SQLite store alone: commits a second beside a raw group-commit loop in the same run.

    python -m bench.store [--seconds 3] [--rounds 3] [--callers 1,32,256] [--json FILE]

The work is the order saga: five durable steps of 1 KB of metadata each, every caller waits for one step
before it asks for the next. The raw loop does what peers/bench_raw.py calls sqlite-group: an UPDATE of
the document and an INSERT of history, one writer thread, Python's sqlite3, and no engine. Both take turns,
because the disk and the machine vary from second to second; medians are printed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import queue
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from adapters.stores.sqlite import open_sqlite
from engine.model import Entry, HistoryRow, Json, Saga, Step
from engine.ports import Store

EVENTS = ("created", "paid", "prepared", "delivered", "completed")
OneSaga = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One window: steps a second, and CPU seconds of this process for a thousand steps."""

    rate: float
    cpu_per_thousand: float
    p50_ms: float


def order(saga_id: str) -> Json:
    """An order of about 1 KB as JSON, as the peers' benchmark has it."""
    return {
        "orderId": saga_id,
        "customer": "cus-000000000042",
        "status": "created",
        "currency": "EUR",
        "total": 12345,
        "items": [
            {
                "sku": f"SKU-{k:06d}",
                "qty": k + 1,
                "price": 1000 + k,
                "title": "A plain product title of some length",
            }
            for k in range(7)
        ],
        "address": {"street": "Via Roma 1", "city": "Torino", "zip": "10121", "country": "IT"},
        "notes": "x" * 200,
    }


async def saga_on_store(store: Store, saga_id: str) -> None:
    """A saga's five steps through the port, as the runner commits them."""
    owed = _owed(saga_id, 1)
    saga = _started(saga_id, owed)
    await store.create(Step(saga=saga, rows=(_row(saga, None),), added=(owed,)))
    for version, event in enumerate(EVENTS[1:], 2):
        before, done = saga, owed
        owed = _owed(saga_id, version)
        final = event == EVENTS[-1]
        saga = replace(
            saga,
            version=version,
            state=event,
            is_final=final,
            latest_event=event,
            metadata={**saga.metadata, "status": event},
            agenda=() if final else (owed,),
        )
        added = () if final else (owed,)
        await store.commit(
            Step(saga=saga, rows=(_row(saga, before.state, done.id),), added=added, removed=(done.id,))
        )


class RawLoop:
    """The ceiling: a document and a history row a step, group commit, nothing else."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.executescript(
            "pragma journal_mode=wal; pragma synchronous=full;"
            "create table inst(id text primary key, state text, doc text, seq int) without rowid;"
            "create table hist(id text, seq int, event text, at real, primary key(id,seq)) without rowid;"
        )
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    async def saga(self, saga_id: str) -> None:
        data = order(saga_id)
        for seq, event in enumerate(EVENTS):
            data = {**data, "status": event}
            written = self._loop.create_future()
            self._queue.put((saga_id, seq, event, json.dumps(data), written))
            await written

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join()
        self._db.close()

    def _write(self) -> None:
        while batch := self._batch():
            self._db.execute("begin immediate")
            for job in batch:
                self._step(*job[:4])
            self._db.execute("commit")
            self._loop.call_soon_threadsafe(_wake, [job[4] for job in batch])

    def _batch(self) -> list[tuple[Any, ...]]:
        batch: list[tuple[Any, ...]] = []
        job = self._queue.get()
        while job is not None:
            batch.append(job)
            if len(batch) == 512 or self._queue.empty():
                break
            job = self._queue.get()
        return batch

    def _step(self, saga_id: str, seq: int, event: str, data: str) -> None:
        if seq == 0:
            self._db.execute("insert into inst values(?,?,?,?)", (saga_id, event, data, seq))
        else:
            self._db.execute("update inst set state=?, doc=?, seq=? where id=?", (event, data, seq, saga_id))
        self._db.execute("insert into hist values(?,?,?,?)", (saga_id, seq, event, time.time()))


async def measure(one_saga: OneSaga, callers: int, seconds: float) -> Measured:
    """Steps a second of `callers` closed loops, after a warm-up of a fifth of the time."""
    waits: list[float] = []
    running = True

    async def call(number: int) -> None:
        turn = 0
        while running:
            begun = time.perf_counter()
            await one_saga(f"{time.time_ns():x}-{number:04d}-{turn}")
            waits.append(time.perf_counter() - begun)
            turn += 1

    tasks = [asyncio.create_task(call(number)) for number in range(callers)]
    await asyncio.sleep(seconds / 5)
    waits.clear()
    begun, cpu = time.perf_counter(), time.process_time()
    await asyncio.sleep(seconds)
    took, cpu, sagas = time.perf_counter() - begun, time.process_time() - cpu, len(waits)
    p50 = statistics.median(waits) * 1000 if waits else 0.0
    running = False
    await asyncio.gather(*tasks)
    steps = sagas * len(EVENTS)
    return Measured(rate=steps / took, cpu_per_thousand=cpu / max(steps, 1) * 1e3, p50_ms=p50)


async def compare(callers: int, seconds: float, rounds: int, folder: Path) -> dict[str, Any]:
    """Raw loop and store in turn, each on a fresh file."""
    raw: list[Measured] = []
    ours: list[Measured] = []
    for turn in range(rounds):
        loop = RawLoop(folder / f"raw-{callers}-{turn}.db")
        raw.append(await measure(loop.saga, callers, seconds))
        loop.close()
        store = await open_sqlite({"path": f"store-{callers}-{turn}.db"}, folder)
        ours.append(await measure(lambda saga_id, s=store: saga_on_store(s, saga_id), callers, seconds))  # type: ignore[misc]
        await store.close()
    return {
        "callers": callers,
        "raw": _summary(raw),
        "store": _summary(ours),
        "ratio": round(statistics.median(o.rate / r.rate for o, r in zip(ours, raw, strict=True)), 2),
    }


def fsync_micros(folder: Path) -> float:
    """Median time of a synced 4 KB append, now, on this disk."""
    took = []
    descriptor = os.open(folder / "probe", os.O_CREAT | os.O_WRONLY, 0o600)
    for _ in range(200):
        begun = time.perf_counter()
        os.write(descriptor, b"x" * 4096)
        os.fdatasync(descriptor)
        took.append(time.perf_counter() - begun)
    os.close(descriptor)
    return statistics.median(took) * 1e6


def main(arguments: Sequence[str]) -> None:
    """Print a line for each number of callers."""
    parser = argparse.ArgumentParser(description="The SQLite store beside a raw group-commit loop.")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--callers", default="1,32,256")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    results = []
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        print(f"fdatasync of 4 KB: {fsync_micros(Path(name)):.0f} us")
        print(
            f"{'callers':>7} {'raw/s':>8} {'store/s':>8} {'ratio':>6} {'raw cpu':>8} {'our cpu':>8} {'p50 ms':>7}"
        )
        for callers in map(int, given.callers.split(",")):
            found = asyncio.run(compare(callers, given.seconds, given.rounds, Path(name)))
            results.append(found)
            raw, ours = found["raw"], found["store"]
            print(
                f"{callers:>7} {raw['rate']:>8} {ours['rate']:>8} {found['ratio']:>6} "
                f"{raw['cpu_per_thousand']:>8} {ours['cpu_per_thousand']:>8} {ours['p50_ms']:>7}"
            )
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(results, indent=1))


def _summary(windows: Sequence[Measured]) -> dict[str, float]:
    return {
        "rate": round(statistics.median(w.rate for w in windows)),
        "cpu_per_thousand": round(statistics.median(w.cpu_per_thousand for w in windows), 3),
        "p50_ms": round(statistics.median(w.p50_ms for w in windows), 2),
    }


def _wake(futures: Sequence[asyncio.Future[None]]) -> None:
    for future in futures:
        future.set_result(None)


def _owed(saga_id: str, version: int) -> Entry:
    return Entry(
        id=f"{saga_id}.{version}.0",
        saga_id=saga_id,
        kind="command",
        name=f"command{version}",
        channel="python",
        state=EVENTS[version - 1],
        timeout=30_000,
        due=version,
        owner="bench",
        token=1,
        lease_until=60_000,
    )


def _started(saga_id: str, owed: Entry) -> Saga:
    return Saga(
        saga_id=saga_id,
        machine="order",
        machine_version=1,
        version=1,
        entity_id="",
        state=EVENTS[0],
        is_final=False,
        business_state="OPEN",
        business_state_id=0,
        business_state_description="The order is being worked on",
        latest_event=EVENTS[0],
        metadata=order(saga_id),
        agenda=(owed,),
        created_at=time.time_ns() // 1_000_000,
        updated_at=1,
    )


def _row(saga: Saga, source: str | None, event_id: str | None = None) -> HistoryRow:
    return HistoryRow(
        seq=saga.version,
        at=saga.updated_at,
        event=saga.latest_event,
        event_id=event_id,
        source=source,
        state=saga.state,
        entered=True,
        business_state_id=0,
        business_state_description=saga.business_state_description,
        actor="engine",
    )


if __name__ == "__main__":
    main(sys.argv[1:])
