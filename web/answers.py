"""The one way to answer: headers that every answer has, JSON by orjson, bytes as they are."""

from __future__ import annotations

import msgspec
import orjson
from aiohttp import web
from multidict import CIMultiDict

SECURITY_HEADERS = {
    "Server": "sagaloom",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
JSON_HEADERS = CIMultiDict({**SECURITY_HEADERS, "Content-Type": "application/json"})


def json_answer(value: object, *, status: int = 200, location: str | None = None) -> web.Response:
    """A Struct, or what orjson takes, as the body."""
    headers = JSON_HEADERS
    if location is not None:
        headers = CIMultiDict(JSON_HEADERS)
        headers["Location"] = location
    return web.Response(body=orjson.dumps(value, default=msgspec.to_builtins), status=status, headers=headers)


def see_other(path: str) -> web.Response:
    """On to another page of this daemon, asked for with GET."""
    return web.Response(status=303, headers={**SECURITY_HEADERS, "Location": path})


def raw_answer(
    body: bytes, content_type: str, *, policy: str | None = None, status: int = 200
) -> web.Response:
    """Bytes as they are, under a content security policy of their own if they need one."""
    headers = CIMultiDict(SECURITY_HEADERS)
    headers["Content-Type"] = content_type
    if policy is not None:
        headers["Content-Security-Policy"] = policy
    return web.Response(body=body, headers=headers, status=status)
