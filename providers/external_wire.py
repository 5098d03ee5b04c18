"""How a team's own payment service is spoken to: the verbs of the gateway's API v3, under its own address.

Requests are JSON and carry the entry's id as `Idempotency-Key`. Knows no ability; see docs/add-a-provider.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from providers.base import Payment, PayRequest, Rejected, Result, Unknown
from providers.harmless import shown
from providers.http import Answer, Http, trouble
from providers.json_reading import Doc, inner, parsed, text

Heard = Doc | Unknown | Rejected
_RESULTS: Mapping[str, Result] = {word: word for word in ("OK", "KO", "PENDING", "REDIRECT_TO_URL")}
LONGEST_ID = 200


class ExternalWire:
    """Owns the connections to one service."""

    def __init__(self, base_url: str, headers: Mapping[str, str]) -> None:
        self._base_url = base_url
        self._headers = {"accept": "application/json", **headers}
        self._http = Http()

    async def post(self, path: str, document: Mapping[str, Any], key: str) -> Heard:
        there = {name: value for name, value in document.items() if value is not None}
        headers = {**self._headers, "content-type": "application/json", "idempotency-key": key}
        try:
            body = orjson.dumps(there)
        except orjson.JSONEncodeError:
            return Rejected(reason="the request holds what JSON cannot")
        return _heard(await self._http.request("POST", self._base_url + path, headers=headers, body=body))

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Heard:
        url = self._base_url + path + (f"?{urlencode(query)}" if query else "")
        return _heard(await self._http.request("GET", url, headers=self._headers))

    async def delete(self, path: str, key: str) -> Heard:
        headers = {**self._headers, "idempotency-key": key}
        return _heard(await self._http.request("DELETE", self._base_url + path, headers=headers))

    async def close(self) -> None:
        await self._http.close()


def pay_document(request: PayRequest) -> dict[str, Any]:
    """The body of pay and of the subscription verbs, as API v3 has it, with the method and our callback."""
    return {
        "amount": request.amount,
        "currency": request.currency,
        "shopTransactionId": request.shop_transaction_id,
        "paymentMethod": request.method,
        "successRedirectUrl": request.success_url,
        "failureRedirectUrl": request.failure_url,
        "callbackUrl": request.callback_url,
        "subscriptionInfo": dict(request.subscription) or None,
        "providerData": dict(request.provider_data) or None,
    }


def payment_of(heard: Heard) -> Payment | Unknown | Rejected:
    """What the service made of a request for money."""
    if isinstance(heard, Unknown | Rejected):
        return heard
    result, payment_id = _RESULTS.get(text(heard, "result")), id_of(heard, "paymentId")
    redirect = text(heard, "redirectToUrl") or None
    words = shown(heard.get("resultDescription"))
    if result == "KO":
        soft = heard.get("elsewhere") is True
        return Payment(
            result="KO", payment_id=payment_id, description=words or "declined by the service", elsewhere=soft
        )
    if result is None or not payment_id or (result == "REDIRECT_TO_URL" and redirect is None):
        return Unknown(reason="the service's answer lacks a result, a paymentId or an address to redirect to")
    return Payment(
        result=result,
        payment_id=payment_id,
        description=words,
        redirect_to_url=redirect if result == "REDIRECT_TO_URL" else None,
        redirect_to_url_mobile=text(heard, "redirectToUrlMobile") or None,
        subscription_token=id_of(heard, "subscriptionToken") or None,
        keep=inner(heard, "metadata"),
    )


def id_of(heard: Doc, name: str) -> str:
    """An id that can be kept; "" if there is none."""
    found = text(heard, name)
    return found if len(found) <= LONGEST_ID and found.isprintable() else ""


def in_path(token: str) -> str:
    """A token as one step of a path."""
    return quote(token, safe="")


def _heard(answer: Answer | Unknown) -> Heard:
    """An answer that says a result is one, whatever its HTTP status; else a 4xx can never be done."""
    found = answer if isinstance(answer, Unknown) else trouble(answer)
    if found is not None:
        return found
    assert isinstance(answer, Answer)
    said = parsed(answer.body)
    if answer.status < 300:
        nothing: Doc = {}
        return (
            nothing if not answer.body else said or Unknown(reason="the service's answer is no JSON object")
        )
    if said is not None and text(said, "result") in _RESULTS:
        return said
    return Rejected(reason=f"the service refuses the request: HTTP {answer.status}")
