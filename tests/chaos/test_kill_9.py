"""kill -9 under load: at random moments, and at every store call on the path, before it and after it.

Afterwards every acknowledged creation and event is there, every saga reached its end, no event was applied
twice, and the receiver saw one body under each idempotency key and one key for each thing asked.
"""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from engine.model import Json
from tests.chaos.client import Client
from tests.chaos.load import Load, Order, mend
from tests.chaos.processes import Daemon
from tests.chaos.receiver import REPLIES, Receiver
from tests.fakes.waiting import moment, wait_until

RANDOM_KILLS = 24
CUSTOMERS = 6
SEED = 20_260_101
"""Of the moments to kill at. What happens at them depends on the machine all the same."""

POINTS = [
    (method, when, number)
    for method, number in (
        ("deploy", 1),
        ("create", 2),
        ("commit", 1),
        ("commit", 25),
        ("claim", 2),
        ("postpone", 1),
        ("settle", 1),
        ("park", 1),
        ("load", 2),
        ("find", 2),
        ("row_of", 1),
        ("release", 1),
    )
    for when in ("before", "after")
]
CONFIG = """
store: {{type: sqlite, path: sagas.db}}
machines: ["{machine}"]
http: {{host: 127.0.0.1, port: 0}}
channels:
  shop: {{type: rest, url: "{receiver}", timeout: 2s}}
"""
DEATH_WITHIN = 30.0
END_WITHIN = 60.0
PATH = ["CREATED", "PAID", "PACKED", "SHIPPING", "COOLING", "DONE"]


class World:
    """The files on disk, the client, and the daemons that come and go."""

    def __init__(self, folder: Path, receiver: str, client: Client) -> None:
        self._config = folder / "config.yaml"
        self._config.write_text(
            CONFIG.format(machine=Path(__file__).with_name("order.yaml"), receiver=receiver)
        )
        self._log = folder / "daemon.log"
        self._client = client
        self._dice = random.Random(SEED)
        self._last: Daemon | None = None
        self.kills: Counter[str] = Counter()

    async def plain(self) -> Daemon:
        """A daemon as users start it, ready."""
        daemon = await self._started(["-m", "cli", "serve", "--config", str(self._config)])
        assert await daemon.ready(), daemon.last_words()
        self._client.lives_at(daemon.url)
        return daemon

    async def _started(self, arguments: list[str]) -> Daemon:
        self._last = await Daemon.start(arguments, self._log)
        return self._last

    def end(self) -> None:
        """Leave no process behind, however the test ended."""
        if self._last is not None:
            self._last.signal(signal.SIGKILL)

    async def kill_at_a_random_moment(self) -> None:
        daemon = await self.plain()
        await self._client.more(self._dice.randrange(40))
        await moment(self._dice.random() / 20)
        await daemon.killed()
        self._client.is_dead()
        self.kills["random"] += 1

    async def kill_at_a_call(self, method: str, when: str, number: int) -> None:
        daemon = await self._started(
            ["-m", "tests.chaos.daemon", str(self._config), method, when, str(number)]
        )
        try:
            async with asyncio.timeout(DEATH_WITHIN):
                if await daemon.ready():
                    self._client.lives_at(daemon.url)
                    if method == "release":  # what a drain does at its end
                        await self._client.more(20)
                        daemon.signal(signal.SIGTERM)
                code = await daemon.ended()
        except TimeoutError:
            await daemon.killed()
            pytest.fail(f"the daemon never came to call {number} of {method}\n{daemon.last_words()}")
        assert code == -signal.SIGKILL, daemon.last_words()
        self._client.is_dead()
        self.kills[f"{method} {when}"] += 1

    async def all_kills(self) -> None:
        """The random ones and the foretold ones, mixed."""
        turns: list[tuple[str, str, int] | None] = [None] * RANDOM_KILLS + list(POINTS)
        self._dice.shuffle(turns)
        for point in turns:
            await (self.kill_at_a_random_moment() if point is None else self.kill_at_a_call(*point))


@pytest.mark.chaos
def test_kill_9_at_any_moment_loses_nothing_that_was_acknowledged_and_does_nothing_twice(
    tmp_path: Path,
) -> None:
    asyncio.run(_body(tmp_path))


async def _body(folder: Path) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        client = Client(session)
        receiver = Receiver(client)
        async with receiver as url:
            world = World(folder, url, client)
            try:
                await _run(world, client, receiver)
            finally:
                world.end()


async def _run(world: World, client: Client, receiver: Receiver) -> None:
    load = Load(client)
    customers = asyncio.create_task(load.customers(CUSTOMERS))
    mending = asyncio.create_task(mend(client))
    try:
        await world.all_kills()
        daemon = await world.plain()
        load.stop()
        await customers
        await receiver.told_all()
        await wait_until(lambda: _all_is_done(client), within=END_WITHIN, what="all sagas to end", every=0.2)
        for order in load.orders:
            _is_whole(
                order,
                await _history(client, order.saga_id),
                await client.get(f"/api/v1/sagas/{order.saga_id}"),
            )
    finally:
        for task in (customers, mending):
            task.cancel()
        await asyncio.gather(customers, mending, return_exceptions=True)
    daemon.signal(signal.SIGTERM)
    assert await daemon.ended() == 0, daemon.last_words()
    _kept_its_promises(world, load, receiver)


async def _all_is_done(client: Client) -> bool:
    running = await client.get("/api/v1/sagas", isFinal="false", limit="1")
    owed = await client.get("/api/v1/agenda", limit="1")
    return not running["items"] and not owed["items"]


async def _history(client: Client, saga_id: str) -> list[Json]:
    """All of it, by pages."""
    rows: list[Json] = []
    after: int | None = 0
    while after is not None:
        page = await client.get(f"/api/v1/sagas/{saga_id}/history", after=str(after), limit="5")
        rows += page["items"]
        after = page["nextAfter"]
    return rows


def _is_whole(order: Order, rows: list[Json], document: Json) -> None:
    ids = [row["id"] for row in rows if row["id"] is not None]
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1)), "history has no gaps"
    assert len(ids) == len(set(ids)), f"an event of {order.saga_id} was applied twice"
    assert set(order.events) <= set(ids), f"an acknowledged event of {order.saga_id} is gone"
    assert [row["from"] for row in rows[1:]] == [row["to"] for row in rows[:-1]], (
        "each step begins where one ended"
    )
    assert [state["state"] for state in document["history"]["states"]] == PATH
    assert (document["isFinal"], document["metadata"]["notes"]) == (True, 4)
    applied = Counter(row["event"] for row in rows if row["result"] == "applied")
    assert all(
        applied[event] == 1 for event in [*REPLIES.values(), "approved", "coolingEnded", "orderCreated"]
    )


def _kept_its_promises(world: World, load: Load, receiver: Receiver) -> None:
    assert load.surprises == []
    assert receiver.refused == []
    assert list(receiver.ledger.contradictions()) == [], "one key, one body"
    asked = Counter((receiver.ledger.first(key)["saga"], key.split()[0]) for key in receiver.ledger.keys)
    wanted = {(order.saga_id, name) for order in load.orders for name in (*REPLIES, "tell")}
    assert set(asked) == wanted
    assert set(asked.values()) == {1}, "one key for each thing asked"
    assert receiver.ledger.repeats > 0, (
        "nothing was ever done again: no kill fell between a request and its answer"
    )
    assert world.kills.total() == RANDOM_KILLS + len(POINTS) >= 30
    assert len(load.orders) > world.kills.total()
