"""From a command's payload to what a provider is asked, and back to what the saga keeps.

Pure: field names of the saga's metadata (docs/payment-machine.md) are known here and nowhere else in
the hub. Called by the gateway.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.model import Delivery, Json
from hub.cards import forgotten
from providers.base import Capabilities, Payment, PayRequest, RefundRequest, Rejected, money_problem

# Providers' ids and merchants' ids are short; a limit keeps the saga's keys and indexes so.
_LONGEST_ID = 200


def pay_request(delivery: Delivery, capabilities: Capabilities) -> PayRequest | Rejected:
    """What to collect. `shopTransactionId` defaults to the saga's id, the method to the provider's."""
    payload = delivery.payload
    amount, currency = payload.get("amount"), payload.get("currency")
    problem = money_problem(amount, currency)
    if problem is not None:
        return Rejected(reason=problem)
    method = payload.get("paymentMethod") or capabilities.default_method
    if not isinstance(method, str) or method not in capabilities.methods:
        return Rejected(reason="the provider does not take this payment method")
    details = _mapping(payload.get("payRequestData"))
    return PayRequest(
        key=delivery.id,
        again=_again(delivery),
        amount=amount,  # type: ignore[arg-type]  # money_problem has looked
        currency=currency,  # type: ignore[arg-type]
        method=method,
        shop_transaction_id=_id(payload.get("shopTransactionId")) or delivery.saga_id,
        success_url=_text(details.get("successRedirect")),
        failure_url=_text(details.get("failureRedirect")),
        subscription=_mapping(details.get("subscriptionInfo")),
        provider_data=_mapping(details.get("providerData")),
    )


def refund_request(delivery: Delivery, amount: int | None) -> RefundRequest | Rejected:
    """What to give back; how much was weighed before."""
    payment_id = payment_id_of(delivery.payload)
    if payment_id is None:
        return Rejected(reason="the payment has no paymentId")
    currency = delivery.payload.get("currency")
    problem = money_problem(1 if amount is None else amount, "XXX" if currency is None else currency)
    if problem is not None:
        return Rejected(reason=problem)
    return RefundRequest(
        key=delivery.id,
        again=_again(delivery),
        payment_id=payment_id,
        amount=amount,
        currency=currency or "",
    )


def payment_id_of(payload: Json) -> str | None:
    """The provider's own id of the payment, None if the saga does not know it yet."""
    return _id(payload.get("paymentId"))


def kept(payment: Payment, payload: Json) -> Json:
    """What is merged into the metadata: ids, addresses and tokens; payment-method fields become null."""
    details: Json = {
        "redirectToUrl": payment.redirect_to_url,
        "redirectToUrlMobile": payment.redirect_to_url_mobile,
        "subscriptionInfo": {"token": payment.subscription_token} if payment.subscription_token else None,
        "providerData": {
            **payment.keep,
            **forgotten(_mapping(payload.get("payRequestData")).get("providerData")),
        },
    }
    answer: Json = {
        "paymentId": payment.payment_id,
        "link": payment.link,
        "payRequestData": {name: value for name, value in details.items() if value},
    }
    error = (payment.description or "declined") if payment.result == "KO" else None
    return {**{name: value for name, value in answer.items() if value}, **error_now(error, payload)}


def error_now(error: str | None, payload: Json) -> Json:
    """What to merge so that the metadata's `error` speaks of the last operation only."""
    return {"error": error} if error or payload.get("error") else {}


def _again(delivery: Delivery) -> bool:
    return delivery.uncertain or delivery.attempt > 1


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _id(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST_ID else None
