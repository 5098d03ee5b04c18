"""A client as callers should be: gives up nothing that was not acknowledged, and repeats it under the same id."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import aiohttp

from engine.model import Json
from tests.fakes.waiting import wait_until

PATIENCE = 120.0
"""Seconds for one acknowledgement, restarts of the daemon included."""

TRY = aiohttp.ClientTimeout(total=5)
AGAIN = {502, 503, 504}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The daemon's word on a request."""

    status: int
    body: Json


class Client:
    """Speaks to whichever daemon lives at the moment."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._up = asyncio.Event()
        self._url = ""
        self.acknowledged = 0
        self.progress = asyncio.Event()

    def lives_at(self, url: str) -> None:
        self._url = url
        self._up.set()

    def is_dead(self) -> None:
        self._up.clear()

    async def post(self, path: str, body: Json, headers: dict[str, str] | None = None) -> Answered:
        """Send until there is an answer that is not "try again"."""
        return await self._until_answered("POST", path, json=body, headers=headers or {})

    async def get(self, path: str, **params: Any) -> Json:
        answered = await self._until_answered("GET", path, params=params)
        assert answered.status == 200, (path, answered)
        return answered.body

    async def _until_answered(self, method: str, path: str, **request: Any) -> Answered:
        async def once() -> Answered | None:
            await self._up.wait()
            return await self._once(method, path, **request)

        answered = await wait_until(once, within=PATIENCE, what=f"an answer to {method} {path}")
        self.acknowledged += 1
        self.progress.set()
        return answered

    async def _once(self, method: str, path: str, **request: Any) -> Answered | None:
        try:
            async with self._session.request(method, self._url + path, timeout=TRY, **request) as response:
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
