"""What providers said, as /v3 answers it. What is not decided is a problem, never a failed payment. Pure."""

from __future__ import annotations

from typing import Literal, TypeVar

from msgspec import UNSET

from providers.base import Payment, Refund, Rejected, Status, Subscription, Unknown
from web import gateway_shapes as shapes
from web.problems import Problem

Value = TypeVar("Value")


def decided(answer: Value | Unknown | Rejected) -> Value:
    """The answer. Raises Problem: outcome-unknown, provider-refused or provider-misconfigured."""
    if isinstance(answer, Unknown):
        raise Problem("outcome-unknown", f"{answer.reason}; send the same request again, with the same key.")
    if isinstance(answer, Rejected):
        raise Problem("provider-misconfigured" if answer.ours else "provider-refused", f"{answer.reason}.")
    return answer


def paid(payment: Payment) -> shapes.Paid:
    """Of pay and of the payments of subscriptions."""
    return shapes.Paid(
        result=payment.result,
        result_description=payment.description,
        payment_id=payment.payment_id,
        redirect_to_url=payment.redirect_to_url or UNSET,
        redirect_to_url_mobile=payment.redirect_to_url_mobile or UNSET,
        subscription_token=payment.subscription_token or UNSET,
        metadata=dict(payment.keep) or UNSET,
    )


def linked(payment: Payment) -> shapes.Linked:
    """Of pay-by-link: what leads to a page is a link that is there."""
    result: Literal["OK", "KO"] = "KO" if payment.result == "KO" else "OK"
    return shapes.Linked(
        result=result,
        result_code=result,
        result_description=payment.description,
        payment_id=payment.payment_id or UNSET,
        link=payment.link or payment.redirect_to_url or UNSET,
    )


def refunded(refund: Refund) -> shapes.Refunded:
    """Of a refund."""
    return shapes.Refunded(
        result=refund.result, result_description=refund.description, refund_id=refund.refund_id
    )


def standing(status: Status, provider: str) -> shapes.PaymentStatus:
    """Of status and check."""
    return shapes.PaymentStatus(
        status=status.standing,
        payment_id=status.payment_id,
        shop_transaction_id=status.shop_transaction_id,
        provider_name=provider,
        metadata=dict(status.keep) or UNSET,
    )


def changed(subscription: Subscription) -> shapes.SubscriptionChanged:
    """Of new terms."""
    return shapes.SubscriptionChanged(
        result="OK", result_description="", subscription_token=subscription.token
    )


def ended(subscription: Subscription) -> shapes.SubscriptionEnded:
    """Of the end of a subscription."""
    over = subscription.standing in ("EXPIRED", "CANCELED")
    return shapes.SubscriptionEnded(
        result="OK",
        result_description="" if over else "the provider has taken note; it ends later",
        status=subscription.standing,
    )
