"""The daemons that come and go: one configuration, one database file, one client; and how each of them dies."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.model import Json
from tests.chaos.client import Client
from tests.chaos.processes import Daemon
from tests.fakes.waiting import moment

SEED = 20_260_101
"""Of the moments to kill at. What happens at them depends on the machine all the same."""

CONFIG = """
store: {{type: sqlite, path: sagas.db}}
machines: ["{machine}"]
http: {{host: 127.0.0.1, port: 0}}
channels:
  shop: {{type: rest, url: "{receiver}", timeout: {timeout}}}
"""
DEATH_WITHIN = 30.0

Point = tuple[str, str, int]
"""A call of the store to die at: its method, before or after it, the how-manieth."""


class World:
    """The files on disk, the client, and the daemons that come and go."""

    def __init__(
        self,
        folder: Path,
        machine: Path,
        receiver: str,
        client: Client,
        *,
        timeout: str = "2s",
        config: str = CONFIG,
    ) -> None:
        self._config = folder / "config.yaml"
        self._config.write_text(config.format(machine=machine, receiver=receiver, timeout=timeout))
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

    async def kill_at_a_random_moment(self, work: int = 40) -> None:
        """After at most `work` acknowledgements."""
        daemon = await self.plain()
        await self._client.more(self._dice.randrange(work))
        await moment(self._dice.random() / 20)
        await daemon.killed()
        self._client.is_dead(daemon.url)
        self.kills["random"] += 1

    async def kill_at_a_call(self, method: str, when: str, number: int) -> None:
        daemon = await self._started(
            ["-m", "tests.chaos.daemon", str(self._config), "dies", method, when, str(number)]
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
        self._client.is_dead(daemon.url)
        self.kills[f"{method} {when}"] += 1

    async def all_kills(self, points: Sequence[Point], *, random_ones: int) -> None:
        """The random ones and the foretold ones, mixed."""
        turns: list[Point | None] = [None] * random_ones + list(points)
        self._dice.shuffle(turns)
        for point in turns:
            await (self.kill_at_a_random_moment() if point is None else self.kill_at_a_call(*point))


def points(*calls: tuple[str, int]) -> list[Point]:
    """To die before each of these calls, and after it."""
    return [(method, when, number) for method, number in calls for when in ("before", "after")]


async def all_is_done(client: Client) -> bool:
    """Whether every saga has ended and nothing is owed any more."""
    running = await client.get("/api/v1/sagas", isFinal="false", limit="1")
    owed = await client.get("/api/v1/agenda", limit="1")
    return not running["items"] and not owed["items"]


async def history_of(client: Client, saga_id: str, *, page: int = 5) -> list[Json]:
    """All rows of it, by pages; checked to have no gap and no event twice."""
    rows: list[Json] = []
    after: int | None = 0
    while after is not None:
        found = await client.get(f"/api/v1/sagas/{saga_id}/history", after=str(after), limit=str(page))
        rows += found["items"]
        after = found["nextAfter"]
    ids = [row["id"] for row in rows if row["id"] is not None]
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1)), "history has no gaps"
    assert len(ids) == len(set(ids)), f"an event of {saga_id} was applied twice"
    assert [row["from"] for row in rows[1:]] == [row["to"] for row in rows[:-1]], "a step begins elsewhere"
    return rows
