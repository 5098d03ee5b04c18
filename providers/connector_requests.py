"""Makes a connector's HTTP calls: what is sent, the access token, and what kind of answer came back.

Knows neither payments nor refunds. Nothing of a request or an answer gets into a reason.
"""

from __future__ import annotations

import csv
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO
from typing import Any
from urllib.parse import urlencode

import orjson

from engine.model import Millis
from engine.ports import Clock
from providers.base import Rejected, Unknown
from providers.connector import Call, Connector, Kind
from providers.connector_filters import as_text
from providers.connector_text import Scope
from providers.harmless import shown
from providers.http import Answer, Http, trouble

_LONGEST = 10_000_000
"""Seconds that an access token may say it lasts; more is no time."""

_EARLY: Millis = 60_000
"""Milliseconds before its end from which on an access token is not used any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An answer that decides something: fine, soft, hard, missing or duplicate."""

    kind: Kind
    answer: Any = field(default=None, repr=False)
    description: str = ""


class Caller:
    """Owns the connections and the access token of one provider."""

    def __init__(self, connector: Connector, options: Mapping[str, str], clock: Clock) -> None:
        self._connector = connector
        self._options = options
        self._clock = clock
        self._http = Http()
        self._token: tuple[str, Millis] | None = None

    async def ask(self, call: Call, scope: Scope, more: Mapping[str, str]) -> Heard | Unknown | Rejected:
        """One call; a token that is refused is renewed once. `more`: headers beside the declared ones."""
        fresh = self._token is None
        answer = await self._send(call, scope, more)
        if isinstance(answer, Answer) and answer.status == 401 and self._connector.token and not fresh:
            self._token = None
            answer = await self._send(call, scope, more)
        return self._heard(answer, call) if isinstance(answer, Answer) else answer

    async def close(self) -> None:
        await self._http.close()

    async def _send(self, call: Call, scope: Scope, more: Mapping[str, str]) -> Answer | Unknown | Rejected:
        auth = await self._authorised(scope)
        if not isinstance(auth, str):
            return auth
        full = {**scope, "auth": {"token": auth}}
        declared = {**self._connector.headers, **call.headers}
        headers = {name: text.text(full) for name, text in declared.items()}
        return await self._request(call, full, {**headers, **self._basic(), **more})

    async def _request(
        self, call: Call, scope: Scope, headers: Mapping[str, str | None]
    ) -> Answer | Unknown | Rejected:
        try:
            url, content, kind = _written(call, scope)
        except (TypeError, ValueError):  # what JSON or an address cannot hold: a lone surrogate, 10**30
            url, content, kind = None, None, {}
        sent = {name.lower(): value for name, value in headers.items() if value is not None}
        if url is None or not all(value.isprintable() for value in sent.values()):
            return Rejected(reason="the request lacks what the provider needs, or it cannot be sent")
        full = {"accept": "application/json", **kind, **sent}
        return await self._http.request(call.method, url, headers=full, body=content)

    def _basic(self) -> dict[str, str]:
        if self._connector.basic is None:
            return {}
        user, password = (text.text({"option": self._options}) or "" for text in self._connector.basic)
        return {"authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}

    async def _authorised(self, scope: Scope) -> str | Unknown | Rejected:
        """The access token, a new one if need be; "" where there is none."""
        token = self._connector.token
        now = self._clock.now()
        if token is None:
            return ""
        if self._token is not None and now < self._token[1]:
            return self._token[0]
        answer = await self._request(token.call, {"option": self._options}, {})
        if not isinstance(answer, Answer):
            return Unknown(reason=answer.reason, sent=False)
        if answer.status in (400, 401, 403):
            return Rejected(reason=f"the provider refuses our credentials: HTTP {answer.status}", ours=True)
        said = {"answer": _read(answer)}
        value, lasts = token.value.text(said), _lasting(token.expires_in.value(said))
        if answer.status >= 300 or not value:
            return Unknown(reason="the provider gives no access token", sent=False)
        self._token = (value, now + lasts - _EARLY)
        return value

    def _heard(self, answer: Answer, call: Call) -> Heard | Unknown | Rejected:
        if found := trouble(answer):
            return found
        said, errors = _read(answer), self._connector.errors
        if said is None and answer.status < 300:
            return Unknown(reason="the provider's answer cannot be read")
        scope = {"answer": said, "http": {"status": str(answer.status)}}
        code = errors.code.text(scope) if errors.code is not None else None
        kind = self._kind(code, answer.status, call)
        words = errors.description.text(scope) if errors.description is not None else None
        return _told(kind, said, shown(words), code)

    def _kind(self, code: str | None, status: int, call: Call) -> Kind:
        errors = self._connector.errors
        if code is not None and code in errors.codes:
            return errors.codes[code]
        if status < 300 and code is None:
            return "fine"
        return errors.statuses.get(str(status)) or call.otherwise or errors.otherwise


def _told(kind: Kind, said: Any, words: str, code: str | None) -> Heard | Unknown | Rejected:
    if kind == "later":
        return Unknown(reason="the provider asks us to come again later", sent=False)
    if kind == "unknown":
        return Unknown(reason="the provider does not know what became of it")
    if kind in ("ours", "invalid"):
        named = f"the provider refuses the request: {shown(code)}" if code else "the provider refuses it"
        return Rejected(reason=named, ours=kind == "ours")
    return Heard(kind=kind, answer=said, description=words)


def _written(call: Call, scope: Scope) -> tuple[str | None, bytes | None, dict[str, str]]:
    """Address, body and the body's header. Raises TypeError or ValueError for what cannot be written."""
    url = call.url.url(scope)
    query = {name: text.text(scope) for name, text in call.query.items()}
    there = {name: value for name, value in query.items() if value is not None}
    return (f"{url}?{urlencode(there)}" if url and there else url), *_body(call, scope)


def _body(call: Call, scope: Scope) -> tuple[bytes | None, dict[str, str]]:
    if call.body is None:
        return None, {}
    built = call.body(scope)
    if call.form:
        pairs = {name: as_text(value) for name, value in (built or {}).items()}
        there = {name: value for name, value in pairs.items() if value is not None}
        return urlencode(there).encode(), {"content-type": "application/x-www-form-urlencoded"}
    return orjson.dumps({} if built is None else built), {"content-type": "application/json"}


def _read(answer: Answer) -> Any:
    """JSON, or the rows of a CSV table as objects; {} for nothing, None for what is neither."""
    if not answer.body.strip():
        return {}
    if answer.headers.get("content-type", "").partition(";")[0].strip().lower() == "text/csv":
        return _table(answer.body.decode(errors="replace"))
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None


def _table(text: str) -> list[dict[str, str]] | None:
    try:
        return list(csv.DictReader(StringIO(text)))
    except csv.Error:
        return None


def _lasting(seconds: object) -> Millis:
    whole = isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 < seconds < _LONGEST
    return int(seconds * 1000) if whole else 0  # type: ignore[operator]  # it is a number
