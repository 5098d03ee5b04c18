"""What Stripe's objects say, in the words of the port: payments, refunds, standings. Pure.

Objects come in answers and in callbacks, in any version of the API; a field that is missing or of another
type says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from providers.base import (
    Payment,
    Refund,
    Rejected,
    Result,
    Standing,
    Status,
    Subscription,
    SubscriptionStanding,
    Unknown,
)
from providers.callbacks import Word
from providers.json_reading import Doc, at, inner, items, text, whole
from providers.stripe_errors import may_go_elsewhere, said
from providers.stripe_money import from_stripe
from providers.stripe_requests import SHOP

_INTENTS: Mapping[str, Standing] = {
    "succeeded": "ACCEPTED",
    "requires_payment_method": "FAILED",
    "canceled": "FAILED",
}
_SETTLED: Mapping[Standing, Result] = {"ACCEPTED": "OK", "FAILED": "KO"}
_REFUNDS: Mapping[str, Word] = {"succeeded": "ACCEPTED", "failed": "FAILED", "canceled": "FAILED"}
_REFUND_RESULTS: Mapping[Word, Literal["OK", "KO", "PENDING"]] = {
    "ACCEPTED": "OK",
    "FAILED": "KO",
    "PENDING": "PENDING",
}
_INVOICES: Mapping[str, Standing] = {"paid": "ACCEPTED", "void": "FAILED", "uncollectible": "FAILED"}
_SUBSCRIPTIONS: Mapping[str, SubscriptionStanding] = {
    "incomplete": "PENDING",
    "paused": "PENDING",
    "trialing": "ACTIVE",
    "active": "ACTIVE",
    "past_due": "PAST_DUE",
    "unpaid": "PAST_DUE",
    "incomplete_expired": "EXPIRED",
    "canceled": "CANCELED",
}


def ident(found: object, *path: str | int) -> str:
    """The id of an object that may be expanded; "" if there is none."""
    return text(found, *path) or text(found, *path, "id")


# answers to what we asked


def page_of_session(session: Doc) -> Payment | Unknown:
    """A Checkout Session: the customer is to be sent to it, unless he has been there already."""
    if not text(session, "id"):
        return Unknown(reason="Stripe's answer has no session")
    standing, url = session_standing(session), text(session, "url") or None
    result = _SETTLED.get(standing) or ("REDIRECT_TO_URL" if url else "PENDING")
    return Payment(
        result=result,
        payment_id=text(session, "id"),
        description="the page has expired" if result == "KO" else "",
        redirect_to_url=url if result == "REDIRECT_TO_URL" else None,
        keep=kept_of_session(session),
    )


def payment_of_link(link: Doc) -> Payment | Unknown:
    """A link that was made; paid is it later."""
    url = text(link, "url")
    if not url:
        return Unknown(reason="Stripe's payment link has no address")
    return Payment(result="OK", payment_id=text(link, "id"), link=url)


def payment_of_intent(intent: Doc) -> Payment | Unknown:
    """A direct payment: taken, declined, on its way, or waiting for the customer to prove himself."""
    payment_id = text(intent, "id")
    if not payment_id:
        return Unknown(reason="Stripe's answer has no payment")
    standing = _INTENTS.get(text(intent, "status"), "PENDING")
    if standing == "ACCEPTED":
        return Payment(result="OK", payment_id=payment_id)
    if standing == "FAILED":
        error = inner(intent, "last_payment_error")
        code = text(error, "decline_code") or text(error, "code")
        elsewhere = may_go_elsewhere(code)
        return Payment(result="KO", payment_id=payment_id, description=said(code), elsewhere=elsewhere)
    if url := text(intent, "next_action", "redirect_to_url", "url"):
        return Payment(result="REDIRECT_TO_URL", payment_id=payment_id, redirect_to_url=url)
    return Payment(result="PENDING", payment_id=payment_id)


def refund_of(refund: Doc) -> Refund | Unknown:
    """A refund that Stripe took on."""
    refund_id = text(refund, "id")
    if not refund_id:
        return Unknown(reason="Stripe's answer has no refund")
    reason = text(refund, "failure_reason")
    result = _REFUND_RESULTS[refund_word(refund)]
    description = f"Stripe could not refund: {reason or 'no reason given'}" if result == "KO" else ""
    return Refund(result=result, refund_id=refund_id, description=description)


def subscription_of(subscription: Doc) -> Subscription | Unknown:
    """Where a subscription stands; a standing that we do not know is none."""
    standing = _SUBSCRIPTIONS.get(text(subscription, "status"))
    if standing is None:
        return Unknown(reason="Stripe says a standing of the subscription that we do not know")
    return Subscription(standing=standing, token=text(subscription, "id"))


# standings


def session_standing(session: Doc) -> Standing:
    """Complete and paid, expired and unpaid, or still to come; a late method may fail after the page."""
    status, paid = text(session, "status"), text(session, "payment_status")
    if status == "complete" and paid in ("paid", "no_payment_required"):
        return "ACCEPTED"
    if status == "expired":
        return "FAILED"
    failed = _INTENTS.get(text(session, "payment_intent", "status")) == "FAILED"
    return "FAILED" if status == "complete" and failed else "PENDING"


def status_of_session(session: Doc, payment_id: str) -> Status:
    """Of a session whose payment intent and invoice are expanded."""
    currency = text(session, "currency").upper()
    charge = inner(session, "payment_intent", "latest_charge")
    return Status(
        standing=session_standing(session),
        payment_id=payment_id,
        shop_transaction_id=text(session, "client_reference_id") or text(session, "metadata", SHOP) or None,
        amount=from_stripe(whole(session, "amount_total"), currency),
        currency=currency or None,
        refunded=from_stripe(whole(charge, "amount_refunded"), currency),
        keep=kept_of_session(session),
    )


def status_of_intent(intent: Doc, payment_id: str) -> Status:
    """Of a direct payment whose charge is expanded."""
    currency = text(intent, "currency").upper()
    return Status(
        standing=_INTENTS.get(text(intent, "status"), "PENDING"),
        payment_id=payment_id,
        shop_transaction_id=text(intent, "metadata", SHOP) or None,
        amount=from_stripe(whole(intent, "amount"), currency),
        currency=currency or None,
        refunded=from_stripe(whole(intent, "latest_charge", "amount_refunded"), currency),
        keep={"paymentIntentId": payment_id},
    )


def status_of_invoice(invoice: Doc, payment_id: str) -> Status:
    """A renewal. Void and uncollectible are final; an open one is tried again by Stripe."""
    currency = text(invoice, "currency").upper()
    intent, token = intent_of_invoice(invoice), subscription_of_invoice(invoice)
    kept = {"paymentIntentId": intent, "subscriptionToken": token}
    return Status(
        standing=_INVOICES.get(text(invoice, "status"), "PENDING"),
        payment_id=payment_id,
        amount=from_stripe(whole(invoice, "amount_due"), currency),
        currency=currency or None,
        keep={name: value for name, value in kept.items() if value},
    )


def refund_word(refund: Doc) -> Word:
    """What became of a refund; whatever is not final is pending."""
    return _REFUNDS.get(text(refund, "status"), "PENDING")


def kept_of_session(session: Doc) -> dict[str, str]:
    """What a refund and the care of a subscription need later; nothing of the payment method."""
    intent = ident(session, "payment_intent") or intent_of_invoice(inner(session, "invoice"))
    kept = {"paymentIntentId": intent, "subscriptionToken": ident(session, "subscription")}
    return {name: value for name, value in kept.items() if value}


def intent_of_invoice(invoice: Doc) -> str:
    """Versions since 2025-03-31 list an invoice's payments, older ones name its one payment intent."""
    payments = items(invoice, "payments", "data")
    paid = [it for it in payments if text(it, "status") == "paid"] or payments
    return (ident(paid[0], "payment", "payment_intent") if paid else "") or ident(invoice, "payment_intent")


def subscription_of_invoice(invoice: Doc) -> str:
    """The id of the subscription that an invoice is for; "" if it is for none."""
    return ident(invoice, "parent", "subscription_details", "subscription") or ident(invoice, "subscription")


def shop_of_invoice(invoice: Doc) -> str:
    """The merchant's id of the subscription's first payment."""
    new = text(invoice, "parent", "subscription_details", "metadata", SHOP)
    return new or text(invoice, "subscription_details", "metadata", SHOP)


def price_of(subscription: Doc) -> tuple[str, str] | Rejected:
    """The item of a subscription and its product, which a change of terms has to name."""
    item = inner(at(subscription, "items", "data", 0))
    product = ident(item, "price", "product")
    if not text(item, "id") or not product:
        return Rejected(reason="the subscription has no price that could be changed")
    return text(item, "id"), product
