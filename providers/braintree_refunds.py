"""Gives money back at Braintree: a refund of what is settled, a void of what is not.

A void takes back the whole payment; a part of it can be given back only once the payment settles.
"""

from __future__ import annotations

from providers import braintree_wire as wire
from providers.base import Refund, RefundRequest, Rejected, Unknown, money_problem
from providers.braintree_api import Answered, BraintreeApi, Declined, Missing, refused
from providers.braintree_search import Search
from providers.braintree_xml import Node
from providers.harmless import header_key, plain_id, shown
from providers.money import decimal_text

_NOT_SETTLED = "not settled yet: until then only the whole payment can be given back"


class Refunds:
    def __init__(self, api: BraintreeApi, search: Search) -> None:
        self._api = api
        self._search = search

    async def refund(self, request: RefundRequest) -> Refund | Unknown | Rejected:
        if not plain_id(request.payment_id):
            return Rejected(reason="not a payment of Braintree")
        order_id = wire.order_id(request.shop_transaction_id, request.key)
        found = await self._search.refund(order_id) if request.again else None
        if found is not None:
            return wire.read_refund(found) if isinstance(found, Node) else found
        paid = await self._api.get(f"/transactions/{request.payment_id}")
        if isinstance(paid, Declined | Missing):
            return refused(paid)
        if not isinstance(paid, Node):
            return paid
        amount = _amount(request, paid)
        if isinstance(amount, Rejected):
            return amount
        if paid.at("status") == "voided" or paid.at("status") in wire.VOIDABLE:
            return await self._void(request, paid, amount, order_id)
        return await self._give_back(request, amount, order_id)

    async def _void(
        self, request: RefundRequest, paid: Node, amount: int, order_id: str
    ) -> Refund | Unknown | Rejected:
        voided = Refund(
            result="OK", refund_id=f"{request.payment_id}-void", description="the payment was voided"
        )
        if paid.at("status") == "voided":
            none_left = Refund(result="KO", refund_id="", description="the payment was voided before")
            return voided if request.again else none_left
        if amount != wire.amount_of(paid):
            return Refund(result="KO", refund_id="", description=_NOT_SETTLED)
        answer = await self._api.put(f"/transactions/{request.payment_id}/void")
        if isinstance(answer, Declined):  # it was voided, or began to settle, meanwhile
            now = await self._api.get(f"/transactions/{request.payment_id}")
            if isinstance(now, Node) and now.at("status") != "voided":
                return await self._give_back(request, amount, order_id)
            answer = now
        if isinstance(answer, Declined | Missing):
            return refused(answer)
        return voided if isinstance(answer, Node) else answer

    async def _give_back(
        self, request: RefundRequest, amount: int, order_id: str
    ) -> Refund | Unknown | Rejected:
        content = {
            "amount": decimal_text(amount, request.currency),
            "api_request_key": header_key(request.key),
            "order_id": order_id,
        }
        return _read(
            await self._api.post(f"/transactions/{request.payment_id}/refund", {"transaction": content})
        )


def _amount(request: RefundRequest, paid: Node) -> int | Rejected:
    """What is asked for, or all that is left."""
    amount = request.amount
    if amount is None:
        whole = wire.amount_of(paid) if request.paid is None else request.paid
        if whole is None:
            return Rejected(reason="what was paid is not known")
        amount = whole - request.refunded
    if problem := money_problem(amount, request.currency):
        return Rejected(reason=problem)
    if paid.at("currency_iso_code") not in ("", request.currency):
        return Rejected(reason="the payment was made in another currency")
    return amount


def _read(answer: Answered) -> Refund | Unknown | Rejected:
    if isinstance(answer, Declined) and answer.transaction is not None:
        return wire.read_refund(answer.transaction)
    if isinstance(answer, Declined):
        description = shown(f"Braintree refuses the refund: {' '.join(answer.codes)}")
        return Refund(result="KO", refund_id="", description=description)
    if isinstance(answer, Missing):
        return refused(answer)
    return wire.read_refund(answer) if isinstance(answer, Node) else answer
