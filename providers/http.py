"""The one HTTP client of all providers: connection pool, time-outs, and what a missing answer means.

Knows no provider. Nothing of a request or an answer gets into a reason.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp

from engine.model import Millis
from providers.base import Rejected, Unknown

TIMEOUT = 20.0
"""Seconds; below the 30 s that the machines give a command, so that the provider's answer decides."""

_CONNECTIONS = 100
_LONGEST_ANSWER = 2_000_000
_LONGEST_DELAY = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; `body` at most 2 MB. Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Http:
    """Owns a session, opened at the first request inside the loop that uses it."""

    def __init__(self, *, timeout: float = TIMEOUT, tls: ssl.SSLContext | None = None) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer | Unknown:
        """One try, no redirects. Unknown says whether the request can have had an effect."""
        try:
            request = self._open().request(method, url, headers=headers, data=body, allow_redirects=False)
            async with request as response:
                content = await response.content.read(_LONGEST_ANSWER + 1)
                while len(content) <= _LONGEST_ANSWER and not response.content.at_eof():
                    content += await response.content.read(_LONGEST_ANSWER + 1 - len(content))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return Unknown(reason=f"no connection to the provider: {type(error).__name__}", sent=False)
        except TimeoutError:
            return Unknown(reason=f"the provider did not answer within {self._timeout.total:g} s")
        except (aiohttp.ClientError, OSError) as error:
            return Unknown(reason=f"the connection to the provider broke: {type(error).__name__}")
        if len(content) > _LONGEST_ANSWER:
            return Unknown(reason="the provider's answer is longer than 2 MB")
        headers = {name.lower(): value for name, value in reversed(list(response.headers.items()))}
        return Answer(status=response.status, headers=headers, body=content)

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=self._tls or True),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
            )
        return self._session


def trouble(answer: Answer) -> Unknown | Rejected | None:
    """What an HTTP status means that is the same with every provider; None: its body decides.

    401 and 403: our credentials. 408, 425: not begun. 429: not begun, later. 5xx: nobody knows.
    """
    if answer.status in (401, 403):
        return Rejected(reason=f"the provider refuses our credentials: HTTP {answer.status}", ours=True)
    if answer.status in (408, 425, 429):
        return Unknown(reason=f"HTTP {answer.status}", sent=False, delay=retry_after(answer))
    if answer.status >= 500 or 300 <= answer.status < 400:
        return Unknown(reason=f"HTTP {answer.status}", delay=retry_after(answer))
    return None


def retry_after(answer: Answer) -> Millis | None:
    """`Retry-After` in milliseconds, at most an hour; None without one or with a date."""
    text = answer.headers.get("retry-after", "")
    return (
        min(int(text), _LONGEST_DELAY) * 1000
        if text.isascii() and text.isdigit() and len(text) < 10
        else None
    )
