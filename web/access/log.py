"""/access/audit: who changed what, when and why. The filters live in the URL."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import orjson
from aiohttp import web

from engine.model import Json, Millis
from hub.audit import Act
from web.context import context_of
from web.cursors import cursor_for, place_of
from web.moments import moment
from web.pages.rendering import page

FILTERS = ("actor", "action", "target", "from", "to")
_PAGE = 50
_DAY: Millis = int(timedelta(days=1).total_seconds() * 1000)


async def show_audit(request: web.Request) -> web.StreamResponse:
    """`GET /access/audit?actor=&action=&target=&from=&to=&cursor=`: newest first, days in UTC, `to` included."""
    asked = {name: request.query.get(name, "").strip()[:500] for name in FILTERS}
    until = moment("to", asked["to"] or None)
    found = await context_of(request).access.audit.list(
        actor=asked["actor"] or None,
        action=asked["action"] or None,
        target=asked["target"] or None,
        since=moment("from", asked["from"] or None),
        until=None if until is None else until + _DAY,
        after=place_of(request.query.get("cursor")),
        limit=_PAGE + 1,
    )
    names = {
        "asked": asked,
        "rows": [_row(act) for act in found[:_PAGE]],
        "older": _older(asked, found[_PAGE - 1]) if len(found) > _PAGE else None,
        "newest": None if "cursor" not in request.query else _address(asked),
    }
    return page(request, "access/audit.html", names)


def _row(act: Act) -> dict[str, Any]:
    return {"act": act, "before": _text(act.before), "after": _text(act.after)}


def _text(value: Json) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() if value else ""


def _older(asked: dict[str, str], last: Act) -> str:
    return _address(asked | {"cursor": cursor_for((last.at, last.id))})


def _address(asked: dict[str, str]) -> str:
    kept = {name: value for name, value in asked.items() if value}
    return f"/access/audit?{urlencode(kept)}" if kept else "/access/audit"
