"""Stands for Satispay's GBusiness API v1: checks the signature of every request, keeps payments and authorisations."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from functools import cache
from hashlib import sha256
from typing import Any
from uuid import UUID

from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from providers.callbacks import CallbackRequest, Word
from tests.contract.provider.loopback import Ledgers
from tests.contract.provider.world import Taken

KEY_ID = "4ekqhmf77q95deciis2frre12el393rteletbrg4rffqri3n58lsjsvf6uph934o"
RECEIVED = 1_800_000_000_000

_STATUSES = {"ACCEPTED": "ACCEPTED", "FAILED": "CANCELED", "PENDING": "PENDING"}
_AUTHORISATION = re.compile(
    r'Signature keyId="(?P<key>[^"]+)", algorithm="rsa-sha256",'
    r' headers="\(request-target\) host date digest", signature="(?P<signature>[^"]+)"'
)


@cache
def private_key() -> rsa.RSAPrivateKey:
    """One for the whole run: making it takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem() -> str:
    return (
        private_key()
        .private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        .decode()
    )


class SatispayServer(Ledgers):
    signed = False

    def __init__(self) -> None:
        super().__init__()
        self.documents: dict[str, dict[str, Any]] = {}
        self.agreements: dict[str, dict[str, Any]] = {}
        self.bodies: list[dict[str, Any]] = []
        self.declines_with = "21"

    def app(self) -> web.Application:
        app = web.Application(middlewares=[_signature_checked])
        root = "/g_business/v1"
        app.router.add_post(f"{root}/payments", self._scripts.troubled(self._pay, _hammered))
        app.router.add_get(f"{root}/payments/{{id}}", self._show)
        app.router.add_post(f"{root}/pre_authorized_payment_tokens", self._agree)
        app.router.add_get(f"{root}/pre_authorized_payment_tokens/{{id}}", self._show_agreement)
        app.router.add_put(f"{root}/pre_authorized_payment_tokens/{{id}}", self._end_agreement)
        return app

    # World

    def settle(self, payment_id: str, word: Word) -> None:
        self.documents[payment_id]["status"] = _STATUSES[word]

    def settle_refund(self, refund_id: str, word: Word) -> None:
        self.settle(refund_id, word)

    def callback(self, payment_id: str, word: Word, *, key: str | None = None) -> CallbackRequest:
        return CallbackRequest(
            method="GET",
            target=f"/v3/satispay/callback?payment_id={payment_id}",
            query={"payment_id": payment_id},
            headers={"date": "Mon, 23 Nov 2026 12:00:00 +0000", "digest": "SHA-256=47DEQpj8HBSa"},
            received=RECEIVED,
        )

    # what it does

    async def _pay(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        if again := self.answered(request.headers["Idempotency-Key"]):
            return again
        if self._scripts.take("decline"):
            return _error(403 if self.declines_with in ("44", "45") else 400, self.declines_with)
        if (
            body["flow"] == "PRE_AUTHORIZED"
            and self.agreements.get(body["token"], {}).get("status") != "ACCEPTED"
        ):
            return _error(400, "172")
        refund = body["flow"] == "REFUND"
        if refund and body["parent_payment_uid"] not in self.documents:
            return _error(404, "41")
        ledger = self._refunds if refund else self._payments
        document = self._document(body, len(self._payments) + len(self._refunds))
        ledger.append(
            Taken(
                shop_transaction_id=body["external_code"],
                amount=body["amount_unit"],
                currency=body["currency"],
                payment_id=document["id"],
            )
        )
        return self.remember(request.headers["Idempotency-Key"], web.json_response(document))

    def _document(self, body: dict[str, Any], number: int) -> dict[str, Any]:
        pending = self._scripts.take("pending") is not None or body["flow"] == "MATCH_CODE"
        payment_id = str(UUID(int=2**127 + number))
        document: dict[str, Any] = {
            "id": payment_id,
            "type": "REFUND_TO_BUSINESS" if body["flow"] == "REFUND" else "TO_BUSINESS",
            "status": "PENDING" if pending else "ACCEPTED",
            **{
                name: body[name]
                for name in ("amount_unit", "currency", "external_code", "metadata")
                if name in body
            },
        }
        if body["flow"] == "MATCH_CODE":
            document["redirect_url"] = f"https://online.satispay.com/pay/{payment_id}"
        self.documents[payment_id] = document
        return document

    async def _show(self, request: web.Request) -> web.Response:
        document = self.documents.get(request.match_info["id"])
        return _error(404, "41") if document is None else web.json_response(document)

    async def _agree(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        key = request.headers.get("Idempotency-Key", "")
        if again := self.answered(key):
            return again
        token = str(UUID(int=2**126 + len(self.agreements)))
        page = f"https://online.satispay.com/authorize/{token}"
        self.agreements[token] = {**body, "id": token, "status": "PENDING", "redirect_url": page}
        answer = web.json_response({**self.agreements[token], "code_identifier": f"S6Y-PPT--{token.upper()}"})
        return self.remember(key, answer) if key else answer

    async def _show_agreement(self, request: web.Request) -> web.Response:
        agreement = self.agreements.get(request.match_info["id"])
        return _error(404, "41") if agreement is None else web.json_response(agreement)

    async def _end_agreement(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        agreement = self.agreements.get(request.match_info["id"])
        if agreement is None:
            return _error(404, "41")
        if agreement["status"] == body["status"]:
            return _error(403, "44")
        agreement["status"] = body["status"]
        return web.json_response(agreement)

    async def _body(self, request: web.Request) -> dict[str, Any]:
        body: dict[str, Any] = await request.json()
        self.bodies.append(body)
        return body


@web.middleware
async def _signature_checked(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    digest = "SHA-256=" + b64encode(sha256(await request.read()).digest()).decode()
    said = _AUTHORISATION.fullmatch(request.headers.get("Authorization", ""))
    if said is None or said["key"] != KEY_ID or request.headers.get("Digest") != digest:
        return _error(401, "34")
    message = (
        f"(request-target): {request.method.lower()} {request.raw_path}\nhost: {request.headers['Host']}\n"
        f"date: {request.headers['Date']}\ndigest: {digest}"
    )
    try:
        private_key().public_key().verify(
            b64decode(said["signature"]), message.encode(), padding.PKCS1v15(), hashes.SHA256()
        )
    except InvalidSignature:
        return _error(401, "34")
    return await handler(request)


def _hammered() -> web.Response:
    return _error(403, "70")


def _error(status: int, code: str) -> web.Response:
    return web.json_response({"code": code, "message": "refused", "wlt": "3YHX6r13"}, status=status)
