"""Speaks HTTP with Adyen's Checkout API: credentials, idempotency keys, and what an error status means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from providers.base import Rejected, Unknown
from providers.harmless import header_key, shown
from providers.http import Http, trouble
from providers.json_reading import Doc, parsed, text

_IN_PROGRESS = (
    "704"  # "request already processed or in progress": the first try with this key is still being done
)


@dataclass(frozen=True, slots=True)
class Declined:
    """Adyen will not do it: HTTP 4xx with a code of its own."""

    code: str


Answered = Doc | Declined | Unknown | Rejected


class AdyenApi:
    def __init__(self, *, base_url: str, api_key: str, merchant: str) -> None:
        self._base_url = base_url
        self._api_key = api_key
        self._merchant = merchant
        self._http = Http()

    async def post(self, path: str, body: Mapping[str, Any], key: str | None = None) -> Answered:
        headers = {} if key is None else {"Idempotency-Key": header_key(key)}
        return await self._send("POST", path, headers, json.dumps(body).encode())

    async def of_shopper(self, method: str, path: str, shopper: str) -> Answered:
        """GET or DELETE of what is stored for a shopper."""
        query = urlencode({"merchantAccount": self._merchant, "shopperReference": shopper})
        return await self._send(method, f"{path}?{query}", {}, None)

    async def close(self) -> None:
        await self._http.close()

    async def _send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answered:
        every = {"X-API-Key": self._api_key, "Content-Type": "application/json", **headers}
        answer = await self._http.request(method, self._base_url + path, headers=every, body=body)
        if isinstance(answer, Unknown):
            return answer
        if problem := trouble(answer):
            return problem
        read = parsed(answer.body) or {}
        if answer.status < 300:
            return read
        code = text(read, "errorCode")
        if answer.status == 404 and not code:
            return Rejected(reason="Adyen has no such address: look at baseUrl", ours=True)
        if answer.status == 409 or code == _IN_PROGRESS or answer.headers.get("transient-error") == "true":
            return Unknown(reason=f"Adyen could not say yet: HTTP {answer.status}")
        return Declined(shown(code) or f"HTTP {answer.status}")


def allowed(answer: Answered) -> Doc | Unknown | Rejected:
    """The answer where to be declined is to have asked for what cannot be done."""
    return (
        Rejected(reason=f"Adyen refuses the request: {answer.code}")
        if isinstance(answer, Declined)
        else answer
    )
