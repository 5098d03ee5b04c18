"""What we ask of Stripe: the forms of Checkout Sessions, payment links, direct payments, refunds, changes.

Pure. Every object carries our key and the merchant's id in its metadata, so that it can be found again
and its callbacks told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers.base import PayRequest, RefundRequest, SubscriptionChange
from providers.stripe_money import to_stripe

KEY = "sagaloomKey"
SHOP = "shopTransactionId"
PAYMENT = "paymentId"
DIRECT = "sagaloomDirect"
"""Marks payment intents that we made ourselves; those of a page report through their session."""

_METHOD_TYPES = {"credit-cards": "card", "pay-pal": "paypal"}
_INTERVALS = {"DAY": "day", "MONTH": "month"}


def payment_method_id(request: PayRequest) -> str | None:
    """The payment method that the shop's own page made at Stripe; None: Stripe's page asks for it."""
    return _text(request.provider_data, "paymentMethodId")


def session_form(request: PayRequest, *, product: str, success_url: str) -> dict[str, Any]:
    """A page for one payment."""
    return {
        **_page(request, _line(request, product), success_url),
        "mode": "payment",
        "payment_intent_data": {"metadata": _marks(request)},
    }


def subscription_form(request: PayRequest, *, product: str, success_url: str) -> dict[str, Any]:
    """A page for the first payment of a subscription that Stripe renews."""
    line = _line(request, product)
    line["price_data"]["recurring"] = recurring(
        request.subscription.get("interval"), request.subscription.get("intervalCount")
    )
    return {
        **_page(request, line, success_url),
        "mode": "subscription",
        "subscription_data": {"metadata": _marks(request)},
    }


def link_form(request: PayRequest, *, product: str, success_url: str | None) -> dict[str, Any]:
    """A link that can be paid once, and does not expire as a page does."""
    form: dict[str, Any] = {
        "line_items": [_line(request, product)],
        "payment_method_types": [_METHOD_TYPES[request.method]],
        "restrictions": {"completed_sessions": {"limit": 1}},
        "metadata": _marks(request),
        "payment_intent_data": {"metadata": _marks(request)},
    }
    if success_url:
        form["after_completion"] = {"type": "redirect", "redirect": {"url": success_url}}
    return form


def direct_form(request: PayRequest, method_id: str) -> dict[str, Any]:
    """Take the money now, with a redirect only if the issuer wants the customer to prove himself."""
    return {
        "amount": to_stripe(request.amount, request.currency),
        "currency": request.currency.lower(),
        "payment_method": method_id,
        "payment_method_types": [_METHOD_TYPES[request.method]],
        "confirm": True,
        "return_url": request.success_url,
        "metadata": {**_marks(request), DIRECT: "1"},
    }


def refund_form(request: RefundRequest, intent: str) -> dict[str, Any]:
    """Give back of a payment intent; without an amount, all that is left."""
    amount = None if request.amount is None else to_stripe(request.amount, request.currency)
    return {
        "payment_intent": intent,
        "amount": amount,
        "metadata": {
            KEY: request.key,
            PAYMENT: request.payment_id,
            SHOP: request.shop_transaction_id or None,
        },
    }


def change_form(change: SubscriptionChange, *, item: str, product: str) -> dict[str, Any]:
    """New terms from the next renewal on: nothing is charged or credited for the running period."""
    price = {
        "currency": change.currency.lower(),
        "product": product,
        "unit_amount": to_stripe(change.amount, change.currency),
        "recurring": recurring(change.interval, change.interval_count),
    }
    return {
        "items": [{"id": item, "price_data": price}],
        "proration_behavior": "none",
        "metadata": {SHOP: change.shop_transaction_id or None},
    }


def recurring(interval: object, count: object) -> dict[str, object]:
    """How often a price is collected; every month if nothing is said."""
    return {
        "interval": _INTERVALS.get(str(interval), "month"),
        "interval_count": count if isinstance(count, int) and count > 0 else 1,
    }


def _page(request: PayRequest, line: dict[str, Any], success_url: str) -> dict[str, Any]:
    return {
        "success_url": success_url,
        "cancel_url": request.failure_url,
        "client_reference_id": request.shop_transaction_id,
        "customer_email": _text(request.provider_data, "buyerEmail"),
        "payment_method_types": [_METHOD_TYPES[request.method]],
        "line_items": [line],
        "metadata": _marks(request),
    }


def _line(request: PayRequest, product: str) -> dict[str, Any]:
    name = _text(request.provider_data, "productName") or product
    price = {
        "currency": request.currency.lower(),
        "unit_amount": to_stripe(request.amount, request.currency),
        "product_data": {"name": name},
    }
    return {"quantity": 1, "price_data": price}


def _marks(request: PayRequest) -> dict[str, str]:
    return {KEY: request.key, SHOP: request.shop_transaction_id}


def _text(data: Mapping[str, Any], name: str) -> str | None:
    value = data.get(name)
    return value if isinstance(value, str) and value else None
