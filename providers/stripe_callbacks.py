"""Stripe's callbacks: whether Stripe signed them, and what their events say. Pure.

Source: Stripe's documentation, "Resolve webhook signature verification errors" and "Types of events".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

from providers.base import Subscription
from providers.callbacks import TOLERANCE, CallbackRequest, Notice, Refused, Told, Word
from providers.json_reading import Doc, inner, parsed, text, whole
from providers.signatures import hmac_digest, same_text
from providers.stripe_answers import (
    ident,
    kept_of_session,
    refund_word,
    session_standing,
    shop_of_invoice,
    subscription_of,
    subscription_of_invoice,
)
from providers.stripe_money import from_stripe
from providers.stripe_requests import DIRECT, PAYMENT, SHOP

_SIGNATURES = 20
"""How many of one header are looked at; Stripe sends one for each secret that is being rolled."""


def read(request: CallbackRequest, secrets: Sequence[str]) -> Told | Refused:
    """Without secrets nobody can tell who sent it: what it says is then a hint, to be read back."""
    if secrets and (reason := _doubt(request, secrets)):
        return Refused(reason=reason)
    event = parsed(request.body)
    if event is None or not text(event, "type"):
        return Refused(reason="the callback is not an event of Stripe", status=400)
    notice = _notice(event, request.body)
    return Told(notices=(notice if secrets else replace(notice, word=None),))


def _doubt(request: CallbackRequest, secrets: Sequence[str]) -> str | None:
    stamp, signatures = "", []
    for part in request.headers.get("stripe-signature", "").split(","):
        name, _, value = part.strip().partition("=")
        if name == "t":
            stamp = value
        elif name == "v1":
            signatures.append(value)
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12 or not signatures:
        return "the callback is not signed as Stripe signs"
    if abs(request.received - int(stamp) * 1000) > TOLERANCE:
        return "the callback's signature is too old or from the future"
    signed = stamp.encode() + b"." + request.body
    right = [hmac_digest(secret.encode(), signed).hex() for secret in secrets]
    matches = [same_text(one, other) for one in right for other in signatures[:_SIGNATURES]]
    return None if any(matches) else "the callback's signature is wrong"


def _notice(event: Doc, body: bytes) -> Notice:
    kind, subject = text(event, "type"), inner(event, "data", "object")
    base: dict[str, Any] = {
        "id": text(event, "id") or sha256(body).hexdigest(),
        "description": kind,
        "happened": _millis(whole(event, "created")),
    }
    reader = _READERS.get(kind)
    notice = reader(kind, subject, base) if reader else None
    return notice or Notice(about="other", word=None, **base)


def _session(kind: str, session: Doc, base: Mapping[str, Any]) -> Notice | None:
    """A session of a payment link may expire and be opened anew: of those only success is final."""
    link = ident(session, "payment_link")
    word: Word | None = _SESSION_WORDS.get(kind) or session_standing(session)
    if not text(session, "id"):
        return None
    return Notice(
        about="payment",
        word=None if link and word != "ACCEPTED" else word,
        payment_id=link or text(session, "id"),
        shop_transaction_id=text(session, "client_reference_id") or text(session, "metadata", SHOP) or None,
        subscription_token=ident(session, "subscription") or None,
        keep=kept_of_session(session),
        **_money(session, "amount_total"),
        **base,
    )


def _intent(kind: str, intent: Doc, base: Mapping[str, Any]) -> Notice | None:
    """Only of direct payments: on Stripe's page the customer may try another card after a decline."""
    if not text(intent, "metadata", DIRECT) or not text(intent, "id"):
        return None
    return Notice(
        about="payment",
        word=_INTENT_WORDS[kind],
        payment_id=text(intent, "id"),
        shop_transaction_id=text(intent, "metadata", SHOP) or None,
        keep={"paymentIntentId": text(intent, "id")},
        **_money(intent, "amount"),
        **base,
    )


def _invoice(kind: str, invoice: Doc, base: Mapping[str, Any]) -> Notice | None:
    """The first invoice belongs to the page, where a decline is not the end; later ones are renewals."""
    token, shop = subscription_of_invoice(invoice), shop_of_invoice(invoice)
    if not token:
        return None
    paid = kind != "invoice.payment_failed"
    if text(invoice, "billing_reason") == "subscription_create":
        if not shop:
            return None
        return Notice(
            about="payment",
            word="ACCEPTED" if paid else None,
            shop_transaction_id=shop,
            subscription_token=token,
            keep={"subscriptionToken": token},
            **_money(invoice, "amount_due"),
            **base,
        )
    tried_again = whole(invoice, "next_payment_attempt") is not None
    return Notice(
        about="payment",
        word="ACCEPTED" if paid else "PENDING" if tried_again else "FAILED",
        payment_id=text(invoice, "id") or None,
        subscription_token=token,
        renewal=True,
        keep={"subscriptionToken": token},
        **_money(invoice, "amount_paid" if paid else "amount_due"),
        **base,
    )


def _refund(_kind: str, refund: Doc, base: Mapping[str, Any]) -> Notice | None:
    """One that we made names its payment; one made in Stripe's dashboard comes as charge.refunded too."""
    payment_id = text(refund, "metadata", PAYMENT) or ident(refund, "payment_intent")
    if not payment_id:
        return None
    return Notice(
        about="refund",
        word=refund_word(refund),
        payment_id=payment_id,
        shop_transaction_id=text(refund, "metadata", SHOP) or None,
        refund_id=text(refund, "id") or None,
        **_money(refund, "amount"),
        **base,
    )


def _charge(_kind: str, charge: Doc, base: Mapping[str, Any]) -> Notice | None:
    """Says only how much was given back in all, so it is a hint; `status` tells the sum."""
    intent, shop = ident(charge, "payment_intent"), text(charge, "metadata", SHOP)
    if not intent and not shop:
        return None
    return Notice(
        about="refund", word=None, payment_id=intent or None, shop_transaction_id=shop or None, **base
    )


def _subscription(_kind: str, subscription: Doc, base: Mapping[str, Any]) -> Notice | None:
    """FAILED: it has ended, whoever ended it."""
    standing = subscription_of(subscription)
    if not isinstance(standing, Subscription) or not standing.token:
        return None
    word = _SUBSCRIPTION_WORDS.get(standing.standing, "PENDING")
    return Notice(about="subscription", word=word, subscription_token=standing.token, **base)


def _money(found: Doc, name: str) -> dict[str, Any]:
    currency = text(found, "currency").upper()
    return {"amount": from_stripe(whole(found, name), currency), "currency": currency or None}


def _millis(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * 1000


_SESSION_WORDS: Mapping[str, Word] = {
    "checkout.session.async_payment_succeeded": "ACCEPTED",
    "checkout.session.async_payment_failed": "FAILED",
    "checkout.session.expired": "FAILED",
}
_INTENT_WORDS: Mapping[str, Word] = {
    "payment_intent.succeeded": "ACCEPTED",
    "payment_intent.payment_failed": "FAILED",
    "payment_intent.canceled": "FAILED",
    "payment_intent.processing": "PENDING",
}
_SUBSCRIPTION_WORDS: Mapping[str, Word] = {"ACTIVE": "ACCEPTED", "CANCELED": "FAILED", "EXPIRED": "FAILED"}
_READERS: Mapping[str, Callable[[str, Doc, Mapping[str, Any]], Notice | None]] = {
    "checkout.session.completed": _session,
    **dict.fromkeys(_SESSION_WORDS, _session),
    **dict.fromkeys(_INTENT_WORDS, _intent),
    "invoice.paid": _invoice,
    "invoice.payment_succeeded": _invoice,
    "invoice.payment_failed": _invoice,
    "refund.created": _refund,
    "refund.updated": _refund,
    "refund.failed": _refund,
    "charge.refund.updated": _refund,
    "charge.refunded": _charge,
    "customer.subscription.updated": _subscription,
    "customer.subscription.deleted": _subscription,
}
