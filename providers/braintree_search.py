"""Finds at Braintree what an earlier try may have done, by its order id."""

from __future__ import annotations

from providers import braintree_wire as wire
from providers.base import Rejected, Unknown
from providers.braintree_api import BraintreeApi, Declined, Missing, refused
from providers.braintree_xml import Node
from providers.harmless import plain_id

_MOST = 10
_BEST_FIRST = ("ACCEPTED", "PENDING", "FAILED")


class Search:
    def __init__(self, api: BraintreeApi) -> None:
        self._api = api

    async def sale(self, order_id: str) -> Node | Unknown | Rejected | None:
        """The transaction that counts; None if there is none."""
        return await self._transaction(order_id, "sale")

    async def refund(self, order_id: str) -> Node | Unknown | Rejected | None:
        return await self._transaction(order_id, "credit")

    async def _transaction(self, order_id: str, kind: str) -> Node | Unknown | Rejected | None:
        ids = await self._ids(order_id)
        if not isinstance(ids, list):
            return ids
        found = []
        for transaction_id in ids:
            answer = await self._api.get(f"/transactions/{transaction_id}")
            if isinstance(answer, Unknown | Rejected):
                return answer
            if isinstance(answer, Node) and _counts(answer, order_id, kind):
                found.append(answer)
        return min(found, key=lambda it: _BEST_FIRST.index(wire.standing_of(it)), default=None)

    async def _ids(self, order_id: str) -> list[str] | Unknown | Rejected:
        search = {"search": {"order_id": {"is": order_id}}}
        answer = await self._api.post("/transactions/advanced_search_ids", search)
        if isinstance(answer, Declined | Missing):
            return refused(answer)
        if not isinstance(answer, Node):
            return answer
        ids = answer.find("ids")
        if ids is None:
            return Unknown(reason="Braintree's answer has no search results")
        return [plain_id(it.text) for it in ids.children[:_MOST] if plain_id(it.text)]


def _counts(transaction: Node, order_id: str, kind: str) -> bool:
    same = transaction.at("order_id") == order_id and transaction.at("type") == kind
    return same and not wire.is_duplicate(transaction)
