"""PayPal on a loopback socket: tokens, Orders v2, captures and refunds, and webhooks that it signs; with a ledger.

Written from PayPal's API reference; the key and the certificate are its own.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from providers.base import Provider
from providers.callbacks import CallbackRequest, Word
from providers.money import exponent
from providers.paypal import PayPalProvider, open_paypal
from tests.contract.provider.loopback import Scripts, served
from tests.contract.provider.world import Script, Taken

NOW = 1_790_000_000_000
CLIENT = ("client-of-the-test", "secret-of-the-test")
BASIC = f"Basic {base64.b64encode(':'.join(CLIENT).encode()).decode()}"
WEBHOOK = "8PT597110X687430LKGECATA"
CERTIFICATE_PATH = "/v1/notifications/certs/CERT-360caa42-fca2a594-1d93a270"

Json = dict[str, Any]


class PayPalServer:
    signed = True
    stamped = False
    """Its signatures cover a time, but PayPal sends an event again for three days."""

    def __init__(self) -> None:
        self.scripts = Scripts()
        self.orders: dict[str, Json] = {}
        self.made_refunds: dict[str, Json] = {}
        self.answers: dict[str, tuple[int, Json]] = {}
        self.tokens: list[str] = []
        self.valid: set[str] = set()
        self.lifetime = 32_400
        self.shut_out = False
        self.requests: list[tuple[str, Json]] = []
        self.decline = "TRANSACTION_REFUSED"
        self.capture_status = "COMPLETED"
        self.fetched_certificates = 0
        self.base_url = ""
        self.paypal: PayPalProvider
        self.provider: Provider
        self._counter = itertools.count(1)

    # what the suite asks of a world

    def script(self, what: Script) -> None:
        self.scripts.set(what)

    def payments(self) -> Sequence[Taken]:
        return [
            Taken(
                shop_transaction_id=unit["custom_id"],
                amount=_minor(unit["amount"]),
                currency=unit["amount"]["currency_code"],
                payment_id=order_id,
            )
            for order_id, order in self.orders.items()
            for unit in order["purchase_units"]
        ]

    def refunds(self) -> Sequence[Taken]:
        return [
            Taken(
                shop_transaction_id=it.get("custom_id"),
                amount=_minor(it["amount"]),
                currency=it["amount"]["currency_code"],
                payment_id=it["_order"],
            )
            for it in self.made_refunds.values()
        ]

    def settle(self, payment_id: str, word: Word) -> None:
        order = self.orders[payment_id]
        if word == "FAILED":
            order["status"] = "VOIDED"
        else:
            self._collect(order)

    def settle_refund(self, refund_id: str, word: Word) -> None:
        self.made_refunds[refund_id]["status"] = {"ACCEPTED": "COMPLETED", "FAILED": "FAILED"}.get(
            word, "PENDING"
        )

    def callback(self, payment_id: str, word: Word, *, key: str | None = None) -> CallbackRequest:
        unit = self.orders[payment_id]["purchase_units"][0]
        captures = unit.get("payments", {}).get("captures", [])
        capture = {
            "id": captures[0]["id"] if captures else "CAPTURE1",
            "amount": unit["amount"],
            "custom_id": unit["custom_id"],
            "supplementary_data": {"related_ids": {"order_id": payment_id}},
        }
        kind = "PAYMENT.CAPTURE.COMPLETED" if word == "ACCEPTED" else "PAYMENT.CAPTURE.DENIED"
        return self.event(kind, capture, key=key or "paypal")

    def event(
        self, kind: str, resource: Mapping[str, Any], *, key: str = "paypal", at: int = NOW
    ) -> CallbackRequest:
        sent = {
            "id": f"WH-{kind}-{resource.get('id')}",
            "event_type": kind,
            "create_time": _stamp(at),
            "resource": dict(resource),
        }
        return signed(json.dumps(sent).encode(), key=key, at=at, origin=self.base_url)

    # what happens at PayPal without us

    def approve(self, payment_id: str) -> None:
        """The customer pressed "Pay now"."""
        self.orders[payment_id]["status"] = "APPROVED"

    def _collect(self, order: Json) -> None:
        unit = order["purchase_units"][0]
        capture = {"id": self._id("CAP"), "status": self.capture_status, "amount": unit["amount"]}
        unit["payments"] = {"captures": [capture], "refunds": []}
        order["status"] = "COMPLETED"

    # the API

    def application(self) -> web.Application:
        app = web.Application()
        money = self.scripts.troubled
        app.router.add_post("/v1/oauth2/token", self._token)
        app.router.add_get("/v1/notifications/certs/{name}", self._certificate)
        app.router.add_post("/v2/checkout/orders", self._guarded(money(self._once(self._create))))
        app.router.add_get("/v2/checkout/orders/{id}", self._guarded(self._show))
        app.router.add_post(
            "/v2/checkout/orders/{id}/capture", self._guarded(money(self._once(self._capture)))
        )
        app.router.add_post(
            "/v2/payments/captures/{id}/refund", self._guarded(money(self._once(self._refund)))
        )
        return app

    async def _token(self, request: web.Request) -> web.Response:
        sent = request.headers.get("authorization", "")
        if sent != BASIC or await request.text() != "grant_type=client_credentials":
            return web.json_response({"error": "invalid_client"}, status=401)
        token = f"A21AA-{len(self.tokens)}"
        self.tokens.append(token)
        self.valid.add(token)
        granted = {"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime}
        return web.json_response(granted)

    def _guarded(self, handler: Any) -> Any:
        """A token that is not known, or the script that wants none to be, is answered as PayPal does."""

        async def handle(request: web.Request) -> web.StreamResponse:
            if self.scripts.take("unauthorised"):
                self.shut_out = True
            token = request.headers.get("authorization", "").removeprefix("Bearer ")
            if token not in self.valid or self.shut_out:
                return web.json_response({"error": "invalid_token"}, status=401)
            answer: web.StreamResponse = await handler(request)
            return answer

        return handle

    def _once(self, make: Any) -> Any:
        async def handle(request: web.Request) -> web.Response:
            key, body = request.headers["paypal-request-id"], await request.json()
            self.requests.append((request.path, body))
            if key not in self.answers:
                if self.scripts.take("decline"):
                    word = "REFUND_FAILED_INSUFFICIENT_FUNDS" if "refund" in request.path else self.decline
                    return _issue(422, word)
                self.answers[key] = make(request, body)
            status, answer = self.answers[key]
            return web.json_response(_shown(answer), status=status)

        return handle

    def _create(self, _request: web.Request, body: Json) -> tuple[int, Json]:
        self.scripts.take("pending")
        order_id = self._id("ORDER")
        self.orders[order_id] = {
            "id": order_id,
            "status": "PAYER_ACTION_REQUIRED",
            "intent": body["intent"],
            "purchase_units": body["purchase_units"],
            "links": [
                {"rel": "self", "href": f"{self.base_url}/v2/checkout/orders/{order_id}"},
                {"rel": "payer-action", "href": f"https://www.paypal.com/checkoutnow?token={order_id}"},
            ],
        }
        return 200, self.orders[order_id]

    async def _show(self, request: web.Request) -> web.Response:
        order = self.orders.get(request.match_info["id"])
        return _issue(404, "INVALID_RESOURCE_ID") if order is None else web.json_response(_shown(order))

    def _capture(self, request: web.Request, _body: Json) -> tuple[int, Json]:
        order = self.orders[request.match_info["id"]]
        if order["status"] != "APPROVED":
            word = "ORDER_ALREADY_CAPTURED" if order["status"] == "COMPLETED" else "ORDER_NOT_APPROVED"
            return 422, _error(word)
        self._collect(order)
        return 201, order

    def _refund(self, request: web.Request, body: Json) -> tuple[int, Json]:
        capture_id = request.match_info["id"]
        for order in self.orders.values():
            unit = order["purchase_units"][0]
            payments = unit.get("payments", {"captures": []})
            if capture_id in [it["id"] for it in payments["captures"]]:
                back = sum(_minor(it["amount"]) for it in payments["refunds"])
                left = {**unit["amount"], "value": f"{(_minor(unit['amount']) - back) / 100:.2f}"}
                refund = {
                    "id": self._id("REF"),
                    "status": "COMPLETED",
                    "amount": body.get("amount", left),
                    "custom_id": body.get("custom_id"),
                    "_order": order["id"],
                }
                payments["refunds"].append(refund)
                self.made_refunds[refund["id"]] = refund
                return 201, refund
        return 404, _error("INVALID_RESOURCE_ID")

    async def _certificate(self, request: web.Request) -> web.Response:
        self.fetched_certificates += 1
        found = request.path == CERTIFICATE_PATH
        return web.Response(body=certificate("paypal")) if found else web.Response(status=404)

    def _id(self, prefix: str) -> str:
        return f"{prefix}{next(self._counter):012d}"


@asynccontextmanager
async def paypal_world(**options: Any) -> AsyncIterator[PayPalServer]:
    """PayPal's stand-in, and the provider connected to it."""
    server = PayPalServer()
    async with served(server.application()) as base_url:
        server.base_url = base_url
        chosen = {
            "clientId": CLIENT[0],
            "clientSecret": CLIENT[1],
            "webhookId": WEBHOOK,
            "certificate": certificate("paypal").decode(),
            "baseUrl": base_url,
            **options,
        }
        given = {name: value for name, value in chosen.items() if value is not None}
        server.provider = server.paypal = open_paypal("paypal", given)
        try:
            yield server
        finally:
            await server.paypal.close()


def in_paypal(body: Callable[[PayPalServer], Awaitable[None]], **options: Any) -> None:
    """Run a test's body in a world of its own."""

    async def run() -> None:
        async with paypal_world(**options) as world:
            await body(world)

    asyncio.run(run())


@cache
def private_key(owner: str) -> rsa.RSAPrivateKey:
    """One key an owner for the whole run."""
    assert owner
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def certificate(owner: str) -> bytes:
    """The owner's own certificate in PEM format."""
    key = private_key(owner)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "messageverificationcerts.paypal.com")])
    start = datetime.fromtimestamp(NOW / 1000, UTC) - timedelta(days=30)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM)


def signed(
    body: bytes, *, key: str = "paypal", at: int = NOW, origin: str = "https://api.paypal.com"
) -> CallbackRequest:
    """A body as PayPal signs it: RSA-SHA256 over id|time|webhook id|crc32 of the body."""
    sent_id, stamp = "b9a27a20-5b5e-11ee-8c99-0242ac120002", _stamp(at)
    message = f"{sent_id}|{stamp}|{WEBHOOK}|{zlib.crc32(body)}".encode()
    signature = private_key(key).sign(message, padding.PKCS1v15(), hashes.SHA256())
    return CallbackRequest(
        method="POST",
        target="/v3/paypal/callback",
        headers={
            "paypal-auth-algo": "SHA256withRSA",
            "paypal-cert-url": f"{origin}{CERTIFICATE_PATH}",
            "paypal-transmission-id": sent_id,
            "paypal-transmission-sig": base64.b64encode(signature).decode(),
            "paypal-transmission-time": stamp,
        },
        body=body,
        received=at,
    )


def _stamp(millis: int) -> str:
    return datetime.fromtimestamp(millis // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _shown(found: Mapping[str, Any]) -> Json:
    return {key: value for key, value in found.items() if not key.startswith("_")}


def _minor(money: Mapping[str, str]) -> int:
    return round(float(money["value"]) * float(10 ** exponent(money["currency_code"])))


def _error(word: str) -> Json:
    return {"name": "UNPROCESSABLE_ENTITY", "details": [{"issue": word, "description": "as documented"}]}


def _issue(status: int, word: str) -> web.Response:
    return web.json_response(_error(word), status=status)
