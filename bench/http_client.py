"""A lean HTTP/1.1 client: one keep-alive connection, one request at a time, so that the client's own cost is small."""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

HEAD_END = b"\r\n\r\n"


class Connection(asyncio.Protocol):
    """One connection to a daemon on this machine."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, port: int) -> Connection:
        """Connect to 127.0.0.1. Raises OSError."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return connection

    async def request(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Status and body of the answer.

        Raises:
            ConnectionError: The daemon closed the connection.
        """
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("the daemon closed the connection")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(_request(method, path, body))
        return await self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its base class

    def data_received(self, data: bytes) -> None:
        self._received += data
        answer = _parsed(self._received)
        if answer is not None and self._answer is not None and not self._answer.done():
            self._received.clear()
            self._answer.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError("the daemon closed the connection"))


async def json_request(connection: Connection, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """As `request`, with JSON both ways."""
    raw = b"" if body is None else json.dumps(body).encode()
    status, answer = await connection.request(method, path, raw)
    return status, json.loads(answer)


def _request(method: str, path: str, body: bytes) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def _parsed(received: bytearray) -> tuple[int, bytes] | None:
    """The answer, once all of it is there. The daemon always sends Content-Length."""
    end = received.find(HEAD_END)
    if end < 0:
        return None
    head = received[:end].lower()
    at = head.find(b"content-length:")
    length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
    body = received[end + 4 :]
    return (int(head[9:12]), bytes(body)) if len(body) >= length else None
