"""Adyen's standard webhooks: whom to believe and what they say. Pure; providers/adyen.py calls it.

Only what the signature covers is read: additionalData, reason and eventDate are not, so nothing of them gets into a
notice. Adyen joins the fields by colons and, in JSON webhooks, escapes nothing; since only the merchant's reference may
hold a colon here, a signature stands for one reading only. Source: Adyen's documentation "Verify HMAC signatures".
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

from providers.adyen_wire import from_adyen
from providers.callbacks import About, CallbackRequest, Notice, Refused, Told, Word
from providers.json_reading import Doc, at, inner, parsed, text, whole
from providers.signatures import hmac_matches, same_text

ACCEPTED = b"[accepted]"
"""What Adyen wants to hear; without it the notification is sent again, and the webhook's queue waits."""

_MOST_ITEMS = 100

_EVENTS: Mapping[str, tuple[About, Word | None, Word | None]] = {
    "AUTHORISATION": ("payment", "ACCEPTED", "FAILED"),
    "OFFER_CLOSED": ("payment", "FAILED", None),
    "REFUND": ("refund", "ACCEPTED", "FAILED"),
    "REFUND_FAILED": ("refund", "FAILED", None),
    "REFUNDED_REVERSED": ("refund", "FAILED", None),
}
"""By event: what it is about, the word when its success is true, and when it is false. Without a word it is "other",
as is every event that is not listed: captures, chargebacks, reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """How to tell that a notification is Adyen's and for us. Several keys while one replaces another."""

    merchant: str
    keys: tuple[bytes, ...] = field(repr=False)
    basic: str | None = field(default=None, repr=False)


def basic_authorisation(user: str, password: str) -> str:
    """The header that Adyen sends if the webhook has a user and a password."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def read(request: CallbackRequest, sender: Sender) -> Told | Refused:
    """Believed only if every item in it is signed right."""
    if sender.basic is not None and not same_text(request.headers.get("authorization", ""), sender.basic):
        return Refused(reason="wrong or missing basic authentication")
    items = at(parsed(request.body), "notificationItems")
    if not isinstance(items, list) or not 0 < len(items) <= _MOST_ITEMS:
        return Refused(reason="no notification of Adyen", status=400)
    notices = []
    for item in items:
        fields = inner(item, "NotificationRequestItem")
        signed = _signed(fields)
        if signed is None:
            return Refused(reason="a notification that cannot be read", status=400)
        if not _verified(signed, text(fields, "additionalData", "hmacSignature"), sender.keys):
            return Refused(reason="wrong or missing HMAC signature")
        notices.append(_notice(signed, sender.merchant))
    return Told(notices=tuple(notices), body=ACCEPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signed:
    psp: str
    original: str
    merchant: str
    reference: str
    value: int
    currency: str
    event: str
    success: str

    def message(self) -> bytes:
        parts = (self.psp, self.original, self.merchant, self.reference)
        return ":".join((*parts, str(self.value), self.currency, self.event, self.success)).encode(
            "utf-8", "surrogatepass"
        )


def _signed(item: Doc) -> _Signed | None:
    value = whole(item, "amount", "value")
    if value is None:
        return None
    signed = _Signed(
        psp=text(item, "pspReference"),
        original=text(item, "originalReference"),
        merchant=text(item, "merchantAccountCode"),
        reference=text(item, "merchantReference"),
        value=value,
        currency=text(item, "amount", "currency"),
        event=text(item, "eventCode"),
        success=text(item, "success"),
    )
    ours = (signed.psp, signed.original, signed.merchant, signed.currency, signed.event)
    if not signed.psp or signed.success not in ("true", "false") or any(":" in part for part in ours):
        return None
    return signed


def _verified(signed: _Signed, signature: str, keys: tuple[bytes, ...]) -> bool:
    try:
        raw = b64decode(signature, validate=True)
    except ValueError:
        return False
    return any(hmac_matches(key, signed.message(), raw) for key in keys)


def _notice(signed: _Signed, merchant: str) -> Notice:
    about, word = _meaning(signed) if signed.merchant == merchant else ("other", None)
    of_payment = signed.original if about == "refund" else signed.original or signed.psp
    return Notice(
        id=f"{signed.psp}:{signed.event}:{signed.success}",
        about=about,
        word=word,
        payment_id=of_payment or None,
        shop_transaction_id=signed.reference or None,
        refund_id=signed.psp if about == "refund" else None,
        amount=from_adyen(signed.value, signed.currency),
        currency=signed.currency or None,
        description=f"{signed.event} success={signed.success}"[:200],
        keep={"pspReference": signed.psp} if about == "payment" and word == "ACCEPTED" else {},
    )


def _meaning(signed: _Signed) -> tuple[About, Word | None]:
    about, good, bad = _EVENTS.get(signed.event, ("other", None, None))
    word = good if signed.success == "true" else bad
    return (about, word) if word else ("other", None)
