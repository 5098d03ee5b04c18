"""Reads among 100,000 stored sagas: one saga, lists by state, a key; through the store and over HTTP."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import uvloop

from bench.daemon import NOTES, serving
from bench.embedded import engine_in
from bench.http_client import Connection
from bench.orders import order
from bench.probes import quantile, resident_mb
from bench.report import Options, Report, Verdict
from bench.workers import WorkerFailed
from engine.assembly import Engine
from engine.model import Event, Query

SAGAS, READS = 100_000, 1_000
QUICK_SAGAS, QUICK_READS = 5_000, 200
AT_ONCE = 256

TARGET_MS = 20.0
STATES = ("NEW", "TAKEN", "SHELVED", "DONE")
MOVES = ("taken", "shelved", "closed")
"""The event that leads from each state to the next."""

PAGE = 50
SEED = 7
"""The same reads in every run."""

Read = Callable[[], Awaitable[None]]


def run(options: Options) -> Report:
    """Fill a store, read from it, and compare with the target."""
    sagas, reads = (QUICK_SAGAS, QUICK_READS) if options.quick else (SAGAS, READS)
    with TemporaryDirectory(prefix="scale-", dir=options.folder) as name:
        folder = Path(name)
        figures, filling = uvloop.run(_through_store(folder, sagas, reads))
        with serving(folder) as daemon:
            figures += uvloop.run(_over_http(daemon.port, sagas, reads))
            resident, ready = resident_mb(daemon.pid), daemon.ready_after
        size = (folder / "engine.db").stat().st_size / 1e6
    worst = max(figure["p99_ms"] for figure in figures)
    return Report(
        name="scale",
        title=f"{sagas:,} stored sagas of about 1 KB, {reads:,} reads of each kind, one at a time",
        columns=("read", "p50 ms", "p99 ms", "max ms"),
        rows=[[f["read"], *(f"{f[key]:.2f}" for key in ("p50_ms", "p99_ms", "max_ms"))] for f in figures],
        verdicts=[
            Verdict(claim=f"p99 under {TARGET_MS:g} ms", measured=f"{worst:.1f} ms", met=worst < TARGET_MS)
        ],
        notes=[
            f"Filled at {filling:,.0f} durable writes/s; the file has {size:,.0f} MB.",
            f"The daemon was ready in {ready:.2f} s and had {resident:.0f} MB after the reads.",
        ],
        data={"sagas": sagas, "figures": figures, "writes_s": filling, "resident_mb": resident},
    )


async def _through_store(folder: Path, sagas: int, reads: int) -> tuple[list[dict[str, Any]], float]:
    async with engine_in(folder, NOTES) as engine:
        began = time.perf_counter()
        writes = await _fill(engine, sagas)
        filling = writes / (time.perf_counter() - began)
        kinds = await _store_reads(engine, random.Random(SEED), sagas)
        return await _measured("store", kinds, reads), filling


async def _fill(engine: Engine, sagas: int) -> int:
    """Sagas spread evenly over the states; how many durable writes that took."""
    numbers = iter(range(sagas))

    async def clerk() -> int:
        writes = 0
        for number in numbers:
            saga_id = _id(number)
            metadata = {**order(number), "orderId": _key(number)}
            await engine.runner.start("benchNotes", metadata=metadata, saga_id=saga_id)
            moves = MOVES[: number % len(STATES)]
            for move in moves:
                await engine.runner.handle(saga_id, Event(name=move, id=move))
            writes += 1 + len(moves)
        return writes

    return sum(await asyncio.gather(*(clerk() for _ in range(AT_ONCE))))


async def _store_reads(engine: Engine, dice: random.Random, sagas: int) -> dict[str, Read]:
    store = engine.store
    middle = {state: (await _middle(engine, state, sagas)) for state in STATES}

    async def get() -> None:
        await store.load(_id(dice.randrange(sagas)))

    async def first_page() -> None:
        found = await store.list(Query(state=dice.choice(STATES), limit=PAGE))
        assert len(found) == PAGE

    async def deep_page() -> None:
        state = dice.choice(STATES)
        await store.list(Query(state=state, after=middle[state], limit=PAGE))

    async def by_key() -> None:
        await store.load(await store.find(_key(dice.randrange(sagas))))

    return {"get": get, "list by state": first_page, "list by state, deep": deep_page, "by key": by_key}


async def _middle(engine: Engine, state: str, sagas: int) -> tuple[int, str]:
    """Where the listing of a state has about half of it behind."""
    saga = await engine.store.load(_id(sagas // 2 // len(STATES) * len(STATES) + STATES.index(state)))
    return saga.created_at, saga.saga_id


async def _over_http(port: int, sagas: int, reads: int) -> list[dict[str, Any]]:
    connection, dice = await Connection.open(port), random.Random(SEED)

    def read(path: Callable[[], str]) -> Read:
        async def ask() -> None:
            status, body = await connection.request("GET", path())
            if status != 200:
                raise WorkerFailed(f"GET {path()} was answered with {status}: {body[:300]!r}")

        return ask

    list_of = "/api/v1/sagas?limit=50"
    kinds = {
        "get": read(lambda: f"/api/v1/sagas/{_id(dice.randrange(sagas))}"),
        "list by state": read(lambda: f"{list_of}&state={dice.choice(STATES)}"),
        "by key": read(lambda: f"{list_of}&key={quote(_key(dice.randrange(sagas)))}"),
        "get by key": read(lambda: f"/api/v1/sagas/{quote(_key(dice.randrange(sagas)))}"),
    }
    try:
        return await _measured("HTTP", kinds, reads)
    finally:
        connection.close()


async def _measured(way: str, kinds: dict[str, Read], reads: int) -> list[dict[str, Any]]:
    """Each kind in turn, again and again, so that a slow moment of the machine hits all."""
    took: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(reads):
        for kind, read in kinds.items():
            began = time.perf_counter()
            await read()
            took[kind].append((time.perf_counter() - began) * 1e3)
    return [_figure(f"{way}: {kind}", times) for kind, times in took.items()]


def _figure(read: str, times: Sequence[float]) -> dict[str, Any]:
    return {
        "read": read,
        "p50_ms": round(quantile(times, 0.5), 3),
        "p99_ms": round(quantile(times, 0.99), 3),
        "max_ms": round(max(times), 3),
    }


def _id(number: int) -> str:
    return f"saga-{number:07d}"


def _key(number: int) -> str:
    return f"key-{number:07d}"
