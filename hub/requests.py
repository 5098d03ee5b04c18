"""From a command's payload to what a provider is asked, and back to what the saga keeps.

Pure: field names of the saga's metadata (docs/payment-machine.md) are known here and nowhere else in
the hub. Called by the gateway.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.model import Delivery, Json
from hub.cards import forgotten, wiped
from hub.refunds import Ask, Ledger
from providers.base import (
    Capabilities,
    Payment,
    PayRequest,
    RefundRequest,
    Rejected,
    SubscriptionChange,
    money_problem,
)

# Providers' ids and merchants' ids are short; a limit keeps the saga's keys and indexes so.
_LONGEST_ID = 200


def pay_request(delivery: Delivery, capabilities: Capabilities) -> PayRequest | Rejected:
    """What to collect. `shopTransactionId` defaults to the saga's id, the method to the provider's."""
    payload = delivery.payload
    amount, currency = payload.get("amount"), payload.get("currency")
    if problem := money_problem(amount, currency):
        return Rejected(reason=problem)
    method = payload.get("paymentMethod") or capabilities.default_method
    if not isinstance(method, str) or method not in capabilities.methods:
        return Rejected(reason="the provider does not take this payment method", elsewhere=True)
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


def refund_request(delivery: Delivery, ask: Ask, ledger: Ledger) -> RefundRequest | Rejected:
    """What to give back; how much was weighed before."""
    payload = delivery.payload
    payment_id = payment_id_of(payload)
    if payment_id is None:
        return Rejected(reason="the payment has no paymentId")
    currency = payload.get("currency")
    if currency is not None and (problem := money_problem(1, currency)):
        return Rejected(reason=problem)
    return RefundRequest(
        key=delivery.id,
        again=_again(delivery),
        payment_id=payment_id,
        amount=ask.amount,
        currency=currency or "",
        paid=ledger.paid,
        refunded=ledger.refunded,
        shop_transaction_id=_id(payload.get("shopTransactionId")) or delivery.saga_id,
        keep=_mapping(_mapping(payload.get("payRequestData")).get("providerData")),
    )


def change_request(delivery: Delivery, token: str) -> SubscriptionChange | Rejected:
    """New terms of a subscription, from `payRequestData.subscriptionInfo`."""
    payload = delivery.payload
    details = _mapping(payload.get("payRequestData"))
    info = _mapping(details.get("subscriptionInfo"))
    amount, currency = payload.get("amount"), payload.get("currency")
    if problem := money_problem(amount, currency):
        return Rejected(reason=problem)
    interval, count, expires = (info.get(name) for name in ("interval", "intervalCount", "expiresAfter"))
    if interval not in ("DAY", "MONTH") or not _counts(count) or not (expires is None or _counts(expires)):
        return Rejected(reason="interval, intervalCount or expiresAfter is missing or wrong")
    return SubscriptionChange(
        key=delivery.id,
        token=token,
        amount=amount,  # type: ignore[arg-type]  # money_problem has looked
        currency=currency,  # type: ignore[arg-type]
        shop_transaction_id=_id(payload.get("shopTransactionId")) or delivery.saga_id,
        interval=interval,
        interval_count=count,  # type: ignore[arg-type]
        expires_after=expires,
        provider_data=_mapping(details.get("providerData")),
    )


def token_of(payload: Json) -> str | None:
    """The customer's agreement: of a payment's `payRequestData`, or of a subscription's own data."""
    info = _mapping(_mapping(payload.get("payRequestData")).get("subscriptionInfo"))
    return _id(info.get("token")) or _id(payload.get("subscriptionToken"))


def other_money(amount: int | None, currency: str | None, payload: Json) -> bool:
    """Whether a provider speaks of other money than the saga does. What it does not say is no contradiction."""
    paid, in_currency = payload.get("amount"), payload.get("currency")
    return (amount is not None and paid is not None and amount != paid) or (
        currency is not None and in_currency is not None and currency != in_currency
    )


def payment_id_of(payload: Json) -> str | None:
    """The provider's own id of the payment, None if the saga does not know it yet."""
    return _id(payload.get("paymentId"))


def refund_id_of(payload: Json) -> str | None:
    """The provider's own id of the refund that is under way, None if it is not known yet."""
    return _id(payload.get("refundId"))


def kept(payment: Payment, payload: Json) -> Json:
    """What is merged into the metadata: ids, addresses and tokens; payment-method fields become null."""
    gone = dropped(payload)
    secrets = gone.get("payRequestData", {})
    details: Json = {
        "redirectToUrl": payment.redirect_to_url,
        "redirectToUrlMobile": payment.redirect_to_url_mobile,
        "subscriptionInfo": {"token": payment.subscription_token} if payment.subscription_token else None,
        "providerData": {**payment.keep, **secrets.get("providerData", {})},
    }
    answer: Json = {
        "paymentId": payment.payment_id,
        "link": payment.link,
        "payRequestData": {**secrets, **{name: value for name, value in details.items() if value}},
    }
    error = (payment.description or "declined") if payment.result == "KO" else None
    return {**gone, **{name: value for name, value in answer.items() if value}, **error_now(error, payload)}


def dropped(payload: Json) -> Json:
    """What to merge so that nothing of a payment method stays: its fields become null, wherever they stand.

    For every event that decides a payment, also where the provider's callback is faster than its answer.
    """
    details = _mapping(payload.get("payRequestData"))
    secret = forgotten(details.get("providerData"))
    gone = wiped({name: value for name, value in details.items() if name != "providerData"})
    gone |= {"providerData": secret} if secret else {}
    others = wiped({name: value for name, value in payload.items() if name != "payRequestData"})
    return {**others, "payRequestData": gone} if gone else others


def error_now(error: str | None, payload: Json) -> Json:
    """What to merge so that the metadata's `error` speaks of the last operation only."""
    return {"error": error} if error or payload.get("error") else {}


def _again(delivery: Delivery) -> bool:
    return delivery.uncertain or delivery.attempt > 1


def _counts(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _id(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST_ID else None
