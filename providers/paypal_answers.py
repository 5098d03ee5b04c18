"""PayPal's orders, captures and refunds: what we ask for, and what they say in the words of the port. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from providers.base import Payment, PayRequest, Refund, RefundRequest, Standing, Status, Unknown
from providers.json_reading import Doc, inner, items, text
from providers.money import decimal_text, minor_units

PAYPAL_CURRENCIES = frozenset(
    """
    AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF ILS JPY MXN MYR NOK NZD PHP PLN SEK SGD THB TWD USD
    """.split()
)
_NO_DECIMALS = frozenset(("HUF", "TWD"))
"""ISO 4217 gives them two decimals, PayPal takes none. JPY has none in both."""

_ORDERS: Mapping[str, Standing] = {"VOIDED": "FAILED"}
_CAPTURES: Mapping[str, Standing] = {
    "COMPLETED": "ACCEPTED",
    "PARTIALLY_REFUNDED": "ACCEPTED",
    "REFUNDED": "ACCEPTED",
    "DECLINED": "FAILED",
    "FAILED": "FAILED",
}
_REFUNDS: Mapping[str, Literal["OK", "KO"]] = {"COMPLETED": "OK", "FAILED": "KO", "CANCELLED": "KO"}
_OURS = "sagaloom"
"""The reference of every order that we make: what others made with the same account is not ours to collect."""

_LONGEST = 127
"""Characters of a custom_id or a description."""


# what we ask for


def amount_problem(amount: int, currency: str) -> str | None:
    """Why PayPal cannot take an amount of a currency that it takes; None if it can."""
    if currency in _NO_DECIMALS and amount % 100:
        return "PayPal takes this currency without decimals only"
    return None


def money(amount: int, currency: str) -> dict[str, str]:
    """1299 EUR -> 12.99, 1200 HUF -> 12."""
    value = str(amount // 100) if currency in _NO_DECIMALS else decimal_text(amount, currency)
    return {"currency_code": currency, "value": value}


def order_body(request: PayRequest, *, brand: str | None, return_url: str | None) -> dict[str, Any]:
    """An order that the customer approves on PayPal's page, "Pay now", without an address to send goods to."""
    context = {
        "user_action": "PAY_NOW",
        "shipping_preference": "NO_SHIPPING",
        "brand_name": brand,
        "return_url": request.success_url or return_url,
        "cancel_url": request.failure_url or return_url,
    }
    unit = {
        "reference_id": _OURS,
        "custom_id": custom_id(request.shop_transaction_id),
        "description": _description(request),
        "amount": money(request.amount, request.currency),
    }
    return {
        "intent": "CAPTURE",
        "purchase_units": [_given(unit)],
        "payment_source": {"paypal": {"experience_context": _given(context)}},
    }


def refund_body(request: RefundRequest) -> dict[str, Any]:
    """Without an amount all that is left goes back."""
    amount = None if request.amount is None else money(request.amount, request.currency)
    return _given({"amount": amount, "custom_id": custom_id(request.shop_transaction_id)})


def custom_id(shop_transaction_id: str) -> str | None:
    """The merchant's id, where it fits: one that was cut would be another's."""
    return shop_transaction_id if 0 < len(shop_transaction_id) <= _LONGEST else None


def _description(request: PayRequest) -> str | None:
    value = request.provider_data.get("productName")
    return value[:_LONGEST] if isinstance(value, str) and value else None


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


# what is answered


def payment_of(order: Doc) -> Payment | Unknown:
    """A new order, or the one that an earlier try made and the customer may have approved since."""
    order_id = text(order, "id")
    if not order_id:
        return Unknown(reason="PayPal's answer has no order")
    standing, keep = order_standing(order), kept(order)
    if standing == "ACCEPTED":
        return Payment(result="OK", payment_id=order_id, keep=keep)
    if standing == "FAILED":
        return Payment(result="KO", payment_id=order_id, description="declined: order is void", keep=keep)
    for link in items(order, "links"):
        if text(link, "rel") in ("payer-action", "approve") and text(link, "href"):
            return Payment(
                result="REDIRECT_TO_URL", payment_id=order_id, redirect_to_url=text(link, "href"), keep=keep
            )
    return Payment(result="PENDING", payment_id=order_id, keep=keep)


def status_of(order: Doc, payment_id: str) -> Status:
    """Where an order stands, what it is for, and how much of it went back."""
    unit = _unit(order)
    currency = text(unit, "amount", "currency_code")
    return Status(
        standing=order_standing(order),
        payment_id=payment_id,
        shop_transaction_id=text(unit, "custom_id") or None,
        amount=amount_of(unit),
        currency=currency or None,
        refunded=_refunded(unit),
        keep=kept(order),
    )


def order_standing(order: Doc) -> Standing:
    """An order says only that it is done; whether money came, its captures say."""
    standings = [
        _CAPTURES.get(text(it, "status"), "PENDING") for it in items(_unit(order), "payments", "captures")
    ]
    for standing in ("ACCEPTED", "PENDING", "FAILED"):
        if standing in standings:
            return standing
    return _ORDERS.get(text(order, "status"), "PENDING")


def to_collect(order: Doc) -> bool:
    """Whether it is an order of ours that the customer approved and that was not collected yet."""
    unit = _unit(order)
    uncollected = text(order, "status") == "APPROVED" and not items(unit, "payments", "captures")
    return uncollected and text(unit, "reference_id") == _OURS


def kept(order: Doc) -> dict[str, str]:
    """What a refund needs; nothing of the customer."""
    captures = items(_unit(order), "payments", "captures")
    good = [it for it in captures if _CAPTURES.get(text(it, "status")) == "ACCEPTED"] or captures
    return {"captureId": text(good[0], "id")} if good and text(good[0], "id") else {}


def refund_of(refund: Doc) -> Refund | Unknown:
    """A refund that PayPal took on; whatever is not final is pending."""
    refund_id = text(refund, "id")
    if not refund_id:
        return Unknown(reason="PayPal's answer has no refund")
    result = _REFUNDS.get(text(refund, "status"))
    description = f"PayPal's refund is {text(refund, 'status')}" if result == "KO" else ""
    return Refund(result=result or "PENDING", refund_id=refund_id, description=description)


def amount_of(found: Doc) -> int | None:
    """The `amount` of an object in minor units; None if there is none that we understand."""
    return minor_units(text(found, "amount", "value"), text(found, "amount", "currency_code"))


def _refunded(unit: Doc) -> int | None:
    done = [it for it in items(unit, "payments", "refunds") if text(it, "status") == "COMPLETED"]
    amounts = [amount_of(it) for it in done]
    return None if None in amounts else sum(it for it in amounts if it is not None)


def _unit(order: Doc) -> Doc:
    return inner(order, "purchase_units", 0)
