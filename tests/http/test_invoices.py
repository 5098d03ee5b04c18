"""Invoices and credit notes over HTTP: real PDFs of the real payment machine, and what cannot be printed."""

from __future__ import annotations

import asyncio
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from engine.model import Json
from hub.invoice_numbers import KIND
from tests.http.daemon import AWAY, Daemon, Reply, daemon

PAYMENT = (Path(__file__).parents[2] / "machines" / "payment.yaml").read_text()
ITEMS = [
    {"itemId": "SKU-1", "description": "Chair, oak", "quantity": 2, "amount": 12_900, "iva": 22},
    {"itemId": "SKU-2", "description": "Il nome della rosa", "quantity": 1, "amount": 1_850, "iva": 4},
]
BUYER = {"name": "Chiara Nicolò", "email": "chiara@example.org", "city": "50123 Firenze"}


def text_of(pdf: bytes) -> str:
    reader = PdfReader(io.BytesIO(pdf))
    return "\n".join(page.extract_text() for page in reader.pages)


async def create(
    shop: Daemon, number: str, *, amount: int = 27_650, currency: str = "EUR", **more: Any
) -> str:
    additional = {"items": ITEMS, "buyer": BUYER, **more}
    metadata = {"shopTransactionId": number, "amount": amount, "currency": currency, "paymentMethod": "credit-cards",
                "additionalData": additional}  # fmt: skip
    reply = await shop.post("/api/v1/sagas", {"machine": "payment", "metadata": metadata})
    assert reply.status == 201, reply.body
    return str(reply.json["sagaId"])


async def paid(shop: Daemon, number: str, **more: Any) -> str:
    saga_id = await create(shop, number, **more)
    await shop.tell(saga_id, "paymentExecuted", {"paymentId": f"p-{number}"})
    return saga_id


async def refunded(shop: Daemon, saga_id: str, *amounts: int) -> None:
    """As if the provider had given these amounts back, one after the other."""
    done: list[int] = []
    for amount in amounts:
        done.append(amount)
        await shop.tell(saga_id, "refundRequested", {"refundRequestData": {"amount": amount}})
        details = {"totalRefundedAmount": sum(done), "refundedAmounts": done}
        await shop.tell(saga_id, "partialRefundExecuted", {"refundDetails": details})


async def invoice(shop: Daemon, saga_id: str) -> Reply:
    return await shop.get(f"/api/v1/payments/{saga_id}/invoice")


def on_payments(body: Any) -> Any:
    def test() -> None:
        async def run() -> None:
            async with daemon(PAYMENT, default_machine="payment") as shop:
                await body(shop)

        asyncio.run(run())

    test.__name__ = body.__name__
    return test


@on_payments
async def test_a_paid_payment_has_one_invoice_and_it_never_changes(shop: Daemon) -> None:
    saga_id = await paid(shop, "ORD-1")
    first = await invoice(shop, saga_id)
    assert (first.status, first.headers["Content-Type"]) == (200, "application/pdf")
    assert first.headers["Content-Disposition"] == 'attachment; filename="INV-2026-000001.pdf"'
    shop.clock.time += 86_400_000
    by_key = await invoice(shop, "ORD-1")
    assert by_key.body == first.body
    text = text_of(first.body)
    for shown in ("INV-2026-000001", "1 Jan 2026", "Chiara Nicolò", "ORD-1", "Credit card", "Chair, oak", "€129.00", "€258.00",
                  "€46.52", "€17.79", "€276.50", "Page 1/1", "№"):  # fmt: skip
        assert shown in text, shown


@on_payments
async def test_an_invoice_speaks_the_buyer_s_language_and_the_payment_s_currency(shop: Daemon) -> None:
    italian = text_of((await invoice(shop, await paid(shop, "ORD-1", language="it"))).body)
    for shown in ("Fattura", "1 gen 2026", "129,00 €", "276,50 €", "Imponibile", "Carta di credito"):
        assert shown in italian, shown
    dinars = [{"description": "Tea", "amount": 1_299, "quantity": 1, "iva": 0}]
    kuwaiti = text_of(
        (await invoice(shop, await paid(shop, "ORD-2", amount=1_299, currency="KWD", items=dinars))).body
    )
    assert "KWD1.299" in kuwaiti.replace("\u00a0", "")


@on_payments
async def test_a_payment_that_is_not_paid_has_none_and_takes_no_number(shop: Daemon) -> None:
    saga_id = await create(shop, "ORD-1")
    refused = await invoice(shop, saga_id)
    assert (refused.status, refused.code) == (409, "action-not-possible")
    assert (await invoice(shop, "nobody")).code == "saga-not-found"
    await paid(shop, "ORD-2")
    assert "INV-2026-000001" in (await invoice(shop, "ORD-2")).headers["Content-Disposition"]


@on_payments
async def test_items_that_cannot_be_read_take_no_number_either(shop: Daemon) -> None:
    saga_id = await paid(shop, "ORD-1", items=[{"description": "Chair", "amount": 12.9}])
    refused = await invoice(shop, saga_id)
    assert (refused.status, refused.code) == (422, "payload-invalid")
    assert refused.json["problems"] == ["items[0].amount is not a whole number of minor units"]
    assert (await shop.get("/api/v1/invoices")).json["items"] == []


@on_payments
async def test_a_refund_has_a_credit_note_of_its_own_series(shop: Daemon) -> None:
    saga_id = await paid(shop, "ORD-1")
    await refunded(shop, saga_id, 10_000, 5_000)
    second = await shop.get(f"/api/v1/payments/{saga_id}/credit-notes/2")
    assert second.headers["Content-Disposition"] == 'attachment; filename="CN-2026-000001.pdf"'
    text = text_of(second.body)
    for shown in ("Credit note", "CN-2026-000001", "To invoice INV-2026-000001 of 1 Jan 2026", "€50.00"):
        assert shown in text, shown
    first = await shop.get(f"/api/v1/payments/{saga_id}/credit-notes/1")
    assert "CN-2026-000002" in first.headers["Content-Disposition"]
    listed = (await shop.get(f"/api/v1/payments/{saga_id}/credit-notes")).json["items"]
    assert [(one["refund"], one["amount"]) for one in listed] == [(2, 5_000), (1, 10_000)]
    for nothing, code in (("3", "action-not-possible"), ("0", "action-not-possible"), ("first", "not-found")):
        assert (await shop.get(f"/api/v1/payments/{saga_id}/credit-notes/{nothing}")).code == code


@on_payments
async def test_documents_are_listed_newest_first_by_pages(shop: Daemon) -> None:
    for number in ("ORD-1", "ORD-2", "ORD-3"):
        assert (await invoice(shop, await paid(shop, number))).status == 200
        shop.clock.time += 1_000
    await refunded(
        shop, saga_id := (await shop.get("/api/v1/sagas?key=ORD-1")).json["items"][0]["sagaId"], 1_000
    )
    await shop.get(f"/api/v1/payments/{saga_id}/credit-notes/1")
    page = (await shop.get("/api/v1/invoices?limit=2")).json
    assert [one["number"] for one in page["items"]] == ["CN-2026-000001", "INV-2026-000003"]
    rest = (await shop.get(f"/api/v1/invoices?limit=2&cursor={page['nextCursor']}")).json
    assert [one["number"] for one in rest["items"]] == ["INV-2026-000002", "INV-2026-000001"]
    assert rest["nextCursor"] is None
    (one,) = (await shop.get(f"/api/v1/invoices?sagaId={saga_id}&type=invoice")).json["items"]
    assert one["location"] == f"/files/download/{one['file']}"
    assert (await shop.get(one["location"])).body == (await invoice(shop, saga_id)).body
    assert (await shop.call("DELETE", f"/files/{one['file']}")).code == "action-not-possible"


@on_payments
async def test_several_invoices_come_as_one_zip_or_not_at_all(shop: Daemon) -> None:
    sagas = [await paid(shop, number) for number in ("ORD-1", "ORD-2")]
    reply = await shop.post("/api/v1/invoices/zip", {"sagaIds": sagas})
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(reply.body)) as archive:
        assert archive.namelist() == ["INV-2026-000001.pdf", "INV-2026-000002.pdf"]
        assert archive.read("INV-2026-000002.pdf") == (await invoice(shop, sagas[1])).body
    unpaid = await create(shop, "ORD-3")
    assert (
        await shop.post("/api/v1/invoices/zip", {"sagaIds": [*sagas, unpaid]})
    ).code == "action-not-possible"
    assert (await shop.post("/api/v1/invoices/zip", {"sagaIds": []})).code == "invalid-request"


PRINT: Json = {
    "personName": "Ada Lovelace", "streetAddress": "12 St James's Square", "city": "London", "state": "Greater London",
    "dateTime": "2026-01-31T09:30:00+01:00", "paymentMethod": "Credit Card", "transactionId": "T-1",
    "docNumber": "2026/№ 7", "items": ITEMS,
}  # fmt: skip


@on_payments
async def test_print_pdf_prints_what_the_caller_says_and_keeps_nothing(shop: Daemon) -> None:
    reply = await shop.post("/print-pdf", PRINT)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/pdf")
    text = text_of(reply.body)
    for shown in (
        "Ada Lovelace",
        "12 St James's Square",
        "Greater London",
        "31 Jan 2026",
        "2026/№ 7",
        "€276.50",
    ):
        assert shown in text, shown
    assert (await shop.get("/api/v1/invoices")).json["items"] == []
    assert "JP¥27,650" in text_of((await shop.post("/print-pdf", {**PRINT, "currency": "JPY"})).body)
    assert "Fattura" in text_of((await shop.post("/print-pdf", {**PRINT, "language": "it"})).body)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [({"items": []}, "invalid-request"), ({"items": [{"description": "x"}]}, "payload-invalid"), ({"dateTime": "today"}, "payload-invalid"),
     ({"currency": "ABC"}, "payload-invalid"), ({"personName": ""}, "invalid-request"), ({"logo": "x"}, "invalid-request"),
     ({"personName": "4111 1111 1111 1111"}, "card-data-refused")],
)  # fmt: skip
def test_print_pdf_refuses_what_it_cannot_print(wrong: Json, code: str) -> None:
    async def body() -> None:
        async with daemon(PAYMENT, default_machine="payment") as shop:
            assert (await shop.post("/print-pdf", {**PRINT, **wrong})).code == code

    asyncio.run(body())


@on_payments
async def test_markup_of_a_buyer_is_text_on_the_sheet(shop: Daemon) -> None:
    nasty = {"name": '<img src="/etc/passwd">', "city": "</body><pdf:nextpage>"}
    reply = await invoice(shop, await paid(shop, "ORD-1", buyer=nasty))
    assert reply.status == 200
    assert '<img src="/etc/passwd">' in text_of(reply.body)
    assert len(PdfReader(io.BytesIO(reply.body)).pages) == 1


@on_payments
async def test_a_number_that_was_left_without_its_sheet_is_printed_by_the_next_who_asks(shop: Daemon) -> None:
    saga_id = await paid(shop, "ORD-1")
    whole = (await invoice(shop, saga_id)).body
    records = shop.store.records
    record = (await records.find(KIND))[0]
    unprinted = {**record.body, "file": "", "size": 0, "location": ""}
    await records.replace(type(record)(kind=KIND, id=record.id, version=record.version, at=record.at,
                                       tags={**record.tags, "state": "reserved"}, body=unprinted))  # fmt: skip
    assert (await invoice(shop, saga_id)).body == whole
    assert [one.body["number"] for one in await records.find(KIND, tags={"state": "made"})] == [
        "INV-2026-000001"
    ]


@on_payments
async def test_a_store_that_is_away_costs_no_number(shop: Daemon) -> None:
    saga_id = await paid(shop, "ORD-1")
    shop.store.fault = AWAY
    assert (await invoice(shop, saga_id)).code == "store-unavailable"
    shop.store.fault = None
    assert "INV-2026-000001" in (await invoice(shop, saga_id)).headers["Content-Disposition"]
