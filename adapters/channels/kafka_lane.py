"""One partition at work: in order for each key, several keys at once, and how far it has come.

Knows no broker: records come in by `put`, `reached` tells the offset that may be committed. One lane
lives from a partition's assignment to its end; used by kafka_session.py only.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from adapters.channels.kafka_wire import Arrival

Work = Callable[[Arrival], Awaitable[None]]


@dataclass(slots=True)
class _Item:
    arrival: Arrival
    done: bool = False


class Lane:
    """Works its records off; `work` must not raise.

    Attributes:
        committed: The offset that was committed last; the owner of the lane keeps it.
    """

    def __init__(self, work: Work, moved: Callable[[], None]) -> None:
        self._work = work
        self._moved = moved
        self._order: deque[_Item] = deque()
        self._waiting: dict[bytes, deque[_Item]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = True
        self._reached: int | None = None
        self.committed: int | None = None

    @property
    def in_hand(self) -> int:
        """Records that would come again if this process ended now."""
        return len(self._order)

    @property
    def reached(self) -> int | None:
        """The offset after the last record that is done together with all before it. None: none yet.

        Offsets may have gaps (compaction, transactions), so they are not counted.
        """
        return self._reached

    def put(self, arrival: Arrival) -> None:
        """Take a record; the records of a key are worked off in the order they came."""
        item, key = _Item(arrival), arrival.key or b""
        self._order.append(item)
        if key in self._waiting:
            self._waiting[key].append(item)
            return
        self._waiting[key] = deque([item])
        task = asyncio.get_running_loop().create_task(self._follow(key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end(self, within: float) -> None:
        """Begin nothing more, give what is begun `within` seconds, and abandon the rest."""
        self._open = False
        left = list(self._tasks)
        if left:
            _, late = await asyncio.wait(left, timeout=within)
            for task in late:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _follow(self, key: bytes) -> None:
        waiting = self._waiting[key]
        while waiting and self._open:
            item = waiting.popleft()
            await self._work(item.arrival)
            item.done = True
            self._advance()
        del self._waiting[key]

    def _advance(self) -> None:
        while self._order and self._order[0].done:
            self._reached = self._order.popleft().arrival.offset + 1
        self._moved()
