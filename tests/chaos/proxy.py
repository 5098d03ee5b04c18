"""A way to a server that can be cut, slowed down, closed or silenced: what networks do to connections.

Knows no protocol. What a silenced way was given is not lost but late: it goes on when the silence ends, also when
the one who sent it has given up meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.fakes.waiting import moment

CHUNK = 65_536


class Proxy:
    """Leads from the port `port` to another one on this machine.

    Attributes:
        delay: Seconds that each piece takes, in each direction.
        cuts: Connections that were cut.
    """

    def __init__(self, to: int) -> None:
        self._to = to
        self._flows = asyncio.Event()
        self._flows.set()
        self._open = True
        self._running: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.delay = 0.0
        self.cuts = 0

    def cut(self) -> None:
        """Break every connection, as a router does that forgets them; new ones are taken."""
        self.cuts += len(self._writers) // 2
        for writer in self._writers:
            writer.transport.abort()

    def close(self) -> None:
        """Break every connection, and refuse new ones until `open`."""
        self._open = False
        self.cut()

    def open(self) -> None:
        """Take connections again."""
        self._open = True

    def silence(self) -> None:
        """Let nothing through, in neither direction, and keep every connection, until `speak`."""
        self._flows.clear()

    def speak(self) -> None:
        """Let through what was held back, and all that comes."""
        self._flows.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            await self._lead(reader, writer)
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._running.discard(task)

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._open:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        self._writers |= {writer, back}
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, back))
                both.create_task(self._pump(there, writer))
        finally:
            self._writers -= {writer, back}
            for end in (writer, back):
                end.close()
                with suppress(OSError):
                    await end.wait_closed()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(CHUNK):
                await moment(self.delay)
                await self._flows.wait()
                writer.write(piece)
                await writer.drain()
        writer.close()

    async def end(self) -> None:
        """Break everything off."""
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


@asynccontextmanager
async def proxy_to(port: int, *, at: int = 0) -> AsyncIterator[Proxy]:
    """Listen at the port `at`, any free one for 0, and lead to `port`."""
    proxy = Proxy(port)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", at)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.end()
