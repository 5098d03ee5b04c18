from __future__ import annotations

import asyncio
from pathlib import Path

from adapters.files import Desk
from adapters.stores.memory import MemoryStore
from engine.ports import Store
from hub.invoice_contents import invoice_of
from hub.invoice_numbers import KIND, NumberBook
from hub.invoice_settings import Settings
from hub.invoice_sheet import Sheets
from hub.paperwork import Papers, Paperwork, open_paperwork
from tests.fakes.clock import FakeClock
from tests.http.daemon import CountedIds

CLOCK = FakeClock()


def paperwork(store: Store, contents: Desk) -> Paperwork:
    return open_paperwork(Papers(settings=Settings(), contents=contents), store, CLOCK, CountedIds())


async def numbered(store: Store, *sagas: str) -> None:
    """As a daemon leaves it that dies before it prints."""
    book, texts = NumberBook(store.records, CLOCK, zone="UTC"), Sheets(Settings()).texts
    for saga_id in sagas:
        contents = invoice_of({"amount": 1_299, "currency": "EUR"}, Settings(), texts, paid_at=None)
        body = {"sagaId": saga_id, "file": "", "size": 0, "location": "", "content": contents}
        await book.take(f"payment/{saga_id}", "INV", body, {"saga": saga_id, "document": "invoice"})


def test_a_start_prints_what_was_numbered_and_left() -> None:
    async def body() -> None:
        store = MemoryStore()
        await numbered(store, "a", "b")
        papers = paperwork(store, Desk())
        try:
            assert await papers.invoices.finish() == 2
            assert await papers.invoices.finish() == 0
            for number, saga_id in enumerate("ab", start=1):
                found = await papers.invoices.of(saga_id)
                assert found.issued.number.endswith(f"-00000{number}")
                assert found.content.startswith(b"%PDF-")
        finally:
            await papers.close()
        assert await store.records.count(KIND, tags={"state": "made"}) == 2

    asyncio.run(body())


def test_two_daemons_that_print_one_invoice_at_once_hand_out_the_same_bytes() -> None:
    async def body() -> None:
        store, desk = MemoryStore(), Desk()
        await numbered(store, "a")
        one, other = paperwork(store, desk), paperwork(store, desk)
        try:
            first, second = await asyncio.gather(one.invoices.of("a"), other.invoices.of("a"))
            assert first.content == second.content
            assert first.issued == second.issued
        finally:
            await one.close()
            await other.close()

    asyncio.run(body())


def test_every_text_of_the_templates_is_used() -> None:
    folder = Path(__file__).parents[3] / "hub" / "invoice_templates"
    used = (folder / "invoice.html").read_text() + (folder.parent / "invoice_items.py").read_text()
    used += (folder.parent / "invoice_contents.py").read_text()
    texts = Sheets(Settings()).texts["en"]
    chosen = ("invoice", "creditNote", "method.")  # by the kind of document, by the payment's method
    unused = [
        key
        for key in texts
        if not key.startswith(chosen) and f".{key}" not in used and f'"{key}"' not in used
    ]
    assert unused == []
