"""Asks a provider where a payment or a refund stands, for the polls of a machine. What is not decided is no news.

Called by the payments channel.
"""

from __future__ import annotations

from engine.model import Delivery, Done, Failed, Json, Outcome
from hub.gateway import NOT_OFFERED, Gateway
from hub.operations import CHECKED, Verdict, later, outcome_of
from hub.refunds import Refusal, given_back, read_ledger, refund_event, weigh
from hub.requests import other_money, payment_id_of, refund_id_of
from providers.base import Refund, Rejected, Status, Unknown


async def check_payment(gateway: Gateway, name: str, delivery: Delivery) -> Outcome:
    """Done without an event as long as the provider has not decided."""
    payment_id = payment_id_of(delivery.payload)
    if payment_id is None:
        return Failed(reason="the payment has no paymentId")
    answer = await gateway.status(name, payment_id)
    if isinstance(answer, Rejected):
        return Failed(reason=answer.reason)
    if isinstance(answer, Unknown):
        return later(answer)
    return _told(answer, delivery)


async def check_refund(gateway: Gateway, name: str, delivery: Delivery) -> Outcome:
    """As `check_payment`, of the refund that is under way; as long as its id is not known our request is."""
    payload = delivery.payload
    payment_id, refund_id = payment_id_of(payload), refund_id_of(payload)
    if payment_id is None or refund_id is None:
        return Done()
    answer = await _refund(gateway, name, delivery, refund_id)
    if isinstance(answer, Rejected):
        return Failed(reason=answer.reason)
    if isinstance(answer, Unknown):
        return later(answer)
    told: Json = {"refundSettled": refund_id}
    ledger = read_ledger(payload)
    if answer.result == "KO":
        told |= {
            "error": answer.description or "declined",
            "refundDetails": ledger.without(refund_id).details(),
        }
        return outcome_of(Verdict(event="refundFailed", reply="failed", payload=told), delivery)
    ask = weigh(payload, ledger)
    if answer.result == "PENDING" or isinstance(ask, Refusal) or ask.amount is None:
        return Done()
    told["refundDetails"] = ledger.after(ask.amount, refund_id).details()
    return outcome_of(Verdict(event=refund_event(ask), reply="done", payload=told), delivery)


async def _refund(
    gateway: Gateway, name: str, delivery: Delivery, refund_id: str
) -> Refund | Unknown | Rejected:
    """From the provider's word on the refund, else from how much it gave back of the payment in all."""
    payment_id = payment_id_of(delivery.payload) or ""
    answer = await gateway.refund_status(name, payment_id, refund_id)
    if answer is not NOT_OFFERED:
        return answer
    status = await gateway.status(name, payment_id)
    if isinstance(status, Unknown | Rejected):
        return status
    done = given_back(status.refunded, delivery.payload)
    return Refund(result="OK" if done else "PENDING", refund_id=refund_id)


def _told(status: Status, delivery: Delivery) -> Outcome:
    if status.standing not in CHECKED:
        return Done()
    if status.standing == "ACCEPTED" and other_money(status.amount, status.currency, delivery.payload):
        return Failed(reason="the provider took another amount than was asked for")
    event, reply = CHECKED[status.standing]
    payload: Json = {"payRequestData": {"providerData": dict(status.keep)}} if status.keep else {}
    return outcome_of(Verdict(event=event, reply=reply, payload=payload), delivery)
