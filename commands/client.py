"""Talks to a running daemon over HTTP. The only module of the command line that does.

Uses the standard library's client: no proxy, no redirects, and the daemon's words made safe to print.
"""

from __future__ import annotations

import getpass
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import click

from commands.terminal import safe

DEFAULT_URL = "http://127.0.0.1:8080"
TIMEOUT = 30.0
"""Seconds. The daemon answers an event when it is durable, well under one."""

PAGE = 200
ANSWER_LIMIT = 64 * 1024 * 1024


class DaemonMissing(click.ClickException):
    """Nobody answers there, or not in time, or not as a daemon would."""

    exit_code = 3


class DaemonRefused(click.ClickException):
    """The daemon answered no; the message is its detail."""

    exit_code = 1


class Reply(dict[str, Any]):
    """A JSON object of the daemon; a field that ought to be there and is not means it is no daemon of ours."""

    def __missing__(self, key: str) -> Any:
        raise DaemonMissing(
            f"The answer has no {key!r}: what runs there is no sagaloom daemon of this release."
        )


@dataclass(frozen=True, slots=True)
class Address:
    """Where a daemon is, and the API key that it asks for, if it asks."""

    url: str
    key: str | None = field(default=None, repr=False)


class Daemon:
    """One daemon by its address. Every method raises DaemonMissing or DaemonRefused."""

    def __init__(self, address: Address) -> None:
        url, self._key = address.url, address.key
        try:
            parts = urlsplit(url)
            self._port = parts.port
        except ValueError:
            raise _no_address(url) from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise _no_address(url)
        self._host = parts.hostname
        self._secure = parts.scheme == "https"
        self._path = parts.path.rstrip("/")
        self._shown = safe(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")

    def get(self, path: str, **query: object) -> Any:
        """The JSON that a GET answers; parameters that are None are left out."""
        asked = {name: _parameter(value) for name, value in query.items() if value is not None}
        return self._json("GET", f"{path}?{urlencode(asked)}" if asked else path, None)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON that a POST answers; the history will name the user of this machine."""
        return self._json("POST", path, json.dumps(body, allow_nan=False).encode())

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON that a PATCH answers."""
        return self._json("PATCH", path, json.dumps(body, allow_nan=False).encode())

    def delete(self, path: str) -> Any:
        """The JSON that a DELETE answers."""
        return self._json("DELETE", path, None)

    def create(self, path: str, body: Mapping[str, Any]) -> tuple[Any, bool]:
        """The JSON that a POST answers, and whether it made something new (201) or found it there."""
        status, answer = self._asked("POST", path, json.dumps(body, allow_nan=False).encode())
        return answer, status == HTTPStatus.CREATED

    def pages(self, path: str, *, limit: int | None, **query: object) -> Iterator[Any]:
        """The items of a listing, page after page, at most `limit` of them (None: all)."""
        left = limit
        cursor: str | None = None
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            answer = self.get(path, **query, limit=size, cursor=cursor)
            yield from answer["items"]
            left = None if left is None else left - len(answer["items"])
            cursor = answer.get("nextCursor")
            if cursor is None:
                return

    def _json(self, method: str, path: str, body: bytes | None) -> Any:
        return self._asked(method, path, body)[1]

    def _asked(self, method: str, path: str, body: bytes | None) -> tuple[int, Any]:
        status, raw = self._exchange(method, path, body)
        try:
            answer = json.loads(raw, object_hook=Reply)
        except ValueError:
            raise self._stranger(status) from None
        if status >= 500:
            raise DaemonMissing(_detail(answer) or f"The daemon at {self._shown} answers HTTP {status}.")
        if status >= 400:
            raise DaemonRefused(_detail(answer) or f"The daemon refused the request (HTTP {status}).")
        if status >= 300 or not isinstance(answer, dict):
            raise self._stranger(status)
        return status, answer

    def _exchange(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        connection = self._connection()
        try:
            connection.request(method, self._path + path, body=body, headers=_headers(body, self._key))
            response = connection.getresponse()
            return response.status, response.read(ANSWER_LIMIT)
        except TimeoutError:
            raise DaemonMissing(f"The daemon at {self._shown} did not answer in {TIMEOUT:.0f} s.") from None
        except (OSError, HTTPException) as error:
            raise DaemonMissing(self._missing(error)) from None
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        if self._secure:
            context = ssl.create_default_context()
            return HTTPSConnection(self._host, self._port, timeout=TIMEOUT, context=context)
        return HTTPConnection(self._host, self._port, timeout=TIMEOUT)

    def _missing(self, error: Exception) -> str:
        why = getattr(error, "strerror", None) or type(error).__name__
        return f"No daemon at {self._shown} ({why}). Start one with `sagaloom serve`, or name it with --url."

    def _stranger(self, status: int) -> DaemonMissing:
        return DaemonMissing(f"What answers at {self._shown} is no sagaloom daemon (HTTP {status}).")


def part(text: str) -> str:
    """A saga id, key or name as a part of a path."""
    return quote(text, safe="")


def _no_address(url: str) -> click.UsageError:
    return click.UsageError(f"--url must be an http or https address, not {safe(url)!r}.")


def _headers(body: bytes | None, key: str | None) -> dict[str, str]:
    headers = {"Accept": "application/json", "X-Actor": actor()}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    if body is not None:
        headers["Content-Type"] = "application/json"
    return headers


def actor() -> str:
    """The name of the user of this machine, as ASCII, for the history."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):
        name = "cli"
    return name.encode("ascii", "replace").decode()[:200] if name.isprintable() else "cli"


def _parameter(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _detail(answer: Any) -> str:
    """The sentence of a problem, and on lines of their own the things to mend that it does not name."""
    if not isinstance(answer, dict):
        return ""
    detail = str(answer.get("detail") or answer.get("title") or "")
    problems = answer.get("problems")
    more = [str(one) for one in problems if str(one) not in detail] if isinstance(problems, list) else []
    return "\n".join([safe(detail), *(f"  {safe(one)}" for one in more)]) if detail else ""
