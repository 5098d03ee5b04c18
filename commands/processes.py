"""The processes of a daemon as their supervisor sees them: started, ready or not, ended. Knows no strategy."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress

from commands.daemon import Order
from commands.link import Link
from commands.member import Place, command_of
from engine.model import Json

Heard = Callable[["Process", Json], None]


class Address:
    """The port that all processes share. It stays ours while none of them listens."""

    def __init__(self, host: str, port: int) -> None:
        """Raises OSError: Somebody listens there, or it is no address of this machine."""
        self._host = host
        for one in _bound(host, port, share=False):
            one.close()
        self._kept = _bound(host, port, share=True)
        self.port: int = self._kept[0].getsockname()[1]

    def sockets(self) -> list[socket.socket]:
        """Bound, not listening yet; the kernel spreads connections over those that listen."""
        return _bound(self._host, self.port, share=True)

    def close(self) -> None:
        for one in self._kept:
            one.close()


def _bound(host: str, port: int, *, share: bool) -> list[socket.socket]:
    found: list[socket.socket] = []
    for family, kind, protocol, _, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    ):
        one = socket.socket(family, kind, protocol)
        found.append(one)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if share:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            one.bind((address[0], port, *address[2:]))
        except OSError as error:
            for each in found:
                each.close()
            what = f"cannot listen on {host}:{port}: {str(error.strerror).lower()}"
            raise OSError(error.errno, what) from None
        port = one.getsockname()[1]  # where any was asked for, the other families take the same
    return found


class Process:
    """One process, from its start to its end. `code` is what it ended with, negative for a signal."""

    def __init__(self, number: int, process: asyncio.subprocess.Process, link: Link, heard: Heard) -> None:
        self.number = number
        self.since = asyncio.get_running_loop().time()
        self.machines: Sequence[str] | None = None
        self.code: int | None = None
        self._process = process
        self._link = link
        self._heard = heard
        self._came = asyncio.Event()
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._watch())]

    @classmethod
    async def start(
        cls, number: int, order: Order, sockets: Sequence[socket.socket], heard: Heard
    ) -> Process:
        """Start it; comes back at once."""
        ours, theirs = socket.socketpair()
        files = [one.fileno() for one in sockets]
        place = Place(number=number, order=order, sockets=tuple(files), line=theirs.fileno())
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *command_of(place), pass_fds=[*files, theirs.fileno()], stdin=asyncio.subprocess.DEVNULL
            )
        return cls(number, process, await Link.over(ours), heard)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ready(self) -> bool:
        """It takes requests, as far as is known."""
        return self.machines is not None and self.code is None

    async def settled(self) -> bool:
        """Whether it has become ready; False: it ended before."""
        await self._came.wait()
        return self.ready

    async def ended(self, within: float | None = None) -> int:
        """Its exit code. Raises TimeoutError: it did not end in so many seconds."""
        async with asyncio.timeout(within):
            await asyncio.shield(self._tasks[1])
        assert self.code is not None
        return self.code

    def signal(self, what: signal.Signals) -> None:
        if self.code is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, what)

    def say(self, word: Json) -> None:
        self._link.say(word)

    async def _watch(self) -> None:
        self.code = await self._process.wait()
        self._came.set()
        self._link.close()

    async def _listen(self) -> None:
        while (word := await self._link.hear()) is not None:
            if "ready" in word:
                self.machines = word["ready"]
                self._came.set()
            self._heard(self, word)
