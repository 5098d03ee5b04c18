"""Refunds of many payments at once: a durable job with what became of each, carried on after a restart.

Each payment is an order of its own (hub/refund_orders.py), so doing one twice, or on two daemons, refunds nothing
twice. Ordered and watched in the backoffice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Protocol

import structlog

from engine.errors import EngineError, RecordExists, SagaNotFound, Stale, Unavailable
from engine.model import Millis
from engine.ports import Clock, Store
from engine.records import Record
from engine.runner import Runner
from hub.access.roles import Actor
from hub.audit import Audit
from hub.refund_orders import RefundOrder, order_refund
from hub.views.rows import PaymentRow

KIND = "bulk-refunds"
MOST = 500
"""Payments of one job."""

ABANDONED: Millis = 30_000
"""A daemon that works on a job writes more often than this."""

_SAVES = 50
"""A job is written so often at most: what lies between is done again after a crash, and then told as repeated."""

_log = structlog.get_logger("sagaloom.hub")


class Running(Protocol):
    """What of an engine the jobs need."""

    @property
    def store(self) -> Store: ...

    @property
    def runner(self) -> Runner: ...

    @property
    def clock(self) -> Clock: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A payment of the job. `result`: "" as long as it is not done, a Verdict, "gone" or "refused" (`said` why)."""

    saga_id: str
    transaction: str
    amount: int
    currency: str
    seen: int
    result: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkRefund:
    """A job as it is in the store."""

    id: str
    at: Millis
    actor: str
    reason: str
    items: tuple[Item, ...]

    @property
    def size(self) -> int:
        """How many payments there are."""
        return len(self.items)

    @property
    def done(self) -> int:
        """How many payments have a result."""
        return sum(1 for item in self.items if item.result)

    @property
    def is_open(self) -> bool:
        """Whether there is something to do yet."""
        return self.done < self.size

    def count(self, *results: str) -> int:
        """How many payments have one of these results."""
        return sum(1 for item in self.items if item.result in results)


class BulkRefunds:
    """One a daemon. Every method may raise StoreUnavailable."""

    def __init__(self, engine: Running, audit: Audit) -> None:
        self._engine = engine
        self._records = engine.store.records
        self._audit = audit
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._later: set[asyncio.TimerHandle] = set()

    async def start(self) -> None:
        """Carry on with what was left open."""
        with suppress(Unavailable):
            await self.adopt(everything=True)

    async def stop(self) -> None:
        """Safe to call twice. What is cut off is done at the next start."""
        for again in self._later:
            again.cancel()
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def order(self, id_: str, items: Sequence[Item], actor: Actor, reason: str) -> BulkRefund:
        """Keep the job and begin; it goes on when this returns. Safe to repeat with the same id."""
        job = BulkRefund(
            id=id_, at=self._engine.clock.now(), actor=actor.name, reason=reason, items=tuple(items)
        )
        try:
            await self._records.insert(_record(job, self._engine.clock.now()))
        except RecordExists:
            return await self.find(id_) or job
        self._begin(id_)
        return job

    async def find(self, id_: str) -> BulkRefund | None:
        """The job; one whose daemon is gone is carried on by this one."""
        record = await self._records.get(KIND, id_)
        if record is None:
            return None
        if record.tags["state"] == "open" and self._is_abandoned(record):
            self._begin(id_)
        return _job(record)

    async def newest(
        self, *, after: tuple[Millis, str] | None = None, limit: int = 20
    ) -> Sequence[BulkRefund]:
        """Jobs, newest first."""
        found = await self._records.find(KIND, after=after, newest=True, limit=limit)
        return [_job(record) for record in found]

    async def adopt(self, *, everything: bool = False) -> None:
        """Carry on with open jobs that no daemon works on, or with all."""
        for record in await self._records.find(KIND, tags={"state": "open"}, limit=100):
            if everything or self._is_abandoned(record):
                self._begin(record.id)

    async def settled(self) -> None:
        """Returns when this daemon has no job in hand."""
        while self._tasks:
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _is_abandoned(self, record: Record) -> bool:
        return not 0 <= self._engine.clock.now() - int(record.body["touched"]) < ABANDONED

    def _begin(self, id_: str) -> None:
        if id_ in self._tasks:
            return
        task = asyncio.get_running_loop().create_task(self._carry_on(id_))
        self._tasks[id_] = task
        task.add_done_callback(lambda _: self._tasks.pop(id_, None))

    async def _carry_on(self, id_: str) -> None:
        try:
            record = await self._records.get(KIND, id_)
            if record is not None:
                await self._work(record)
        except (Unavailable, Stale) as error:  # the store is away, or another daemon does it
            _log.info("bulk refund put off", job=id_, why=error.code)
            loop = asyncio.get_running_loop()
            self._later.add(loop.call_later(ABANDONED / 1000, self._begin, id_))

    async def _work(self, record: Record) -> None:
        job = _job(record)
        items, unsaved = list(job.items), 0
        every = max(1, len(items) // _SAVES)
        for place, item in enumerate(items):
            if item.result:
                continue
            items[place] = await self._refund(job, item)
            unsaved += 1
            if unsaved >= every or place == len(items) - 1:
                job, unsaved = replace(job, items=tuple(items)), 0
                written = replace(_record(job, self._engine.clock.now()), version=record.version)
                record = await self._records.replace(written)

    async def _refund(self, job: BulkRefund, item: Item) -> Item:
        order = RefundOrder(
            saga_id=item.saga_id,
            amount=item.amount,
            reason=job.reason,
            actor=job.actor,
            seen=item.seen,
            order=job.id,
        )
        try:
            verdict = await order_refund(self._engine, order)
        except SagaNotFound:
            return replace(item, result="gone")
        except (Unavailable, Stale):
            raise
        except EngineError as error:
            return replace(item, result="refused", said=str(error))
        if verdict == "accepted":
            await self._note(job, item)
        return replace(item, result="accepted" if verdict == "repeated" else verdict)

    async def _note(self, job: BulkRefund, item: Item) -> None:
        await self._audit.note(
            Actor(name=job.actor, role="operator", how="session"),
            "payment.refund",
            f"saga {item.saga_id}",
            reason=job.reason,
            after={"asked": item.amount, "currency": item.currency, "bulk": job.id},
        )


def _record(job: BulkRefund, now: Millis) -> Record:
    body = {
        "actor": job.actor,
        "reason": job.reason,
        "touched": now,
        "items": [asdict(item) for item in job.items],
    }
    tags = {"state": "open" if job.is_open else "done"}
    return Record(kind=KIND, id=job.id, at=job.at, tags=tags, body=body)


def _job(record: Record) -> BulkRefund:
    body = record.body
    items = tuple(Item(**item) for item in body["items"])
    return BulkRefund(id=record.id, at=record.at, actor=body["actor"], reason=body["reason"], items=items)


def items_of(rows: Sequence[PaymentRow], seen: Sequence[int]) -> list[Item]:
    """A total refund of each payment; `seen` as `last_refund` answers it."""
    return [
        Item(
            saga_id=row.saga_id,
            transaction=row.shop_transaction_id,
            amount=row.remaining,
            currency=row.currency,
            seen=last,
        )
        for row, last in zip(rows, seen, strict=True)
    ]
