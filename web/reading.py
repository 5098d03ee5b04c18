"""Reading requests: body, query, path and headers, each refused with a problem when it is bad.

Nothing here knows a saga. What passes holds text that encodes as UTF-8 without NUL, numbers that
every JSON library takes, and nesting that no recursion trips over.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec
from aiohttp import web

from web.context import context_of
from web.problems import Problem
from web.requests import Query

Asked = TypeVar("Asked", bound=Query)
Wanted = TypeVar("Wanted")

DEPTH_LIMIT = 64
"""orjson writes 254 levels and the saga document adds a few of its own; nobody means 64."""

PARAMETER_LIMIT = 50
_LONG_NUMBER = re.compile(rb"[0-9]{19}")
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?utf-?8\"?\s*$", re.IGNORECASE)
_DEFAULT_ACTOR = "api"


async def read_body(request: web.Request, decoder: msgspec.json.Decoder[Wanted]) -> Wanted:
    """The body as the decoder's type.

    Raises:
        Problem: unsupported-media-type, body-too-large, request-timeout, bad-http, invalid-json,
            invalid-request, invalid-text, json-too-deep or number-out-of-range.
    """
    _check_content_type(request)
    raw = await _read(request)
    value = _decode(raw, decoder)
    if _is_suspicious(raw):
        _check_values(msgspec.to_builtins(value))
    return value


def read_query(request: web.Request, wanted: type[Asked]) -> Asked:
    """The query parameters. Raises Problem: invalid-query."""
    raw = request.rel_url.raw_query_string
    return wanted() if not raw else _convert(_parameters(raw), wanted)


def read_handle(request: web.Request) -> str:
    """The saga id or key in the path. Raises Problem: invalid-text."""
    return read_name(request, "id")


def read_name(request: web.Request, part: str) -> str:
    """A part of the path, decoded. Raises Problem: invalid-text."""
    name: str = request.match_info[part]
    if "\0" in name or not _is_utf8(request.rel_url.raw_path):
        raise Problem("invalid-text", f"The path's {part} holds a NUL character or bytes that are not UTF-8.")
    return name


def read_actor(request: web.Request) -> str:
    """Who asks, for the history: `X-Actor`, else "api". Raises Problem: invalid-header."""
    return _header(request, "X-Actor", limit=200) or _DEFAULT_ACTOR


def read_event_id(request: web.Request) -> str | None:
    """`Idempotency-Key`, None if there is none. Raises Problem: invalid-header."""
    return _header(request, "Idempotency-Key", limit=300)


def _header(request: web.Request, name: str, *, limit: int) -> str | None:
    value = request.headers.get(name)
    if value is None:
        return None
    if len(value) > limit or not value.isprintable() or not value.strip():
        raise Problem("invalid-header", f"{name} must be 1 to {limit} printable characters.")
    return value


def _check_content_type(request: web.Request) -> None:
    given = request.headers.get("Content-Type")
    if given is None or given == "application/json":
        return
    if len(request.headers.getall("Content-Type")) > 1:
        raise Problem("unsupported-media-type", "There is more than one Content-Type header.")
    essence, has_parameters, _ = given.partition(";")
    if essence.strip().lower() != "application/json" or (has_parameters and not _CHARSET.search(given)):
        raise Problem("unsupported-media-type", "Send the body as application/json in UTF-8.")


async def _read(request: web.Request) -> bytes:
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


def _parameters(raw: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            raw, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=PARAMETER_LIMIT
        )
    except UnicodeError:
        raise Problem("invalid-query", "The query is not UTF-8.") from None
    except ValueError:
        raise Problem("invalid-query", "The query is not a list of name=value, joined by &.") from None
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Problem("invalid-query", "A query parameter is given more than once.")
    if any("\0" in text for pair in pairs for text in pair):
        raise Problem("invalid-query", "The query holds a NUL character.")
    return found


def _convert(found: dict[str, str], wanted: type[Asked]) -> Asked:
    try:
        return msgspec.convert(found, wanted, strict=False)
    except msgspec.ValidationError as error:
        text = str(error).replace("Object contains unknown field", "There is no parameter")
        raise Problem("invalid-query", f"{text.replace('`$.', '`')}.") from None


def _is_utf8(raw_path: str) -> bool:
    if "%" not in raw_path:
        return True
    try:
        unquote_to_bytes(raw_path).decode()
    except UnicodeError:
        return False
    return True
