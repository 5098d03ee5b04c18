"""Stripe's wire format: form-encoded requests with bracketed names, JSON answers, one version of the API.

Knows no payment. Source: Stripe's API reference, "Errors", "Idempotent requests" and "Versioning".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from providers.base import Rejected, Unknown
from providers.http import Answer, Http, trouble
from providers.json_reading import Doc, inner, items, parsed, text

API_VERSION = "2025-10-29.clover"
"""What requests are answered in; callbacks come in the version of their endpoint, so they are read in any."""

_PAGE = 100
_PAGES = 5
"""How far back a read-back looks: the newest 500. The idempotency key is Stripe's own for 24 hours."""

_CODE = re.compile(r"[a-z0-9_]{1,60}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Stripe's error object where it is an answer. The codes are Stripe's words, never a value of ours.

    Attributes:
        about_currency: The parameter that Stripe does not take is a currency; there is no code for that.
        intent: The payment intent that was declined.
    """

    status: int
    kind: str
    code: str
    decline_code: str
    about_currency: bool
    intent: str


Reply = Doc | Refusal | Unknown | Rejected


class StripeWire:
    def __init__(self, http: Http, base_url: str, private_key: str) -> None:
        self._http = http
        self._base_url = base_url
        self._headers = {"authorization": f"Bearer {private_key}", "stripe-version": API_VERSION}

    async def get(self, path: str, query: Mapping[str, object] | None = None) -> Reply:
        url = f"{self._base_url}{path}" + (f"?{encoded(query)}" if query else "")
        return _reply(await self._http.request("GET", url, headers=self._headers))

    async def post(self, path: str, form: Mapping[str, object], *, key: str) -> Reply:
        headers = {
            **self._headers,
            "content-type": "application/x-www-form-urlencoded",
            "idempotency-key": key,
        }
        body = encoded(form).encode()
        return _reply(await self._http.request("POST", self._base_url + path, headers=headers, body=body))

    async def delete(self, path: str) -> Reply:
        return _reply(await self._http.request("DELETE", self._base_url + path, headers=self._headers))

    async def find(
        self, path: str, field: str, value: str, query: Mapping[str, object] | None = None
    ) -> Doc | Unknown | Rejected | None:
        """The object of a list whose metadata has this value; None if it is not among the newest.

        Lists are up to date at once, unlike Stripe's search.
        """
        after: dict[str, object] = {}
        for _ in range(_PAGES):
            page = await self.get(path, {**(query or {}), "limit": _PAGE, **after})
            if isinstance(page, Refusal):
                return Unknown(reason=f"Stripe does not list what was done: HTTP {page.status}")
            if not isinstance(page, Mapping):
                return page
            found = items(page, "data")
            for item in found:
                if text(item, "metadata", field) == value:
                    return item
            if page.get("has_more") is not True or not found:
                return None
            after = {"starting_after": text(found[-1], "id")}
        return None


def encoded(form: Mapping[str, object]) -> str:
    """{"a": {"b": [1]}} -> "a[b][0]=1", quoted; None is left out."""
    return urlencode(list(_pairs("", form)))


def _pairs(prefix: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inside in value.items():
            yield from _pairs(f"{prefix}[{name}]" if prefix else str(name), inside)
    elif isinstance(value, list):
        for place, inside in enumerate(value):
            yield from _pairs(f"{prefix}[{place}]", inside)
    elif isinstance(value, bool):
        yield prefix, "true" if value else "false"
    elif value is not None:
        yield prefix, str(value)


def _reply(answer: Answer | Unknown) -> Reply:
    if isinstance(answer, Unknown):
        return answer
    if problem := trouble(answer):
        return problem
    found = parsed(answer.body)
    if answer.status >= 400:
        return _refused(answer.status, inner(found, "error"))
    return Unknown(reason="Stripe's answer is not JSON") if found is None else found


def _refused(status: int, error: Doc) -> Refusal | Unknown:
    """409 and a key used for something else say that an earlier try is there: it is to be read back."""
    if status == 409 or text(error, "type") == "idempotency_error":
        return Unknown(reason=f"Stripe knows this idempotency key already: HTTP {status}")
    return Refusal(
        status=status,
        kind=_word(error, "type"),
        code=_word(error, "code"),
        decline_code=_word(error, "decline_code"),
        about_currency="currency" in text(error, "param"),
        intent=text(error, "payment_intent", "id"),
    )


def _word(error: Doc, name: str) -> str:
    value = text(error, name)
    return value if _CODE.fullmatch(value) else ""
