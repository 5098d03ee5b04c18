"""The line between a process of a daemon and its supervisor: JSON objects, one a line, over a pair of sockets."""

from __future__ import annotations

import asyncio
import json
import socket

from engine.model import Json

LONGEST = 32 * 1024 * 1024
"""Bytes of a line. A machine that is passed on has at most 5 MB, and each sign may take six."""


class Link:
    """One end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> Link:
        """The link over one of a pair of sockets, which it owns from now on."""
        return cls(*await asyncio.open_unix_connection(sock=end, limit=LONGEST))

    def say(self, word: Json) -> None:
        """Send; does not wait, and nobody minds if the other end is gone."""
        if not self._writer.is_closing():
            self._writer.write(json.dumps(word).encode() + b"\n")

    async def hear(self) -> Json | None:
        """The next word; None when the other end is gone."""
        try:
            line = await self._reader.readline()
        except ConnectionError:
            return None
        word: Json | None = json.loads(line) if line.endswith(b"\n") else None
        return word

    def close(self) -> None:
        self._writer.close()
