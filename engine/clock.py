"""The only place that reads the clock or makes randomness."""

from __future__ import annotations

import random
import secrets
import time

from engine.model import Millis


class SystemClock:
    """Wall-clock time of this machine, UTC."""

    def now(self) -> Millis:
        return time.time_ns() // 1_000_000


class SystemIds:
    """Ids that sort by the time of their making: 48 bits of milliseconds, 80 of chance, in hex."""

    def new(self) -> str:
        # The kernel's chance, 0.7 us: an id is what lets a customer see a payment, and the next one of `random` can be
        # told from a few hundred before it.
        return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"

    def jitter(self) -> float:
        return random.uniform(-1.0, 1.0)
