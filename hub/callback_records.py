"""Callbacks that no saga could be told, kept until one can or a person has looked. In the engine's records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Literal

from engine.errors import RecordExists, StaleRecord
from engine.model import Json, Millis
from engine.records import Record, Records
from hub.callback_events import Heard
from providers.callbacks import Notice

KIND = "callback"

State = Literal["unmatched", "dismissed"]

_PAGE = 100
_LONGEST_TAG = 200


class KeptCallbacks:
    """By the id of what they say: a repeat is kept once."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def keep(self, heard: Heard, why: str) -> None:
        """Durable when this returns."""
        with suppress(RecordExists):
            await self._records.insert(
                Record(kind=KIND, id=heard.id, at=heard.received, tags=_tags(heard), body=_body(heard, why))
            )

    async def of_payment(self, payment_id: str) -> Sequence[Record]:
        tags = {"state": "unmatched", "payment": payment_id[:_LONGEST_TAG]}
        return await self._records.find(KIND, tags=tags, limit=_PAGE)

    async def unmatched(self) -> Sequence[Record]:
        """All of them, by pages underneath."""
        found: list[Record] = []
        page = await self.page(state="unmatched", limit=_PAGE)
        while page:
            found += page
            page = await self.page(state="unmatched", after=(page[-1].at, page[-1].id), limit=_PAGE)
        return found

    async def page(
        self,
        *,
        state: State | None = None,
        provider: str | None = None,
        after: tuple[Millis, str] | None = None,
        limit: int,
    ) -> Sequence[Record]:
        """Oldest first: it waits longest."""
        wanted = {"state": state, "provider": provider}
        tags = {name: value for name, value in wanted.items() if value is not None}
        return await self._records.find(KIND, tags=tags, after=after, limit=limit)

    async def get(self, id_: str) -> Record | None:
        return await self._records.get(KIND, id_)

    async def count(self) -> int:
        return await self._records.count(KIND, tags={"state": "unmatched"})

    async def explain(self, record: Record, why: str) -> None:
        """It still has no place, and now for this reason."""
        if record.body["why"] != why:
            with suppress(StaleRecord):
                await self._records.replace(replace(record, body={**record.body, "why": why}))

    async def dismiss(self, record: Record, *, actor: str, reason: str) -> Record:
        """A person has dealt with it. Raises StaleRecord if somebody was faster."""
        body = {**record.body, "dismissed": {"actor": actor, "reason": reason}}
        return await self._records.replace(
            replace(record, tags={**record.tags, "state": "dismissed"}, body=body)
        )

    async def forget(self, record: Record) -> None:
        """A saga has it now."""
        await self._records.delete(KIND, record.id)


def heard_in(record: Record) -> Heard:
    """What was kept."""
    body = record.body
    return Heard(
        provider=body["provider"], notice=Notice(**body["notice"]), received=record.at, body=body["body"]
    )


def _body(heard: Heard, why: str) -> Json:
    notice = {name: value for name, value in asdict(heard.notice).items() if value is not None}
    notice.setdefault("word", None)
    return {"provider": heard.provider, "why": why, "notice": notice, "body": heard.body}


def _tags(heard: Heard) -> Mapping[str, str]:
    tags = {
        "state": "unmatched",
        "provider": heard.provider,
        "payment": heard.notice.payment_id,
        "shop": heard.notice.shop_transaction_id,
    }
    return {name: value[:_LONGEST_TAG] for name, value in tags.items() if value}
