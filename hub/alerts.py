"""How much there is that a person should look at: for the badge on every page of the backoffice, and its alerts.

Most alerts go by themselves. A late success stays what it is, so a person says that it is dealt with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from engine.errors import RecordExists
from engine.model import Json, Millis
from engine.ports import Clock, Store
from engine.records import Record
from hub.callback_records import KeptCallbacks
from hub.merchant_log import MERCHANT_LOG
from hub.views.filters import PaymentFilter
from hub.views.keeping import PAYMENTS
from hub.views.rows import PaymentRow
from hub.views.views import Views

DEALT_WITH = "late-success-dealt-with"
"""Records: a late success that a person has dealt with, by the payment's saga id."""

FRESH: Millis = 5_000
"""How long a count is believed: every page shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCounts:
    """Payments that are undecided for too long or were paid after all; entries that wait for a person; callbacks
    that belong to no payment; notifications that the merchant refused, or did not take yet.
    """

    late: int = 0
    late_success: int = 0
    parked: int = 0
    callbacks: int = 0
    refused: int = 0
    failing: int = 0

    @property
    def total(self) -> int:
        """All together."""
        return sum(getattr(self, field.name) for field in fields(self))


class Alerts:
    """One a daemon."""

    def __init__(self, store: Store, clock: Clock, callbacks: KeptCallbacks) -> None:
        self._store = store
        self._clock = clock
        self._callbacks = callbacks
        self._counted: AlertCounts | None = None
        self._at: Millis = 0

    async def counts(self, *, fresh: bool = False) -> AlertCounts:
        """At most a few seconds old. Raises StoreUnavailable."""
        now = self._clock.now()
        if fresh or self._counted is None or not 0 <= now - self._at < FRESH:
            self._counted, self._at = await self._count(now), now
        return self._counted

    async def late_successes(self, views: Views, limit: int) -> Sequence[PaymentRow]:
        """Those that nobody has dealt with, newest first."""
        found: list[PaymentRow] = []
        async for rows in views.all_payments(PaymentFilter(alert="late-success")):
            for row in rows:
                if len(found) < limit and await self.dealt_with(row.saga_id) is None:
                    found.append(row)
            if len(found) >= limit:
                break
        return found

    async def deal_with(self, saga_id: str, *, actor: str, reason: str) -> bool:
        """Keep that a late success is dealt with; False if it was before. Raises StoreUnavailable."""
        body = {"actor": actor, "reason": reason}
        try:
            await self._store.records.insert(
                Record(kind=DEALT_WITH, id=saga_id, at=self._clock.now(), body=body)
            )
        except RecordExists:
            return False
        self._counted = None
        return True

    async def dealt_with(self, saga_id: str) -> Json | None:
        """Who dealt with a late success (`actor`), and how (`reason`); None: nobody."""
        record = await self._store.records.get(DEALT_WITH, saga_id)
        return None if record is None else record.body

    async def _count(self, now: Millis) -> AlertCounts:
        records = self._store.records
        late_successes = await records.count(PAYMENTS, tags={"alert": "late-success"})
        return AlertCounts(
            late=await records.count(PAYMENTS, tags={"alert": "late"}),
            late_success=max(late_successes - await records.count(DEALT_WITH), 0),
            parked=sum(tally.parked for tally in await self._store.tallies(now=now)),
            callbacks=await self._callbacks.count(),
            refused=await records.count(MERCHANT_LOG, tags={"state": "refused"}),
            failing=await records.count(MERCHANT_LOG, tags={"state": "failing"}),
        )
