"""Channel `payments`: carries a saga's commands to the payment provider that its data names.

Knows no provider's protocol and no store. A reason holds no value of a payload. commands/wiring.py puts
`open_payments` into the registry of channels; docs/channels.md says how operations are chosen, and
docs/payment-gateway.md what each answer of a provider comes to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.errors import ConfigInvalid, ProviderNotFound
from engine.model import Delivery, Done, Failed, Outcome
from engine.ports import Clock
from engine.records import Records
from hub.cards import holds_card_number
from hub.gateway import Gateway
from hub.operations import (
    CARE,
    CHECK_REFUND,
    COLLECTIONS,
    EXPIRE_SUBSCRIPTION,
    REFUND,
    UPDATE_SUBSCRIPTION,
    PaymentAnswer,
    Verdict,
    later,
    operation_of,
    outcome_of,
)
from hub.refunds import Ask, Ledger, Refusal, read_ledger, refund_event, weigh
from hub.requests import (
    change_request,
    dropped,
    error_now,
    kept,
    pay_request,
    refund_request,
    token_of,
)
from hub.router import Router
from hub.routing import ROUTED, Route, wants_route
from hub.routing_trail import RecordTrail
from hub.standing import check_payment, check_refund
from providers.base import Refund, Rejected, Subscription, Unknown
from providers.sandbox import SandboxProvider


class PaymentsChannel:
    """Owns its gateway: closing the channel closes the providers."""

    def __init__(self, gateway: Gateway, routes: Sequence[Route] = ()) -> None:
        self._gateway = gateway
        self._routes = routes
        self._router: Router | None = None

    def keep_in(self, records: Records, clock: Clock) -> None:
        """Route payments that name no provider from now on; `records` keep which provider was asked."""
        self._router = Router(self._gateway, self._routes, RecordTrail(records, clock))

    async def send(self, delivery: Delivery) -> Outcome:
        operation = operation_of(delivery)
        if operation is None:
            return Failed(reason="neither the command's name nor `operation` names a payment operation")
        if operation in ROUTED and wants_route(delivery.payload):
            routed = await self._routed(operation, delivery)
            if routed is not None:
                return routed
        try:
            named = None if wants_route(delivery.payload) else delivery.payload["provider"]
            name = self._gateway.name_of(named)
        except ProviderNotFound as error:  # the configuration's to mend: a person adds it and tries again
            return Failed(reason=str(error))
        if operation in COLLECTIONS:
            return await self._collect(name, operation, delivery)
        if operation == REFUND:
            return await self._refund(name, delivery)
        if operation in CARE:
            return await self._care(name, operation, delivery)
        check = check_refund if operation == CHECK_REFUND else check_payment
        return await check(self._gateway, name, delivery)

    async def close(self) -> None:
        await self._gateway.close()

    async def _collect(self, name: str, operation: str, delivery: Delivery) -> Outcome:
        if holds_card_number(delivery.payload):
            return _never(Rejected(reason="the payload holds a card number: nothing was sent"), delivery)
        request = pay_request(delivery, self._gateway.provider(name).capabilities)
        if isinstance(request, Rejected):
            return _never(request, delivery)
        return _collected(await self._gateway.collect(name, operation, request), operation, delivery)

    async def _routed(self, operation: str, delivery: Delivery) -> Outcome | None:
        """The outcome by way of a route; None: the payment has none."""
        if self._router is None or holds_card_number(delivery.payload):
            return None
        routed = await self._router.collect(operation, delivery)
        return None if routed is None else _collected(routed.answer, operation, delivery, routed.kept())

    async def _refund(self, name: str, delivery: Delivery) -> Outcome:
        if holds_card_number(delivery.payload):
            return _refused("the payload holds a card number: nothing was sent", delivery)
        ledger = read_ledger(delivery.payload)
        ask = weigh(delivery.payload, ledger)
        if isinstance(ask, Refusal):
            return _refused(ask.reason, delivery)
        request = refund_request(delivery, ask, ledger)
        if isinstance(request, Rejected):
            return _refused(request.reason, delivery)
        answer = await self._gateway.refund(name, request)
        if isinstance(answer, Unknown):
            return later(answer)
        if isinstance(answer, Rejected):
            return _parked(answer, delivery) or _refused(answer.reason, delivery)
        if answer.result == "KO":
            known = {
                "refundId": answer.refund_id,
                "refundDetails": ledger.without(answer.refund_id).details(),
            }
            return _refused(answer.description or "declined", delivery, known if answer.refund_id else {})
        return outcome_of(_refund_verdict(answer, ask, ledger, delivery), delivery)

    async def _care(self, name: str, operation: str, delivery: Delivery) -> Outcome:
        token = token_of(delivery.payload)
        if token is None:
            return Failed(reason="the subscription has no token")
        answer: Subscription | Unknown | Rejected
        if operation == UPDATE_SUBSCRIPTION:
            change = change_request(delivery, token)
            if isinstance(change, Rejected):
                return Failed(reason=change.reason)
            answer = await self._gateway.update_subscription(name, change)
        elif operation == EXPIRE_SUBSCRIPTION:
            answer = await self._gateway.expire_subscription(name, token, delivery.id)
        else:
            answer = await self._gateway.subscription_status(name, token)
        if isinstance(answer, Unknown):
            return later(answer)
        if isinstance(answer, Rejected):
            return Failed(reason=answer.reason)
        reply = "done" if "done" in delivery.replies else None
        return Done(reply=reply, payload={"subscriptionStatus": answer.standing})


def open_payments(
    name: str,
    options: Mapping[str, Any],
    folder: Path,
    *,
    gateway: Gateway | None = None,
    routes: Sequence[Route] = (),
) -> PaymentsChannel:
    """The channel over `gateway`, routes checked against it; None: one with the sandbox alone.

    Raises:
        ConfigInvalid: The channel has an option; it takes none.
    """
    if options:
        raise ConfigInvalid(f"channel {name}: unknown option {', '.join(sorted(options))}; it takes none")
    return PaymentsChannel(gateway or Gateway({"sandbox": SandboxProvider()}), routes)


def _collected(
    answer: PaymentAnswer, operation: str, delivery: Delivery, more: Mapping[str, Any] | None = None
) -> Outcome:
    """What the saga is told; `more` is kept beside what the answer says."""
    if isinstance(answer, Rejected):
        return _never(answer, delivery, more)
    if isinstance(answer, Unknown):
        return later(answer)
    event, reply = COLLECTIONS[operation].endings[answer.result]
    payload = {**kept(answer, delivery.payload), **(more or {})}
    return outcome_of(Verdict(event=event, reply=reply, payload=payload), delivery)


def _parked(answer: Rejected, delivery: Delivery) -> Failed | None:
    """What a person has to look at: our own account is at fault, or an earlier try may have been done."""
    if answer.ours:
        return Failed(reason=answer.reason)
    if delivery.uncertain:
        return Failed(reason=f"{answer.reason}; an earlier try may have been done")
    return None


def _never(answer: Rejected, delivery: Delivery, more: Mapping[str, Any] | None = None) -> Outcome:
    """A payment that can never be asked for has failed: it would wait in its saga for ever."""
    payload = {**dropped(delivery.payload), "error": answer.reason, **(more or {})}
    verdict = Verdict(event="paymentFailed", reply="failed", payload=payload, reason=answer.reason)
    return _parked(answer, delivery) or outcome_of(verdict, delivery)


def _refund_verdict(refund: Refund, ask: Ask, ledger: Ledger, delivery: Delivery) -> Verdict:
    payload = {**error_now(None, delivery.payload), "refundId": refund.refund_id}
    if refund.result == "PENDING":
        return Verdict(event="refundPending", reply="pending", payload=payload)
    if ask.amount is not None:
        payload["refundDetails"] = ledger.after(ask.amount, refund.refund_id).details()
    return Verdict(event=refund_event(ask), reply="done", payload=payload)


def _refused(reason: str, delivery: Delivery, known: Mapping[str, Any] | None = None) -> Outcome:
    """A refund that cannot be has an event of its own: the operator is told, nothing is parked."""
    payload = {"error": reason, **(known or {})}
    verdict = Verdict(event="refundFailed", reply="failed", payload=payload, reason=reason)
    return outcome_of(verdict, delivery)
