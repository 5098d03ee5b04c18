"""What comes after paying: the way to the provider and back, the waiting page, the result and the invoice.

Each page looks where the payment stands, and leads on where it is not the right one: reloading and going back are safe.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from engine.errors import SagaNotFound, Unavailable
from engine.model import Saga
from hub.views.rows import PAYMENT, SUBSCRIPTION, SubscriptionRow, payment_row, subscription_row
from web.answers import see_other
from web.checkout.face import checkout_page, read_order, saga_of
from web.checkout.orders import again, is_ours
from web.checkout.standing import (
    can_send_again,
    home_of,
    is_by_link,
    link_of,
    outcome_of,
    path_of,
    redirect_of,
    shop_url,
    step_of,
)
from web.context import context_of
from web.invoices import pdf_answer

_GRACE = 3.0
"""Seconds that a page waits for a word that is on its way: the provider's to us, or a payment's to its subscription."""

_LONG = 30_000
"""Milliseconds after which waiting is no longer called quick."""


async def go(request: web.Request) -> web.StreamResponse:
    """`GET /payment/{id}/go`: on to the provider's page, by a page of ours.

    Browsers hold redirects after a form to `form-action`; what this page refreshes to is not held to it.
    """
    saga = await saga_of(request)
    url = redirect_of(saga)
    if url is None:
        return see_other(path_of(saga))
    return checkout_page(request, "checkout/go.html", {"url": url, "refresh": f"0; url={url}"})


async def come_back(request: web.Request) -> web.StreamResponse:
    """`GET /payment/{id}/back`: from the provider. What its address says is not believed; the payment is asked."""
    saga = await saga_of(request)
    if saga.machine == PAYMENT and "left" not in request.query:
        saga = await context_of(request).cashier.decided(saga.saga_id, _GRACE)
    return see_other(path_of(saga))


async def show_pending(request: web.Request) -> web.StreamResponse:
    """`GET /payment/{id}/pending`: a calm page that looks again by itself."""
    saga = await saga_of(request)
    if step_of(saga) != "pending" or path_of(saga) != request.path:
        return see_other(path_of(saga))
    return checkout_page(request, "checkout/pending.html", _waiting(request, saga))


async def show_standing(request: web.Request) -> web.StreamResponse:
    """`GET /payment/{id}/standing`: the part that htmx asks for. It goes on asking when the store is away."""
    try:
        saga = await saga_of(request)
    except Unavailable:
        return web.Response(status=204)
    if step_of(saga) != "pending" or path_of(saga) != f"{home_of(saga.saga_id)}/pending":
        return web.Response(headers={"HX-Redirect": path_of(saga), "Cache-Control": "no-store"})
    names = _waiting(request, saga)
    if (
        request.query.get("phase") == names["phase"]
    ):  # so that nothing is read out again, and nothing loses the focus
        return web.Response(status=204)
    return checkout_page(request, "checkout/standing.html", names)


async def show_result(request: web.Request) -> web.StreamResponse:
    """`GET /payment/{id}/result`."""
    saga = await saga_of(request)
    if step_of(saga) != "result" or path_of(saga) != request.path:
        return see_other(path_of(saga))
    pages, outcome = context_of(request).hub.pages, outcome_of(saga)
    names: dict[str, Any] = {
        "outcome": outcome,
        "row": payment_row(saga) if saga.machine == PAYMENT else subscription_row(saga),
        "is_subscription": saga.machine == SUBSCRIPTION,
        "subscription": await _subscription(request, saga),
        "back": pages.back.get(outcome) or shop_url(saga),
        "again": outcome == "ko" and is_ours(saga) and "home" in pages.pages,
        "new_link": outcome == "ko" and can_send_again(saga) and "link" in pages.pages,
    }
    return checkout_page(request, "checkout/result.html", names)


async def try_again(request: web.Request) -> web.StreamResponse:
    """`POST /payment/{id}/again`: the same order of the demo shop, once more."""
    await read_order(request)
    saga = await saga_of(request)
    if not is_ours(saga) or outcome_of(saga) != "ko" or step_of(saga) != "result":
        return see_other(path_of(saga))
    return see_other(path_of(await again(saga).begin(context_of(request).cashier)))


async def get_invoice(request: web.Request) -> web.StreamResponse:
    """`GET /payment/{id}/invoice`: the PDF; of what is not paid there is none."""
    saga = await saga_of(request)
    return pdf_answer(await context_of(request).paperwork.invoices.of(saga.saga_id))


def _waiting(request: web.Request, saga: Saga) -> Mapping[str, Any]:
    context = context_of(request)
    pages = context.hub.pages
    url, link = redirect_of(saga), link_of(saga) if is_by_link(saga) else None
    is_long = context.engine.clock.now() - saga.updated_at > _LONG
    again = is_by_link(saga) and can_send_again(saga) and "link" in pages.pages
    return {
        "row": payment_row(saga) if saga.machine == PAYMENT else subscription_row(saga),
        "saga_id": saga.saga_id,
        "poll": pages.poll,
        "url": url,
        "link": link,
        "by_link": is_by_link(saga),
        "again": again,
        "phase": ("sent" if again else "link")
        if link
        else "there"
        if url
        else "long"
        if is_long
        else "short",
        "back": pages.back.get("pending"),
    }


async def _subscription(request: web.Request, saga: Saga) -> SubscriptionRow | None:
    """The subscription that a payment belongs to, once it has been told how the payment ended."""
    parent = payment_row(saga).subscription_id if saga.machine == PAYMENT else None
    if parent is None:
        return None
    try:
        return subscription_row(await context_of(request).cashier.told(parent, saga.saga_id, _GRACE))
    except SagaNotFound:
        return None
