"""What every page of the backoffice has: the frame with its alerts, what was said after an action, and links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from aiohttp import web

from hub.alerts import AlertCounts
from hub.views.labels import method_label
from web.answers import see_other
from web.backoffice.desk import desk_of
from web.pages.rendering import page
from web.pages.texts import texts_in

HOME = "/backoffice"
TRANSACTIONS = f"{HOME}/transactions"
SUBSCRIPTIONS = f"{HOME}/subscriptions"
RULES = f"{HOME}/rules"
REFUNDS = f"{HOME}/refunds"
ALERTS = f"{HOME}/alerts"
ANALYTICS = f"{HOME}/analytics"
INVOICES = f"{HOME}/invoices"

_SIGNS = {
    "PAID": "✓",
    "FAILED": "✘",
    "TOTALLY_REFUNDED": "↺",
    "PARTIALLY_REFUNDED": "↺",
    "CREATED": "∞",
    "ACTIVE": "✓",
    "ON_HOLD": "!",
    "EXPIRED": "■",
    "ABORTED": "✘",
}
_BAD = frozenset(("overtaken", "impossible", "too-much", "ignored", "changed", "none", "in-file"))
"""Last words of what is said when nothing was done."""


async def show(
    request: web.Request, template: str, names: Mapping[str, Any] | None = None, *, status: int = 200
) -> web.Response:
    """The page; only its content if htmx asks for it."""
    counts = await desk_of(request).alerts.counts()
    given = {
        "frame": "backoffice/fragment.html" if is_fragment(request) else "backoffice/layout.html",
        "fragment": is_fragment(request),
        "badges": {ALERTS: counts.total},
        "said": _said(request),
        "sign": _SIGNS.get,
        "part": path_part,
        "method_name": method_label,
        **(names or {}),
    }
    return page(request, f"backoffice/{template}.html", given, status=status)


def is_fragment(request: web.Request) -> bool:
    """Whether htmx asks for a part of a page."""
    return "HX-Request" in request.headers


def path_part(text: object) -> str:
    """As one part of a path, whatever it holds."""
    return quote(str(text), safe="")


def back_to(path: str, said: str) -> web.Response:
    """On to a page that tells what was done."""
    return see_other(f"{path}{'&' if '?' in path else '?'}said={said}")


def elsewhere(request: web.Request, path: str, said: str) -> web.Response:
    """As `back_to`, also for a dialog: then the whole page goes there."""
    answer = back_to(path, said)
    if not is_fragment(request):
        return answer
    return web.Response(headers={"HX-Redirect": answer.headers["Location"]})


def transaction(saga_id: str) -> str:
    """Where a payment is shown."""
    return f"{TRANSACTIONS}/{path_part(saga_id)}"


def subscription(saga_id: str) -> str:
    """Where a subscription is shown."""
    return f"{SUBSCRIPTIONS}/{path_part(saga_id)}"


def _said(request: web.Request) -> dict[str, object] | None:
    """The sentence that the address names, if we know it."""
    word = request.query.get("said", "")
    key = f"backoffice.said.{word}"
    if not word or texts_in("en").or_none(key) is None:
        return None
    return {"key": key, "bad": word.rpartition(".")[2] in _BAD}


def counts_by_kind(counts: AlertCounts) -> Mapping[str, int]:
    """For the alerts' own page."""
    return {
        "late": counts.late,
        "late-success": counts.late_success,
        "parked": counts.parked,
        "callbacks": counts.callbacks,
        "merchant": counts.refused + counts.failing,
    }
