"""What Satispay is sent and how its answers read. Pure; providers/satispay.py speaks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from providers.base import (
    Payment,
    PayRequest,
    Refund,
    Rejected,
    Standing,
    Status,
    Subscription,
    SubscriptionStanding,
    Unknown,
)
from providers.harmless import plain_id
from providers.json_reading import Doc, text, whole
from providers.satispay_api import Answered, Declined

_LONGEST_EXTERNAL_CODE = 50
_LONGEST_METADATA = 500
_SHOP_ID = "shopTransactionId"

_STANDINGS: Mapping[str, Standing] = {"ACCEPTED": "ACCEPTED", "CANCELED": "FAILED"}
_AGREEMENTS: Mapping[str, SubscriptionStanding] = {
    "PENDING": "PENDING",
    "ACCEPTED": "ACTIVE",
    "CANCELED": "CANCELED",
}

_DECLINES = {
    "21": ("insufficient availability", True),
    "27": ("the customer or the shop cannot pay or be paid now", True),
    "45": ("Satispay is unable to do it", True),
    "172": ("the customer's authorisation is not valid any more", False),
}
"""Codes that decline a payment, and whether another provider may well collect."""

_REFUND_DECLINES = ("21", "27", "44", "45", "131")


def order(request: PayRequest, flow: Mapping[str, Any]) -> dict[str, Any]:
    """The body of POST /payments; `flow` is what its kind adds."""
    body = {
        **flow,
        "amount_unit": request.amount,
        "currency": request.currency,
        "external_code": external_code(request.shop_transaction_id),
        "metadata": _metadata(request),
    }
    if request.callback_url:
        body["callback_url"] = f"{request.callback_url}?payment_id={{uuid}}"
    return body


def agreement(request: PayRequest) -> dict[str, Any]:
    """The body of POST /pre_authorized_payment_tokens."""
    body: dict[str, Any] = {"reason": request.shop_transaction_id, "metadata": _metadata(request)}
    if request.callback_url:
        body["callback_url"] = f"{request.callback_url}/authorization?authorization_id={{uuid}}"
    if request.success_url:
        body["redirect_url"] = request.success_url
    return body


def external_code(shop_transaction_id: str) -> str:
    """Shown to the customer and in reports; Satispay takes 50 characters."""
    return shop_transaction_id[:_LONGEST_EXTERNAL_CODE]


def read_payment(answer: Answered, token: str | None) -> Payment | Unknown | Rejected:
    """What became of a payment that was asked for."""
    if isinstance(answer, Declined) and answer.code in _DECLINES:
        words, elsewhere = _DECLINES[answer.code]
        return Payment(result="KO", payment_id="", description=words, elsewhere=elsewhere)
    read = allowed(answer)
    if not isinstance(read, Mapping):
        return read
    payment_id, redirect = plain_id(read.get("id")), _address(text(read, "redirect_url"))
    if not payment_id:
        return Unknown(reason="Satispay's answer has no id of the payment")
    standing = _standing(read)
    if standing == "FAILED":
        return Payment(result="KO", payment_id=payment_id, description="the payment is cancelled")
    if standing == "ACCEPTED":
        return Payment(result="OK", payment_id=payment_id, subscription_token=token)
    return Payment(
        result="REDIRECT_TO_URL" if redirect else "PENDING",
        payment_id=payment_id,
        redirect_to_url=redirect,
        subscription_token=token,
    )


def read_agreement(answer: Answered) -> Payment | Unknown | Rejected:
    """What became of an authorisation that was asked for; its token stands for a payment id."""
    read = allowed(answer)
    if not isinstance(read, Mapping):
        return read
    token, redirect = plain_id(read.get("id")), _address(text(read, "redirect_url"))
    if not token:
        return Unknown(reason="Satispay's answer has no token")
    return Payment(
        result="REDIRECT_TO_URL" if redirect else "PENDING",
        payment_id=token,
        redirect_to_url=redirect,
        subscription_token=token,
    )


def read_refund(answer: Answered) -> Refund | Unknown | Rejected:
    """What became of a refund that was asked for."""
    if isinstance(answer, Declined) and answer.code in _REFUND_DECLINES:
        return Refund(
            result="KO", refund_id="", description=f"Satispay refuses the refund: error {answer.code}"
        )
    read = allowed(answer)
    if not isinstance(read, Mapping):
        return read
    refund_id, standing = plain_id(read.get("id")), _standing(read)
    if not refund_id:
        return Unknown(reason="Satispay's answer has no id of the refund")
    if standing == "FAILED":
        return Refund(result="KO", refund_id=refund_id, description="Satispay cancelled the refund")
    return Refund(result="OK" if standing == "ACCEPTED" else "PENDING", refund_id=refund_id)


def read_status(answer: Doc, payment_id: str) -> Status:
    """Where a payment or an authorisation stands."""
    return Status(
        standing=_standing(answer),
        payment_id=payment_id,
        shop_transaction_id=text(answer, "metadata", _SHOP_ID) or text(answer, "external_code") or None,
        amount=whole(answer, "amount_unit"),
        currency=text(answer, "currency") or None,
    )


def read_subscription(answer: Doc, token: str) -> Subscription:
    """Where an authorisation stands."""
    return Subscription(standing=_AGREEMENTS.get(text(answer, "status"), "UNKNOWN"), token=token)


def allowed(answer: Answered) -> Doc | Unknown | Rejected:
    """The answer where to be declined is to have asked for what cannot be done."""
    if isinstance(answer, Declined):
        return Rejected(reason=f"Satispay refuses the request: error {answer.code}")
    return answer


def _standing(answer: Doc) -> Standing:
    return _STANDINGS.get(text(answer, "status"), "PENDING")


def _metadata(request: PayRequest) -> dict[str, str]:
    return {_SHOP_ID: request.shop_transaction_id[:_LONGEST_METADATA]}


def _address(found: str) -> str | None:
    try:
        return found if urlsplit(found).scheme in ("https", "http") else None
    except ValueError:
        return None
