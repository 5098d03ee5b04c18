"""Interventions on many sagas that run in the background, with what became of each: kept as records, kind `bulk_runs`.

A run is known by the id that its form carries: a form that is sent twice begins one run. A daemon that stops leaves
a run where it is; what was done is done, and beginning anew is safe.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import structlog

from engine.assembly import Engine
from engine.bulk import Order, Report
from engine.errors import EngineError, RecordExists
from engine.model import Json, Millis
from engine.records import Record
from hub.access.roles import Actor
from hub.audit import Audit
from web.cursors import cursor_for

RUNS = "bulk_runs"
CHUNK = 25
"""Sagas between two looks at the progress."""

QUIET: Millis = 60_000
"""A run of which nothing was heard for so long stands still: its daemon stopped."""

_log = structlog.get_logger("sagaloom.console")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asked for. `said` is the form, for the page that shows the run."""

    id: str
    deed: str
    order: Order
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How far a run is.

    Attributes:
        status: running, done, or failed (the store did not answer; `problem` says it).
        rows: What became of each saga: id, from, to and note, or code and detail.
        next: The cursor behind the last saga, if there are more than the limit.
    """

    id: str
    begun: Millis
    deed: str
    actor: str
    reason: str
    said: Mapping[str, Any]
    limit: int
    status: str
    heard: Millis
    rows: tuple[Json, ...]
    next: str | None
    problem: str

    @property
    def done(self) -> int:
        return sum("code" not in row for row in self.rows)

    @property
    def failed(self) -> int:
        return len(self.rows) - self.done


class BulkRuns:
    """Begins runs and tells how far they are; any daemon on the store can tell."""

    def __init__(self, engine: Engine, audit: Audit) -> None:
        self._engine = engine
        self._records = engine.store.records
        self._audit = audit
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, asked: Asked, actor: Actor) -> None:
        """Begin it, unless it was begun before. Raises StoreUnavailable."""
        order, now = asked.order, self._engine.clock.now()
        body: Json = {
            "deed": asked.deed,
            "actor": order.actor,
            "reason": order.reason,
            "said": dict(asked.said),
            "limit": order.query.limit,
            "status": "running",
            "heard": now,
            "rows": [],
            "next": None,
            "problem": "",
        }
        try:
            await self._records.insert(Record(kind=RUNS, id=asked.id, at=now, body=body))
        except RecordExists:
            return
        task = asyncio.create_task(self._run(asked, actor))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def find(self, id_: str) -> Run | None:
        """None if there is no such run."""
        record = await self._records.get(RUNS, id_)
        if record is None:
            return None
        body = dict(record.body) | {"rows": tuple(record.body["rows"])}
        if body["status"] == "running" and self._engine.clock.now() - body["heard"] > QUIET:
            body["status"] = "stopped"
        return Run(id=record.id, begun=record.at, **body)

    async def stop(self) -> None:
        """Leave the runs where they are."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, asked: Asked, actor: Actor) -> None:
        """What goes wrong ends in the log and, if the store takes it, in the run."""
        try:
            await self._through(asked)
            await self._note(asked, actor)
        except EngineError as error:
            _log.error("a bulk run ended early", run=asked.id, code=error.code)
            with suppress(EngineError):
                await self._tell(asked.id, [], status="failed", problem=str(error))
                await self._note(asked, actor)

    async def _through(self, asked: Asked) -> None:
        """Chunk by chunk, newest saga first."""
        query, left, ended = asked.order.query, asked.order.query.limit, False
        while not ended:
            query = replace(query, limit=min(CHUNK, left))
            report = await self._engine.bulk.do(replace(asked.order, query=query))
            left -= report.matched
            ended = not report.more or left <= 0
            after = cursor_for(report.after) if report.after and ended else None
            status = "done" if ended else "running"
            await self._tell(asked.id, rows_of(report), next=after, status=status)
            query = replace(query, after=report.after)

    async def _tell(self, id_: str, rows: list[Json], **news: Any) -> None:
        record = await self._records.get(RUNS, id_)
        if record is not None:
            heard = {"rows": [*record.body["rows"], *rows], "heard": self._engine.clock.now()}
            await self._records.replace(replace(record, body={**record.body, **heard, **news}))

    async def _note(self, asked: Asked, actor: Actor) -> None:
        run = await self.find(asked.id)
        after = {"done": run.done, "failed": run.failed} if run else {}
        said = {name: value for name, value in asked.said.items() if name != "payload"}
        target, reason = f"bulk run {asked.id}", asked.order.reason
        await self._audit.note(actor, f"bulk.{asked.deed}", target, reason=reason, before=said, after=after)


def rows_of(report: Report) -> list[Json]:
    """A line for each saga: those that could not be done first."""
    failed = [{"id": one.saga_id, "code": one.code, "detail": one.detail} for one in report.failed]
    done = [{"id": o.saga_id, "from": o.source, "to": o.state, "note": o.note or ""} for o in report.done]
    return [*failed, *done]
