"""What an invoice says, as JSON: made once when its number is taken, kept with it, printed from it. Pure.

Nothing on the sheet comes from anywhere else but the logo, so a sheet that has to be printed again is the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from adapters.locales import LANGUAGES, Language
from engine.errors import ActionNotPossible, PayloadInvalid
from engine.model import Json, Millis
from hub.invoice_items import read_lines, settled
from hub.invoice_settings import Settings
from hub.invoice_sums import Line, Tax, credited, taxes_of
from hub.refunds import read_ledger
from providers.money import CURRENCIES

Texts = Mapping[Language, Mapping[str, str]]
"""By language: the words that are kept with an invoice."""

_BUYER = ("address", "city", "state", "country", "vatNumber", "fiscalCode", "email")
_LONGEST = 300


def language_for(metadata: Json, settings: Settings) -> Language:
    """`additionalData.language` if there are templates in it, else that of the configuration."""
    wanted = _part(metadata, "additionalData").get("language")
    return wanted if wanted in LANGUAGES else settings.language


def invoice_of(metadata: Json, settings: Settings, texts: Texts, *, paid_at: Millis | None) -> Json:
    """The invoice of a payment with these metadata.

    Raises:
        PayloadInvalid: Its amount, its currency or its items cannot be put on an invoice.
    """
    amount, currency = metadata.get("amount"), metadata.get("currency")
    if not isinstance(amount, int) or isinstance(amount, bool) or amount <= 0:
        raise PayloadInvalid("The payment has no amount in minor units: it cannot be put on an invoice")
    language, more = language_for(metadata, settings), _part(metadata, "additionalData")
    lines = settled(
        read_lines(more.get("items"), rate=settings.rate), amount, rate=settings.rate, words=texts[language]
    )
    return {
        "kind": "invoice",
        **_head(settings, language, currency),
        "buyer": _buyer(_part(more, "buyer")),
        "payment": _payment(metadata, paid_at),
        **_body(lines, taxes_of(lines)),
    }


def credit_note_of(
    metadata: Json, invoice: Json, number: str, issued: Millis, refund: int, texts: Texts
) -> Json:
    """The credit note for the `refund`th refund of the payment, counted from 1, of an invoice that is numbered.

    Raises:
        ActionNotPossible: That refund was not made.
    """
    refunds = read_ledger(metadata).parts
    gross = {row["rate"]: row["net"] + row["tax"] for row in invoice["taxes"]}
    if not 1 <= refund <= len(refunds) or sum(refunds) > sum(gross.values()):
        raise ActionNotPossible(f"The payment has no refund {refund}: there is nothing to credit")
    words = texts[invoice["language"]]
    taxes = credited(gross, refunds[:refund])
    lines = [
        Line(id="", description=f"{words['refund']} {number}", quantity=1000, price=row.gross, rate=row.rate)
        for row in taxes
    ]
    return {
        **invoice,
        "kind": "creditNote",
        "of": {"number": number, "issued": issued},
        "refund": refund,
        **_body(lines, taxes),
    }


def sheet_of(asked: Json, settings: Settings) -> Json:
    """What POST /print-pdf asks for: an invoice whose number the caller gives.

    Raises:
        PayloadInvalid: Its currency, its date or its items cannot be put on an invoice.
    """
    currency = asked.get("currency") or settings.currency
    lines = read_lines(asked["items"], rate=settings.rate)
    buyer = {
        "name": asked["personName"],
        "address": asked["streetAddress"],
        "city": asked["city"],
        "state": asked["state"],
    }
    return {
        "kind": "invoice",
        **_head(settings, asked.get("language") or settings.language, currency),
        "buyer": _buyer(buyer),
        "payment": {"id": asked["transactionId"], "method": asked["paymentMethod"], "paidAt": None},
        "number": asked["docNumber"],
        "issued": _moment(asked["dateTime"]),
        **_body(lines, taxes_of(lines)),
    }


def _head(settings: Settings, language: Language, currency: object) -> Json:
    if currency not in CURRENCIES:
        raise PayloadInvalid("currency is not one of ISO 4217: the amounts cannot be written")
    return {"language": language, "zone": settings.zone, "currency": currency, "company": settings.company}


def _body(lines: Sequence[Line], taxes: Sequence[Tax]) -> Json:
    net, tax = sum(row.net for row in taxes), sum(row.tax for row in taxes)
    return {
        "lines": [
            {"id": line.id, "description": line.description, "quantity": line.quantity, "price": line.price,
             "rate": line.rate, "total": line.total}
            for line in lines
        ],
        "taxes": [{"rate": row.rate, "net": row.net, "tax": row.tax} for row in taxes],
        "totals": {"net": net, "tax": tax, "gross": net + tax},
    }  # fmt: skip


def _buyer(written: Mapping[str, Any]) -> Json:
    texts = {name: str(written[name])[:_LONGEST] for name in _BUYER if written.get(name)}
    return {"name": str(written.get("name") or "")[:_LONGEST], **texts}


def _payment(metadata: Json, paid_at: Millis | None) -> Json:
    return {
        "id": str(metadata.get("shopTransactionId") or "")[:_LONGEST],
        "method": str(metadata.get("paymentMethod") or "")[:_LONGEST],
        "paidAt": paid_at,
    }


def _part(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name)
    return found if isinstance(found, Mapping) else {}


def _moment(written: str) -> Millis:
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise PayloadInvalid("dateTime is not a moment in ISO 8601") from None
    return int(found.replace(tzinfo=found.tzinfo or UTC).timestamp() * 1000)
