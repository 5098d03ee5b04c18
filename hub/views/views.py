"""The views of a daemon: payments and subscriptions as people see them, quick to list, to search and to sum up.

web/ and the command line ask here. Lists and searches read what the projector keeps; a single payment is read from
its saga, so that it never lags. docs/views.md says what lags by how much.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from engine.errors import SagaNotFound
from engine.model import Json, Millis, Saga
from engine.ports import Clock, Ids, Store
from engine.records import Record
from engine.runner import Runner
from hub.views.analytics import Analytics, ended_so
from hub.views.days import DAY
from hub.views.filters import Filter, PaymentFilter, SubscriptionFilter, folded
from hub.views.history import HistoryLine, lines_of
from hub.views.keeping import PAYMENTS, SUBSCRIPTIONS, came_late, payment_of, subscription_of
from hub.views.projector import Projector
from hub.views.rows import (
    PAYMENT,
    PAYMENT_STATUSES,
    SUBSCRIPTION,
    SUBSCRIPTION_STATUSES,
    PaymentRow,
    SubscriptionRow,
    payment_row,
    subscription_row,
)
from hub.views.sums import statuses_between, sums_between
from hub.views.walks import Place, matches, page_of

R = TypeVar("R", PaymentRow, SubscriptionRow)

BATCH = 200
"""Rows of one batch of `all_payments`."""

FRESH: Millis = 30_000
"""How long it is believed which tags are rare."""

_RAREST = ("subscription", "alert")
"""Tags that few rows share, whatever their values are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[R]):
    """Rows, newest first. `after` is where the next page begins, None if there is none.

    A page may be shorter than asked for although others follow. `cut`: a search found more than it looks at.
    """

    items: Sequence[R]
    after: Place | None = None
    cut: bool = False


class Views:
    """One a daemon. Every method may raise StoreUnavailable."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, *, shared: bool = False) -> None:
        self._store = store
        self._records = store.records
        self._clock = clock
        self._common: Counter[tuple[str, str]] = Counter()
        self._asked: Millis | None = None
        self.projector = Projector(store, clock, ids, shared=shared)
        self.analytics = Analytics(store.records)

    def follow(self, runner: Runner) -> None:
        """Have every step of this daemon in the views."""
        runner.on_step.append(self.projector.seen)
        runner.on_doubt.append(self.projector.doubted)

    async def start(self) -> None:
        """Keep them up to date from now on."""
        self.projector.start()

    async def stop(self) -> None:
        """Write what is noted and go."""
        await self.projector.stop()

    async def settle(self, *, days: bool = False) -> None:
        """What this daemon has done so far is in the lists when this returns; with `days` it is counted too."""
        await self.projector.settle(days=days)

    async def payments(
        self, wanted: PaymentFilter | None = None, *, after: Place | None = None, limit: int = 10
    ) -> Page[PaymentRow]:
        """Payments that match, newest first."""
        return await self._page(PAYMENTS, wanted or PaymentFilter(), payment_of, after, limit)

    async def subscriptions(
        self, wanted: SubscriptionFilter | None = None, *, after: Place | None = None, limit: int = 10
    ) -> Page[SubscriptionRow]:
        """Subscriptions that match, newest first."""
        return await self._page(SUBSCRIPTIONS, wanted or SubscriptionFilter(), subscription_of, after, limit)

    async def payment(self, handle: str) -> PaymentRow:
        """The payment with this saga id, transaction id or payment id, as it is now. Raises SagaNotFound."""
        row, _ = await self.payment_and_history(handle)
        return row

    async def subscription(self, handle: str) -> SubscriptionRow:
        """The subscription with this saga id or shop's id, as it is now. Raises SagaNotFound."""
        return subscription_row(await self._saga(handle, SUBSCRIPTION))

    async def payment_and_history(self, handle: str) -> tuple[PaymentRow, Sequence[HistoryLine]]:
        """As `payment`, with what happened to it, newest first. Raises SagaNotFound."""
        saga = await self._saga(handle, PAYMENT)
        history = await self._store.history(saga.saga_id)
        return payment_row(saga, late_success=came_late(history)), lines_of(saga, history)

    async def payment_history(self, saga_id: str) -> Sequence[HistoryLine]:
        """What happened to the payment, newest first. Raises SagaNotFound."""
        return lines_of(await self._store.load(saga_id), await self._store.history(saga_id))

    async def subscription_history(self, saga_id: str) -> Sequence[HistoryLine]:
        """What happened to the subscription, newest first. Raises SagaNotFound."""
        return await self.payment_history(saga_id)

    async def payments_of(self, subscription: str) -> Sequence[PaymentRow]:
        """The payments of the subscription with this saga id, newest first."""
        wanted = PaymentFilter(subscription_id=subscription)
        return [row async for rows in self.all_payments(wanted) for row in rows]

    async def all_payments(self, wanted: PaymentFilter | None = None) -> AsyncIterator[Sequence[PaymentRow]]:
        """All that match, newest first, in batches; each that matches all the while is met exactly once."""
        async for rows in self._all(PAYMENTS, wanted or PaymentFilter(), payment_of):
            yield rows

    async def all_subscriptions(
        self, wanted: SubscriptionFilter | None = None
    ) -> AsyncIterator[Sequence[SubscriptionRow]]:
        """As `all_payments`."""
        async for rows in self._all(SUBSCRIPTIONS, wanted or SubscriptionFilter(), subscription_of):
            yield rows

    async def payment_counts(self, wanted: PaymentFilter | None = None) -> Mapping[str, int]:
        """How many of those that match have each status, whatever status `wanted` names.

        Empty if that is not counted: for a range of amounts, and for spans that are no whole days.
        """
        wanted = replace(wanted or PaymentFilter(), status=None)
        if wanted.search and (text := folded(wanted.search)):
            found, _ = await matches(self._records, PAYMENTS, wanted, text)
            return _by_status(Counter(record.body["status"] for record in found), PAYMENT_STATUSES)
        if not _is_counted(wanted):
            return {}
        if wanted.subscription_id or wanted.alert:
            return await self._counts(PAYMENTS, wanted, PAYMENT_STATUSES)
        if tags := wanted.tags():
            counts = await statuses_between(self._records, tags, wanted.since, wanted.until)
        else:
            counts = ended_so(await sums_between(self._records, wanted.since, wanted.until))
        return _by_status(counts, PAYMENT_STATUSES)

    async def subscription_counts(self) -> Mapping[str, int]:
        """How many subscriptions have each status."""
        return await self._counts(SUBSCRIPTIONS, SubscriptionFilter(), SUBSCRIPTION_STATUSES)

    async def _counts(self, kind: str, wanted: Filter, statuses: Sequence[str]) -> Mapping[str, int]:
        tags = wanted.tags()
        return {
            status: await self._records.count(kind, tags={**tags, "status": status}) for status in statuses
        }

    async def _saga(self, handle: str, machine: str) -> Saga:
        try:
            saga = await self._store.load(handle)
        except SagaNotFound:
            saga = await self._store.load(await self._store.find(handle, machine))
        if saga.machine != machine:
            raise SagaNotFound(f"There is no {machine} with the id or key {handle}")
        return saga

    async def _page(
        self, kind: str, wanted: Filter, read: Callable[[Record], R], after: Place | None, limit: int
    ) -> Page[R]:
        found = await page_of(self._records, kind, wanted, after=after, limit=limit, rank=self._ranked)
        return Page(items=[read(record) for record in found.records], after=found.after, cut=found.cut)

    async def _all(
        self, kind: str, wanted: Filter, read: Callable[[Record], R]
    ) -> AsyncIterator[Sequence[R]]:
        after = None
        while True:
            page = await self._page(kind, wanted, read, after, BATCH)
            if page.items:
                yield page.items
            if page.after is None:
                return
            after = page.after

    async def _ranked(self, tags: Mapping[str, str]) -> dict[str, str]:
        """The rarest tag first: the store walks along that one's rows."""
        if len(tags) < 2:
            return dict(tags)
        now = self._clock.now()
        if self._asked is None or not 0 <= now - self._asked < FRESH:
            self._common, self._asked = _frequencies(await sums_between(self._records)), now
        common = self._common
        return dict(sorted(tags.items(), key=lambda tag: (tag[0] not in _RAREST, common[tag])))


def _frequencies(sums: Json) -> Counter[tuple[str, str]]:
    """How many payments have each tag."""
    found: Counter[tuple[str, str]] = Counter()
    for currency, parts in sums.items():
        found["currency", currency] = parts["all"]["all"][0]
        for part, names in parts.items():
            for name, (count, *_) in names.items():
                found[part, name] += count
    return found


def _is_counted(wanted: PaymentFilter) -> bool:
    days = all(moment is None or moment % DAY == 0 for moment in (wanted.since, wanted.until))
    return days and wanted.amount_from is None and wanted.amount_to is None


def _by_status(counts: Counter[str], statuses: Sequence[str]) -> Mapping[str, int]:
    return {status: counts[status] for status in statuses}
