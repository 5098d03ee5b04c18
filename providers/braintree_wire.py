"""What Braintree's transactions and subscriptions mean. Pure; the other braintree modules use it.

Sources: Braintree's documentation: transaction statuses, processor responses, gateway rejections.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256

from providers.base import (
    Payment,
    Refund,
    Result,
    Standing,
    Status,
    Subscription,
    SubscriptionStanding,
    Unknown,
)
from providers.braintree_xml import Node
from providers.harmless import plain_id, shown
from providers.money import minor_units

_TAIL = 16
_LONGEST_ORDER_ID = 127
"""What PayPal takes as an invoice number, which the order id becomes."""
_ORDER_ID = re.compile(rf"(?s)(.+)\.[0-9a-f]{{{_TAIL}}}")

_STANDINGS: Mapping[str, Standing] = {
    "submitted_for_settlement": "ACCEPTED",
    "settling": "ACCEPTED",
    "settlement_confirmed": "ACCEPTED",
    "settled": "ACCEPTED",
    "authorization_expired": "FAILED",
    "failed": "FAILED",
    "gateway_rejected": "FAILED",
    "processor_declined": "FAILED",
    "settlement_declined": "FAILED",
    "voided": "FAILED",
}
"""All others leave it open: authorizing, authorized, settlement_pending and new ones."""

_RESULTS: Mapping[Standing, Result] = {"ACCEPTED": "OK", "FAILED": "KO", "PENDING": "PENDING"}

VOIDABLE = frozenset({"authorized", "submitted_for_settlement", "settlement_pending"})
"""Before it settles a transaction can be voided, and not refunded."""

_DUPLICATE = "2069"  # PayPal was asked with this order id before
_NEVER_ELSEWHERE = frozenset("2012 2013 2014 2047 2053".split())
"""Lost, stolen, suspected of fraud: hard, whatever the response type says."""
_OUTAGES = frozenset({"3000"})

_SUBSCRIPTIONS: Mapping[str, SubscriptionStanding] = {
    "Pending": "PENDING",
    "Active": "ACTIVE",
    "Past Due": "PAST_DUE",
    "Expired": "EXPIRED",
    "Canceled": "CANCELED",
}


def order_id(shop_transaction_id: str, key: str) -> str:
    """Names this one request: the merchant's id and a hash of the key, so that it can be found by search."""
    tail = "." + sha256(key.encode()).hexdigest()[:_TAIL]
    fits = len(shop_transaction_id) + len(tail) <= _LONGEST_ORDER_ID
    return (shop_transaction_id if fits else "") + tail


def shop_transaction_id(order: str) -> str | None:
    """The merchant's id in an order id of ours; None if it is none, or was too long for it."""
    found = _ORDER_ID.fullmatch(order)
    return found[1] if found else None


def own_id(key: str) -> str:
    """An id for what we make at Braintree, the same for the same key; it takes at most 36 characters."""
    return "sg-" + sha256(key.encode()).hexdigest()[:32]


def standing_of(transaction: Node) -> Standing:
    """Where a transaction stands; what is not known leaves it open."""
    return _STANDINGS.get(transaction.at("status"), "PENDING")


def is_duplicate(transaction: Node) -> bool:
    """Refused because an earlier request with the same order id was done."""
    return (
        transaction.at("gateway_rejection_reason") == "duplicate"
        or transaction.at("processor_response_code") == _DUPLICATE
    )


def read_payment(transaction: Node, token: str | None = None) -> Payment | Unknown:
    """What became of a sale."""
    payment_id, standing = plain_id(transaction.at("id")), standing_of(transaction)
    if not payment_id and standing != "FAILED":
        return Unknown(reason="Braintree's answer has no id of the transaction")
    failed = standing == "FAILED"
    return Payment(
        result=_RESULTS[standing],
        payment_id=payment_id,
        description=_why(transaction) if failed else "",
        elsewhere=failed and _elsewhere(transaction),
        subscription_token=None if failed else token,
    )


def read_refund(transaction: Node) -> Refund | Unknown:
    """What became of a refund, which is a transaction of its own."""
    refund_id, standing = plain_id(transaction.at("id")), standing_of(transaction)
    if standing == "FAILED":
        return Refund(result="KO", refund_id=refund_id, description=_why(transaction))
    if not refund_id:
        return Unknown(reason="Braintree's answer has no id of the refund")
    return Refund(result="OK" if standing == "ACCEPTED" else "PENDING", refund_id=refund_id)


def read_status(transaction: Node, payment_id: str) -> Status:
    """Where a payment stands."""
    return Status(
        standing=standing_of(transaction),
        payment_id=payment_id,
        shop_transaction_id=shop_transaction_id(transaction.at("order_id")),
        amount=amount_of(transaction),
        currency=transaction.at("currency_iso_code") or None,
    )


def read_subscription(subscription: Node, token: str) -> Subscription:
    """Where a subscription stands."""
    return Subscription(standing=_SUBSCRIPTIONS.get(subscription.at("status"), "UNKNOWN"), token=token)


def amount_of(transaction: Node) -> int | None:
    """Minor units; None without an amount or a currency."""
    return minor_units(transaction.at("amount"), transaction.at("currency_iso_code"))


def _why(transaction: Node) -> str:
    code, words = transaction.at("processor_response_code"), transaction.at("processor_response_text")
    rejected = transaction.at("gateway_rejection_reason")
    reason = f"rejected by the gateway: {rejected}" if rejected else f"{words} {code}".strip()
    return shown(f"{transaction.at('status')}: {reason}" if reason else transaction.at("status"))


def _elsewhere(transaction: Node) -> bool:
    code, status = transaction.at("processor_response_code"), transaction.at("status")
    if code in _NEVER_ELSEWHERE:
        return False
    soft = transaction.at("processor_response_type") == "soft_declined"
    return status == "failed" or code in _OUTAGES or (status == "processor_declined" and soft)
