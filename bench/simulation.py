"""The ground of the simulations: processes that wait for simulated milliseconds, and how long a database takes.

Discrete events, no clock and no I/O: the same seed gives the same run.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Generator
from itertools import count

READ, WRITE, SPREAD = 1.0, 4.0, 0.25
"""How long they take, in milliseconds, and by which part more or less."""

Waits = Generator[float, None, None]
"""A process: yields for how many ms it waits."""


class Kernel:
    """Runs processes in the order of their moments."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.now = 0.0
        self._heap: list[tuple[float, int, Waits]] = []
        self._numbers = count()

    def start(self, process: Waits, after: float = 0.0) -> None:
        heapq.heappush(self._heap, (self.now + after, next(self._numbers), process))

    def run(self, until: float) -> None:
        while self._heap and self._heap[0][0] <= until:
            self.now, _, process = heapq.heappop(self._heap)
            try:
                self.start(process, next(process))
            except StopIteration:
                continue

    def takes(self, milliseconds: float) -> float:
        return milliseconds * (1 + self.dice.uniform(-SPREAD, SPREAD))
