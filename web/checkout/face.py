"""What all pages of the checkout have in common: the shop's look, errors in the customer's words, and limits.

Nobody logs in here. A payment is reached by its id alone, which is hard to guess; the gate refuses forms of other sites.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.web_exceptions import HTTPRedirection

from engine.model import Saga
from web.access.login import address_of
from web.boundary import problem_of
from web.checkout.brand import brand_of
from web.checkout.standing import payment_ways
from web.context import context_of
from web.guards import is_loopback
from web.pages.faults import Handler
from web.pages.forms import Form, read_form
from web.pages.rendering import page
from web.problems import Problem
from web.reading import read_name

ACTOR = "customer"

_TEXTS = {
    "not-found": "gone",
    "saga-not-found": "gone",
    "too-many-requests": "slow",
    "origin-refused": "foreign",
    "card-data-refused": "card",
    "payload-invalid": "input",
    "invalid-request": "input",
    "action-not-possible": "late",
    "store-unavailable": "away",
    "draining": "away",
    "not-ready": "away",
    "printing-failed": "away",
}
"""Error code -> the text `checkout.error.<...>`; any other one is "other"."""


def checkout_page(
    request: web.Request, template: str, names: Mapping[str, Any] | None = None, *, status: int = 200
) -> web.Response:
    """The template in the shop's look."""
    pages = context_of(request).hub.pages
    given = {"brand": brand_of(pages.look), "pages": pages.pages, "refresh": None, **(names or {})}
    return page(request, template, given, status=status)


def shop_page(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> Handler:
    """The handler, its errors told on a page of the shop."""

    @wraps(handler)
    async def told(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except HTTPRedirection:
            raise
        except Exception as error:
            return error_page(request, problem_of(error, context_of(request)))

    return told


def error_page(request: web.Request, problem: Problem) -> web.Response:
    """What went wrong as a customer can use it; an incident's id stays in it for the shop's help."""
    detail = problem.detail if problem.kind.code == "internal" else ""
    names = {"text": _TEXTS.get(problem.kind.code, "other"), "detail": detail}
    answer = checkout_page(request, "checkout/error.html", names, status=problem.kind.status)
    answer.headers.update(problem.headers)
    return answer


async def read_order(request: web.Request) -> Form:
    """A form of the checkout. Raises Problem: too-many-requests and what `read_form` raises."""
    context = context_of(request)
    context.limits.forms.take(address_of(request, context.access))
    return await read_form(request)


async def saga_of(request: web.Request) -> Saga:
    """The payment or the subscription in the path. Raises SagaNotFound, StoreUnavailable."""
    return await context_of(request).cashier.find(read_name(request, "id"))


def ways_back(request: web.Request, saga: Saga) -> tuple[str, str]:
    """Where the provider leads a customer who has paid, and one who has not: the merchant's own addresses, else ours."""
    given, home = payment_ways(saga), own_url(request, f"/payment/{saga.saga_id}")
    return given[0] or f"{home}/back", given[1] or f"{home}/back?left=1"


def own_url(request: web.Request, path: str) -> str:
    """A path of ours as a provider can lead back to it.

    On a loopback address the customer goes on under the name that they came with, so that their cookies stay.
    """
    public = context_of(request).hub.gateway.public_url
    host = urlsplit(public).hostname if public else None
    if public and host and not is_loopback(host):
        return f"{public}{path}"
    return f"{request.scheme}://{request.host}{path}"
