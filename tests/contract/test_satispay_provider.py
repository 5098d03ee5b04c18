"""The provider contract over Satispay, its authorisations, its errors, and the documented signature."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from engine.clock import SystemClock
from engine.errors import ConfigInvalid
from providers.base import Payment, PayRequest, Refund, RefundRequest, Rejected, Status, Subscription, Unknown
from providers.callbacks import CallbackRequest, Refused, Told
from providers.satispay import SatispayProvider, open_satispay
from providers.satispay_api import SatispayApi, rfc_2822, signature
from providers.signatures import RsaPrivateKey
from tests.contract.provider.loopback import opened
from tests.contract.provider.odd_answers import endure
from tests.contract.provider.satispay_server import KEY_ID, RECEIVED, SatispayServer, pem, private_key
from tests.contract.provider.suite import ProviderSuite
from tests.contract.provider.world import World

CLOCK = SystemClock()


def at(url: str) -> SatispayProvider:
    return open_satispay("satispay", {"keyId": KEY_ID, "privateKey": pem(), "baseUrl": url}, clock=CLOCK)


class TestSatispayProvider(ProviderSuite):
    def world(self) -> AbstractAsyncContextManager[World]:
        return opened(SatispayServer(), at)


def with_satispay(body: Callable[[SatispayServer, SatispayProvider], Awaitable[None]]) -> None:
    async def run() -> None:
        async with opened(SatispayServer(), at) as server:
            assert isinstance(server.provider, SatispayProvider)
            await body(server, server.provider)

    asyncio.run(run())


def order(**changes: Any) -> PayRequest:
    request = PayRequest(
        key="saga-1.1.0",
        amount=1299,
        currency="EUR",
        method="satispay",
        shop_transaction_id="shop-1",
        success_url="https://shop.example/ok",
        callback_url="https://hub.example/v3/satispay/callback",
    )
    return replace(request, **changes)


# payments


def test_a_payment_asks_for_a_page_and_for_a_callback_with_its_id() -> None:
    async def body(server: SatispayServer, provider: SatispayProvider) -> None:
        answer = await provider.pay(order())
        assert isinstance(answer, Payment)
        assert answer.result == "REDIRECT_TO_URL"
        assert server.bodies == [
            {
                "flow": "MATCH_CODE",
                "redirect_url": "https://shop.example/ok",
                "amount_unit": 1299,
                "currency": "EUR",
                "external_code": "shop-1",
                "metadata": {"shopTransactionId": "shop-1"},
                "callback_url": "https://hub.example/v3/satispay/callback?payment_id={uuid}",
            }
        ]

    with_satispay(body)


def test_a_long_shop_transaction_id_is_kept_whole() -> None:
    async def body(server: SatispayServer, provider: SatispayProvider) -> None:
        answer = await provider.pay(order(shop_transaction_id="s" * 80))
        assert isinstance(answer, Payment)
        assert server.bodies[0]["external_code"] == "s" * 50
        status = await provider.status(answer.payment_id)
        assert isinstance(status, Status)
        assert status.shop_transaction_id == "s" * 80
        assert (status.amount, status.currency) == (1299, "EUR")

    with_satispay(body)


@pytest.mark.parametrize(
    ("code", "elsewhere"),
    [("21", True), ("27", True), ("45", True), ("172", False), ("36", None), ("44", None)],
)
def test_errors_of_a_payment(code: str, elsewhere: bool | None) -> None:
    async def body(server: SatispayServer, provider: SatispayProvider) -> None:
        server.declines_with = code
        server.script("decline")
        answer = await provider.pay(order())
        if elsewhere is None:
            assert isinstance(answer, Rejected)
            assert not answer.ours
        else:
            assert isinstance(answer, Payment)
            assert (answer.result, answer.elsewhere) == ("KO", elsewhere)

    with_satispay(body)


@pytest.mark.parametrize(
    ("code", "kind"), [("21", Refund), ("44", Refund), ("45", Refund), ("131", Refund), ("36", Rejected)]
)
def test_errors_of_a_refund(code: str, kind: type) -> None:
    async def body(server: SatispayServer, provider: SatispayProvider) -> None:
        payment = await provider.pay(order())
        assert isinstance(payment, Payment)
        server.declines_with = code
        server.script("decline")
        assert isinstance(await provider.refund(given_back(payment)), kind)
        assert not server.refunds()

    with_satispay(body)


def given_back(payment: Payment, **changes: Any) -> RefundRequest:
    request = RefundRequest(
        key="saga-1.5.0",
        payment_id=payment.payment_id,
        amount=None,
        currency="EUR",
        shop_transaction_id="shop-1",
    )
    return replace(request, **changes)


def test_being_asked_too_often_had_no_effect() -> None:
    async def body(server: SatispayServer, provider: SatispayProvider) -> None:
        server.script("throttle")
        answer = await provider.pay(order())
        assert isinstance(answer, Unknown)
        assert not answer.sent

    with_satispay(body)


def test_all_that_is_left_is_refunded_even_if_only_satispay_knows_the_amount() -> None:
    async def body(server: SatispayServer, provider: SatispayProvider) -> None:
        payment = await provider.pay(order())
        assert isinstance(payment, Payment)
        first = await provider.refund(given_back(payment, amount=299))
        rest = await provider.refund(given_back(payment, key="saga-1.7.0", refunded=299))
        assert isinstance(first, Refund)
        assert isinstance(rest, Refund)
        assert [it.amount for it in server.refunds()] == [299, 1000]

    with_satispay(body)


@pytest.mark.parametrize("payment_id", ["../tokens", "..", "", "a/b", "a b", "a?b", "x" * 200])
def test_what_is_no_id_is_not_asked_for(payment_id: str) -> None:
    async def body(server: SatispayServer, provider: SatispayProvider) -> None:
        assert isinstance(await provider.status(payment_id), Rejected)
        assert isinstance(await provider.subscription_status(payment_id), Rejected)

    with_satispay(body)


def test_answers_that_make_no_sense_are_endured() -> None:
    sound = b'{"id": "p1", "status": "PENDING", "redirect_url": "https://online.satispay.com/x", "code": 36}'
    asyncio.run(endure(at, order(subscription={"token": "t1"}), sound))


# subscriptions


def test_an_authorisation_is_given_used_and_ended() -> None:
    async def body(server: SatispayServer, provider: SatispayProvider) -> None:
        asked = await provider.authorise(order())
        assert isinstance(asked, Payment)
        token = asked.subscription_token or ""
        assert asked.redirect_to_url == f"https://online.satispay.com/authorize/{token}"
        assert server.bodies[0]["callback_url"] == (
            "https://hub.example/v3/satispay/callback/authorization?authorization_id={uuid}"
        )
        assert await provider.authorise(order(again=True)) == asked
        assert await standing(provider, token) == ("PENDING", "PENDING")
        server.agreements[token]["status"] = "ACCEPTED"
        assert await standing(provider, token) == ("ACTIVE", "ACCEPTED")
        first = await provider.start_subscription(order(key="saga-2.1.0", subscription={"token": token}))
        later = await provider.pay_subscription(order(key="saga-3.1.0", subscription={"token": token}))
        assert isinstance(first, Payment)
        assert isinstance(later, Payment)
        assert (first.result, later.result, first.subscription_token) == ("OK", "OK", token)
        for _ in range(2):
            ended = await provider.expire_subscription(token, "saga-4.1.0")
            assert ended == Subscription(standing="CANCELED", token=token)
        refused = await provider.pay_subscription(order(key="saga-5.1.0", subscription={"token": token}))
        assert isinstance(refused, Payment)
        assert (refused.result, refused.elsewhere) == ("KO", False)

    with_satispay(body)


async def standing(provider: SatispayProvider, token: str) -> tuple[str, str]:
    """As a subscription, and as the payment that an authorisation is asked for as."""
    subscription, status = await provider.subscription_status(token), await provider.status(token)
    assert isinstance(subscription, Subscription)
    assert isinstance(status, Status)
    assert status.shop_transaction_id == "shop-1"
    return subscription.standing, status.standing


def test_a_subscription_payment_needs_a_token() -> None:
    async def body(server: SatispayServer, provider: SatispayProvider) -> None:
        assert isinstance(await provider.start_subscription(order()), Rejected)
        assert not server.bodies

    with_satispay(body)


def test_the_token_utility_asks_for_an_authorisation() -> None:
    async def body(server: SatispayServer, provider: SatispayProvider) -> None:
        answer = await provider.utility(
            "subscription/token", {"reason": "Gym", "redirectUrl": "https://shop.example"}
        )
        assert isinstance(answer, dict)
        assert server.bodies == [{"reason": "Gym", "redirect_url": "https://shop.example"}]
        assert answer["token"] in server.agreements
        assert answer["status"] == "PENDING"
        assert isinstance(await provider.utility("other", {}), Rejected)

    with_satispay(body)


# callbacks


def read(part: str, query: dict[str, str], date: str = "") -> Told | Refused:
    provider = open_satispay("satispay", {"keyId": KEY_ID, "privateKey": pem()}, clock=CLOCK)
    request = CallbackRequest(
        method="GET", target="/", part=part, query=query, headers={"date": date}, received=RECEIVED
    )
    return asyncio.run(provider.read_callback(request))


def test_an_authorisation_callback_is_a_hint_about_the_authorisation() -> None:
    answer = read("authorization", {"authorization_id": "3e795a46-a4ea"})
    assert isinstance(answer, Told)
    (notice,) = answer.notices
    assert (notice.about, notice.word, notice.subscription_token) == ("authorisation", None, "3e795a46-a4ea")


def test_two_changes_of_one_payment_are_two_hints() -> None:
    first = read("", {"payment_id": "p1"}, "Mon, 23 Nov 2026 12:00:00 +0000")
    later = read("", {"payment_id": "p1"}, "Mon, 23 Nov 2026 12:05:00 +0000")
    assert isinstance(first, Told)
    assert isinstance(later, Told)
    assert first.notices[0].id != later.notices[0].id


@pytest.mark.parametrize(
    ("part", "query"),
    [
        ("", {}),
        ("", {"payment_id": "../x"}),
        ("authorization", {"payment_id": "p1"}),
        ("other", {"payment_id": "p1"}),
    ],
)
def test_a_callback_without_an_id_is_refused(part: str, query: dict[str, str]) -> None:
    answer = read(part, query)
    assert isinstance(answer, Refused)
    assert answer.status == 400


# signatures

# The example of Satispay's documentation, of which the digest can be reproduced: its private key is not published.
BODY = b'{\n  "flow": "MATCH_CODE",\n  "amount_unit": 100,\n  "currency": "EUR"\n}'
TARGET = "/wally-services/protocol/tests/signature"
DATE = "Mon, 18 Mar 2019 15:10:24 +0000"
DIGEST = "SHA-256=ZML76UQPYzw5yDTmhySnU1S8nmqGde/jhqOG5rpfVSI="
MESSAGE = f"""(request-target): post {TARGET}
host: staging.authservices.satispay.com
date: {DATE}
digest: {DIGEST}"""


def test_the_documented_request_is_signed_as_documented() -> None:
    key = RsaPrivateKey(pem().encode())
    headers = signature(
        "POST", TARGET, BODY, host="staging.authservices.satispay.com", date=DATE, key_id="k", key=key
    )
    assert headers["Digest"] == DIGEST
    start, signed = headers["Authorization"].removesuffix('"').rsplit('signature="', 1)
    assert start == (
        'Signature keyId="k", algorithm="rsa-sha256", headers="(request-target) host date digest", '
    )
    private_key().public_key().verify(
        b64decode(signed), MESSAGE.encode(), padding.PKCS1v15(), hashes.SHA256()
    )


def test_an_empty_body_has_the_documented_digest() -> None:
    key = RsaPrivateKey(pem().encode())
    headers = signature("GET", "/g_business/v1/payments/1", b"", host="h", date=DATE, key_id="k", key=key)
    assert headers["Digest"] == "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


def test_the_date_is_as_documented() -> None:
    assert rfc_2822(1_552_921_824_000) == DATE


def test_a_request_with_a_wrong_signature_is_ours_to_mend() -> None:
    async def body(server: SatispayServer, provider: SatispayProvider) -> None:
        url = provider._api._origin
        stranger = SatispayApi(base_url=url, key_id="another", key=RsaPrivateKey(pem().encode()), clock=CLOCK)
        answer = await SatispayProvider(stranger).pay(order())
        await stranger.close()
        assert isinstance(answer, Rejected)
        assert answer.ours

    with_satispay(body)


# options

_OTHER_KIND = ec.generate_private_key(ec.SECP256R1()).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"keyId": None}, "keyId"),
        ({"keyId": 'a"b'}, "keyId"),
        ({"privateKey": None}, "privateKey"),
        ({"privateKey": "secret"}, "privateKey"),
        ({"privateKey": _OTHER_KIND.decode()}, "privateKey"),
        ({"baseUrl": "authservices.satispay.com"}, "baseUrl"),
        ({"isSandbox": True}, "isSandbox"),
    ],
)
def test_wrong_options_are_named_and_not_shown(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigInvalid, match=f"provider satispay: .*{named}") as caught:
        open_satispay("satispay", {"keyId": KEY_ID, "privateKey": pem(), **wrong}, clock=CLOCK)
    assert "secret" not in str(caught.value)
    assert sha256(pem().encode()).hexdigest() not in str(caught.value)
