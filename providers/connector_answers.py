"""From what a provider answered to what the port says of it: payments, refunds, standings, amounts.

Pure: the operation's answer texts are evaluated on the scope that holds all answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from providers.base import Payment, Refund, RefundRequest, Standing, Status, Unknown
from providers.connector import Connector, Form, Operation, Word
from providers.connector_filters import AMOUNT, as_text
from providers.connector_requests import Heard
from providers.connector_text import Scope, Text
from providers.harmless import shown
from providers.money import decimal_text, minor_units

LONGEST_ID = 200
STANDINGS: Mapping[Word, Standing] = {
    "accepted": "ACCEPTED",
    "failed": "FAILED",
    "pending": "PENDING",
    "approved": "PENDING",
}


def writer(form: Form, currency: str) -> Callable[[int], Any]:
    """How the provider writes an amount in minor units of the currency."""

    def write(amount: int) -> Any:
        if form in ("minor", "minor-text"):
            return amount if form == "minor" else str(amount)
        text = decimal_text(amount, currency)
        # A double holds 15 digits, an amount has 14 at most: what is written back is what it was.
        return text if form == "decimal-text" else float(text) if "." in text else int(text)

    return write


def read_amount(form: Form, written: object, currency: object) -> int | None:
    """Minor units of what the provider wrote; None if it is no amount."""
    text = as_text(written) or ""
    if not isinstance(currency, str) or not AMOUNT.fullmatch(text):
        return None
    if form in ("decimal-text", "decimal-number"):
        return minor_units(text, currency.upper())
    return int(text) if "." not in text else None


def told(operation: Operation, scope: Scope, name: str) -> str | None:
    """A field of the answer as text."""
    text = operation.answer.get(name)
    return None if text is None else text.text(scope)


def told_id(operation: Operation, scope: Scope, name: str) -> str:
    """An id of the answer; "" if it has none that can be kept."""
    found = told(operation, scope, name) or ""
    return found if len(found) <= LONGEST_ID and found.isprintable() else ""


def _page(operation: Operation, scope: Scope, name: str) -> str | None:
    """An address of the answer; None for what no browser should be sent to."""
    found = told(operation, scope, name)
    return found if found and found.startswith(("https://", "http://")) else None


def word_of(operation: Operation, scope: Scope) -> Word:
    """Where the payment or refund stands, by the operation's own statuses."""
    text = operation.answer.get("status")
    return operation.statuses.word(None if text is None else text.value(scope))


def kept(texts: Mapping[str, Text], scope: Scope) -> dict[str, Any]:
    """What may be kept with the saga, without what is not there."""
    values = {name: text.value(scope) for name, text in texts.items()}
    return {name: value for name, value in values.items() if value is not None}


def payment_of(connector: Connector, operation: Operation, heard: Heard, scope: Scope) -> Payment | Unknown:
    """What was made of a request for money; `heard` is the last answer."""
    payment_id = told_id(operation, scope, "paymentId")
    if heard.kind != "fine":
        return declined(payment_id, heard.description, soft=heard.kind == "soft")
    word = word_of(operation, scope)
    if word == "failed":
        code = told(operation, scope, "code")
        soft = connector.errors.codes.get(code or "") == "soft"
        return declined(payment_id, shown(told(operation, scope, "description")), soft=soft)
    link, redirect = _page(operation, scope, "link"), _page(operation, scope, "redirect")
    if not payment_id or ("link" in operation.answer and link is None):
        return Unknown(reason="the provider's answer has no id of the payment, or no link to it")
    done = word == "accepted" or link is not None
    return Payment(
        result="OK" if done else "REDIRECT_TO_URL" if redirect else "PENDING",
        payment_id=payment_id,
        redirect_to_url=None if done else redirect,
        redirect_to_url_mobile=None if done else told(operation, scope, "mobileRedirect"),
        link=link,
        subscription_token=told(operation, scope, "token"),
        keep=kept(operation.keep, scope),
    )


def declined(payment_id: str, words: str, *, soft: bool) -> Payment:
    """A refusal of the payment; `soft`: another provider may well take it."""
    return Payment(
        result="KO", payment_id=payment_id, description=words or "declined by the provider", elsewhere=soft
    )


def refund_of(operation: Operation, heard: Heard, scope: Scope) -> Refund | Unknown:
    """What was made of a refund."""
    refund_id = told_id(operation, scope, "refundId")
    if heard.kind != "fine":
        words = heard.description or "refused by the provider"
        return Refund(result="KO", refund_id=refund_id, description=words)
    word = word_of(operation, scope)
    if word == "failed":
        words = shown(told(operation, scope, "description")) or "refused by the provider"
        return Refund(result="KO", refund_id=refund_id, description=words)
    if not refund_id:
        return Unknown(reason="the provider's answer has no id of the refund")
    return Refund(result="OK" if word == "accepted" else "PENDING", refund_id=refund_id)


def refund_found(
    connector: Connector, operation: Operation, request: RefundRequest, scope: Scope
) -> Refund | Unknown | None:
    """What a read-back tells of an earlier try of this refund; None: it was not done."""
    if "refunded" not in operation.answer:
        found = told_id(operation, scope, "refundId")
        return refund_of(operation, Heard(kind="fine"), scope) if found else None
    total = read_amount(
        connector.amounts, operation.answer["refunded"].value(scope), told(operation, scope, "currency")
    )
    target = request.paid if request.amount is None else request.refunded + request.amount
    if total is None or target is None:
        return Unknown(reason="the provider does not say what it gave back")
    return refund_of(operation, Heard(kind="fine"), scope) if total >= target else None


def status_of(
    connector: Connector, operation: Operation, word: Word, payment_id: str, scope: Scope
) -> Status:
    """Where a payment stands; `word` after `complete`, if that was asked."""
    currency = told(operation, scope, "currency")
    money = {
        name: read_amount(connector.amounts, operation.answer[name].value(scope), currency)
        for name in ("amount", "refunded")
        if name in operation.answer
    }
    return Status(
        standing=STANDINGS[word],
        payment_id=payment_id,
        shop_transaction_id=told(operation, scope, "shop"),
        amount=money.get("amount"),
        currency=currency,
        refunded=money.get("refunded"),
        keep=kept(operation.keep, scope),
    )
