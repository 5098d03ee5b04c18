"""Speaks HTTP with Braintree's gateway: XML over REST, as its official libraries do, and what a status means."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from providers.base import Rejected, Unknown
from providers.braintree_xml import Node, parsed, written
from providers.harmless import plain_id
from providers.http import Answer, Http, trouble

API_VERSION = "6"
_CONTENT = "application/xml"


@dataclass(frozen=True, slots=True)
class Declined:
    """HTTP 422: `transaction` is there if it came to one, else `codes` say what is wrong with the request."""

    codes: tuple[str, ...]
    transaction: Node | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """HTTP 404: Braintree has no such thing."""


Answered = Node | Declined | Missing | Unknown | Rejected


class BraintreeApi:
    def __init__(self, *, base_url: str, merchant: str, public_key: str, private_key: str) -> None:
        self._root = f"{base_url}/merchants/{merchant}"
        self._authorisation = "Basic " + b64encode(f"{public_key}:{private_key}".encode()).decode()
        self._http = Http()

    async def get(self, path: str) -> Answered:
        return await self._send("GET", path, None)

    async def post(self, path: str, content: Mapping[str, object]) -> Answered:
        return await self._send("POST", path, content)

    async def put(self, path: str, content: Mapping[str, object] | None = None) -> Answered:
        return await self._send("PUT", path, content)

    async def close(self) -> None:
        await self._http.close()

    async def _send(self, method: str, path: str, content: Mapping[str, object] | None) -> Answered:
        headers = {
            "Accept": _CONTENT,
            "Content-Type": _CONTENT,
            "Authorization": self._authorisation,
            "User-Agent": "Sagaloom",
            "X-ApiVersion": API_VERSION,
        }
        body = None if content is None else written(content)
        answer = await self._http.request(method, self._root + path, headers=headers, body=body)
        return answer if isinstance(answer, Unknown) else _read(answer)


def refused(answer: Declined | Missing) -> Rejected:
    """What it is to be declined, or not to be found, where neither is an answer of its own."""
    if isinstance(answer, Missing):
        return Rejected(reason="Braintree knows no such thing")
    return Rejected(reason=f"Braintree refuses the request: {' '.join(answer.codes) or 'without a code'}")


def _read(answer: Answer) -> Answered:
    if problem := trouble(answer):
        return problem
    if answer.status == 404:
        return Missing()
    root = parsed(answer.body) if answer.body.strip() else Node("")
    if answer.status == 422 and root is not None:
        codes = [code for error in root.every("error") if (code := plain_id(error.at("code")))]
        return Declined(tuple(codes[:10]), root.find("transaction"))
    if answer.status == 409:
        return Unknown(reason="HTTP 409")
    if answer.status >= 300:
        return Rejected(
            reason=f"Braintree refuses the request: HTTP {answer.status}", ours=answer.status == 426
        )
    return root or Unknown(reason="Braintree's answer cannot be read")
