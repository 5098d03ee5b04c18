"""What the engine tells its operator: structured log lines with names and ids, never a payload.

The only module of the engine that imports structlog.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence

import structlog

from engine.errors import EngineError, Invalid
from engine.model import Entry


class Reporter:
    """Writes log lines; safe to call from the event loop only."""

    def __init__(self) -> None:
        self._log = structlog.get_logger("sagaloom")

    def later(self, entry: Entry, reason: str) -> None:
        """A try did not succeed and will be repeated."""
        self._log.info("entry.later", **_about(entry), reason=reason)

    def parked(self, entry: Entry, reason: str) -> None:
        """An entry waits for a person from now on."""
        self._log.warning("entry.parked", **_about(entry), reason=reason)

    def bug(self, entry: Entry, error: Exception) -> None:
        """An adapter raised. Where, but not what: the text of an error may hold data."""
        frames = traceback.extract_tb(error.__traceback__)
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        self._log.error("entry.bug", **_about(entry), error=type(error).__name__, places=places)

    def lease_lost(self, entry: Entry) -> None:
        """Somebody else has the entry now; nothing is lost."""
        self._log.info("entry.lease_lost", **_about(entry))

    def reloaded(self, machines: Sequence[str]) -> None:
        """Machines were deployed while the daemon runs; these are new or changed."""
        self._log.info("machines.reloaded", machines=list(machines))

    def not_reloaded(self, error: EngineError) -> None:
        """The machine files are wrong, or the store is away: what ran before runs on."""
        findings = error.findings if isinstance(error, Invalid) else ()
        places = [f"{one.file}:{one.line}:{one.column} {one.code}: {one.message}" for one in findings]
        self._log.error("machines.not_reloaded", code=error.code, detail=str(error), findings=places)

    def store_away(self, error: EngineError) -> None:
        """The store did not answer; what was in hand is done again when its lease ends."""
        self._log.error("store.away", code=error.code)

    def job_started(self, job: str, period: str, saga_id: str) -> None:
        """This daemon started the saga of a job's period."""
        self._log.info("job.started", job=job, period=period, saga=saga_id)

    def job_waits(self, job: str, error: EngineError) -> None:
        """Whether the saga was started is not known; the next tick asks again."""
        self._log.warning("job.waits", job=job, code=error.code)

    def job_refused(self, job: str, period: str, error: EngineError) -> None:
        """The saga of a period cannot be started; the next period is tried as if nothing had been."""
        self._log.error("job.refused", job=job, period=period, code=error.code)

    def job_has_key(self, job: str, period: str, saga_id: str) -> None:
        """Another saga has the key that the job's metadata give: nothing was started."""
        self._log.error("job.refused", job=job, period=period, code="key-taken", saga=saga_id)


def _about(entry: Entry) -> dict[str, object]:
    return {
        "saga": entry.saga_id,
        "entry": entry.id,
        "kind": entry.kind,
        "name": entry.name,
        "channel": entry.channel,
        "attempts": entry.attempts,
    }
