"""Time and ids that a test owns."""

from __future__ import annotations

from engine.model import Millis

START: Millis = 1_767_258_000_000
"""2026-01-01T09:00:00.000Z, a round moment for histories that people read."""


class FakeClock:
    """Stands still until it is advanced."""

    def __init__(self, now: Millis = START) -> None:
        self._now = now

    def now(self) -> Millis:
        return self._now

    def advance(self, ms: Millis) -> None:
        assert ms >= 0, "time does not go back"
        self._now += ms


class CountingIds:
    """id-0001, id-0002 ...; jitter is what the test says."""

    def __init__(self, prefix: str = "id", jitter: float = 0.0) -> None:
        self._prefix = prefix
        self._jitter = jitter
        self._last = 0

    def new(self) -> str:
        self._last += 1
        return f"{self._prefix}-{self._last:04d}"

    def jitter(self) -> float:
        return self._jitter
