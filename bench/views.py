"""Payments as people look at them: lists, searches, charts and an Excel file, over HTTP, with 1,000,000 of them stored."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvloop

from adapters.stores.sqlite import open_sqlite
from bench.daemon import SHIPPED, serving
from bench.http_client import Connection
from bench.probes import family, private_mb, quantile
from bench.report import Options, Report, Verdict
from bench.view_filling import DAY, LAST_DAY, fill, fill_sagas, transaction
from bench.workers import WorkerFailed
from hub.views.days import day_of, day_starts

PAYMENTS, READS = 1_000_000, 200
QUICK_PAYMENTS, QUICK_READS = 20_000, 20
SAGAS = 1_000
"""Payments that are sagas too: what a single one is read from."""

EXPORTED = 100_000
READ_MS, EXPORT_SECONDS, EXPORT_MB, DELAY_MS = 300.0, 30.0, 100.0, 50.0
SEED = 5
NEVER = 3_600.0

Figures = dict[str, Any]


def run(options: Options) -> Report:
    """Fill a store, ask a daemon on it, export from it, and compare with the targets."""
    payments, reads = (QUICK_PAYMENTS, QUICK_READS) if options.quick else (PAYMENTS, READS)
    machines = [SHIPPED / "payment.yaml", SHIPPED / "subscription.yaml"]
    with TemporaryDirectory(prefix="views-", dir=options.folder) as name:
        folder = Path(name)
        took = uvloop.run(_filled(folder, payments))
        size = (folder / "engine.db").stat().st_size / 1e6
        with serving(folder, machines) as daemon:
            figures = uvloop.run(_read(daemon.port, payments, reads))
            export = uvloop.run(_export(daemon.port, daemon.pid, payments))
    return _report(payments, reads, figures, export, f"Filled in {took:,.0f} s; the file has {size:,.0f} MB.")


def _report(payments: int, reads: int, figures: list[Figures], export: Figures, note: str) -> Report:
    worst = max(figure["p95_ms"] for figure in figures)
    return Report(
        name="views",
        title=f"{payments:,} stored payments, {reads:,} reads of each kind, one at a time",
        columns=("read", "p50 ms", "p95 ms", "max ms"),
        rows=[[f["read"], *(f"{f[key]:.1f}" for key in ("p50_ms", "p95_ms", "max_ms"))] for f in figures],
        verdicts=[
            _verdict(f"p95 under {READ_MS:g} ms", worst, READ_MS, "ms"),
            _verdict(
                f"{export['rows']:,} rows of Excel in {EXPORT_SECONDS:g} s",
                export["seconds"],
                EXPORT_SECONDS,
                "s",
            ),
            _verdict(f"with {EXPORT_MB:g} MB more memory", export["mb"], EXPORT_MB, "MB"),
            _verdict(
                f"other requests {DELAY_MS:g} ms later at most (p99)", export["delay_ms"], DELAY_MS, "ms"
            ),
        ],
        notes=[
            note,
            (
                f"While the file of {export['file_mb']:.1f} MB was made, {export['asked']:,} requests for /-/healthz took "
                f"{export['p50_ms']:.1f} ms at p50, {export['p99_ms']:.1f} ms at p99 and {export['max_ms']:.1f} ms at most; "
                f"before it {export['idle_p50_ms']:.1f}, {export['idle_p99_ms']:.1f} and {export['idle_max_ms']:.1f} ms."
            ),
        ],
        data={"payments": payments, "figures": figures, "export": export},
    )


def _verdict(claim: str, value: float, limit: float, unit: str) -> Verdict:
    return Verdict(claim=claim, measured=f"{value:.1f} {unit}", met=value <= limit)


async def _filled(folder: Path, payments: int) -> float:
    began = time.perf_counter()
    store = await open_sqlite({"path": "engine.db"}, folder)
    try:
        await fill(store, payments)
        await fill_sagas(store, SAGAS)
    finally:
        await store.close()
    return time.perf_counter() - began


async def _read(port: int, payments: int, reads: int) -> list[Figures]:
    connection, dice = await Connection.open(port), random.Random(SEED)
    kinds = _kinds(dice, payments)
    took: dict[str, list[float]] = {kind: [] for kind in kinds}
    try:
        for _ in range(reads):
            for kind, path in kinds.items():
                took[kind].append(await _ask(connection, path()))
    finally:
        connection.close()
    return [
        {"read": kind, **{f"p{share * 100:.0f}_ms": quantile(times, share) for share in (0.5, 0.95)}, "max_ms": max(times)}
        for kind, times in took.items()
    ]  # fmt: skip


def _kinds(dice: random.Random, payments: int) -> dict[str, Callable[[], str]]:
    last = day_starts(LAST_DAY)

    def day(back: int) -> str:
        return day_of(last - back * DAY)

    def some_days() -> str:
        back = dice.randrange(30, 690)
        return f"since={day(back)}&until={day(back - 30)}"

    def one() -> str:
        return transaction(dice.randrange(payments))

    lists, charts = "/api/v1/payments?limit=50", "/api/v1/analytics"
    return {
        "list": lambda: lists,
        "list of a month": lambda: f"{lists}&{some_days()}",
        "list by status": lambda: f"{lists}&status={dice.choice(('FAILED', 'TOTALLY_REFUNDED'))}",
        "list by status, method, channel": lambda: f"{lists}&status=FAILED&method=satispay&channel=app",
        "list by status, method, month": lambda: f"{lists}&status=PAID&method=scalapay&{some_days()}",
        "list by amount": lambda: f"{lists}&amountFrom={dice.randrange(1_000, 20_000)}&amountTo=25000",
        "search, transaction id": lambda: f"{lists}&search={one()}",
        "search, beginning of it": lambda: f"{lists}&search={one()[:-2]}",
        "search, e-mail": lambda: f"{lists}&search=buyer.{dice.randrange(90_000):05d}@example.org",
        "list with tabs": lambda: f"{lists}&counts=true",
        "list with tabs, by method": lambda: f"{lists}&counts=true&method=satispay",
        "detail": lambda: f"/api/v1/payments/saga-{dice.randrange(SAGAS):06d}",
        "amount by day, two years": lambda: f"{charts}/amount-by-day?from={day(330)}&to={LAST_DAY}",
        "amount by method": lambda: f"{charts}/by-method?from={day(dice.randrange(690))}&to={LAST_DAY}",
        "amount by channel": lambda: f"{charts}/by-channel?from={day(dice.randrange(690))}&to={LAST_DAY}",
        "percentage by status": lambda: f"{charts}/by-status?from={day(690)}&to={LAST_DAY}",
    }


async def _ask(connection: Connection, path: str) -> float:
    began = time.perf_counter()
    status, body = await connection.request("GET", path)
    if status != 200:
        raise WorkerFailed(f"GET {path} was answered with {status}: {body[:300]!r}")
    return (time.perf_counter() - began) * 1e3


async def _export(port: int, pid: int, payments: int) -> Figures:
    """What other requests and the memory of all its processes feel while the daemon makes an Excel file."""
    days = EXPORTED * 699 // payments if payments > EXPORTED else 699
    path = f"/api/v1/exports/payments?format=xlsx&since={day_of(day_starts(LAST_DAY) - days * DAY)}"
    connection = await Connection.open(port)
    idle = await _felt(connection, asyncio.get_running_loop().time() + 3.0, asyncio.Event())
    before, done = private_mb(family([pid])), asyncio.Event()
    most = asyncio.create_task(_most_mb(pid, done))
    felt = asyncio.create_task(_felt(connection, asyncio.get_running_loop().time() + NEVER, done))
    began = time.perf_counter()
    size = await asyncio.to_thread(_download, port, path)
    seconds = time.perf_counter() - began
    done.set()
    times = await felt
    connection.close()
    figures = {name: quantile(times, share) for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99))}
    return {
        **figures,
        "rows": min(payments, EXPORTED),
        "seconds": seconds,
        "mb": await most - before,
        "file_mb": size / 1e6,
        "asked": len(times),
        "max_ms": max(times),
        "idle_p50_ms": quantile(idle, 0.5),
        "idle_p99_ms": quantile(idle, 0.99),
        "idle_max_ms": max(idle),
        "delay_ms": quantile(times, 0.99) - quantile(idle, 0.5),
    }


def _download(port: int, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=600)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        if answer.status != 200:
            raise WorkerFailed(f"GET {path} was answered with {answer.status}")
        return len(answer.read())
    finally:
        connection.close()


async def _felt(connection: Connection, until: float, done: asyncio.Event) -> list[float]:
    times = []
    while not done.is_set() and asyncio.get_running_loop().time() < until:
        times.append(await _ask(connection, "/-/healthz"))
        await asyncio.sleep(0.01)
    return times


async def _most_mb(pid: int, done: asyncio.Event) -> float:
    most = 0.0
    while not done.is_set():
        most = max(most, private_mb(family([pid])))
        await asyncio.sleep(0.1)
    return most
