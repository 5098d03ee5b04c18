"""Speaks HTTP with Satispay's GBusiness API v1: signed requests, idempotency keys, and what an error means.

Source: Satispay's documentation "Authentication" (Signing HTTP Messages, draft-cavage), "Idempotency", "Handle errors".
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from engine.model import Millis
from engine.ports import Clock
from providers.base import Rejected, Unknown
from providers.harmless import header_key
from providers.http import Answer, Http, trouble
from providers.json_reading import Doc, at, parsed
from providers.signatures import RsaPrivateKey

_ROOT = "/g_business/v1"
_SIGNED = "(request-target) host date digest"
_ANTI_HAMMERING = "70"
_REFUSED_AS_FORBIDDEN = ("44", "45")
"""Codes that come with HTTP 403 and are no matter of credentials: illegal state, unable to fulfil."""


@dataclass(frozen=True, slots=True)
class Declined:
    """Satispay will not do it: HTTP 4xx with a code of its own."""

    code: str


Answered = Doc | Declined | Unknown | Rejected


def rfc_2822(now: Millis) -> str:
    """A moment as the Date header and the signature write it."""
    return formatdate(now / 1000).removesuffix("-0000") + "+0000"


class SatispayApi:
    """`clock` gives the Date header, which Satispay compares with its own time."""

    def __init__(self, *, base_url: str, key_id: str, key: RsaPrivateKey, clock: Clock) -> None:
        parts = urlsplit(base_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._root = parts.path.rstrip("/") + _ROOT
        self._host = parts.netloc
        self._key_id = key_id
        self._key = key
        self._clock = clock
        self._http = Http()

    async def get(self, path: str) -> Answered:
        return await self._send("GET", path, b"")

    async def post(self, path: str, body: Mapping[str, Any], key: str | None = None) -> Answered:
        headers = {} if key is None else {"Idempotency-Key": header_key(key)}
        return await self._send("POST", path, json.dumps(body).encode(), headers)

    async def put(self, path: str, body: Mapping[str, Any]) -> Answered:
        return await self._send("PUT", path, json.dumps(body).encode())

    async def close(self) -> None:
        await self._http.close()

    async def _send(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> Answered:
        target, date = self._root + path, rfc_2822(self._clock.now())
        every = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            **signature(method, target, body, host=self._host, date=date, key_id=self._key_id, key=self._key),
            **(headers or {}),
        }
        answer = await self._http.request(method, self._origin + target, headers=every, body=body or None)
        return answer if isinstance(answer, Unknown) else _read(answer)


def signature(
    method: str, target: str, body: bytes, *, host: str, date: str, key_id: str, key: RsaPrivateKey
) -> dict[str, str]:
    """The headers that say who asks: Host, Date, Digest, Authorization."""
    digest = "SHA-256=" + b64encode(sha256(body).digest()).decode()
    message = f"(request-target): {method.lower()} {target}\nhost: {host}\ndate: {date}\ndigest: {digest}"
    signed = b64encode(key.sign(message.encode())).decode()
    authorization = (
        f'Signature keyId="{key_id}", algorithm="rsa-sha256", headers="{_SIGNED}", signature="{signed}"'
    )
    return {"Host": host, "Date": date, "Digest": digest, "Authorization": authorization}


def _read(answer: Answer) -> Answered:
    read = parsed(answer.body) or {}
    found = at(read, "code")
    code = str(found) if isinstance(found, str | int) and len(str(found)) < 6 else ""
    if answer.status == 403 and code == _ANTI_HAMMERING:
        return Unknown(reason="Satispay is asked too often: error 70", sent=False)
    if answer.status == 403 and code in _REFUSED_AS_FORBIDDEN:
        return Declined(code)
    if problem := trouble(answer):
        return problem
    if answer.status == 409:
        return Unknown(reason="HTTP 409")
    return read if answer.status < 300 else Declined(code or f"HTTP {answer.status}")
