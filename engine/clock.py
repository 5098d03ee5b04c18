"""The only place that reads the clock or makes randomness."""

from __future__ import annotations

import random
import time

from engine.model import Millis


class SystemClock:
    """Wall-clock time of this machine, UTC."""

    def now(self) -> Millis:
        return time.time_ns() // 1_000_000


class SystemIds:
    """Ids that sort by the time of their making: 48 bits of milliseconds, 80 of chance, in hex."""

    def new(self) -> str:
        # Not uuid4: it asks the kernel each time. The generator is seeded by the kernel, and anew after a fork.
        return f"{time.time_ns() // 1_000_000:012x}{random.getrandbits(80):020x}"

    def jitter(self) -> float:
        return random.uniform(-1.0, 1.0)
