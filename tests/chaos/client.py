"""A client as callers should be: gives up nothing that was not acknowledged, and repeats it under the same id."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from engine.model import Json
from tests.fakes.waiting import wait_until

PATIENCE = 120.0
"""Seconds for one acknowledgement, restarts of the daemon included."""

AGAIN = {502, 503, 504}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The daemon's word on a request."""

    status: int
    body: Json


class Client:
    """Speaks to whichever daemons live at the moment, to one after the other; a try takes `patience` seconds."""

    def __init__(self, session: aiohttp.ClientSession, *, patience: float = 5.0) -> None:
        self._session = session
        self._timeout = aiohttp.ClientTimeout(total=patience)
        self._up = asyncio.Event()
        self._urls: deque[str] = deque()
        self.acknowledged = 0
        self.progress = asyncio.Event()

    def lives_at(self, url: str) -> None:
        self._urls.append(url)
        self._up.set()

    def is_dead(self, url: str) -> None:
        if url in self._urls:
            self._urls.remove(url)
        if not self._urls:
            self._up.clear()

    async def post(self, path: str, body: Json, headers: dict[str, str] | None = None) -> Answered:
        """Send until there is an answer that is not "try again"."""
        return await self._until_answered("POST", path, json=body, headers=headers or {})

    async def send(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        """A body as it is, signed over its bytes."""
        return await self._until_answered("POST", path, data=body, headers=headers)

    async def get(self, path: str, **params: Any) -> Json:
        answered = await self._until_answered("GET", path, params=params)
        assert answered.status == 200, (path, answered)
        return answered.body

    async def status(self, path: str) -> int:
        """What one GET is answered with now; 0 for no answer."""
        try:
            async with self._session.get(self._urls[0] + path, timeout=self._timeout) as response:
                return response.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0

    async def _until_answered(self, method: str, path: str, **request: Any) -> Answered:
        async def once() -> Answered | None:
            await self._up.wait()
            return await self._once(method, path, **request)

        answered = await wait_until(once, within=PATIENCE, what=f"an answer to {method} {path}")
        self.acknowledged += 1
        self.progress.set()
        return answered

    async def _once(self, method: str, path: str, **request: Any) -> Answered | None:
        self._urls.rotate()
        try:
            async with self._session.request(
                method, self._urls[0] + path, timeout=self._timeout, **request
            ) as response:
                if response.status in AGAIN:
                    return None
                return Answered(status=response.status, body=await response.json(content_type=None))
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None

    async def more(self, acknowledgements: int) -> None:
        """Come back when that many more requests were answered."""
        end = self.acknowledged + acknowledgements
        while self.acknowledged < end:
            self.progress.clear()
            await self.progress.wait()
