"""PayPal's webhooks: whether PayPal signed them, and what their events say.

Source: PayPal's documentation, "Integrate webhooks" (self-verification) and "Webhook event names".
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from engine.model import Millis
from providers.base import Unknown
from providers.callbacks import TOLERANCE, CallbackRequest, Notice, Refused, Told, Word
from providers.http import Http
from providers.json_reading import Doc, inner, items, parsed, text
from providers.paypal_answers import amount_of
from providers.signatures import RsaPublicKey

_RETRIES: Millis = 3 * 86_400_000
"""PayPal sends one event for three days, and does not say that it signs it anew each time."""

_CERTIFICATES = re.compile(r"/v1/notifications/certs/[A-Za-z0-9_.-]{1,200}")
_MOST_KEYS = 8
_ORDER = re.compile(r"/v2/checkout/orders/([A-Z0-9]{1,36})")


class Webhooks:
    """Reads callbacks. Fetches PayPal's certificate, from PayPal only, if none is configured."""

    def __init__(
        self, http: Http, base_url: str, *, webhook_id: str | None, key: RsaPublicKey | None
    ) -> None:
        self._http = http
        self._webhook_id = webhook_id
        self._key = key
        self._fetched: dict[str, RsaPublicKey] = {}
        parts = urlsplit(base_url)
        self._origins = {
            f"{parts.scheme}://{host}" for host in (parts.netloc, parts.netloc.replace("api-m.", "api.", 1))
        }

    async def read(self, request: CallbackRequest) -> Told | Refused:
        """Without a webhook's id nobody can tell who sent it: it is then a hint, to be read back."""
        if self._webhook_id and (doubt := await self._doubt(request, self._webhook_id)):
            return doubt
        event = parsed(request.body)
        if event is None or not text(event, "event_type"):
            return Refused(reason="the callback is not an event of PayPal", status=400)
        notice = _notice(event, request.body)
        return Told(notices=(notice if self._webhook_id else replace(notice, word=None),))

    async def _doubt(self, request: CallbackRequest, webhook_id: str) -> Refused | None:
        headers = request.headers
        stamp = headers.get("paypal-transmission-time", "")
        signature = _decoded(headers.get("paypal-transmission-sig", ""))
        if not signature or headers.get("paypal-auth-algo") != "SHA256withRSA":
            return Refused(reason="the callback is not signed as PayPal signs")
        sent = _millis(stamp)
        if sent is None or not -TOLERANCE <= request.received - sent <= _RETRIES + TOLERANCE:
            return Refused(reason="the callback's signature is too old or from the future")
        key = self._key or await self._fetch(headers.get("paypal-cert-url", ""))
        if isinstance(key, Refused):
            return key
        sent_id = headers.get("paypal-transmission-id", "")
        signed = f"{sent_id}|{stamp}|{webhook_id}|{zlib.crc32(request.body)}"
        right = key.verifies(signed.encode("utf-8", "surrogatepass"), signature)
        return None if right else Refused(reason="the callback's signature is wrong")

    async def _fetch(self, url: str) -> RsaPublicKey | Refused:
        """Whoever can choose the certificate can sign: only PayPal's own host is asked for one."""
        if not self._is_paypals(url):
            return Refused(reason="the callback's certificate is not on PayPal's host")
        if url in self._fetched:
            return self._fetched[url]
        answer = await self._http.request("GET", url)
        if isinstance(answer, Unknown) or answer.status >= 500:
            return Refused(reason="PayPal's certificate cannot be fetched now", status=503)
        try:
            key = RsaPublicKey(answer.body)
        except ValueError:
            return Refused(reason="the callback's certificate is none")
        if len(self._fetched) >= _MOST_KEYS:
            self._fetched.clear()
        self._fetched[url] = key
        return key

    def _is_paypals(self, url: str) -> bool:
        origin, slash, path = url.partition("/v1/")
        return origin in self._origins and bool(_CERTIFICATES.fullmatch(f"{slash}{path}"))


def _decoded(text_: str) -> bytes:
    try:
        return base64.b64decode(text_, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _millis(stamp: str) -> Millis | None:
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return None if moment.tzinfo is None else int(moment.timestamp() * 1000)


def _notice(event: Doc, body: bytes) -> Notice:
    kind, resource = text(event, "event_type"), inner(event, "resource")
    base: dict[str, Any] = {
        "id": text(event, "id") or sha256(body).hexdigest(),
        "description": kind,
        "happened": _millis(text(event, "create_time")),
    }
    reader = _READERS.get(kind)
    notice = reader(kind, resource, base) if reader else None
    return notice or Notice(about="other", word=None, **base)


def _order(kind: str, order: Doc, base: Mapping[str, Any]) -> Notice | None:
    """An approved order is a hint: reading it back is what collects it."""
    order_id = text(order, "order_id") or text(order, "id")
    unit = inner(order, "purchase_units", 0)
    if not order_id:
        return None
    return Notice(
        about="payment",
        word=_ORDER_WORDS[kind],
        payment_id=order_id,
        shop_transaction_id=text(unit, "custom_id") or None,
        **base,
    )


def _capture(kind: str, capture: Doc, base: Mapping[str, Any]) -> Notice | None:
    order_id, shop = _order_of(capture), text(capture, "custom_id")
    if not order_id and not shop:
        return None
    return Notice(
        about="payment",
        word=_CAPTURE_WORDS[kind],
        payment_id=order_id or None,
        shop_transaction_id=shop or None,
        keep={"captureId": text(capture, "id")} if text(capture, "id") else {},
        **_money(capture),
        **base,
    )


def _refund(kind: str, refund: Doc, base: Mapping[str, Any]) -> Notice | None:
    """Names its capture, not its order; ours carry the merchant's id."""
    order_id, shop = _order_of(refund), text(refund, "custom_id")
    if not order_id and not shop:
        return None
    return Notice(
        about="refund",
        word=_REFUND_WORDS[kind],
        payment_id=order_id or None,
        shop_transaction_id=shop or None,
        refund_id=text(refund, "id") or None,
        **_money(refund),
        **base,
    )


def _order_of(found: Doc) -> str:
    if order_id := text(found, "supplementary_data", "related_ids", "order_id"):
        return order_id
    for link in items(found, "links"):
        if text(link, "rel") == "up" and (match := _ORDER.search(text(link, "href"))):
            return match[1]
    return ""


def _money(found: Doc) -> dict[str, Any]:
    return {"amount": amount_of(found), "currency": text(found, "amount", "currency_code") or None}


_ORDER_WORDS: Mapping[str, Word | None] = {
    "CHECKOUT.ORDER.APPROVED": None,
    "CHECKOUT.ORDER.COMPLETED": None,
    "CHECKOUT.ORDER.DECLINED": None,
    "CHECKOUT.ORDER.VOIDED": "FAILED",
    "CHECKOUT.PAYMENT-APPROVAL.REVERSED": "FAILED",
}
_CAPTURE_WORDS: Mapping[str, Word] = {
    "PAYMENT.CAPTURE.COMPLETED": "ACCEPTED",
    "PAYMENT.CAPTURE.PENDING": "PENDING",
    "PAYMENT.CAPTURE.DECLINED": "FAILED",
    "PAYMENT.CAPTURE.DENIED": "FAILED",
}
_REFUND_WORDS: Mapping[str, Word] = {
    "PAYMENT.CAPTURE.REFUNDED": "ACCEPTED",
    "PAYMENT.REFUND.PENDING": "PENDING",
    "PAYMENT.REFUND.FAILED": "FAILED",
}
_READERS: Mapping[str, Callable[[str, Doc, Mapping[str, Any]], Notice | None]] = {
    **dict.fromkeys(_ORDER_WORDS, _order),
    **dict.fromkeys(_CAPTURE_WORDS, _capture),
    **dict.fromkeys(_REFUND_WORDS, _refund),
}
