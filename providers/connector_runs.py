"""Runs the operations of a connector: their calls in order, read-backs, and what completes a payment.

Knows no port; `connector_provider` calls it, `connector_answers` says what an answer means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.ports import Clock
from providers.base import Payment, Refund, RefundRequest, Rejected, Unknown
from providers.connector import Connector, Operation, Word
from providers.connector_answers import payment_of, refund_found, told_id, word_of
from providers.connector_requests import Caller, Heard
from providers.connector_scopes import Scopes

Ran = tuple[Heard, dict[str, Any]]
"""The last answer, and the scope with all of them."""


class Runs:
    """Owns the connections of one provider."""

    def __init__(self, connector: Connector, options: Mapping[str, str], clock: Clock) -> None:
        self.scopes = Scopes(connector, options, clock)
        self._connector = connector
        self._caller = Caller(connector, options, clock)

    async def run(self, operation: Operation, scope: Mapping[str, Any]) -> Ran | Unknown | Rejected:
        """All calls of an operation, one after the other, until one is not fine."""
        names = dict(scope)
        for name, call in operation.before:
            heard = await self._caller.ask(call, names, {})
            if not isinstance(heard, Heard):
                return heard
            names[name] = heard.answer
            if heard.kind != "fine":
                return heard, names
        header, value = operation.idempotency.header, operation.idempotency.value
        key = value.text(names) if value is not None else None
        last = await self._caller.ask(operation.call, names, {header: key} if header and key else {})
        return (last, {**names, "answer": last.answer}) if isinstance(last, Heard) else last

    async def found(
        self, operation: Operation, scope: Mapping[str, Any]
    ) -> Payment | Unknown | Rejected | None:
        """What became of an earlier try; None: nothing, or the provider knows the key by itself."""
        back = operation.idempotency.read_back
        if back is None:
            return None
        ran = await self._back(back, scope)
        if not isinstance(ran, tuple):
            return ran
        if word_of(back, ran[1]) == "missing" or not told_id(back, ran[1], "paymentId"):
            return None
        return payment_of(self._connector, back, *ran)

    async def refund_found(
        self, operation: Operation, request: RefundRequest, scope: Mapping[str, Any]
    ) -> Refund | Unknown | Rejected | None:
        """What became of an earlier try of a refund; None as in `found`."""
        back = operation.idempotency.read_back
        if back is None:
            return None
        ran = await self._back(back, scope)
        if not isinstance(ran, tuple):
            return ran
        return refund_found(self._connector, back, request, ran[1])

    async def _back(self, back: Operation, scope: Mapping[str, Any]) -> Ran | Unknown | Rejected | None:
        """A read-back; None: the provider knows of nothing. Without an answer nobody may try again."""
        ran = await self.run(back, scope)
        if isinstance(ran, Unknown):
            return replace(ran, sent=True)
        if isinstance(ran, Rejected) or ran[0].kind == "fine":
            return ran
        return None if ran[0].kind == "missing" else Unknown(reason="the provider does not let us read back")

    async def complete(self, payment_id: str, seen: Heard) -> Word | Unknown:
        """Collect what the customer agreed to. Refused or not answered: it is still to be decided."""
        operation = self._connector.operations["complete"]
        ran = await self.run(
            operation, self.scopes.of(paymentId=payment_id, key=payment_id, seen=seen.answer)
        )
        if isinstance(ran, Unknown):
            return ran
        if isinstance(ran, Rejected) or ran[0].kind != "fine":
            return "pending"
        word = word_of(operation, ran[1])
        return word if word in ("accepted", "failed") else "pending"

    async def close(self) -> None:
        await self._caller.close()
