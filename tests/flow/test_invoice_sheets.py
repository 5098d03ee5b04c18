"""Sheets as they are printed: every word in its place, in both languages, however much there is to say."""

from __future__ import annotations

import asyncio
import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader

from adapters.invoices import Printer
from adapters.locales import Language
from engine.model import Json
from hub.invoice_contents import credit_note_of, invoice_of
from hub.invoice_settings import Settings, read_settings
from hub.invoice_sheet import FONTS, Sheets
from tests.flow.invoice_page import Word, outside, over_each_other, words_of

LEFT, RIGHT, BOTTOM = 20.0, 190.0, 290.0
NUMBER = "INV-2026-000042"
AT = 1_767_268_800_000
COMPANY = {
    "companyName": "Mulino Bianco & Figli S.r.l.",
    "address": ["Via Roma 12", "20121 Milano (MI)", "Italia"],
    "vatNumber": "IT01234567890",
    "telephoneNumber": "+39 02 1234567",
    "email": "fatture@mulino.example",
    "bank": "IBAN IT60 X054 2811 1010 0000 0123 456",
    "note": "Grazie per l’ordine — № 1 in Europa.",
}
BUYER = {
    "name": "Łukasz Żółć-Müller",
    "address": "Corso Garibaldi 7",
    "city": "50123 Firenze",
    "country": "Italia",
}
THINGS = [("Chair, oak, with a linen cushion in a colour that has a rather long name indeed", 2, 12_900, 22),
          ("Coffee beans, 1 kg", 1.5, 2_490, 10), ("Book: Il nome della rosa", 1, 1_850, 4)]  # fmt: skip


def logo() -> str:
    sink = io.BytesIO()
    Image.new("RGB", (360, 120), "#1c6b5a").save(sink, "PNG")
    return base64.b64encode(sink.getvalue()).decode()


def settings() -> Settings:
    return read_settings({"company": {**COMPANY, "logo": logo()}, "timezone": "Europe/Rome"}, Path())


def items(count: int) -> list[Json]:
    found = (THINGS[number % len(THINGS)] for number in range(count))
    return [
        {"itemId": f"SKU-{number:04}", "description": what, "quantity": much, "amount": price, "iva": rate}
        for number, (what, much, price, rate) in enumerate(found)
    ]


def payment(
    bought: list[Json], *, language: Language = "en", currency: str = "EUR", buyer: Json = BUYER, **more: Any
) -> Json:
    total = sum(round(item["quantity"] * item["amount"]) for item in bought)
    additional = {"language": language, "items": bought, "buyer": buyer}
    return {"shopTransactionId": "ORD-2026-0042", "amount": total, "currency": currency, "paymentMethod": "credit-cards",
            "additionalData": additional, **more}  # fmt: skip


def printed(metadata: Json, *, refund: int | None = None) -> bytes:
    ours = settings()
    sheets = Sheets(ours)
    contents = invoice_of(metadata, ours, sheets.texts, paid_at=AT)
    if refund is not None:
        contents = credit_note_of(metadata, contents, NUMBER, AT, refund, sheets.texts)

    async def body() -> bytes:
        printer = Printer(ours.folders, FONTS)
        try:
            return await printer.pdf(sheets.html(contents, number=NUMBER, issued=AT), at=AT)
        finally:
            await printer.close()

    return asyncio.run(body())


def lines_of(page: list[Word]) -> list[str]:
    """The words as lines, from above and from the left."""
    rows: list[list[Word]] = []
    for word in sorted(page, key=lambda word: word.bottom):
        if rows and abs(word.bottom - rows[-1][0].bottom) < 1.2:
            rows[-1].append(word)
        else:
            rows.append([word])
    return [" ".join(word.text for word in sorted(row, key=lambda word: word.left)) for row in rows]


def is_in_order(pages: list[list[Word]]) -> None:
    for page in pages:
        assert outside(page, left=LEFT, right=RIGHT, bottom=BOTTOM) == []
        assert over_each_other(page) == []


def test_an_english_invoice_stands_as_it_should(tmp_path: Path) -> None:
    (page,) = pages = words_of(printed(payment(items(3))), tmp_path)
    is_in_order(pages)
    lines = lines_of(page)
    for line in (
        "Mulino Bianco & Figli S.r.l.",
        "VAT no. IT01234567890",
        f"№ {NUMBER}",
        "Łukasz Żółć-Müller",
        "Item Description Quantity Unit price VAT Amount",
        "SKU-0001 Coffee beans, 1 kg 1.5 €24.90 10% €37.35",
        "SKU-0002 Book: Il nome della rosa 1 €18.50 4% €18.50",
        "Grazie per l’ordine — № 1 in Europa.",
    ):
        assert any(line in found for found in lines), (line, lines)
    assert any("22% €211.48 €46.52 €258.00" in line for line in lines), lines
    assert any("Total paid €313.85" in line for line in lines), lines


def test_amounts_stand_below_each_other(tmp_path: Path) -> None:
    (page,) = words_of(printed(payment(items(3))), tmp_path)
    amounts = [word for word in page if word.right > 185 and word.text.startswith("€")]
    assert len(amounts) == 6  # three lines, net, tax, total
    assert max(word.right for word in amounts) - min(word.right for word in amounts) < 0.2
    assert abs(amounts[0].right - RIGHT) < 0.5
    starts = {round(word.left, 1) for word in page if word.text.startswith("SKU-")}
    assert starts == {20.0}


def test_an_italian_credit_note_names_its_invoice(tmp_path: Path) -> None:
    metadata = payment(items(3), language="it", refundDetails={"refundedAmounts": [5_000, 1_234]})
    (page,) = pages = words_of(printed(metadata, refund=2), tmp_path)
    is_in_order(pages)
    lines = lines_of(page)
    assert any(f"Rif. fattura {NUMBER} del 1 gen 2026" in line for line in lines), lines
    assert any("Totale accreditato 12,34 €" in line for line in lines), lines


def test_many_lines_go_on_under_the_same_heads(tmp_path: Path) -> None:
    pages = words_of(printed(payment(items(70), language="it")), tmp_path)
    is_in_order(pages)
    assert len(pages) >= 3
    found = [lines_of(page) for page in pages]
    head = "Articolo Descrizione Quantità Prezzo IVA Importo"
    assert [any(head in line for line in lines) for lines in found[:-1]] == [True] * (len(pages) - 1)
    assert sum(line.startswith("SKU-") for lines in found for line in lines) == 70
    assert all(
        any(f"Pagina {number}/{len(pages)}" in line for line in lines)
        for number, lines in enumerate(found, 1)
    )


@pytest.mark.parametrize(
    ("currency", "shown"),
    [("JPY", "JP¥1,850"), ("KWD", "KWD1.850"), ("CHF", "CHF18.50"), ("CLF", "CLF0.1850")],
)
def test_amounts_have_the_decimals_of_their_currency(currency: str, shown: str) -> None:
    text = "".join(
        page.extract_text()
        for page in PdfReader(io.BytesIO(printed(payment(items(3), currency=currency)))).pages
    )
    assert shown in text.replace("\u00a0", "")


def test_words_that_fit_nowhere_are_broken_and_stay_on_the_sheet(tmp_path: Path) -> None:
    bought = [
        {"itemId": "X" * 60, "description": "Donaudampfschifffahrtsgesellschaftskapitän" * 4, "quantity": 9_999_999.999,
         "amount": 99_999, "iva": 22.55},
        {"itemId": "a b", "description": "Ordinary", "quantity": 1, "amount": 99_999_999_999, "iva": 4},
    ]  # fmt: skip
    buyer = {"name": "Y" * 120, "address": "Straße" * 30, "email": "z" * 90 + "@example.org"}
    is_in_order(words_of(printed(payment(bought, buyer=buyer)), tmp_path))


def test_the_fonts_are_inside(tmp_path: Path) -> None:
    reader = PdfReader(io.BytesIO(printed(payment(items(1)))))
    fonts = [font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()]  # type: ignore[index]
    used = {str(font["/BaseFont"]).partition("+")[2]: font for font in fonts if "+" in str(font["/BaseFont"])}
    assert set(used) == {"DejaVuSans", "DejaVuSans-Bold"}
    assert all("/FontFile2" in font["/FontDescriptor"] for font in used.values())
    assert reader.metadata is not None
    assert reader.metadata.title == f"Invoice {NUMBER}"
