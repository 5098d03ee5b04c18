"""Slows down those who guess: after some failures in a row, a name and an address have to wait.

Each daemon counts for itself, in memory.
"""

from __future__ import annotations

from collections import OrderedDict

from engine.model import Millis
from engine.ports import Clock

FREE = 5
"""Failures without a wait: people mistype."""

FIRST_WAIT: Millis = 2_000
LONGEST_WAIT: Millis = 15 * 60_000
FORGOTTEN: Millis = 3_600_000
"""After so long without a failure the count begins anew: behind one address there may be an office."""

_MOST = 10_000


class Throttle:
    """Failures by what was tried: a name, an address."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, Millis]] = OrderedDict()

    def wait(self, *tried: str) -> Millis:
        """How long nothing may be tried with any of these; 0: now."""
        now = self._clock.now()
        return max((until - now for key in tried if (until := self._until(key)) > now), default=0)

    def failed(self, *tried: str) -> None:
        """Count one failure for each."""
        now = self._clock.now()
        for key in tried:
            before, until = self._failures.pop(key, (0, 0))
            count = 1 if until + FORGOTTEN < now else before + 1
            wait = 0 if count < FREE else min(FIRST_WAIT << min(count - FREE, 20), LONGEST_WAIT)
            self._failures[key] = (count, now + wait)
        while len(self._failures) > _MOST:
            self._failures.popitem(last=False)

    def forgiven(self, *tried: str) -> None:
        """Take one failure of each back: it turned out to be none."""
        for key in tried:
            count, _ = self._failures.pop(key, (0, 0))
            if count > 1:
                self._failures[key] = (count - 1, self._clock.now())

    def succeeded(self, *tried: str) -> None:
        """Forget the failures of each."""
        for key in tried:
            self._failures.pop(key, None)

    def _until(self, key: str) -> Millis:
        return self._failures.get(key, (0, 0))[1]
