"""Channel `rest`: commands go out over HTTP in the Flow Manager's wire format.

The only place with an HTTP client. Nothing of a payload, a header or an answer's body gets into a
reason. commands/wiring.py puts `open_rest` into the registry of channels.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp

from adapters.channels.answers import read_answer, retry_after
from adapters.channels.options import only, seconds, text, wrong
from engine.model import Delivery, Failed, Later, Outcome

_METHODS = ("POST", "PUT", "PATCH")
_OPTIONS = ("url", "method", "headers", "timeout")
_OURS = frozenset({"idempotency-key", "saga-id", "host", "content-length", "transfer-encoding", "connection"})
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, 5.6.2
_FIELD_VALUE = re.compile(r"[\x20-\x7e\t]*")
# Repeating may help (RFC 9110, RFC 8470, RFC 6585); any other 4xx says that it will not.
_WORTH_REPEATING = frozenset({408, 425, 429})
_DEFAULT_TIMEOUT = 10.0
_CONNECTIONS = 256
_CHUNK = 65_536


class RestChannel:
    """One URL. The session is opened at the first delivery, inside the loop that uses it."""

    def __init__(self, *, url: str, method: str, headers: Mapping[str, str], timeout: float) -> None:
        self._url = url
        self._method = method
        self._headers = {"content-type": "application/json", **headers}
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def send(self, delivery: Delivery) -> Outcome:
        if self._closed:
            return Later(reason="the channel is closed")
        try:
            body = _encode(delivery)
        except (TypeError, ValueError, RecursionError):
            return Failed(reason="the payload cannot be written as JSON")
        try:
            return await self._request(delivery, body)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return Later(reason=f"no connection: {type(error).__name__}")
        except TimeoutError:
            return Later(reason=f"no answer within {self._timeout.total:g} s", uncertain=True)
        except (aiohttp.ClientError, OSError) as error:
            return Later(reason=f"connection broke: {type(error).__name__}", uncertain=True)

    async def close(self) -> None:
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _request(self, delivery: Delivery, body: bytes) -> Outcome:
        headers = {
            **self._headers,
            "Idempotency-Key": _header(delivery.id),
            "Saga-Id": _header(delivery.saga_id),
        }
        request = self._client().request(
            self._method, self._url, data=body, headers=headers, allow_redirects=False
        )
        async with request as response:
            if 200 <= response.status < 300:
                return await read_answer(response.content.iter_chunked(_CHUNK), delivery)
            return _refusal(response)

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
            )
        return self._session


def open_rest(name: str, options: Mapping[str, Any], folder: Path) -> RestChannel:
    """A channel to one URL; connects at the first delivery.

    Raises:
        ConfigInvalid: An option is unknown or wrong. The message never shows a value.
    """
    only(name, options, _OPTIONS)
    method = options.get("method", "POST")
    if method not in _METHODS:
        raise wrong(name, f"option method is none of {', '.join(_METHODS)}")
    return RestChannel(
        url=_url(name, options),
        method=method,
        headers=_headers(name, options.get("headers", {})),
        timeout=seconds(name, options, "timeout", _DEFAULT_TIMEOUT),
    )


def _url(name: str, options: Mapping[str, Any]) -> str:
    url = text(name, options, "url")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(char.isspace() or char < " " for char in url):
        raise wrong(name, "option url is not an http or https address")
    return url


def _headers(name: str, headers: Any) -> dict[str, str]:
    if not isinstance(headers, Mapping):
        raise wrong(name, "option headers is not a mapping")
    for field, value in headers.items():
        if not isinstance(field, str) or not _TOKEN.fullmatch(field):
            raise wrong(name, "option headers holds a name that is not a header name")
        if field.lower() in _OURS:
            raise wrong(name, f"header {field} is the engine's own")
        if not isinstance(value, str) or not _FIELD_VALUE.fullmatch(value):
            raise wrong(name, f"header {field} is not one line of plain ASCII text")
    return {field.lower(): value for field, value in headers.items()}


def _encode(delivery: Delivery) -> bytes:
    value = {"messageLabel": delivery.name, "messagePayload": delivery.payload}
    return json.dumps({"key": delivery.saga_id, "value": value}, allow_nan=False).encode()


def _header(text: str) -> str:
    """Ids may come from callers: what is not plain ASCII is percent-encoded, line breaks included."""
    return quote(text, safe="!#$&'()*+,-./:;=?@[]^_`{|}~")


def _refusal(response: aiohttp.ClientResponse) -> Outcome:
    status = response.status
    if 400 <= status < 500 and status not in _WORTH_REPEATING:
        return Failed(reason=f"HTTP {status}")
    return Later(reason=f"HTTP {status}", delay=retry_after(response.headers), uncertain=True)
