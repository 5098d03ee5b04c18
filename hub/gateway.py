"""Channel `payments`: carries a saga's commands to the payment provider that its data names.

Knows no provider's protocol and no store. A reason holds no value of a payload. commands/wiring.py puts
`open_payments` into the registry of channels; docs/channels.md says how operations are chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.errors import ConfigInvalid
from engine.model import Delivery, Done, Failed, Later, Outcome
from hub.cards import holds_card_number
from hub.operations import (
    CHECK,
    CHECKED,
    COLLECTIONS,
    REFUND,
    Collection,
    Verdict,
    operation_of,
    outcome_of,
)
from hub.refunds import Ask, Ledger, Refusal, read_ledger, weigh
from hub.requests import error_now, kept, pay_request, payment_id_of, refund_request
from providers.base import Payment, Provider, Refund, Rejected, Unknown
from providers.sandbox import SandboxProvider


class PaymentsChannel:
    """Owns its providers: closing the channel closes them."""

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self._providers = dict(providers)

    async def send(self, delivery: Delivery) -> Outcome:
        operation = operation_of(delivery)
        if operation is None:
            return Failed(reason="neither the command's name nor `operation` names a payment operation")
        if holds_card_number(delivery.payload):
            return Failed(reason="the payload holds a card number: nothing was sent")
        provider = self._provider(delivery.payload.get("provider"))
        if provider is None:
            return Failed(reason="provider is missing or is not bound in the configuration")
        if operation == REFUND:
            return await _refund(provider, delivery)
        if operation == CHECK:
            return await _check(provider, delivery)
        return await _collect(provider, COLLECTIONS[operation], delivery)

    async def close(self) -> None:
        for provider in self._providers.values():
            await provider.close()

    def _provider(self, name: object) -> Provider | None:
        if name is None and len(self._providers) == 1:
            return next(iter(self._providers.values()))
        return self._providers.get(name) if isinstance(name, str) else None


def open_payments(
    name: str,
    options: Mapping[str, Any],
    folder: Path,
    *,
    providers: Mapping[str, Provider] | None = None,
) -> PaymentsChannel:
    """The channel over `providers` by the names that sagas use; None: the sandbox alone.

    Raises:
        ConfigInvalid: The channel has an option; it takes none.
    """
    if options:
        raise ConfigInvalid(f"channel {name}: unknown option {', '.join(sorted(options))}; it takes none")
    return PaymentsChannel({"sandbox": SandboxProvider()} if providers is None else providers)


async def _collect(provider: Provider, operation: Collection, delivery: Delivery) -> Outcome:
    if not operation.able(provider.capabilities):
        return Failed(reason="the provider does not offer this operation")
    request = pay_request(delivery, provider.capabilities)
    if isinstance(request, Rejected):
        return Failed(reason=request.reason)
    answer = await operation.ask(provider, request)
    if isinstance(answer, Payment):
        event, reply = operation.endings[answer.result]
        payload = kept(answer, delivery.payload)
        return outcome_of(Verdict(event=event, reply=reply, payload=payload), delivery)
    return _no_payment(answer)


def _no_payment(answer: Unknown | Rejected) -> Outcome:
    if isinstance(answer, Rejected):
        return Failed(reason=answer.reason)
    return Later(reason=answer.reason, delay=answer.delay, uncertain=answer.sent)


async def _check(provider: Provider, delivery: Delivery) -> Outcome:
    """Ask where the payment stands; Done without an event as long as the provider has not decided."""
    payment_id = payment_id_of(delivery.payload)
    if payment_id is None or not provider.capabilities.status:
        return Failed(reason="the payment has no paymentId, or its provider cannot be asked")
    answer = await provider.status(payment_id)
    if isinstance(answer, Unknown | Rejected):
        return _no_payment(answer)
    if answer.standing not in CHECKED:
        return Done()
    event, reply = CHECKED[answer.standing]
    return outcome_of(Verdict(event=event, reply=reply), delivery)


async def _refund(provider: Provider, delivery: Delivery) -> Outcome:
    ledger = read_ledger(delivery.payload)
    ask = weigh(delivery.payload, ledger)
    if isinstance(ask, Refusal):
        return _refused(ask.reason, delivery)
    if not provider.capabilities.refunds or not (ask.total or provider.capabilities.partial_refunds):
        return _refused("the provider cannot make this refund", delivery)
    request = refund_request(delivery, ask.amount)
    if isinstance(request, Rejected):
        return _refused(request.reason, delivery)
    answer = await provider.refund(request)
    if isinstance(answer, Unknown):
        return _no_payment(answer)
    if isinstance(answer, Rejected):
        return _refused(answer.reason, delivery)
    if answer.result == "KO":
        return _refused(answer.description or "declined", delivery)
    return outcome_of(_refund_verdict(answer, ask, ledger, delivery), delivery)


def _refund_verdict(refund: Refund, ask: Ask, ledger: Ledger, delivery: Delivery) -> Verdict:
    error = error_now(None, delivery.payload)
    if refund.result == "PENDING":
        return Verdict(event="refundPending", reply="pending", payload=error)
    event = "totalRefundExecuted" if ask.total else "partialRefundExecuted"
    details = {} if ask.amount is None else {"refundDetails": ledger.after(ask.amount).details()}
    return Verdict(event=event, reply="done", payload={**details, **error})


def _refused(reason: str, delivery: Delivery) -> Outcome:
    """A refund that cannot be has an event of its own: the operator is told, nothing is parked."""
    verdict = Verdict(event="refundFailed", reply="failed", payload={"error": reason}, reason=reason)
    return outcome_of(verdict, delivery)
