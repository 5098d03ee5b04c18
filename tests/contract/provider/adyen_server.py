"""Stands for Adyen's Checkout API v71 and its webhooks, which the official SDK signs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from Adyen.util import generate_notification_sig
from aiohttp import web

from providers.callbacks import CallbackRequest, Word
from tests.contract.provider.loopback import Ledgers
from tests.contract.provider.world import Taken

API_KEY = "AQEyhmfxK4Bd-loopback"
MERCHANT = "TestMerchant"
HMAC_KEY = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"
BASIC = "Basic aHViOnNlc2FtZQ=="  # hub:sesame
OPTIONS = {
    "apiKey": API_KEY,
    "merchantAccount": MERCHANT,
    "hmacKey": HMAC_KEY,
    "callbackUser": "hub",
    "callbackPassword": "sesame",
}
RECEIVED = 1_800_000_000_000

_FAILED = {"resultCode": "Refused", "refusalReason": "Not enough balance", "refusalReasonCode": "12"}


class AdyenServer(Ledgers):
    """The world of the conformance suite; `provider` is set by whoever opens it."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[dict[str, Any]] = []
        self.stored: dict[str, list[str]] = {}
        self.answers_with: dict[str, Any] | None = None
        """If set, what the next POST /payments answers instead."""
        self.refunded_of: list[str] = []

    def app(self) -> web.Application:
        app = web.Application(middlewares=[_authenticated])
        money = self._scripts.troubled
        app.router.add_post("/payments", money(self._pay))
        app.router.add_post("/paymentLinks", money(self._link))
        app.router.add_post("/payments/{psp}/refunds", money(self._refund))
        app.router.add_post("/payments/details", self._details)
        app.router.add_get("/storedPaymentMethods", self._list_stored)
        app.router.add_delete("/storedPaymentMethods/{id}", self._delete_stored)
        return app

    # World

    def settle(self, payment_id: str, word: Word) -> None:
        """Adyen cannot be asked: only its webhooks tell."""

    def settle_refund(self, refund_id: str, word: Word) -> None:
        """As `settle`."""

    def callback(self, payment_id: str, word: Word, *, key: str | None = None) -> CallbackRequest:
        taken = next(it for it in self._payments if it.payment_id == payment_id)
        success = {"ACCEPTED": "true", "FAILED": "false"}[word]
        return notification(
            {
                "pspReference": payment_id,
                "merchantReference": taken.shop_transaction_id,
                "amount": {"value": taken.amount, "currency": taken.currency},
                "eventCode": "AUTHORISATION",
                "success": success,
            },
            key,
        )

    def refund_callback(self, refund_id: str, word: Word) -> CallbackRequest:
        given_back = next(it for it in self._refunds if it.payment_id == refund_id)
        return notification(
            {
                "pspReference": refund_id,
                "originalReference": self._payments[0].payment_id,
                "merchantReference": given_back.shop_transaction_id,
                "amount": {"value": given_back.amount, "currency": given_back.currency},
                "eventCode": "REFUND",
                "success": {"ACCEPTED": "true", "FAILED": "false"}[word],
            }
        )

    def pay_link(self, psp: str) -> None:
        """The customer paid on the latest link: only now has the payment a reference."""
        self._payments[-1] = replace(self._payments[-1], payment_id=psp)

    # what it does

    async def _pay(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        if again := self.answered(request.headers["Idempotency-Key"]):
            return again
        outcome, self.answers_with = self.answers_with or self._outcome(body), None
        answer = {"merchantReference": body["reference"], **outcome}
        if answer["resultCode"] not in ("Refused", "Error", "Cancelled"):
            answer = {"pspReference": self._take(self._payments, body), **answer}
        else:
            answer = {"pspReference": _reference("refused", 1), **answer}
        return self._keep(request, answer, 200)

    def _outcome(self, body: Mapping[str, Any]) -> dict[str, Any]:
        script = self._scripts.take("decline", "pending")
        if script == "decline":
            return _FAILED
        if body.get("storePaymentMethod"):
            self.stored.setdefault(body["shopperReference"], []).append(f"STORED{len(self.bodies)}")
        return {"resultCode": "Received" if script == "pending" else "Authorised"}

    async def _link(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        if again := self.answered(request.headers["Idempotency-Key"]):
            return again
        self._take(self._payments, body)
        link = f"PL{len(self._payments):014d}"
        return self._keep(
            request, {"id": link, "url": f"https://test.adyen.link/{link}", "status": "active"}, 201
        )

    async def _refund(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        if again := self.answered(request.headers["Idempotency-Key"]):
            return again
        psp = request.match_info["psp"]
        if self._scripts.take("decline") or psp not in [it.payment_id for it in self._payments]:
            problem = {"status": 422, "errorCode": "167", "message": "Original pspReference required"}
            return web.json_response(problem, status=422)
        self.refunded_of.append(psp)
        answer = {
            "paymentPspReference": psp,
            "pspReference": self._take(self._refunds, body),
            "status": "received",
        }
        return self._keep(request, answer, 201)

    async def _details(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        assert body["details"] == {"redirectResult": "X6XtfGC3"}
        return web.json_response(
            {"resultCode": "Authorised", "pspReference": "V4HZ4RBFJGXXGN82", "merchantReference": "shop-1"}
        )

    async def _list_stored(self, request: web.Request) -> web.Response:
        assert request.query["merchantAccount"] == MERCHANT
        ids = self.stored.get(request.query["shopperReference"], [])
        models = ["CardOnFile", "Subscription"]
        methods = [{"id": it, "type": "visa", "supportedRecurringProcessingModels": models} for it in ids]
        return web.json_response({"storedPaymentMethods": methods})

    async def _delete_stored(self, request: web.Request) -> web.Response:
        self.stored[request.query["shopperReference"]].remove(request.match_info["id"])
        return web.Response(status=204)

    async def _body(self, request: web.Request) -> dict[str, Any]:
        body: dict[str, Any] = await request.json()
        self.bodies.append(body)
        return body

    def _take(self, ledger: list[Taken], body: Mapping[str, Any]) -> str:
        psp = _reference("refund" if ledger is self._refunds else "payment", len(ledger))
        money = body["amount"]
        ledger.append(
            Taken(
                shop_transaction_id=body.get("reference"),
                amount=money["value"],
                currency=money["currency"],
                payment_id=psp,
            )
        )
        return psp

    def _keep(self, request: web.Request, answer: Mapping[str, Any], status: int) -> web.Response:
        return self.remember(request.headers["Idempotency-Key"], web.json_response(answer, status=status))


def notification(item: Mapping[str, Any], key: str | None = None) -> CallbackRequest:
    """A webhook with one item, signed by the official SDK with our key or with one made of `key`."""
    hmac_key = HMAC_KEY if key is None else sha256(key.encode()).hexdigest()
    whole = {"merchantAccountCode": MERCHANT, "originalReference": "", "reason": "", **item}
    whole["eventDate"] = "2026-11-23T12:00:00+01:00"
    signature = generate_notification_sig(whole, hmac_key).decode()
    whole["additionalData"] = {"hmacSignature": signature, "cardSummary": "1111"}
    body = {"live": "false", "notificationItems": [{"NotificationRequestItem": whole}]}
    return CallbackRequest(
        method="POST",
        target="/v3/adyen/callback",
        headers={"authorization": BASIC, "content-type": "application/json"},
        body=json.dumps(body).encode(),
        received=RECEIVED,
    )


@web.middleware
async def _authenticated(request: web.Request, handler: Any) -> web.StreamResponse:
    if request.headers.get("X-API-Key") != API_KEY:
        return web.json_response({"status": 401, "errorCode": "000"}, status=401)
    answer: web.StreamResponse = await handler(request)
    return answer


def _reference(kind: str, number: int) -> str:
    return sha256(f"{kind}{number}".encode()).hexdigest()[:16].upper()
