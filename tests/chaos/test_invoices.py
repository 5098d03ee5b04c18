"""Invoices while the daemon is killed again and again: no number is missing, none is given twice, each is printed.

`SAGALOOM_FULL=1` makes 1,000 invoices under 10 kills, and measures memory and health checks; by default it is a fraction.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import aiohttp
import pytest

from engine.model import Json
from tests.chaos.client import Client
from tests.chaos.processes import Daemon
from tests.chaos.world import World
from tests.fakes.waiting import moment, wait_until

FULL = os.environ.get("SAGALOOM_FULL") == "1"
INVOICES, KILLS, AT_ONCE = (1_000, 10, 8) if FULL else (16, 1, 6)
UNDER_KILLS = INVOICES // 2
"""As many are wanted while daemons die; the rest of a daemon that lives, which is watched."""

PATIENCE = 120.0
MACHINE = Path(__file__).parents[2] / "machines" / "payment.yaml"
CONFIG = """
store: {{type: sqlite, path: sagas.db}}
machines: ["{machine}"]
http: {{host: 127.0.0.1, port: 0}}
channels:
  payments: {{type: payments}}
  notifications: {{type: log}}
  merchant: {{type: log}}
invoices: {{company: {{companyName: Mulino Bianco S.r.l.}}, series: {{invoices: MB}}, workers: 2}}
"""
ITEMS = [{"itemId": f"SKU-{number}", "description": "Chair, oak", "quantity": 1, "amount": 1_000, "iva": rate}
         for number, rate in enumerate((22, 10, 4))]  # fmt: skip
LEFT = re.compile(r'"count": ?(\d+).*invoices\.finished|invoices\.finished.*"count": ?(\d+)')


@dataclass(slots=True)
class Watch:
    """What was seen of a daemon at work.

    Attributes:
        checks: Seconds of health checks.
        busy: The same without the time that daemon and asker waited for a core: what the daemon itself is to blame for.
        daemon, workers: Resident bytes.
    """

    checks: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    daemon: list[int] = field(default_factory=list)
    workers: list[int] = field(default_factory=list)

    def told(self) -> str:
        return (
            f"health checks: {_spread(self.checks)}; without waiting for a core: {_spread(self.busy)}; "
            f"daemon {self.daemon[0] >> 20} to {max(self.daemon) >> 20} MiB, "
            f"a worker at most {max(self.workers) >> 20} MiB, in the last quarter {max(_last(self.workers)) >> 20} MiB"
        )


def _spread(seconds: list[float]) -> str:
    found = [second * 1e3 for second in sorted(seconds)]
    return f"{len(found)}, median {found[len(found) // 2]:.1f} ms, 99 % {found[len(found) * 99 // 100]:.1f} ms, longest {found[-1]:.1f} ms"


def _last(found: list[int]) -> list[int]:
    return found[-max(1, len(found) // 4) :]


class Buyers:
    """Pay, and ask for their invoices until they have them."""

    def __init__(self, session: aiohttp.ClientSession, client: Client) -> None:
        self._session = session
        self._client = client
        self.url = ""
        self.sheets: dict[str, bytes] = {}

    async def pay(self, number: int) -> str:
        metadata: Json = {"shopTransactionId": f"ORD-{number}", "amount": 3_000, "currency": "EUR",
                          "additionalData": {"items": ITEMS, "buyer": {"name": f"Buyer {number}"}}}  # fmt: skip
        made = await self._client.post("/api/v1/sagas", {"machine": "payment", "metadata": metadata})
        saga_id = str(made.body["sagaId"])
        event: Json = {
            "name": "paymentExecuted",
            "payload": {"paymentId": f"p-{number}"},
            "id": f"paid-{number}",
        }
        await self._client.post(f"/api/v1/sagas/{saga_id}/events", event)
        return saga_id

    async def invoice(self, saga_id: str) -> bytes:
        """The PDF, however often the daemon dies meanwhile; kept as what this payment's invoice is."""

        async def asked() -> bytes | None:
            try:
                async with self._session.get(f"{self.url}/api/v1/payments/{saga_id}/invoice") as response:
                    return await response.read() if response.status == 200 else None
            except (aiohttp.ClientError, TimeoutError, OSError):
                return None

        content = await wait_until(asked, within=PATIENCE, what=f"the invoice of {saga_id}", every=0.05)
        assert content.startswith(b"%PDF-")
        assert self.sheets.setdefault(saga_id, content) == content, "an invoice never changes"
        return content


@pytest.mark.chaos
def test_numbers_have_no_gap_and_no_double_whenever_the_daemon_dies(tmp_path: Path) -> None:
    print(asyncio.run(_body(tmp_path)))


async def _body(folder: Path) -> str:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        client = Client(session)
        world = World(folder, MACHINE, "", client, config=CONFIG)
        try:
            return await _run(world, session, client, folder)
        finally:
            world.end()


async def _run(world: World, session: aiohttp.ClientSession, client: Client, folder: Path) -> str:
    buyers = Buyers(session, client)
    daemon = await _next(world, buyers)
    sagas = [await buyers.pay(number) for number in range(INVOICES)]
    printing = asyncio.create_task(_all(buyers, sagas[:UNDER_KILLS]))
    for kill in range(KILLS):
        await _until(buyers, (kill + 1) * UNDER_KILLS // (KILLS + 1))
        await daemon.killed()
        client.is_dead(daemon.url)
        daemon = await _next(world, buyers)
    await printing
    watch, started = Watch(), perf_counter()
    watching = asyncio.create_task(_watch(watch, session, daemon))
    await _all(buyers, sagas[UNDER_KILLS:])
    seconds = perf_counter() - started
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await _books_are_right(client, buyers, sagas)
    daemon.signal(signal.SIGTERM)
    assert await daemon.ended() == 0, daemon.last_words()
    assert not FULL or sorted(watch.busy)[len(watch.busy) * 99 // 100] < 0.05
    first_half = watch.workers[: len(watch.workers) // 2]
    assert not FULL or max(_last(watch.workers)) < 1.25 * max(first_half), "memory grows"
    left = sum(int(one or other) for one, other in LEFT.findall((folder / "daemon.log").read_text()))
    return f"{INVOICES - UNDER_KILLS} invoices in {seconds:.1f} s; {left} left by kills, printed at start; {watch.told()}"


async def _next(world: World, buyers: Buyers) -> Daemon:
    daemon = await world.plain()
    buyers.url = daemon.url
    return daemon


async def _all(buyers: Buyers, sagas: list[str]) -> None:
    """Every invoice, asked for twice: what a reload of the page does."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(saga_id: str) -> None:
        async with places:
            await asyncio.gather(buyers.invoice(saga_id), buyers.invoice(saga_id))

    await asyncio.gather(*(one(saga_id) for saga_id in sagas))


async def _until(buyers: Buyers, count: int) -> None:
    async def there() -> bool:
        return len(buyers.sheets) >= count

    await wait_until(there, within=PATIENCE, what=f"{count} invoices", every=0.02)


async def _books_are_right(client: Client, buyers: Buyers, sagas: list[str]) -> None:
    """Numbers 1 to n in the order of their times, one a payment, all printed."""
    rows: list[Json] = []
    cursor: dict[str, str] = {}
    while True:
        page = await client.get("/api/v1/invoices", limit="500", **cursor)
        rows += page["items"]
        if page["nextCursor"] is None:
            break
        cursor = {"cursor": page["nextCursor"]}
    rows.reverse()
    counts = [int(row["number"].rpartition("-")[2]) for row in rows]
    assert counts == list(range(1, INVOICES + 1))
    assert {row["number"].rpartition("-")[0] for row in rows} == {f"MB-{rows[0]['issued'][:4]}"}
    assert sorted(row["sagaId"] for row in rows) == sorted(sagas)
    assert all(row["size"] == len(buyers.sheets[row["sagaId"]]) for row in rows)


async def _watch(watch: Watch, session: aiohttp.ClientSession, daemon: Daemon) -> None:
    while True:
        waited, started = _waited(daemon.pid), perf_counter()
        async with session.get(f"{daemon.url}/-/healthz") as response:
            assert response.status == 200
        watch.checks.append(perf_counter() - started)
        watch.busy.append(max(0.0, watch.checks[-1] - (_waited(daemon.pid) - waited)))
        watch.daemon.append(_memory(daemon.pid))
        watch.workers += [_memory(pid) for pid in _children(daemon.pid)]
        await moment(0.02)


def _waited(daemon: int) -> float:
    """Seconds that the daemon's loop and ours could have run and had no core."""
    files = (Path(f"/proc/{pid}/task/{pid}/schedstat") for pid in (daemon, os.getpid()))
    return sum(int(file.read_text().split()[1]) for file in files) / 1e9


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            found += map(int, (task / "children").read_text().split())
        except OSError:
            continue
    return found


def _memory(pid: int) -> int:
    """Resident bytes; 0 of a process that has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
