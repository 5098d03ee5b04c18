"""One lock a saga, for as long as somebody holds or wants it."""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType

Queue = deque[asyncio.Future[None]]


class KeyedLocks:
    """Serialises work on the same key within this process; different keys do not meet.

    A free lock costs a dictionary entry and no wait: there are two on the way of every event.
    """

    def __init__(self) -> None:
        self._held: dict[str, Queue] = {}

    def hold(self, key: str) -> Hold:
        """A context manager: wait for the key's turn, first come first served."""
        return Hold(self._held, key)


class Hold:
    """One holder of one key."""

    __slots__ = ("_held", "_key")

    def __init__(self, held: dict[str, Queue], key: str) -> None:
        self._held = held
        self._key = key

    async def __aenter__(self) -> None:
        waiting = self._held.get(self._key)
        if waiting is None:
            self._held[self._key] = deque()
            return
        turn = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was our turn already: pass it on
                self._pass_on()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        waiting = self._held[self._key]
        while waiting:
            turn = waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        del self._held[self._key]
