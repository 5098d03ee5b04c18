"""Group commit: one thread writes; what has queued up meanwhile is committed together.

Knows transactions, threads and futures; knows no table. A job's future resolves only after its own
COMMIT has reached the disk. There is no linger: while one batch is being synced the next one gathers.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import apsw

from adapters.stores.sqlite_rows import StepRows
from adapters.stores.sqlite_steps import write_alone, write_together
from engine.errors import StoreUnavailable

T = TypeVar("T")
Work = Callable[[apsw.Connection], T]

LARGEST_BATCH = 128
"""Jobs in one transaction. Fewer than may wait, so that the loop serves one batch while the next is written."""

OUTAGES = (
    apsw.BusyError,
    apsw.CantOpenError,
    apsw.ConnectionClosedError,
    apsw.CorruptError,
    apsw.FullError,
    apsw.IOError,
    apsw.LockedError,
    apsw.NoMemError,
    apsw.NotADBError,
    apsw.ProtocolError,
    apsw.ReadOnlyError,
)
"""What the disk or another program is to blame for; every other error is the one job's own."""


@dataclass(frozen=True, slots=True)
class _Job:
    """Either a step or other work."""

    future: asyncio.Future[Any]
    step: StepRows | None
    work: Work[Any]


@dataclass(frozen=True, slots=True)
class _Outcome:
    value: Any = None
    error: Exception | None = None


_DONE = _Outcome()


class _HalfDone(Exception):
    """Something failed after something was written: the batch has to be done again, with more care."""


class Writer:
    """The owner of the writing connection. Made in the loop that calls it; works in its own thread.

    Work that raises harms no other work of its batch. A future fails with StoreUnavailable when its batch
    could not be committed: the outcome is unknown then.
    """

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="sagaloom-writer", daemon=True)
        self._thread.start()

    def submit_step(self, step: StepRows) -> asyncio.Future[None]:
        """Queue a step; its future ends when it is durable, or as `write_alone` raises."""
        return self._queued(step, lambda db: write_alone(db, step))

    def submit(self, work: Work[T]) -> asyncio.Future[T]:
        """Queue other work; its future has its answer once that is durable, or its exception."""
        return self._queued(None, work)

    async def close(self) -> None:
        """Finish what was accepted, then close the connection. Safe to call twice."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _queued(self, step: StepRows | None, work: Work[T]) -> asyncio.Future[T]:
        if self._closed:
            raise StoreUnavailable("The store is closed")
        future: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(_Job(future, step, work))
        return future

    def _run(self) -> None:
        goes_on = True
        while goes_on:
            batch, goes_on = self._next_batch()
            if batch:
                self._loop.call_soon_threadsafe(_resolve, batch, self._committed(batch))
        self._db.close()

    def _next_batch(self) -> tuple[list[_Job], bool]:
        """What waits now, at least one job; False when there will be no more."""
        batch: list[_Job] = []
        job = self._queue.get()
        while job is not None:
            batch.append(job)
            if len(batch) == LARGEST_BATCH:
                return batch, True
            try:
                job = self._queue.get_nowait()
            except Empty:
                return batch, True
        return batch, False

    def _committed(self, batch: Sequence[_Job]) -> Sequence[_Outcome]:
        try:
            return self._transaction(batch)
        except Exception as error:
            self._abandon()
            outage = StoreUnavailable(f"The database could not write: {error}")
            outage.__cause__ = error
            return [_Outcome(error=outage)] * len(batch)

    def _transaction(self, batch: Sequence[_Job]) -> Sequence[_Outcome]:
        """Try the fast way first; what fails half way is rolled back and done with more care."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            outcomes = _done_together(self._db, batch)
        except _HalfDone:
            self._db.execute("ROLLBACK; BEGIN IMMEDIATE")
            outcomes = [_done_apart(self._db, job.work) for job in batch]
        self._db.execute("COMMIT")
        return outcomes

    def _abandon(self) -> None:
        """Leave no transaction open: SQLite ends it by itself after some errors, not after all."""
        if self._db.in_transaction:
            with suppress(apsw.Error):
                self._db.execute("ROLLBACK")


def _done_together(db: apsw.Connection, batch: Sequence[_Job]) -> Sequence[_Outcome]:
    steps = [job.step for job in batch if job.step is not None]
    try:
        fitted = write_together(db, steps)
    except OUTAGES:
        raise
    except Exception as error:
        raise _HalfDone from error
    if not fitted:
        raise _HalfDone
    return [_DONE if job.step is not None else _done(db, job.work) for job in batch]


def _done(db: apsw.Connection, work: Work[Any]) -> _Outcome:
    before = db.total_changes()
    try:
        return _Outcome(work(db))
    except OUTAGES:
        raise
    except Exception as error:
        if db.total_changes() != before:
            raise _HalfDone from error
        return _Outcome(error=error)


def _done_apart(db: apsw.Connection, work: Work[Any]) -> _Outcome:
    db.execute("SAVEPOINT job")
    try:
        outcome = _Outcome(work(db))
    except OUTAGES:
        raise
    except Exception as error:
        db.execute("ROLLBACK TO job")
        outcome = _Outcome(error=error)
    db.execute("RELEASE job")
    return outcome


def _resolve(batch: Sequence[_Job], outcomes: Sequence[_Outcome]) -> None:
    for job, outcome in zip(batch, outcomes, strict=True):
        if job.future.done():  # its caller was cancelled
            continue
        if outcome.error is not None:
            job.future.set_exception(outcome.error)
        else:
            job.future.set_result(outcome.value)
