"""Apple Pay on the web: the merchant's certificate, and the session that Apple opens for a page that shows it.

Source: Apple, "Requesting an Apple Pay payment session" and "Setting up your server". Called by web/bff.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import orjson

from engine.errors import ConfigInvalid
from engine.model import Json
from providers.base import Rejected, Unknown
from providers.http import Answer, Http, trouble

_HOST = re.compile(r"(cn-)?apple-pay-gateway(-[a-z0-9-]{1,40})?\.apple\.com")
_PATHS = ("/paymentservices/startSession", "/paymentservices/paymentSession")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplePay:
    """Who the merchant is to Apple. `tls` holds the merchant identity certificate."""

    merchant: str
    domain: str
    name: str
    tls: ssl.SSLContext = field(repr=False, compare=False)


class Sender(Protocol):
    """What sends the request; providers/http.py has it."""

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer | Unknown: ...


def read_apple_pay(written: Mapping[str, Any] | None, base: Path) -> ApplePay | None:
    """The part `checkout.applePay` of config.yaml; None without one.

    Raises:
        ConfigInvalid: The certificate cannot be read, or its password is wrong.
    """
    if written is None:
        return None
    tls, path = ssl.create_default_context(), base / written["certificate"]
    try:
        tls.load_cert_chain(path, password=written.get("certificatePassword", ""))
    except (OSError, ValueError):
        raise ConfigInvalid(
            f"checkout.applePay: {path.name} is not there, holds no certificate and key (PEM), or its password is wrong"
        ) from None
    return ApplePay(
        merchant=written["merchantIdentifier"],
        domain=written["domain"],
        name=written["displayName"],
        tls=tls,
    )


async def begin_session(apple: ApplePay, url: str, sender: Sender | None = None) -> Json | Unknown | Rejected:
    """Apple's session, as the page's ApplePaySession takes it. Nothing is sent to an address that is not Apple's."""
    if not is_apple(url):
        return Rejected(reason="validationUrl is not an address of Apple Pay")
    body = {
        "merchantIdentifier": apple.merchant,
        "displayName": apple.name,
        "initiative": "web",
        "initiativeContext": apple.domain,
    }
    if sender is not None:
        return _read(await _sent(sender, url, body))
    http = Http(tls=apple.tls)
    try:
        return _read(await _sent(http, url, body))
    finally:
        await http.close()


def is_apple(url: str) -> bool:
    """Whether it is where Apple validates merchants."""
    try:
        parts = urlsplit(url)
        plain = parts.scheme == "https" and parts.port in (None, 443) and "@" not in parts.netloc
    except ValueError:
        return False
    return plain and parts.path in _PATHS and _HOST.fullmatch(parts.hostname or "") is not None


async def _sent(sender: Sender, url: str, body: Json) -> Answer | Unknown:
    headers = {"Content-Type": "application/json"}
    return await sender.request("POST", url, headers=headers, body=orjson.dumps(body))


def _read(answer: Answer | Unknown) -> Json | Unknown | Rejected:
    if isinstance(answer, Unknown):
        return answer
    if found := trouble(answer):
        return found
    try:
        session = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        session = None
    if answer.status != 200 or not isinstance(session, dict):
        return Rejected(reason=f"Apple opened no session: HTTP {answer.status}")
    return session
