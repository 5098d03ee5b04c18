"""Sagas that the calendar starts: of each job one a period, however many daemons look at the same calendar.

The saga's id is made from the job and the period, so the store decides: the first daemon creates it, and the others
find it there. Nothing else is kept about a job.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from engine.config import JobConfig
from engine.errors import EngineError, SagaExists, Stale, Unavailable
from engine.model import Millis
from engine.ports import Calendar, Clock
from engine.reporting import Reporter
from engine.runner import Runner


@dataclass(slots=True)
class _Job:
    """`next`: the first moment that is not over yet."""

    name: str
    config: JobConfig
    calendar: Calendar
    next: Millis | None


class Jobs:
    """The jobs of one daemon. `tick` is called by its heartbeat."""

    def __init__(
        self,
        jobs: Mapping[str, tuple[JobConfig, Calendar]],
        *,
        runner: Runner,
        clock: Clock,
        report: Reporter,
    ) -> None:
        self._runner = runner
        self._clock = clock
        self._report = report
        now = clock.now()
        self._jobs = [_job(name, config, calendar, now) for name, (config, calendar) in jobs.items()]

    async def tick(self) -> None:
        """Start what is due. Of the moments that passed since the last look, the latest only."""
        for job in self._jobs:
            now = self._clock.now()
            if job.next is not None and job.next <= now:
                await self._begin(job, latest(job.calendar, job.next, now))

    async def _begin(self, job: _Job, moment: Millis) -> None:
        try:
            await self._start(job, moment)
        except (Stale, Unavailable) as error:
            self._report.job_waits(job.name, error)  # the next tick tries again
            return
        except EngineError as error:
            self._report.job_refused(job.name, period_of(moment), error)
        job.next = job.calendar.next(moment)

    async def _start(self, job: _Job, moment: Millis) -> None:
        """Raises as `Runner.start` does, but for a saga that somebody else has started."""
        saga_id, period = saga_id_of(job.name, moment), period_of(moment)
        try:
            started = await self._runner.start(
                job.config.machine,
                metadata={**job.config.metadata, "job": {"name": job.name, "period": period}},
                entity_id=job.config.entity_id,
                saga_id=saga_id,
                actor=f"job {job.name}",
            )
        except SagaExists:  # the machine rejects duplicates
            return
        if started.saga.saga_id != saga_id:
            self._report.job_has_key(job.name, period, started.saga.saga_id)
        elif not started.existed:
            self._report.job_started(job.name, period, saga_id)


def saga_id_of(job: str, moment: Millis) -> str:
    """The id of the saga that a job starts at a moment: the same from every daemon."""
    return f"job-{job}-{datetime.fromtimestamp(moment / 1000, UTC):%Y%m%dT%H%MZ}"


def period_of(moment: Millis) -> str:
    """The moment as sagas and logs have it."""
    return f"{datetime.fromtimestamp(moment / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def latest(calendar: Calendar, first: Millis, now: Millis) -> Millis:
    """The last moment up to `now`; `first` is one. Halves what is left, so a year of minutes costs twenty looks."""
    found, end = first, now
    while (following := calendar.next(found)) is not None and following <= end:
        middle = (following + end) // 2
        beyond = calendar.next(middle)
        if beyond is not None and beyond <= end:
            found = beyond
        else:
            found, end = following, middle
    return found


def _job(name: str, config: JobConfig, calendar: Calendar, now: Millis) -> _Job:
    return _Job(name, config, calendar, calendar.next(now - config.catch_up))
