"""Reading requests: query, path and headers, each refused with a problem when it is bad. Bodies: web/bodies.

Nothing here knows a saga. What passes holds text that encodes as UTF-8 without NUL.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec
from aiohttp import web

from hub.access.roles import Actor
from web.context import USER
from web.problems import Problem
from web.requests import Query

Asked = TypeVar("Asked", bound=Query)

PARAMETER_LIMIT = 50
_DEFAULT_ACTOR = "api"


def read_query(request: web.Request, wanted: type[Asked]) -> Asked:
    """The query parameters. Raises Problem: invalid-query."""
    raw = request.rel_url.raw_query_string
    return _convert(_parameters(raw) if raw else {}, wanted)


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
    """Who asks, for the history: who is logged in. Raises Problem: invalid-header.

    A program may act for a person, whom `X-Actor` names: "anna via key:shop". Where nobody is asked who they
    are, it is all there is: `X-Actor`, else "api".
    """
    named = _header(request, "X-Actor", limit=200)
    user = request.get(USER)
    if user is None or user.how == "open":
        return named or _DEFAULT_ACTOR
    return f"{named} via {user.name}" if named and user.how == "key" else user.name


def acting(request: web.Request) -> Actor:
    """The same for the audit log. Raises Problem: invalid-header."""
    user = request.get(USER) or Actor(name="", role="viewer", how="open")
    return replace(user, name=read_actor(request))


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
