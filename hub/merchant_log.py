"""What was told to the merchant, when, and how it was answered: one record a notification."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from engine.errors import RecordExists, StaleRecord
from engine.model import Delivery, Json, Millis
from engine.records import Record, Records
from hub.cards import masked

MERCHANT_LOG = "merchant_notifications"
NEWEST = 30
"""Tries that are kept of one notification."""

State = Literal["delivered", "failing", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One try: `status` is HTTP's, None if there was no answer."""

    at: Millis
    status: int | None
    said: str

    @property
    def worked(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """`body` is what was sent, and is sent again by a replay under the same id."""

    id: str
    saga_id: str
    state: State
    at: Millis
    tries: tuple[Try, ...]
    body: Json = field(repr=False)


class MerchantLog:
    """The newest state of each notification; a row that a crash swallowed comes with the next try."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def note(self, delivery: Delivery, tried: Try, *, over: bool) -> None:
        """Write one try down. `over`: it will not be tried again."""
        state: State = "delivered" if tried.worked else "refused" if over else "failing"
        await self._write(delivery.id, delivery.saga_id, masked(delivery.payload), tried, state)

    async def again(self, notification: Notification, tried: Try) -> None:
        """Write the try of a replay down; one that failed makes nothing undone."""
        state: State = "delivered" if tried.worked else notification.state
        await self._write(notification.id, notification.saga_id, notification.body, tried, state)

    async def get(self, id_: str) -> Notification | None:
        record = await self._records.get(MERCHANT_LOG, id_)
        return None if record is None else _notification(record)

    async def list(
        self,
        *,
        saga_id: str | None = None,
        state: State | None = None,
        after: tuple[Millis, str] | None = None,
        limit: int = 50,
    ) -> Sequence[Notification]:
        """Newest first; `after` is (at, id) of the last one seen."""
        asked = {"saga": saga_id, "state": state}
        tags = {name: value for name, value in asked.items() if value}
        found = await self._records.find(MERCHANT_LOG, tags=tags, after=after, newest=True, limit=limit)
        return [_notification(record) for record in found]

    async def _write(self, id_: str, saga_id: str, body: Json, tried: Try, state: State) -> None:
        tags = {"saga": saga_id, "state": state}
        first = Record(
            kind=MERCHANT_LOG,
            id=id_,
            at=tried.at,
            tags=tags,
            body={"sagaId": saga_id, "state": state, "sent": body, "tries": [asdict(tried)]},
        )
        with suppress(RecordExists):
            await self._records.insert(first)
            return
        there = await self._records.get(MERCHANT_LOG, id_)
        if there is None:
            return
        tries = [*there.body["tries"], asdict(tried)][-NEWEST:]
        changed = {**there.body, "state": state, "tries": tries}
        with suppress(StaleRecord):  # a replay beside a try: one row of a log is no reason to send it again
            await self._records.replace(replace(there, tags=tags, body=changed))


def _notification(record: Record) -> Notification:
    return Notification(
        id=record.id,
        saga_id=record.body["sagaId"],
        state=record.body["state"],
        at=record.at,
        tries=tuple(Try(**each) for each in record.body["tries"]),
        body=record.body["sent"],
    )
