"""A way to Tansu that cuts the connection once, between a message's arrival and its confirmation.

It also lifts InitProducerId from version 0, which is all that aiokafka speaks, to version 3, which is what
Tansu 0.6 takes. That makes idempotent producers testable without a real Kafka.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.fakes.waiting import turn

PRODUCE, INIT_PRODUCER_ID = 0, 22


class Way:
    """Forwards frames of the Kafka protocol; `cuts` confirmations are still to be lost."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.cuts = 0
        self.running: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        asked: dict[int, int] = {}
        both = {
            asyncio.create_task(self._forward(reader, back, asked)),
            asyncio.create_task(self._back(there, writer, asked)),
        }
        self.running |= both
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)
        for end in (writer, back):
            end.close()
            with suppress(OSError):
                await end.wait_closed()
        self.running -= both

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: dict[int, int]
    ) -> None:
        async for frame in _frames(reader):
            kind, _, number = struct.unpack(">hhi", frame[:8])
            asked[number] = kind
            _write(writer, _lifted(frame) if kind == INIT_PRODUCER_ID else frame)

    async def _back(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: dict[int, int]
    ) -> None:
        async for frame in _frames(reader):
            kind = asked.pop(struct.unpack(">i", frame[:4])[0])
            if kind == PRODUCE and self.cuts:
                self.cuts -= 1
                return
            # Version 1 of the response's header has a byte of tags, and version 3 of the body another.
            _write(writer, frame[:4] + frame[5:21] if kind == INIT_PRODUCER_ID else frame)


@asynccontextmanager
async def way_to(port: int, *, at: int) -> AsyncIterator[Way]:
    """Listen on the port `at` and lead to `port`."""
    way = Way(port)
    server = await asyncio.start_server(way.serve, "127.0.0.1", at)
    try:
        yield way
    finally:
        server.close()
        for task in list(way.running):
            task.cancel()
        while way.running:
            await turn()


def _lifted(frame: bytes) -> bytes:
    """The request with the same number and client id, no transaction, and no producer id yet."""
    number, length = struct.unpack(">ih", frame[4:10])
    client = frame[10 : 10 + length]
    head = struct.pack(">hhih", INIT_PRODUCER_ID, 3, number, length) + client + b"\0"
    return head + b"\0" + struct.pack(">iqh", 60_000, -1, -1) + b"\0"


async def _frames(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := await reader.read(4):
        yield await reader.readexactly(struct.unpack(">i", size)[0])


def _write(writer: asyncio.StreamWriter, frame: bytes) -> None:
    writer.write(struct.pack(">i", len(frame)) + frame)
