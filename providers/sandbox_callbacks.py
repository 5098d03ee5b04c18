"""The sandbox's callbacks: signed as Standard Webhooks has it, and read back. Pure.

HMAC-SHA256 over `webhook-id.webhook-timestamp.body`, base64, `v1,` before it; several signatures may stand
in the header, apart by blanks. Source: standardwebhooks.com, "Signature scheme".
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.model import Millis
from providers.callbacks import TOLERANCE, CallbackRequest, Notice, Refused, Told, Word
from providers.sandbox_ledger import BookedPayment, BookedRefund
from providers.signatures import hmac_digest, hmac_matches

_RESULTS: Mapping[Word, str] = {"ACCEPTED": "executed", "FAILED": "failed", "PENDING": "pending"}
_WORDS = {result: word for word, result in _RESULTS.items()}
_LONGEST_STAMP = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A callback before it is signed: `id` is the same whenever it is sent again."""

    id: str
    body: bytes = field(repr=False)


def letter(payment: BookedPayment, word: Word, refund: BookedRefund | None = None) -> Letter:
    """What the sandbox tells of a payment, or of one of its refunds."""
    about = payment.payment_id if refund is None else refund.refund_id
    told: dict[str, Any] = {
        "id": f"{about}-{_RESULTS[word]}",
        "type": "payment" if refund is None else "refund",
        "paymentId": payment.payment_id,
        "shopTransactionId": payment.shop_transaction_id,
        "refundId": None if refund is None else refund.refund_id,
        "result": _RESULTS[word],
        "amount": payment.amount if refund is None else refund.amount,
        "currency": payment.currency,
        "subscriptionToken": payment.token if refund is None else None,
    }
    kept = {name: value for name, value in told.items() if value is not None}
    return Letter(id=told["id"], body=json.dumps(kept).encode())


def signed(one: Letter, key: bytes, now: Millis) -> dict[str, str]:
    """The headers that it is sent with."""
    stamp = str(now // 1000)
    signature = b64encode(hmac_digest(key, _signed_text(one.id, stamp, one.body))).decode()
    return {
        "content-type": "application/json",
        "webhook-id": one.id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{signature}",
    }


def read(request: CallbackRequest, key: bytes) -> Told | Refused:
    """Believe what carries our signature of the last five minutes."""
    headers = request.headers
    id_, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not id_ or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= _LONGEST_STAMP):
        return Refused(reason="webhook-id or webhook-timestamp is missing or wrong")
    if abs(request.received - int(stamp) * 1000) > TOLERANCE:
        return Refused(reason="the timestamp is too old, or too far ahead")
    message = _signed_text(id_, stamp, request.body)
    given = headers.get("webhook-signature", "").split(" ")
    if not any(hmac_matches(key, message, _raw(one)) for one in given):
        return Refused(reason="no signature fits")
    return _told(request.body)


def _told(body: bytes) -> Told | Refused:
    """What was signed is what `letter` wrote: only its shape is looked at."""
    try:
        told = json.loads(body)
        notice = Notice(
            id=told["id"],
            about=told["type"],
            word=_WORDS[told["result"]],
            payment_id=told["paymentId"],
            shop_transaction_id=told.get("shopTransactionId"),
            subscription_token=told.get("subscriptionToken"),
            refund_id=told.get("refundId"),
            amount=told.get("amount"),
            currency=told.get("currency"),
        )
    except (ValueError, TypeError, LookupError):
        return Refused(reason="signed, and none of the sandbox's callbacks", status=400)
    return Told(notices=(notice,))


def _signed_text(id_: str, stamp: str, body: bytes) -> bytes:
    return f"{id_}.{stamp}.".encode("utf-8", "surrogatepass") + body


def _raw(signature: str) -> bytes:
    version, _, text = signature.partition(",")
    try:
        return b64decode(text, validate=True) if version == "v1" else b""
    except (NotBase64, ValueError):
        return b""
