"""No card number comes in: the address, the headers and the body of every request are looked at before their handlers.

Callbacks are let through: what a provider says of money must not be refused; hub/callbacks.py masks what is kept of them.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_plus

from aiohttp import web

from hub.cards import holds_card_number
from web.problems import Problem

_SUSPICIOUS = re.compile(rb"[0-9](?:[ -]?[0-9]){12}|\\u")
"""As many digits as the shortest card number has, or an escape that may stand for one."""

_CALLBACK = re.compile(r"/v3/[^/]+/callback(?:/|$)")
_HEADERS = ("X-Actor", "Idempotency-Key")


def guard_address(request: web.Request) -> None:
    """Raises Problem: card-data-refused."""
    raw = request.rel_url.raw_path_qs
    if _CALLBACK.match(raw.partition("?")[0]):
        return
    if _holds(raw):
        raise _refused("address")
    for name in _HEADERS:
        if holds_card_number(request.headers.get(name)):
            raise _refused(f"{name} header")


def may_hold_card(raw: bytes) -> bool:
    """False if no card number can be in this JSON text: a cheap look before it is taken apart."""
    return _SUSPICIOUS.search(raw) is not None


def guard_body(value: Any) -> None:
    """Raises Problem: card-data-refused. `value` is in plain JSON types."""
    if holds_card_number(value):
        raise _refused("body")


def _holds(address: str) -> bool:
    return any(
        holds_card_number(part) for part in re.split("[/?&=]", unquote_plus(address, errors="replace"))
    )


def _refused(where: str) -> Problem:
    return Problem(
        "card-data-refused",
        f"The request's {where} holds a card number. Give it to the provider's own fields, and send what they answer.",
    )
