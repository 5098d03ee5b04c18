"""Channel `webhook`: what becomes of payments, told to the merchant, signed as Standard Webhooks says.

Repeats carry the same `webhook-id`, so that a receiver may drop them. Every try is written down, for people and
for a replay; the machine's `retry` says how long it is tried. docs/merchant-notifications.md is for the receiver.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from engine.errors import ConfigInvalid
from engine.model import Delivery, Done, Failed, Later, Outcome
from engine.ports import Clock
from engine.records import Records
from hub.merchant_log import MerchantLog, Try
from hub.posting import is_address
from providers.base import Unknown
from providers.http import Http, retry_after

KIND = "webhook"
_PREFIX = "whsec_"
_SHORTEST = 24
"""Bytes of a secret, as Standard Webhooks asks for (24 to 64)."""


class MerchantChannel:
    """One address. Any 2xx answer means that it was taken; 410 that nobody wants it any more."""

    def __init__(self, url: str, key: bytes) -> None:
        self._url = url
        self._key = key
        self._http = Http()
        self._clock: Clock | None = None
        self._log: MerchantLog | None = None

    def keep_in(self, records: Records, clock: Clock) -> None:
        """Write every try down from now on."""
        self._clock, self._log = clock, MerchantLog(records)

    async def send(self, delivery: Delivery) -> Outcome:
        outcome, tried = await self.post(delivery.id, orjson.dumps(delivery.payload))
        if self._log is not None:
            await self._log.note(delivery, tried, over=isinstance(outcome, Failed))
        if isinstance(outcome, Done) and "done" in delivery.replies:
            return Done(reply="done")
        return outcome

    async def post(self, id_: str, body: bytes) -> tuple[Outcome, Try]:
        """One try: what it means, and the row of the log."""
        assert self._clock is not None
        now = self._clock.now()
        answer = await self._http.request(
            "POST", self._url, headers=self._headers(id_, now // 1000, body), body=body
        )
        if isinstance(answer, Unknown):
            reason = answer.reason.replace("the provider", "the merchant")
            return Later(reason=reason, uncertain=answer.sent), Try(at=now, status=None, said=reason)
        tried = Try(at=now, status=answer.status, said=f"HTTP {answer.status}")
        if 200 <= answer.status < 300:
            return Done(), tried
        if answer.status == 410:
            return Failed(reason="the merchant wants no notifications any more: HTTP 410"), tried
        return Later(reason=tried.said, delay=retry_after(answer), uncertain=True), tried

    async def close(self) -> None:
        await self._http.close()

    def _headers(self, id_: str, seconds: int, body: bytes) -> dict[str, str]:
        return {
            "content-type": "application/json",
            "webhook-id": id_,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signature(self._key, id_, seconds, body),
        }


def signature(key: bytes, id_: str, seconds: int, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over id.timestamp.body (Standard Webhooks 1.0.0)."""
    signed = f"{id_}.{seconds}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def open_merchant(name: str, options: Mapping[str, Any], folder: Path) -> MerchantChannel:
    """A channel to `url`, signed with `secret`: `whsec_` and base64 of 24 bytes or more.

    Raises:
        ConfigInvalid: An option is unknown, missing or wrong; the message shows no value.
    """
    if unknown := sorted(set(options) - {"url", "secret"}):
        raise ConfigInvalid(f"{name}: unknown option {', '.join(unknown)}; there are url and secret")
    url = options.get("url")
    if not isinstance(url, str) or not is_address(url):
        raise ConfigInvalid(f"{name}: url is not an http or https address")
    return MerchantChannel(url, _key(name, options.get("secret")))


def _key(name: str, secret: object) -> bytes:
    try:
        key = base64.b64decode(str(secret).removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not isinstance(secret, str) or len(key) < _SHORTEST:
        raise ConfigInvalid(
            f"{name}: secret is not whsec_ and the base64 of at least {_SHORTEST} bytes; make one with "
            "`python3 -c \"import base64, os; print('whsec_' + base64.b64encode(os.urandom(32)).decode())\"`"
        )
    return key
