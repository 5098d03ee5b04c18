"""PayPal: Orders v2 that the customer approves on PayPal's page and we then collect, and refunds of captures.

A payment's id is its order's. Options, methods and the error map: docs/providers/paypal.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from providers.base import (
    Capabilities,
    Payment,
    PayRequest,
    Refund,
    RefundRequest,
    Rejected,
    Status,
    Unknown,
    money_problem,
    pay_problem,
)
from providers.callbacks import CallbackRequest, Refused, Told
from providers.http import Http
from providers.json_reading import Doc
from providers.options import Options
from providers.paypal_answers import (
    PAYPAL_CURRENCIES,
    amount_problem,
    order_body,
    payment_of,
    refund_body,
    refund_of,
    status_of,
    to_collect,
)
from providers.paypal_callbacks import Webhooks
from providers.paypal_errors import DECLINES, declined_payment, declined_refund, refused
from providers.paypal_wire import Issue, PayPalWire
from providers.signatures import RsaPublicKey

_ORDERS = "/v2/checkout/orders"
_CAPTURES = "/v2/payments/captures"
_ID = re.compile(r"[A-Z0-9]{1,36}")
_METHOD = "pay-pal"
_NOT_OURS = Rejected(reason="not an order of PayPal")
_GONE = frozenset(("INVALID_RESOURCE_ID", "RESOURCE_NOT_FOUND"))
_SETTLED = frozenset(("ORDER_ALREADY_CAPTURED", "ORDER_NOT_APPROVED", "PAYER_ACTION_REQUIRED"))
"""Issues after which the order itself says where it stands."""


class PayPalProvider:
    def __init__(
        self, wire: PayPalWire, http: Http, webhooks: Webhooks, *, brand: str | None, return_url: str | None
    ) -> None:
        self._wire = wire
        self._http = http
        self._webhooks = webhooks
        self._brand = brand
        self._return_url = return_url

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            methods=frozenset((_METHOD,)),
            default_method=_METHOD,
            currencies=PAYPAL_CURRENCIES,
            refunds=True,
            partial_refunds=True,
            status=True,
            callbacks=True,
        )

    async def pay(self, request: PayRequest) -> Payment | Unknown | Rejected:
        """The key alone makes it safe: no money moves before the customer approves this very order."""
        if problem := pay_problem(request, self.capabilities):
            return problem
        if reason := amount_problem(request.amount, request.currency):
            return Rejected(reason=reason, elsewhere=True)
        body = order_body(request, brand=self._brand, return_url=self._return_url)
        reply = await self._wire.post(_ORDERS, body, key=request.key)
        if isinstance(reply, Issue):
            return declined_payment(reply)
        return reply if isinstance(reply, Unknown | Rejected) else payment_of(reply)

    async def complete(self, payment_id: str) -> Status | Unknown | Rejected:
        """PayPal collects an order once, whoever asks how often."""
        order = await self._order(payment_id)
        if not isinstance(order, Mapping):
            return order
        if not to_collect(order):
            return status_of(order, payment_id)
        path = f"{_ORDERS}/{payment_id}/capture"
        reply = await self._wire.post(path, {}, key=f"{payment_id}-capture")
        if isinstance(reply, Issue):
            if reply.word in DECLINES:
                return Status(standing="FAILED", payment_id=payment_id)
            return await self.status(payment_id) if reply.word in _SETTLED else refused(reply)
        return reply if isinstance(reply, Unknown | Rejected) else status_of(reply, payment_id)

    async def refund(self, request: RefundRequest) -> Refund | Unknown | Rejected:
        """The key alone makes it safe: PayPal keeps the keys of refunds for 45 days."""
        if problem := _refund_problem(request):
            return problem
        capture = await self._capture_of(request)
        if not isinstance(capture, str):
            return capture
        reply = await self._wire.post(f"{_CAPTURES}/{capture}/refund", refund_body(request), key=request.key)
        if isinstance(reply, Issue):
            return declined_refund(reply)
        return reply if isinstance(reply, Unknown | Rejected) else refund_of(reply)

    async def status(self, payment_id: str) -> Status | Unknown | Rejected:
        order = await self._order(payment_id)
        return status_of(order, payment_id) if isinstance(order, Mapping) else order

    async def read_callback(self, request: CallbackRequest) -> Told | Refused:
        return await self._webhooks.read(request)

    async def close(self) -> None:
        await self._http.close()

    async def _order(self, payment_id: str) -> Doc | Status | Unknown | Rejected:
        """PayPal drops an order that nobody approved in time: what it no longer has was never paid."""
        if not _ID.fullmatch(payment_id):
            return _NOT_OURS
        reply = await self._wire.get(f"{_ORDERS}/{payment_id}")
        if isinstance(reply, Issue):
            gone = reply.status == 404 and reply.word in _GONE
            return Status(standing="FAILED", payment_id=payment_id) if gone else refused(reply)
        return reply

    async def _capture_of(self, request: RefundRequest) -> str | Unknown | Rejected:
        known = request.keep.get("captureId")
        if isinstance(known, str) and _ID.fullmatch(known):
            return known
        status = await self.status(request.payment_id)
        if not isinstance(status, Status):
            return status
        return status.keep.get("captureId") or Rejected(reason="nothing was taken that could go back")


def open_paypal(name: str, options: Mapping[str, Any]) -> PayPalProvider:
    """PayPal with the options of docs/providers/paypal.md.

    Raises:
        ConfigInvalid: An option is unknown, missing or wrong.
    """
    known = "clientId clientSecret baseUrl webhookId certificate brandName returnUrl".split()
    given = Options(name, options, known)
    base_url = given.url("baseUrl", "https://api-m.paypal.com")
    http = Http()
    key = None
    if "certificate" in options:
        try:
            key = RsaPublicKey(given.pem("certificate"))
        except ValueError as error:
            raise given.wrong(f"option certificate is {error}") from None
    return PayPalProvider(
        PayPalWire(http, base_url, given.text("clientId"), given.text("clientSecret")),
        http,
        Webhooks(http, base_url, webhook_id=given.optional_text("webhookId"), key=key),
        brand=given.optional_text("brandName"),
        return_url=given.optional_text("returnUrl"),
    )


def _refund_problem(request: RefundRequest) -> Rejected | None:
    if request.amount is None:
        return None
    reason = money_problem(request.amount, request.currency) or amount_problem(
        request.amount, request.currency
    )
    return Rejected(reason=reason) if reason else None
