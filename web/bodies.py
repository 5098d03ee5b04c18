"""Reading the bodies of requests: JSON, and the YAML text of a machine. What is bad is refused with a problem.

What passes holds text that encodes as UTF-8 without NUL, numbers that every JSON library takes, and
nesting that no recursion trips over.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from web.card_guard import guard_body, may_hold_card
from web.context import context_of
from web.problems import Problem

Wanted = TypeVar("Wanted")

DEPTH_LIMIT = 64
"""orjson writes 254 levels and the saga document adds a few of its own; nobody means 64."""

YAML = ("application/yaml", "application/x-yaml", "text/yaml")
_LONG_NUMBER = re.compile(rb"[0-9]{19}")
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?utf-?8\"?\s*$", re.IGNORECASE)


async def read_body(request: web.Request, decoder: msgspec.json.Decoder[Wanted]) -> Wanted:
    """The body as the decoder's type.

    Raises:
        Problem: unsupported-media-type, body-too-large, request-timeout, bad-http, invalid-json,
            invalid-request, invalid-text, json-too-deep, number-out-of-range or card-data-refused.
    """
    _check_content_type(request)
    raw = await read_bytes(request)
    value = _decode(raw, decoder)
    if may_hold_card(raw):
        guard_body(msgspec.to_builtins(value))
    if _is_suspicious(raw):
        _check_values(msgspec.to_builtins(value))
    return value


async def read_yaml_or(request: web.Request, decoder: msgspec.json.Decoder[Wanted]) -> bytes | Wanted | None:
    """A body that may be YAML (its bytes), JSON (as the decoder's type), or left out (None).

    Raises:
        Problem: As `read_body`.
    """
    if request.content_type in YAML:
        return await read_bytes(request) or None
    if not request.can_read_body:
        return None
    return await read_body(request, decoder)


def _check_content_type(request: web.Request) -> None:
    given = request.headers.get("Content-Type")
    if given is None or given == "application/json":
        return
    if len(request.headers.getall("Content-Type")) > 1:
        raise Problem("unsupported-media-type", "There is more than one Content-Type header.")
    essence, has_parameters, _ = given.partition(";")
    if essence.strip().lower() != "application/json" or (has_parameters and not _CHARSET.search(given)):
        raise Problem("unsupported-media-type", "Send the body as application/json in UTF-8.")


async def read_bytes(request: web.Request) -> bytes:
    """The body as it came. Raises Problem: body-too-large, request-timeout or bad-http."""
    length = request.content_length
    if length is not None and length > request.client_max_size:
        raise web.HTTPRequestEntityTooLarge(request.client_max_size, length)
    try:
        if request.content.is_eof():  # all of it has arrived: no timer
            return await request.read()
        async with asyncio.timeout(context_of(request).body_seconds):
            return await request.read()
    except TimeoutError:
        raise Problem("request-timeout", "The body did not arrive in time.") from None
    except (ConnectionError, web.RequestPayloadError):
        raise Problem("bad-http", "The body is broken off or badly encoded.") from None


def _decode(raw: bytes, decoder: msgspec.json.Decoder[Wanted]) -> Wanted:
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise _misfit("invalid-request", error) from None
    except msgspec.DecodeError as error:
        raise Problem("invalid-json", f"{error}.") from None
    except UnicodeDecodeError:
        raise Problem("invalid-text", "The body is not UTF-8.") from None
    except RecursionError:
        raise _too_deep() from None


def _misfit(code: str, error: msgspec.ValidationError) -> Problem:
    text = str(error)
    if "out of range" in text:
        code = "number-out-of-range"
    return Problem(code, f"{text}.")


def _is_suspicious(raw: bytes) -> bool:
    """True when the values have to be walked: cheap signs that hold no answer by themselves."""
    return (
        b"\\u" in raw
        or raw.count(b"{") + raw.count(b"[") > DEPTH_LIMIT
        or _LONG_NUMBER.search(raw) is not None
    )


def _check_values(root: Any) -> None:
    level = [root]
    for _ in range(DEPTH_LIMIT):
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    raise _too_deep()


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    if isinstance(value, list):
        return value
    if isinstance(value, str) and "\0" in value:
        raise Problem("invalid-text", "A text in the body holds a NUL character.")
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise Problem("number-out-of-range", "An integer in the body does not fit into 64 bits.")
    return []


def _too_deep() -> Problem:
    return Problem("json-too-deep", f"The body is nested more than {DEPTH_LIMIT} levels deep.")
