"""Sends the sandbox's callbacks over HTTP as a provider would: later, twice, in the wrong order, and again when
nobody took them. Owns its tasks and its connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from engine.ports import Clock
from providers.http import Http
from providers.sandbox_callbacks import Letter, signed

_TRIES = 5
_GROWTH = 2

Prepare = Callable[[], Letter]
"""Makes the letter when its time has come; what it tells is entered in the books then."""


class Sender:
    """Callbacks under way. Those that are not sent when the process ends are lost, as with many a provider."""

    def __init__(self, clock: Clock, key: bytes, delay: float) -> None:
        self._clock = clock
        self._key = key
        self._delay = delay
        self._http = Http(timeout=10.0)
        self._under_way: set[asyncio.Task[None]] = set()

    def send_later(self, url: str, after: int, prepare: Prepare) -> None:
        """POST to `url` in `after` times the delay."""
        task = asyncio.get_running_loop().create_task(self._send(url, after * self._delay, prepare))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def close(self) -> None:
        for task in list(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._http.close()

    async def _send(self, url: str, seconds: float, prepare: Prepare) -> None:
        await _pause(seconds)
        letter = prepare()
        for number in range(_TRIES):
            headers = signed(letter, self._key, self._clock.now())
            answer = await self._http.request("POST", url, headers=headers, body=letter.body)
            if 200 <= getattr(answer, "status", 0) < 300:
                return
            await _pause(self._delay * _GROWTH**number)


async def _pause(seconds: float) -> None:
    """Let `seconds` of the loop's own time pass: this is the outside world, which no clock of ours moves."""
    passed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(seconds, _done, passed)
    await passed


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
