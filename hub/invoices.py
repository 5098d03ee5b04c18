"""Invoices of payments and credit notes of their refunds: numbered, printed once, kept, the same bytes ever after.

A document takes its number together with all it says (hub/invoice_numbers.py); printing comes after. Who dies between
leaves a numbered document that the next one who asks for it, or the next start, prints.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from adapters.invoices import Printer
from engine.errors import ActionNotPossible, EngineError, PayloadInvalid, StaleRecord
from engine.model import HistoryRow, Json, Millis, Saga
from engine.ports import Clock, Store
from engine.records import Record
from hub.files import Files, zipped
from hub.invoice_contents import credit_note_of, invoice_of, sheet_of
from hub.invoice_numbers import KIND, MADE, RESERVED, NumberBook
from hub.invoice_settings import Settings
from hub.invoice_sheet import Sheets

Kind = Literal["invoice", "creditNote"]

MOST_TOGETHER = 100
_PAID = {"PAYMENT_PAID": 1, "PAYMENT_PARTIALLY_REFUNDED": 2, "PAYMENT_TOTALLY_REFUNDED": 3}
"""The payment machine's business states that have an invoice, and their ids."""

_FIRST_ROWS = 200
_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A document that has its number. `id` is its place in its series.

    `file`, `size` and `location` are empty until it is printed.
    """

    id: str
    number: str
    kind: Kind
    saga_id: str
    name: str
    file: str
    size: int
    location: str
    issued: Millis
    amount: int
    currency: str
    refund: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A document and its PDF."""

    issued: Issued
    content: bytes


class Invoices:
    """The documents of this hub. All methods take saga ids."""

    def __init__(
        self, store: Store, clock: Clock, files: Files, printer: Printer, settings: Settings
    ) -> None:
        self._store = store
        self._clock = clock
        self._files = files
        self._printer = printer
        self._settings = settings
        self._sheets = Sheets(settings)
        self._book = NumberBook(store.records, clock, zone=settings.zone)

    async def of(self, saga_id: str) -> Printed:
        """The invoice of a payment, made if it is not there yet. Safe to repeat, and at once.

        Raises:
            SagaNotFound
            ActionNotPossible: It is not paid.
            PayloadInvalid: Its amount or its items cannot be put on an invoice.
            PrintingFailed: It has its number; asking again prints it.
        """
        return await self._printed(await self._invoice(saga_id))

    async def find(self, saga_id: str) -> Issued | None:
        """The invoice if it was made; makes nothing."""
        record = await self._book.find(_about(saga_id))
        return shown(record) if record else None

    async def credit_note(self, saga_id: str, refund: int) -> Printed:
        """The credit note of the `refund`th refund, counted from 1; the invoice is made before it.

        Raises:
            As `of`; ActionNotPossible: There is no such refund.
        """
        return await self._printed(await self._note(saga_id, refund))

    async def credit_notes(self, saga_id: str) -> Sequence[Issued]:
        """Those that were made, oldest first."""
        tags = {"saga": saga_id, "document": "creditNote"}
        return [shown(record) for record in await self._store.records.find(KIND, tags=tags, limit=_PAGE)]

    async def several(self, saga_ids: Sequence[str]) -> bytes:
        """A ZIP of the invoices of these payments, all or none.

        Raises:
            As `of`; PayloadInvalid: They are too many.
        """
        wanted = list(dict.fromkeys(saga_ids))
        if not 1 <= len(wanted) <= MOST_TOGETHER:
            raise PayloadInvalid(f"A ZIP takes 1 to {MOST_TOGETHER} invoices")
        records = [await self._invoice(saga_id) for saga_id in wanted]
        printed = await asyncio.gather(*(self._printed(record) for record in records))
        return await zipped([(one.issued.name, one.content) for one in printed])

    async def page(
        self,
        *,
        kind: Kind | None = None,
        saga_id: str | None = None,
        since: Millis | None = None,
        until: Millis | None = None,
        after: tuple[Millis, str] | None = None,
        limit: int,
    ) -> Sequence[Issued]:
        """Newest first; `after` is (issued, id) of the last one seen."""
        asked = {"document": kind, "saga": saga_id}
        tags = {name: value for name, value in asked.items() if value is not None}
        found = await self._store.records.find(
            KIND, tags=tags, since=since, until=until, after=after, newest=True, limit=limit
        )
        return [shown(record) for record in found]

    async def sheet(self, asked: Json) -> bytes:
        """A PDF of the data of POST /print-pdf: no number is taken, nothing is kept.

        Raises:
            PayloadInvalid, PrintingFailed
        """
        contents = sheet_of(asked, self._settings)
        return await self._print(contents, contents.pop("number"), contents.pop("issued"))

    async def finish(self) -> int:
        """Print what has a number and no PDF; answers how many. What fails is left to the next who asks."""
        count, after = 0, None
        while found := await self._store.records.find(
            KIND, tags={"state": RESERVED}, after=after, limit=_PAGE
        ):
            for record in found:
                try:
                    await self._printed(record)
                except EngineError:
                    continue
                count += 1
            after = (found[-1].at, found[-1].id)
        return count

    async def _invoice(self, saga_id: str) -> Record:
        if there := await self._book.find(_about(saga_id)):
            return there
        saga = await self._store.load(saga_id)
        if saga.business_state not in _PAID:
            raise ActionNotPossible("The payment is not paid: there is nothing to invoice yet")
        contents = invoice_of(
            saga.metadata, self._settings, self._sheets.texts, paid_at=await self._paid_at(saga)
        )
        return await self._take(_about(saga_id), self._settings.series, saga_id, contents)

    async def _note(self, saga_id: str, refund: int) -> Record:
        about = f"{_about(saga_id)}/refund/{refund}"
        if there := await self._book.find(about):
            return there
        saga, invoice = await self._store.load(saga_id), await self._invoice(saga_id)
        contents = credit_note_of(
            saga.metadata,
            invoice.body["content"],
            invoice.body["number"],
            invoice.at,
            refund,
            self._sheets.texts,
        )
        return await self._take(about, self._settings.credit_series, saga_id, contents)

    async def _take(self, about: str, series: str, saga_id: str, contents: Json) -> Record:
        body = {"sagaId": saga_id, "file": "", "size": 0, "location": "", "content": contents}
        tags = {"saga": saga_id, "document": contents["kind"]}
        return await self._book.take(about, series, body, tags)

    async def _printed(self, record: Record) -> Printed:
        """The kept PDF, or a new one where none was kept; of two who print at once, the first to keep it is right."""
        while not record.body["file"]:
            content = await self._print(record.body["content"], record.body["number"], record.at)
            digest = hashlib.sha256(content).hexdigest()
            filed = await self._files.add(
                name=record.body["name"],
                content=content,
                file=f"{record.body['number']}-{digest[:16]}.pdf",
                extra={"sagaId": record.body["sagaId"]},
                kept=True,
            )
            known = {"file": filed.file, "size": filed.size, "location": filed.location, "sha256": digest}
            made = replace(record, body={**record.body, **known}, tags={**record.tags, "state": MADE})
            try:
                record = await self._store.records.replace(made)
            except StaleRecord:
                record = await self._again(record)
        return Printed(issued=shown(record), content=await self._files.read(record.body["file"]))

    async def _again(self, record: Record) -> Record:
        there = await self._store.records.get(KIND, record.id)
        assert there is not None, "an invoice is never removed"
        return there

    async def _print(self, contents: Json, number: str, issued: Millis) -> bytes:
        html = await asyncio.to_thread(self._sheets.html, contents, number=number, issued=issued)
        return await self._printer.pdf(html, at=issued)

    async def _paid_at(self, saga: Saga) -> Millis | None:
        rows: Sequence[HistoryRow] = await self._store.history(saga.saga_id, limit=_FIRST_ROWS)
        return next((row.at for row in rows if row.business_state_id in _PAID.values()), None)


def shown(record: Record) -> Issued:
    """What a record of an invoice says of it."""
    body = record.body
    contents = body["content"]
    return Issued(
        id=record.id,
        number=body["number"],
        kind=cast("Kind", contents["kind"]),
        saga_id=body["sagaId"],
        name=body["name"],
        file=body["file"],
        size=body["size"],
        location=body["location"],
        issued=record.at,
        amount=contents["totals"]["gross"],
        currency=contents["currency"],
        refund=contents.get("refund"),
    )


def _about(saga_id: str) -> str:
    return f"payment/{saga_id}"
