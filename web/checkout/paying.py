"""Choosing how to pay, and being sent a link: the pages at /payment/{id} and /payment/{id}/link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from engine.model import Saga
from hub.cashier import Act, Choice, Recipient
from hub.checkout_offers import Offer
from hub.views.rows import SUBSCRIPTION, payment_row, subscription_row
from web.access.login import address_of
from web.answers import see_other
from web.checkout.buyer import is_email, is_phone, phone_of
from web.checkout.face import ACTOR, checkout_page, read_order, saga_of, ways_back
from web.checkout.standing import can_send_again, next_of, path_of, step_of
from web.context import context_of
from web.pages.forms import Form, text_in
from web.problems import Problem


async def show_pay(request: web.Request) -> web.StreamResponse:
    """`GET /payment/{id}`: the methods; what was asked for already is shown where it stands."""
    saga = await saga_of(request)
    return await _methods(request, saga) if step_of(saga) == "pay" else see_other(path_of(saga))


async def pay(request: web.Request) -> web.StreamResponse:
    """`POST /payment/{id}/pay`: asks the provider once, however often it is sent."""
    form, saga = await read_order(request), await saga_of(request)
    if step_of(saga) != "pay":
        return see_other(path_of(saga))
    cashier = context_of(request).cashier
    offer = _chosen(form, await cashier.offers(saga))
    if offer is None or not text_in(form, "terms"):
        said = {"wrong": "method" if offer is None else "terms", "picked": text_in(form, "method")}
        return await _methods(request, saga, said, status=422)
    act, choice = _act(saga, "pay"), _choice(request, saga, offer)
    if saga.machine == SUBSCRIPTION:
        return see_other(next_of(await cashier.start_subscription(saga, choice, act)))
    return see_other(next_of(await cashier.pay(saga, choice, act)))


async def show_link(request: web.Request) -> web.StreamResponse:
    """`GET /payment/{id}/link`: where the link is to be sent."""
    saga = await _linkable(request)
    if not _may_send(saga):
        return see_other(path_of(saga))
    buyer = _buyer(saga) if step_of(saga) == "pay" else {}
    return _link_page(request, saga, {"email": buyer.get("email", ""), "phone": buyer.get("phone", "")})


async def send_link(request: web.Request) -> web.StreamResponse:
    """`POST /payment/{id}/link`: has it made and sent, by mail or by text message."""
    form, saga, context = await read_order(request), await _linkable(request), context_of(request)
    if not _may_send(saga):
        return see_other(path_of(saga))
    way = "sms" if text_in(form, "way") == "sms" else "email"
    email, phone = text_in(form, "email").strip(), phone_of(text_in(form, "phone"))
    said = {"way": way, "email": email, "phone": phone}
    if not (is_phone(phone) if way == "sms" else is_email(email)):
        return _link_page(request, saga, {**said, "wrong": True}, status=422)
    offers = await context.cashier.offers(saga, "link")
    if not offers:
        raise Problem("action-not-possible", "No provider makes links for this payment.")
    context.limits.links.take(address_of(request, context.access))
    to = Recipient(way="sms" if way == "sms" else "email", address=phone if way == "sms" else email)
    sent = await context.cashier.send_link(saga, _choice(request, saga, offers[0]), to, _act(saga, "link"))
    return see_other(path_of(sent))


async def _linkable(request: web.Request) -> Saga:
    saga = await saga_of(request)
    if "link" not in context_of(request).hub.pages.pages or saga.machine == SUBSCRIPTION:
        raise Problem("action-not-possible", "This payment cannot be sent as a link.")
    return saga


def _may_send(saga: Saga) -> bool:
    return step_of(saga) == "pay" or can_send_again(saga)


async def _methods(
    request: web.Request, saga: Saga, said: Mapping[str, Any] | None = None, *, status: int = 200
) -> web.Response:
    context = context_of(request)
    offers = await context.cashier.offers(saga)
    links = [] if saga.machine == SUBSCRIPTION else await context.cashier.offers(saga, "link")
    names = {
        "row": subscription_row(saga) if saga.machine == SUBSCRIPTION else payment_row(saga),
        "is_subscription": saga.machine == SUBSCRIPTION,
        "items": _items(saga),
        "offers": offers,
        "several": {offer.method for offer in offers if _count(offers, offer.method) > 1},
        "link": bool(links) and "link" in context.hub.pages.pages,
        "terms": context.hub.pages.terms,
        "wrong": "",
        "picked": "",
        **(said or {}),
    }
    return checkout_page(request, "checkout/pay.html", names, status=status)


def _link_page(
    request: web.Request, saga: Saga, said: Mapping[str, Any], *, status: int = 200
) -> web.Response:
    names = {
        "row": payment_row(saga),
        "fresh": step_of(saga) == "pay",
        "way": "email",
        "wrong": False,
        **said,
    }
    return checkout_page(request, "checkout/link.html", names, status=status)


def _choice(request: web.Request, saga: Saga, offer: Offer) -> Choice:
    success, failure = ways_back(request, saga)
    return Choice(offer=offer, success=success, failure=failure)


def _act(saga: Saga, what: str) -> Act:
    """A form that is sent twice finds the saga as the first one left it, or is one with it."""
    return Act(actor=ACTOR, key=f"checkout.{what}.{saga.version}")


def _chosen(form: Form, offers: Sequence[Offer]) -> Offer | None:
    provider, _, method = text_in(form, "method").partition(" ")
    return next((one for one in offers if (one.provider, one.method) == (provider, method)), None)


def _count(offers: Sequence[Offer], method: str) -> int:
    return sum(1 for offer in offers if offer.method == method)


def _items(saga: Saga) -> list[Mapping[str, Any]]:
    """What is bought, as far as it can be shown: others write these data too."""
    more = saga.metadata.get("additionalData")
    items = more.get("items") if isinstance(more, Mapping) else None
    found = [one for one in items if isinstance(one, Mapping)] if isinstance(items, list) else []
    return [
        one for one in found if isinstance(one.get("description"), str) and type(one.get("amount")) is int
    ][:50]


def _buyer(saga: Saga) -> Mapping[str, Any]:
    more = saga.metadata.get("additionalData")
    buyer = more.get("buyer") if isinstance(more, Mapping) else None
    return buyer if isinstance(buyer, Mapping) else {}
