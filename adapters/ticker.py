"""The daemon's heartbeat: calls a job every so many milliseconds. The home of APScheduler.

Holds no due times: those live in the store. Its own job store is memory and never shared.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from engine.model import Millis


class Ticker:
    """Runs jobs on the event loop it was started on; a job never overlaps with itself."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(timezone="UTC")

    def every(self, interval: Millis, job: Callable[[], Awaitable[object]]) -> None:
        """Call `job` each `interval` ms; a turn that is missed because the last one took long is left out."""
        self._scheduler.add_job(
            job, "interval", seconds=interval / 1000, max_instances=1, coalesce=True, misfire_grace_time=None
        )

    def start(self) -> None:
        """Begin; call it on the running loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """Call nothing any more. Safe to call twice."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
