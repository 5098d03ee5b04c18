"""Apple Pay's session: asked for at Apple's addresses only, with what Apple wants to know."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path

import orjson
import pytest

from engine.errors import ConfigInvalid
from hub.apple_pay import ApplePay, begin_session, is_apple, read_apple_pay
from providers.base import Rejected, Unknown
from providers.http import Answer

URL = "https://apple-pay-gateway.apple.com/paymentservices/startSession"
SHOP = ApplePay(
    merchant="merchant.example", domain="shop.example", name="Shop", tls=ssl.create_default_context()
)


class Apple:
    """Answers what it is told to."""

    def __init__(self, answer: Answer | Unknown) -> None:
        self.answer = answer
        self.asked: list[tuple[str, object]] = []

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer | Unknown:
        self.asked.append((url, orjson.loads(body or b"")))
        return self.answer


def answered(status: int, body: bytes) -> Answer:
    return Answer(status=status, headers={}, body=body)


def test_the_session_is_handed_on_and_apple_is_told_who_asks() -> None:
    apple = Apple(answered(200, b'{"merchantSessionIdentifier": "s"}'))
    session = asyncio.run(begin_session(SHOP, URL, apple))
    assert session == {"merchantSessionIdentifier": "s"}
    told = {
        "merchantIdentifier": "merchant.example",
        "displayName": "Shop",
        "initiative": "web",
        "initiativeContext": "shop.example",
    }
    assert apple.asked == [(URL, told)]


@pytest.mark.parametrize(
    "url",
    [
        "http://apple-pay-gateway.apple.com/paymentservices/startSession",
        "https://apple-pay-gateway.apple.com.evil.example/paymentservices/startSession",
        "https://evil.example/paymentservices/startSession",
        "https://x@apple-pay-gateway.apple.com/paymentservices/startSession",
        "https://apple-pay-gateway.apple.com:8443/paymentservices/startSession",
        "https://apple-pay-gateway.apple.com/other",
        "https://127.0.0.1/paymentservices/startSession",
        "https://[::1/paymentservices/startSession",
    ],
)
def test_nothing_is_sent_to_an_address_that_is_not_apple_s(url: str) -> None:
    apple = Apple(answered(200, b"{}"))
    assert isinstance(asyncio.run(begin_session(SHOP, url, apple)), Rejected)
    assert apple.asked == []


@pytest.mark.parametrize(
    "host", ["apple-pay-gateway-cert", "cn-apple-pay-gateway", "apple-pay-gateway-nc-pod1"]
)
def test_apple_s_other_hosts_are_known(host: str) -> None:
    assert is_apple(f"https://{host}.apple.com/paymentservices/paymentSession")


def test_what_is_no_session_is_none() -> None:
    for answer in (answered(400, b"{}"), answered(200, b"[]"), answered(200, b"<html>"), answered(401, b"")):
        assert isinstance(asyncio.run(begin_session(SHOP, URL, Apple(answer))), Rejected)
    lost = Unknown(reason="lost")
    assert asyncio.run(begin_session(SHOP, URL, Apple(lost))) is lost


def test_a_certificate_that_is_none_is_told_at_start(tmp_path: Path) -> None:
    (tmp_path / "apple.pem").write_text("nothing")
    for name in ("apple.pem", "none.pem"):
        written = {"certificate": name, "merchantIdentifier": "m", "domain": "d", "displayName": "n"}
        with pytest.raises(ConfigInvalid, match=r"checkout\.applePay"):
            read_apple_pay(written, tmp_path)
    assert read_apple_pay(None, tmp_path) is None
