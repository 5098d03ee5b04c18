"""Events over HTTP, each acknowledged when it is durable: a daemon in a process of its own, the client in this one."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvloop

from bench.daemon import Daemon, serving
from bench.http_client import Connection, json_request
from bench.orders import order
from bench.probes import busy_seconds, cpu_seconds, fsync_micros, quantile
from bench.report import Options, Report, Verdict, median, shown
from bench.workers import WorkerFailed

CONNECTIONS = 64
SAGAS_EACH = 16
"""Sagas that a connection tells its events in turn."""

TARGET = 2_500.0
"""Events a second, two cores, client included."""

COLUMNS = (
    "client", "events/s", "p50 ms", "p99 ms", "daemon CPU ms/event", "client CPU ms/event", "fsync us",
    "others' cores",
)  # fmt: skip


class Sender:
    """One connection that tells its sagas events, one after the other."""

    def __init__(self, number: int, connection: Connection) -> None:
        self._connection = connection
        self.sagas = [f"note-{number}-{saga}" for saga in range(SAGAS_EACH)]
        self.sent = 0

    async def open_sagas(self) -> None:
        for number, saga in enumerate(self.sagas):
            metadata = {**order(number), "orderId": saga}
            body = {"machine": "benchNotes", "sagaId": saga, "metadata": metadata}
            await self._expect(201, "/api/v1/sagas", body)

    async def tell(self) -> None:
        """One event, durable when this returns."""
        saga = self.sagas[self.sent % SAGAS_EACH]
        self.sent += 1
        path = f"/api/v1/sagas/{saga}/events"
        body = f'{{"name":"noted","id":"{saga}-{self.sent}","payload":{{"note":{self.sent}}}}}'
        status, answer = await self._connection.request("POST", path, body.encode())
        if status != 200:
            raise WorkerFailed(f"an event was answered with {status}: {answer[:300]!r}")

    async def stored(self) -> int:
        """How many events the store says that the sagas have had."""
        return sum([await self._version(saga) - 1 for saga in self.sagas])

    async def _version(self, saga: str) -> int:
        _, document = await json_request(self._connection, "GET", f"/api/v1/sagas/{saga}")
        return int(document["version"])

    async def _expect(self, wanted: int, path: str, body: Any) -> None:
        status, answer = await json_request(self._connection, "POST", path, body)
        if status != wanted:
            raise WorkerFailed(f"POST {path} was answered with {status}: {answer}")


def run(options: Options) -> Report:
    """Measure, and compare with the target."""
    with TemporaryDirectory(prefix="events-", dir=options.folder) as folder, serving(Path(folder)) as daemon:
        blocks = uvloop.run(_measured(daemon, options, Path(folder)))
    rate = median(blocks, "events_s")
    figures = ("events_s", "p50_ms", "p99_ms", "daemon_cpu_ms", "client_cpu_ms", "fsync_us", "foreign_cores")
    client = f"{CONNECTIONS} keep-alive connections"
    return Report(
        name="events",
        title="Events over HTTP with durable acknowledgement",
        columns=COLUMNS,
        rows=[[client, *(shown(median(blocks, figure)) for figure in figures)]],
        verdicts=[
            Verdict(claim=f"at least {TARGET:,.0f} events/s", measured=f"{rate:,.0f}", met=rate >= TARGET)
        ],
        notes=[
            "POST /api/v1/sagas/{id}/events with an event id; an internal transition of a saga of 1 KB.",
            "The daemon is `sagaloom serve` on SQLite; the client is a raw asyncio socket client in one process.",
            "Afterwards the versions of all sagas were read: they equal the events acknowledged.",
        ],
        data={"blocks": blocks},
    )


async def _measured(daemon: Daemon, options: Options, folder: Path) -> list[dict[str, Any]]:
    senders = [Sender(n, await Connection.open(daemon.port)) for n in range(CONNECTIONS)]
    await asyncio.gather(*(sender.open_sagas() for sender in senders))
    await _window(daemon, senders, options.warmup)
    blocks = [
        {"fsync_us": fsync_micros(folder), **await _window(daemon, senders, options.duration)}
        for _ in range(options.repeat)
    ]
    await _check(senders)
    return blocks


async def _window(daemon: Daemon, senders: Sequence[Sender], seconds: float) -> dict[str, Any]:
    daemon_cpu, own_cpu, busy = cpu_seconds([daemon.pid]), cpu_seconds([os.getpid()]), busy_seconds()
    began = time.perf_counter()
    latencies: list[float] = []
    await asyncio.gather(*(_send(sender, began + seconds, latencies) for sender in senders))
    took, events = time.perf_counter() - began, max(len(latencies), 1)
    # This process is the daemon's parent: what its family used holds both.
    daemon_cpu, family_cpu = cpu_seconds([daemon.pid]) - daemon_cpu, cpu_seconds([os.getpid()]) - own_cpu
    return {
        "events": len(latencies),
        "events_s": round(len(latencies) / took, 1),
        "p50_ms": round(quantile(latencies, 0.5) * 1e3, 3),
        "p99_ms": round(quantile(latencies, 0.99) * 1e3, 3),
        "daemon_cpu_ms": round(daemon_cpu * 1e3 / events, 4),
        "client_cpu_ms": round((family_cpu - daemon_cpu) * 1e3 / events, 4),
        "foreign_cores": round(max(0.0, busy_seconds() - busy - family_cpu) / took, 2),
    }


async def _send(sender: Sender, end: float, latencies: list[float]) -> None:
    while (began := time.perf_counter()) < end:
        await sender.tell()
        latencies.append(time.perf_counter() - began)


async def _check(senders: Sequence[Sender]) -> None:
    for sender in senders:
        stored = await sender.stored()
        if stored != sender.sent:
            raise WorkerFailed(f"{sender.sent} events were acknowledged, {stored} are stored")
