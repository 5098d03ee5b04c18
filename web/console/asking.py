"""Reading what pages of the console are asked for: query parameters of forms and links, which may be empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from aiohttp import web

from web.problems import Problem
from web.requests import Query

Asked = TypeVar("Asked", bound=Query)


def asked(request: web.Request, wanted: type[Asked]) -> Asked:
    """What of the query is the page's. Raises Problem: invalid-query."""
    return read_fields(request.query, wanted)


def read_fields(texts: Mapping[str, str], wanted: type[Asked]) -> Asked:
    """Those fields that the page has; empty ones count as not given. Raises Problem: invalid-query."""
    fields = wanted.__struct_encode_fields__
    given = {name: text.strip() for name in fields if (text := texts.get(name, "")).strip()}
    if any("\0" in text or not _is_text(text) for text in given.values()):
        raise Problem("invalid-query", "A field holds a NUL character or what is not UTF-8.")
    try:
        return msgspec.convert(given, wanted, strict=False)
    except msgspec.ValidationError as error:
        raise Problem("invalid-query", f"{str(error).replace('`$.', '`')}.") from None


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
