"""The demo shop's pages: what there is, the cart, the plans, and who buys. They end in a payment or a subscription."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from hub.cashier import Cashier
from hub.checkout_pages import Page
from providers.sandbox import SandboxProvider
from web.answers import see_other
from web.checkout.buyer import Buyer, read_buyer
from web.checkout.face import checkout_page, read_order
from web.checkout.orders import Order, check_secret, order_of, subscription_of
from web.checkout.shop import (
    CURRENCIES,
    MOST,
    PLANS,
    THINGS,
    Cart,
    Plan,
    plan_of,
    read_cart,
    read_plan,
    typed_example,
)
from web.checkout.standing import home_of
from web.context import context_of
from web.pages.forms import text_in
from web.pages.texts import language_of
from web.problems import Problem

_NOBODY = Buyer(name="", email="", phone="")


async def show_home(request: web.Request) -> web.StreamResponse:
    """`GET /payment`: the things of the demo shop, with what is in the cart already."""
    _there(request, "home")
    cart = read_cart(request.query)
    names = {
        "cart": cart,
        "things": {name: prices[cart.currency] for name, prices in THINGS.items()},
        "chosen": {line.name: line.quantity for line in cart.lines},
        "currencies": CURRENCIES,
        "most": MOST,
        "example": typed_example(cart.currency),
        "sandbox": _has_sandbox(request),
    }
    return checkout_page(request, "checkout/home.html", names)


async def show_cart(request: web.Request) -> web.StreamResponse:
    """`GET /payment/checkout`: the cart and its sum. The form of the home page comes here."""
    _there(request, "home")
    cart = read_cart(request.query)
    if cart.wrong or not cart.lines:
        return see_other(f"/payment?{cart.query}&empty=1")
    return checkout_page(request, "checkout/checkout.html", {"cart": cart})


async def show_plans(request: web.Request) -> web.StreamResponse:
    """`GET /payment/subscription`."""
    _there(request, "subscription")
    currency = read_cart(request.query).currency
    names = {
        "plans": [plan_of(name, currency) for name in PLANS],
        "currencies": CURRENCIES,
        "currency": currency,
    }
    return checkout_page(request, "checkout/subscription.html", names)


async def show_buyer(request: web.Request) -> web.StreamResponse:
    """`GET /payment/buyer`: who buys what stands in the address."""
    cart, plan = _bought(request, request.query)
    return _buyer_page(request, cart, plan, {"secret": secrets.token_urlsafe(24), "buyer": _NOBODY})


async def take_buyer(request: web.Request) -> web.StreamResponse:
    """`POST /payment/buyer`: begins the payment, and leads on to it."""
    form = await read_order(request)
    fields = {name: text_in(form, name) for name in form}
    cart, plan = _bought(request, fields)
    secret = check_secret(fields.get("secret", ""))
    buyer = read_buyer(*(fields.get(name, "") for name in ("name", "email", "phone")))
    if buyer.wrong:
        said = {"secret": secret, "buyer": buyer, "by_link": "link" in fields}
        return _buyer_page(request, cart, plan, said, status=422)
    cashier, language = context_of(request).cashier, language_of(request)
    if plan is not None:
        method = await _first_method(cashier, plan)
        order = subscription_of(plan, buyer, secret, language, method)
    else:
        order = order_of(cart, buyer, secret, language)
    return see_other(await _begun(cashier, order, by_link="link" in fields and plan is None))


async def _begun(cashier: Cashier, order: Order, *, by_link: bool) -> str:
    saga = await order.begin(cashier)
    return f"{home_of(saga.saga_id)}/link" if by_link else home_of(saga.saga_id)


async def _first_method(cashier: Cashier, plan: Plan) -> dict[str, str]:
    """A subscription has a method from its beginning; the customer chooses on the next page."""
    data = {"amount": plan.price, "currency": plan.currency, "type": "SUBSCRIPTION"}
    offers = await cashier.offers_of(data, "subscription")
    if not offers:
        raise Problem("action-not-possible", "No provider takes subscriptions in this currency.")
    return {"provider": offers[0].provider, "paymentMethod": offers[0].method}


def _buyer_page(
    request: web.Request, cart: Cart, plan: Plan | None, said: Mapping[str, Any], *, status: int = 200
) -> web.Response:
    names = {"cart": cart, "plan": plan, "by_link": "link" in request.query, **said}
    return checkout_page(request, "checkout/buyer.html", names, status=status)


def _bought(request: web.Request, fields: Mapping[str, str]) -> tuple[Cart, Plan | None]:
    """What is bought. Raises Problem: not-found, invalid-request."""
    plan = read_plan(fields)
    _there(request, "home" if plan is None else "subscription")
    cart = read_cart(fields)
    if plan is None and (cart.wrong or not cart.lines):
        raise Problem("invalid-request", "There is nothing in the cart.")
    return cart, plan


def _there(request: web.Request, page: Page) -> None:
    if page not in context_of(request).hub.pages.pages:
        raise Problem("not-found", "The configuration takes this page away.")


def _has_sandbox(request: web.Request) -> bool:
    providers = context_of(request).hub.gateway.providers.values()
    return any(isinstance(provider, SandboxProvider) for provider in providers)
