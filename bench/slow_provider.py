"""A provider on a loopback port: answers a payment in Stripe's words after a time, half to one and a half of what it
is given, and knows how long it took.

`python -m bench.slow_provider SECONDS` prints its port. `GET /times` answers {idempotency key: seconds}: the
provider's own time, to be taken off the whole. Standard library only.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import sys
import time

TIMES: dict[str, float] = {}
NUMBERS = itertools.count()
DICE = random.Random(1)  # the same times in every run


async def serve(seconds: float) -> None:
    """Serve until the process is ended."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            began = time.perf_counter()
            lines = head.decode("latin-1").split("\r\n")
            fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
            await reader.readexactly(int(fields.get("content-length", "0")))
            if lines[0].startswith("GET /times"):
                body = json.dumps(TIMES).encode()
            else:
                body = _intent(next(NUMBERS))
                await asyncio.sleep(seconds * (0.5 + DICE.random()))
                TIMES[_key(lines)] = time.perf_counter() - began
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
            )
            writer.write(body)
        writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def _intent(number: int) -> bytes:
    return b'{"id": "pi_%014d", "object": "payment_intent", "status": "succeeded"}' % number


def _key(lines: list[str]) -> str:
    return next(line[17:] for line in lines if line.lower().startswith("idempotency-key: "))


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
