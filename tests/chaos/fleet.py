"""Several daemons over one database, started, killed, frozen and woken; and the database, killed under them."""

from __future__ import annotations

import asyncio
import json
import random
import signal
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from engine.model import Millis
from tests.chaos.client import Client
from tests.chaos.processes import Daemon
from tests.contract.mongo_server import Server
from tests.fakes.waiting import moment

LEASE: Millis = 1_000
"""Of the daemons of a fleet, beyond the time that a try may take."""


class Member:
    """A place in the fleet: the daemon that holds it now. `busy` while something befalls it."""

    def __init__(self, config: Path, log: Path, client: Client) -> None:
        self._arguments = ["-m", "tests.chaos.daemon", str(config), "leases", str(LEASE)]
        self._log = log
        self._client = client
        self._daemon: Daemon | None = None
        self.busy = False

    @property
    def daemon(self) -> Daemon:
        assert self._daemon is not None
        return self._daemon

    async def start(self) -> None:
        """Come back when it is ready, however often it ends before because the database is away."""
        while True:
            self._daemon = await Daemon.start(self._arguments, self._log)
            if await self._daemon.ready():
                self._client.lives_at(self._daemon.url)
                return
            assert await self._daemon.ended() == DATABASE_AWAY, self._daemon.last_words()

    async def killed_and_replaced(self) -> None:
        self.busy = True
        await self.daemon.killed()
        self._client.is_dead(self.daemon.url)
        await self.start()
        self.busy = False

    async def frozen_for(self, seconds: float) -> None:
        """Callers do not know: they go on sending to it, and in vain."""
        self.busy = True
        self.daemon.signal(signal.SIGSTOP)
        await moment(seconds)
        self.daemon.signal(signal.SIGCONT)
        self.busy = False

    async def end(self) -> None:
        if self._daemon is not None:
            await self._daemon.end()


DATABASE_AWAY = 3
"""Exit code of a daemon that starts while it is."""


class Fleet:
    """Daemons whose leases are short, one for each configuration."""

    def __init__(self, configs: Sequence[Path], client: Client, *, seed: int) -> None:
        self.members = [
            Member(config, config.parent / f"daemon-{number}.log", client)
            for number, config in enumerate(configs)
        ]
        self._dice = random.Random(seed)
        self._tasks: set[asyncio.Task[None]] = set()
        self.blows: Counter[str] = Counter()

    async def start(self) -> None:
        await asyncio.gather(*(member.start() for member in self.members))

    async def trouble(self, calm: asyncio.Event, *, every: float, frozen: float) -> None:
        """Until it is calm: one of those that are well is killed and replaced, or frozen for so many seconds.

        All are well when this returns.
        """
        async with asyncio.TaskGroup() as group:
            while not calm.is_set():
                await moment(every)
                well = [member for member in self.members if not member.busy]
                if not well:
                    self.blows["nobody was left"] += 1
                    continue
                member = self._dice.choice(well)
                if self._dice.random() < KILLED:
                    self.blows["killed"] += 1
                    group.create_task(member.killed_and_replaced())
                else:
                    self.blows["frozen"] += 1
                    group.create_task(member.frozen_for(frozen))

    async def stop(self) -> None:
        """As an operator does; each must end in good order."""
        for member in self.members:
            member.daemon.signal(signal.SIGTERM)
        for member in self.members:
            assert await member.daemon.ended() == 0, member.daemon.last_words()

    async def end(self) -> None:
        """Leave no process behind, however the test ended."""
        for member in self.members:
            await member.end()


KILLED = 0.4
"""Of the blows; the others freeze."""


async def kill_and_restart(server: Server, *, away: float) -> None:
    """The database, as by loss of power; it is back after `away` seconds and the time it takes to start."""
    await asyncio.to_thread(server.kill)
    await moment(away)
    await asyncio.to_thread(server.start)


def configured(file: Path, uri: str, database: str, shop: str) -> Path:
    """Write the configuration of a daemon that carries the orders of order.yaml on; where it is."""
    file.write_text(
        json.dumps(
            {
                "store": {"type": "mongo", "uri": uri, "database": database},
                "machines": [str(Path(__file__).with_name("order.yaml"))],
                "http": {"host": "127.0.0.1", "port": 0},
                "channels": {"shop": {"type": "rest", "url": shop, "timeout": "600ms"}},
            }
        )
    )
    return file
