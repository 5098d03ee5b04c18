"""PayPal's events and their signatures: whom the provider believes, and what it understands."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from providers.callbacks import CallbackRequest, Notice, Refused, Told
from providers.paypal import open_paypal
from tests.contract.provider.paypal_server import (
    CERTIFICATE_PATH,
    CLIENT,
    NOW,
    PayPalServer,
    in_paypal,
    private_key,
    signed,
)
from tests.contract.provider.spoiling import spoilt


async def told(world: PayPalServer, request: CallbackRequest) -> Notice:
    answer = await world.paypal.read_callback(request)
    assert isinstance(answer, Told), answer
    (notice,) = answer.notices
    return notice


CAPTURE = {
    "id": "CAP1",
    "amount": {"currency_code": "EUR", "value": "12.99"},
    "custom_id": "shop-1",
    "supplementary_data": {"related_ids": {"order_id": "ORDER1"}},
}


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("PAYMENT.CAPTURE.COMPLETED", "ACCEPTED"),
        ("PAYMENT.CAPTURE.PENDING", "PENDING"),
        ("PAYMENT.CAPTURE.DENIED", "FAILED"),
    ],
)
def test_events_of_a_capture(kind: str, word: str) -> None:
    async def body(world: PayPalServer) -> None:
        notice = await told(world, world.event(kind, CAPTURE))
        assert (notice.about, notice.word, notice.payment_id) == ("payment", word, "ORDER1")
        assert (notice.shop_transaction_id, notice.amount, notice.currency) == ("shop-1", 1299, "EUR")
        assert notice.keep == {"captureId": "CAP1"}
        assert notice.happened == NOW

    in_paypal(body)


def test_a_capture_that_names_its_order_only_by_a_link_is_understood() -> None:
    async def body(world: PayPalServer) -> None:
        link = {"rel": "up", "href": "https://api.paypal.com/v2/checkout/orders/ORDER2"}
        capture = {"id": "CAP1", "links": [{"rel": "self", "href": "x"}, link]}
        notice = await told(world, world.event("PAYMENT.CAPTURE.COMPLETED", capture))
        assert notice.payment_id == "ORDER2"

    in_paypal(body)


def test_an_approved_order_is_a_hint_to_collect_it_and_a_reversed_approval_is_its_end() -> None:
    async def body(world: PayPalServer) -> None:
        order = {"id": "ORDER1", "purchase_units": [{"custom_id": "shop-1"}]}
        notice = await told(world, world.event("CHECKOUT.ORDER.APPROVED", order))
        assert (notice.about, notice.word, notice.payment_id) == ("payment", None, "ORDER1")
        assert notice.shop_transaction_id == "shop-1"
        reversal = {"order_id": "ORDER1", "purchase_units": []}
        end = await told(world, world.event("CHECKOUT.PAYMENT-APPROVAL.REVERSED", reversal))
        assert (end.word, end.payment_id) == ("FAILED", "ORDER1")

    in_paypal(body)


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("PAYMENT.CAPTURE.REFUNDED", "ACCEPTED"),
        ("PAYMENT.REFUND.PENDING", "PENDING"),
        ("PAYMENT.REFUND.FAILED", "FAILED"),
    ],
)
def test_events_of_a_refund(kind: str, word: str) -> None:
    async def body(world: PayPalServer) -> None:
        refund = {"id": "REF1", "amount": {"currency_code": "JPY", "value": "500"}, "custom_id": "shop-1"}
        notice = await told(world, world.event(kind, refund))
        assert (notice.about, notice.word, notice.refund_id) == ("refund", word, "REF1")
        assert (notice.amount, notice.currency, notice.shop_transaction_id) == (500, "JPY", "shop-1")

    in_paypal(body)


def test_an_event_that_concerns_no_payment_of_ours_is_told_as_such() -> None:
    async def body(world: PayPalServer) -> None:
        for kind, resource in (("CUSTOMER.DISPUTE.CREATED", {"id": "D1"}), ("PAYMENT.CAPTURE.COMPLETED", {})):
            notice = await told(world, world.event(kind, resource))
            assert (notice.about, notice.word) == ("other", None)

    in_paypal(body)


def test_a_vector_made_with_a_known_key() -> None:
    """crc32 of `{}` is 2745614147; the signed line is written out here, not computed as we compute it."""

    async def body(world: PayPalServer) -> None:
        request = signed(b"{}")
        line = (
            b"b9a27a20-5b5e-11ee-8c99-0242ac120002|2026-09-21T14:13:20Z|8PT597110X687430LKGECATA|2745614147"
        )
        signature = private_key("paypal").sign(line, padding.PKCS1v15(), hashes.SHA256())
        assert request.headers["paypal-transmission-sig"] == base64.b64encode(signature).decode()
        refused = await world.paypal.read_callback(request)
        assert isinstance(refused, Refused)
        assert refused.status == 400  # believed, but no event

    in_paypal(body)


@pytest.mark.parametrize(
    ("shift", "believed"),
    [(3 * 86_400_000, True), (3 * 86_400_000 + 301_000, False), (-299_000, True), (-301_000, False)],
)
def test_an_event_is_believed_for_the_three_days_that_paypal_repeats_it(shift: int, believed: bool) -> None:
    async def body(world: PayPalServer) -> None:
        request = world.event("PAYMENT.CAPTURE.COMPLETED", CAPTURE)
        answer = await world.paypal.read_callback(replace(request, received=request.received + shift))
        assert isinstance(answer, Told) == believed

    in_paypal(body)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("paypal-auth-algo", "SHA1withRSA"),
        ("paypal-auth-algo", "none"),
        ("paypal-transmission-sig", "not base64!"),
        ("paypal-transmission-sig", "AAAA"),
        ("paypal-transmission-time", "yesterday"),
        ("paypal-transmission-time", "2026-09-21T14:13:20"),
        ("paypal-transmission-id", "another"),
    ],
)
def test_a_signature_that_is_none_is_refused(header: str, value: str) -> None:
    async def body(world: PayPalServer) -> None:
        request = world.event("PAYMENT.CAPTURE.COMPLETED", CAPTURE)
        refused = await world.paypal.read_callback(
            replace(request, headers={**request.headers, header: value})
        )
        assert isinstance(refused, Refused)
        assert refused.status == 401

    in_paypal(body)


def test_without_a_configured_certificate_paypals_own_is_fetched_once() -> None:
    async def body(world: PayPalServer) -> None:
        for place in range(3):
            request = world.event("PAYMENT.CAPTURE.COMPLETED", {**CAPTURE, "id": f"CAP{place}"})
            assert (await told(world, request)).word == "ACCEPTED"
        assert world.fetched_certificates == 1
        forged = world.event("PAYMENT.CAPTURE.COMPLETED", CAPTURE, key="another")
        assert isinstance(await world.paypal.read_callback(forged), Refused)

    in_paypal(body, certificate=None)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v1/notifications/certs/CERT-1",
        "{base}.evil.example/v1/notifications/certs/CERT-1",
        "{base}@evil.example/v1/notifications/certs/CERT-1",
        "{base}/v1/notifications/certs/../../upload/CERT-1",
        "{base}/v2/checkout/orders",
        "ftp://x",
        "",
    ],
)
def test_a_certificate_is_asked_for_at_paypals_host_only(url: str) -> None:
    async def body(world: PayPalServer) -> None:
        request = world.event("PAYMENT.CAPTURE.COMPLETED", CAPTURE)
        headers = {**request.headers, "paypal-cert-url": url.replace("{base}", world.base_url)}
        refused = await world.paypal.read_callback(replace(request, headers=headers))
        assert isinstance(refused, Refused)
        assert refused.status == 401
        assert not world.fetched_certificates

    in_paypal(body, certificate=None)


def test_a_certificate_that_cannot_be_had_is_asked_for_again_later_or_never() -> None:
    async def body(world: PayPalServer) -> None:
        request = world.event("PAYMENT.CAPTURE.COMPLETED", CAPTURE)
        gone = {**request.headers, "paypal-cert-url": f"{world.base_url}{CERTIFICATE_PATH}0"}
        refused = await world.paypal.read_callback(replace(request, headers=gone))
        assert isinstance(refused, Refused)
        assert refused.status == 401
        unreachable = open_paypal(
            "paypal",
            {
                "clientId": CLIENT[0],
                "clientSecret": CLIENT[1],
                "webhookId": "W1",
                "baseUrl": "http://127.0.0.1:1",
            },
        )
        headers = {**request.headers, "paypal-cert-url": f"http://127.0.0.1:1{CERTIFICATE_PATH}"}
        later = await unreachable.read_callback(replace(request, headers=headers))
        assert isinstance(later, Refused)
        assert later.status == 503
        await unreachable.close()

    in_paypal(body, certificate=None)


def test_without_a_webhooks_id_a_callback_is_a_hint_that_is_read_back() -> None:
    async def body(world: PayPalServer) -> None:
        forged = replace(world.event("PAYMENT.CAPTURE.COMPLETED", CAPTURE), headers={})
        notice = await told(world, forged)
        assert (notice.about, notice.word, notice.payment_id) == ("payment", None, "ORDER1")

    in_paypal(body, webhookId=None, certificate=None)


def test_no_event_whatever_it_holds_crashes_or_is_believed_without_a_webhooks_id() -> None:
    async def body(world: PayPalServer) -> None:
        link = {"rel": "up", "href": "https://api.paypal.com/v2/checkout/orders/ORDER2"}
        order = {"id": "ORDER1", "purchase_units": [{"custom_id": "shop-1"}]}
        subjects: dict[str, Mapping[str, Any]] = {
            "PAYMENT.CAPTURE.COMPLETED": {**CAPTURE, "links": [link]},
            "PAYMENT.CAPTURE.REFUNDED": {**CAPTURE, "links": [link]},
            "CHECKOUT.ORDER.APPROVED": order,
        }
        for kind, resource in subjects.items():
            request = world.event(kind, resource)
            for document in spoilt(json.loads(request.body), 3_500):
                changed = replace(request, body=json.dumps(document).encode())
                answer = await world.paypal.read_callback(changed)
                assert isinstance(answer, Refused) or answer.notices[0].word is None

    in_paypal(body, webhookId=None, certificate=None)
