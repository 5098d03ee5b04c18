"""The same intervention on many sagas: those that a filter finds, page by page, a few at a time.

Each saga is a step of its own, durable and with actor and reason; one that cannot is told and left as it
is. So a bulk may be broken off and repeated: what was done no longer matches, or is refused.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from engine.errors import EngineError
from engine.model import Millis, Query, Saga
from engine.ports import Store
from engine.runner import Intervention, Runner

AT_ONCE = 16
"""Sagas in hand at once: enough for their commits to share a write, few enough to let events pass."""

PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be done.

    Attributes:
        query: Which sagas; `limit` is how many at most, `after` where an earlier order ended.
        dry: Say what would happen, and do nothing.
    """

    query: Query
    decide: Intervention
    actor: str
    reason: str
    dry: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A saga that it was done to (or would be): its states before and after, and what the history says."""

    saga_id: str
    source: str
    state: str
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A saga that it could not be done to, and why."""

    saga_id: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of an order.

    Attributes:
        reasons: (code, detail without the saga's id) -> how many failed for it.
        more: There are more sagas than the limit; `after` is where to go on.
    """

    done: tuple[Moved, ...]
    failed: tuple[Failure, ...]
    more: bool
    after: tuple[Millis, str] | None

    @property
    def matched(self) -> int:
        return len(self.done) + len(self.failed)

    @property
    def reasons(self) -> list[tuple[str, str, int]]:
        counted = Counter((one.code, one.detail.replace(one.saga_id, "ID")) for one in self.failed)
        return [(code, detail, sagas) for (code, detail), sagas in counted.most_common()]


class Bulk:
    """Does orders; any number may be under way."""

    def __init__(self, store: Store, runner: Runner) -> None:
        self._store = store
        self._runner = runner

    async def do(self, order: Order) -> Report:
        """Do the order to at most `order.query.limit` sagas.

        Raises:
            StoreUnavailable: The list could not be read; repeating is safe.
        """
        results: list[Moved | Failure] = []
        last: Saga | None = None
        async for page in self._pages(order.query):
            for start in range(0, len(page), AT_ONCE):
                results += await asyncio.gather(*(self._one(order, s) for s in page[start : start + AT_ONCE]))
            last = page[-1]
        after = (last.created_at, last.saga_id) if last is not None else None
        more = len(results) == order.query.limit and await self._has_more(order.query, after)
        return Report(
            done=tuple(one for one in results if isinstance(one, Moved)),
            failed=tuple(one for one in results if isinstance(one, Failure)),
            more=more,
            after=after if more else None,
        )

    async def _pages(self, query: Query) -> AsyncIterator[Sequence[Saga]]:
        left = query.limit
        while left > 0:
            page = await self._store.list(replace(query, limit=min(PAGE, left)))
            if not page:
                return
            yield page
            left -= len(page)
            query = replace(query, after=(page[-1].created_at, page[-1].saga_id))

    async def _has_more(self, query: Query, after: tuple[Millis, str] | None) -> bool:
        return bool(await self._store.list(replace(query, after=after, limit=1)))

    async def _one(self, order: Order, saga: Saga) -> Moved | Failure:
        try:
            return await self._done(order, saga)
        except EngineError as error:
            return Failure(saga_id=saga.saga_id, code=error.code, detail=str(error))

    async def _done(self, order: Order, saga: Saga) -> Moved:
        signed = {"actor": order.actor, "reason": order.reason}
        if order.dry:
            step = await self._runner.preview(saga.saga_id, order.decide, **signed)
            state, note = step.saga.state, step.row.note
        else:
            answer = await self._runner.intervene(saga.saga_id, order.decide, **signed)
            state, note = answer.state, answer.note
        return Moved(saga_id=saga.saga_id, source=saga.state, state=state, note=note)
