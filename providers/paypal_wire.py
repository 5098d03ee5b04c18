"""PayPal's wire format: JSON over HTTP with a token of OAuth 2.0 that is kept until it ends.

Knows no payment. Source: PayPal's REST documentation, "Authentication", "Idempotency", "API responses".
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from providers.base import Rejected, Unknown
from providers.http import Answer, Http, trouble
from providers.json_reading import Doc, items, parsed, text, whole

_MARGIN = 60
"""Seconds before its end that a token counts as ended."""

_IN_PROGRESS = frozenset(("DUPLICATE_REQUEST_ID", "PREVIOUS_REQUEST_IN_PROGRESS"))
_WORD = re.compile(r"[A-Z0-9_]{1,60}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Why PayPal does not do what was asked. `word` is PayPal's, never a value of ours."""

    status: int
    word: str


Reply = Doc | Issue | Unknown | Rejected


class PayPalWire:
    def __init__(self, http: Http, base_url: str, client_id: str, secret: str) -> None:
        self._http = http
        self._base_url = base_url
        self._credentials = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        self._token = ""
        self._ends = 0.0
        self._asking = asyncio.Lock()

    async def get(self, path: str) -> Reply:
        return await self._call("GET", path, None, None)

    async def post(self, path: str, body: Mapping[str, Any], *, key: str) -> Reply:
        return await self._call("POST", path, orjson.dumps(body), key)

    async def _call(
        self, method: Literal["GET", "POST"], path: str, body: bytes | None, key: str | None
    ) -> Reply:
        """A token can end before its time: on 401 nothing was done, so it is done with a new one, once."""
        for last in (False, True):
            token = await self._current_token()
            if not isinstance(token, str):
                return token
            headers = {
                "authorization": f"Bearer {token}",
                "content-type": "application/json",
                "prefer": "return=representation",
                **({"paypal-request-id": key} if key else {}),
            }
            answer = await self._http.request(method, self._base_url + path, headers=headers, body=body)
            if last or isinstance(answer, Unknown) or answer.status != 401:
                break
            self._forget(token)
        return _reply(answer)

    async def _current_token(self) -> str | Unknown | Rejected:
        async with self._asking:  # many payments wait for one token instead of asking for one each
            now = asyncio.get_running_loop().time()
            if self._token and now < self._ends:
                return self._token
            answer = await self._http.request(
                "POST",
                f"{self._base_url}/v1/oauth2/token",
                headers={
                    "authorization": f"Basic {self._credentials}",
                    "content-type": "application/x-www-form-urlencoded",
                },
                body=b"grant_type=client_credentials",
            )
            granted = _granted(answer)
            if not isinstance(granted, Mapping):
                return granted
            self._token = text(granted, "access_token")
            self._ends = now + (whole(granted, "expires_in") or 0) - _MARGIN
            return self._token

    def _forget(self, token: str) -> None:
        if self._token == token:
            self._token = ""


def _granted(answer: Answer | Unknown) -> Doc | Unknown | Rejected:
    """Without a token nothing can have been done, whatever became of the question."""
    if isinstance(answer, Unknown):
        return Unknown(reason=f"no token of PayPal: {answer.reason}", sent=False)
    problem = trouble(answer)
    if isinstance(problem, Unknown):
        return Unknown(reason=f"no token of PayPal: {problem.reason}", sent=False, delay=problem.delay)
    if problem or answer.status >= 400:
        return Rejected(
            reason=f"PayPal refuses clientId or clientSecret: HTTP {answer.status}",
            ours=True,
        )
    granted = parsed(answer.body)
    if granted is None or not text(granted, "access_token").isascii() or not text(granted, "access_token"):
        return Unknown(reason="PayPal's answer has no token", sent=False)
    return granted


def _reply(answer: Answer | Unknown) -> Reply:
    if isinstance(answer, Unknown):
        return answer
    if problem := trouble(answer):
        return problem
    found = parsed(answer.body)
    if answer.status >= 400:
        return _issue(answer.status, found or {})
    return Unknown(reason="PayPal's answer is not JSON") if found is None else found


def _issue(status: int, error: Doc) -> Issue | Unknown:
    """The first detail names the issue; without details the name of the error does."""
    details = items(error, "details")
    word = (text(details[0], "issue") if details else "") or text(error, "name")
    if status == 409 or word in _IN_PROGRESS:
        return Unknown(reason=f"PayPal is at work on this request already: HTTP {status}")
    return Issue(status=status, word=word if _WORD.fullmatch(word) else "")
