"""Reading what forms send. Called by page handlers; admission has read the form before them, which costs nothing twice."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.web_request import FileField
from multidict import MultiDictProxy

from web.bodies import read_bytes
from web.card_guard import guard_body
from web.context import context_of
from web.problems import Problem

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_SECRETS = frozenset({"csrf", "password", "current", "new", "again"})
"""Kept as hashes at most; whatever digits stand in them are no card number."""

Form = MultiDictProxy[str | bytes | bytearray | FileField]


async def read_form(request: web.Request) -> Form:
    """The fields of the form; empty if it is none.

    Raises:
        Problem: body-too-large, request-timeout, bad-http, invalid-text or card-data-refused.
    """
    form = await _parsed(request)
    texts = {name: value for name, value in form.items() if isinstance(value, str)}
    if any("\0" in text for pair in texts.items() for text in pair):
        raise Problem("invalid-text", "A field of the form holds a NUL character.")
    guard_body({name: text for name, text in texts.items() if name not in _SECRETS})
    return form


def text_in(form: Form, name: str) -> str:
    """A field's text; empty if it is not there or is a file."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


async def _parsed(request: web.Request) -> Form:
    if request.content_type == FORMS[0]:
        await read_bytes(request)
    try:
        async with asyncio.timeout(context_of(request).body_seconds):
            return await request.post()
    except TimeoutError:
        raise Problem("request-timeout", "The form did not arrive in time.") from None
    except (ValueError, LookupError, AssertionError):
        raise Problem("bad-http", "The form is broken off or badly encoded.") from None
