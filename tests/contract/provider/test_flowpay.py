"""FlowPay's connector against a server that speaks its API v1, gives tokens and signs webhooks as it does."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from engine.errors import ConfigInvalid
from hub.connectors import built_in
from providers.base import Payment, Provider
from providers.callbacks import CallbackRequest, Told, Word
from providers.connector_provider import open_connector
from tests.contract.provider.loopback import NOW, Loopback, Order, Refused, bytes_callback, running
from tests.contract.provider.suite import ProviderSuite
from tests.contract.provider.world import WorldMaker

TENANT = "84461172-4326-4D6B-AEA7-840ED1372200"
NEEDED = {"amount", "creditor", "creditorIBAN", "date", "debtor", "remittance"}


@cache
def key_of(owner: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def public_pem(owner: str) -> str:
    public = key_of(owner).public_key()
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return public.public_bytes(encoding, form).decode()


class FlowPay(Loopback):
    signed = True
    stamped = True
    settled: Mapping[Word, str] = MappingProxyType(
        {"ACCEPTED": "concluded", "FAILED": "rejected", "PENDING": "not_concluded"}
    )

    def __init__(self) -> None:
        super().__init__()
        self.tokens: list[str] = []
        self.locked_out = False
        self.transfers: dict[str, Any] = {}

    def connect(self, base_url: str) -> Provider:
        options = {
            "baseUrl": f"{base_url}/api",
            "coreUrl": f"{base_url}/core",
            "clientId": "app",
            "clientSecret": "s3cret&more",
            "tenantId": TENANT,
            "publicKey": public_pem("flowpay"),
        }
        return open_connector("flowpay", built_in("flowpay"), options, clock=self.clock)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/core/oauth/token", self.token),
            web.post(f"/api/{TENANT}/transfers", self.transfer),
            web.post(f"/api/{TENANT}/checkout", self.checkout),
            web.get(f"/api/{TENANT}/payments/transfer/{{fingerprint}}", self.status),
        ]

    def unauthorised(self) -> web.Response:
        self.locked_out = True
        return error(401, "not enough credentials")

    def declined(self) -> web.Response:
        return error(417, "not right semantically")

    async def token(self, request: web.Request) -> web.StreamResponse:
        sent = await request.post()
        right = {"grant_type": "client_credentials", "client_id": "app", "client_secret": "s3cret&more"}
        if self.locked_out or {**sent, **right} != dict(sent):
            return web.json_response({"error": "invalid_client"}, status=401)
        self.tokens.append(self.number("token"))
        return web.json_response(
            {"access_token": self.tokens[-1], "expires_in": 3600, "scope": sent["scope"]}
        )

    def door(self, request: web.Request) -> None:
        if not self.tokens or request.headers.get("Authorization") != f"Bearer {self.tokens[-1]}":
            raise Refused(error(401, "not enough credentials"))

    async def transfer(self, request: web.Request) -> web.StreamResponse:
        self.door(request)
        sent = await request.json()
        if set(sent) != NEEDED or not isinstance(sent["amount"], float) or not sent["date"].endswith("Z"):
            return error(400, "not right syntactically")
        fingerprint = self.number("d41d8cd98f00b204")
        self.transfers[fingerprint] = sent
        shown = {"amount": sent["amount"], "date": sent["date"], "debtor": sent["debtor"]}
        return web.json_response({**shown, "fingerprint": fingerprint}, status=201)

    async def checkout(self, request: web.Request) -> web.StreamResponse:
        self.door(request)
        sent = await request.json()
        if sent["type"] != "transfer" or sent["fingerprint"] not in self.transfers:
            return error(404, "no such document")

        def do() -> web.Response:
            transfer = self.transfers[sent["fingerprint"]]
            cents = round(transfer["amount"] * 100)
            self.new_order(Order(sent["fingerprint"], cents, "EUR", transfer["remittance"], ""))
            return web.json_response({"code": "LjJ5imbL", "expire": None, "payments": []}, status=201)

        return await self.money(request, do)

    async def status(self, request: web.Request) -> web.StreamResponse:
        self.door(request)
        order = self.orders.get(request.match_info["fingerprint"])
        if order is None:
            return error(404, "no such document")
        known = {"identifier": "cb15b52a", "fingerprint": order.id, "creditor": "c", "debtor": "d"}
        return web.json_response([{**known, "status": order.status}] if order.status else [])

    def callback(self, payment_id: str, word: Word, *, key: str | None = None) -> CallbackRequest:
        states = {"previousState": "not_concluded", "currentState": self.settled[word]}
        payload = {"type": "transfer", "fingerprint": payment_id, **states}
        event = {"event": "checkout_payment_status_changed", "tenantID": TENANT, "eventID": "9a1f"}
        body = json.dumps({**event, "payload": payload}).encode()
        message = b"%d.%s" % (NOW // 1000, body)
        signature = key_of(key or "flowpay").sign(message, ec.ECDSA(hashes.SHA256()))
        headers = {"x-flowpay-timestamp": str(NOW // 1000)}
        return bytes_callback(body, {**headers, "x-flowpay-der-signature": b64encode(signature).decode()})


class TestFlowPay(ProviderSuite):
    finds_repeats = False

    def world(self) -> WorldMaker:
        return running(FlowPay())

    def provider_data(self, method: str) -> dict[str, Any]:
        return {
            "debtorFiscalCode": "CMLLBR43E41C375Z",
            "creditorFiscalCode": "BRNMHL77L01Z602U",
            "creditorIban": "IT45S0300203280877589174726",
        }

    def test_a_transfer_without_a_date_is_for_today(self) -> None:
        async def body(world: Any) -> None:
            await world.provider.pay(self.request(world))
            (transfer,) = world.transfers.values()
            assert transfer["date"] == "2023-11-14T22:13:20Z"

        self.in_world(body)

    def test_a_token_is_used_until_shortly_before_its_end(self) -> None:
        async def body(world: Any) -> None:
            await world.provider.pay(self.request(world))
            await world.provider.pay(self.request(world, key="saga-2.1.0"))
            assert len(world.tokens) == 1
            world.clock.time += 3_550_000
            await world.provider.pay(self.request(world, key="saga-3.1.0"))
            assert len(world.tokens) == 2

        self.in_world(body)

    def test_a_token_that_was_revoked_is_asked_anew(self) -> None:
        async def body(world: Any) -> None:
            await world.provider.pay(self.request(world))
            world.tokens.append("another, because ours was revoked")
            answer = await world.provider.pay(self.request(world, key="saga-2.1.0"))
            assert isinstance(answer, Payment)

        self.in_world(body)

    def test_an_event_about_something_else_is_told_as_such(self) -> None:
        async def body(world: Any) -> None:
            payload = json.dumps({"event": "consent_expired", "eventID": "1", "payload": {}}).encode()
            signature = key_of("flowpay").sign(b"%d.%s" % (NOW // 1000, payload), ec.ECDSA(hashes.SHA256()))
            headers = {"x-flowpay-timestamp": str(NOW // 1000)}
            signed = {**headers, "x-flowpay-der-signature": b64encode(signature).decode()}
            told = await world.provider.read_callback(bytes_callback(payload, signed))
            assert isinstance(told, Told)
            assert told.notices[0].about == "other"

        self.in_world(body)


def test_a_key_that_is_none_is_refused_at_start() -> None:
    given = dict.fromkeys(("clientId", "clientSecret", "tenantId"), "x")
    for wrong in ("abc", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"):
        with pytest.raises(ConfigInvalid, match="key for callbacks"):
            open_connector(
                "flowpay", built_in("flowpay"), {**given, "publicKey": wrong}, clock=Loopback().clock
            )


def error(status: int, words: str) -> web.Response:
    document = {"service": 1, "code": 404, "errorDescription": words, "statusCode": status}
    return web.json_response(document, status=status)
