"""What the hub can do for a saga, and which event or reply tells the saga how it ended.

The tables of payment-hub.md, section 2.1, as values. Pure but for the provider's call; the gateway
looks operations up here.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.model import Delivery, Done, Failed, Json, Later, Outcome
from providers.base import Capabilities, Payment, PayRequest, Rejected, Result, Standing, Unknown

PaymentAnswer = Payment | Unknown | Rejected

REFUND = "refund"
CHECK = "checkStatus"
"""Asks where a payment stands; the original's Frullino, here a `poll` of the machine."""

CHECK_REFUND = "checkRefund"
"""The same of a refund that is pending."""

UPDATE_SUBSCRIPTION = "updateSubscription"
SUBSCRIPTION_STATUS = "subscriptionStatus"
EXPIRE_SUBSCRIPTION = "expireSubscription"
CARE = frozenset((UPDATE_SUBSCRIPTION, SUBSCRIPTION_STATUS, EXPIRE_SUBSCRIPTION))
"""What is done to a subscription that runs; told by the replies `done` and `failed` alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How an operation ended: as an event of the payment machine, and as the name of a reply."""

    event: str
    reply: str
    payload: Json = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """An operation that asks the provider for money, now or later.

    Attributes:
        able: Whether a provider offers it.
        ask: The provider's method; called when it is able.
        endings: result -> (event, reply).
        methods: The payment methods that it offers it for.
    """

    able: Callable[[Capabilities], bool]
    ask: Callable[[Any, PayRequest], Awaitable[PaymentAnswer]]
    endings: Mapping[Result, tuple[str, str]]
    methods: Callable[[Capabilities], frozenset[str]] = lambda can: can.methods


_PAID: Mapping[Result, tuple[str, str]] = {
    "OK": ("paymentExecuted", "done"),
    "KO": ("paymentFailed", "failed"),
    "PENDING": ("paymentScheduled", "pending"),
    "REDIRECT_TO_URL": ("paymentScheduled", "pending"),
}
_LINKED: Mapping[Result, tuple[str, str]] = {
    "OK": ("linkCreated", "done"),
    "KO": ("paymentFailed", "failed"),
    "PENDING": ("linkCreated", "done"),
    "REDIRECT_TO_URL": ("linkCreated", "done"),
}
_AUTHORISED: Mapping[Result, tuple[str, str]] = {
    "OK": ("authorizationScheduled", "done"),
    "KO": ("paymentFailed", "failed"),
    "PENDING": ("authorizationScheduled", "done"),
    "REDIRECT_TO_URL": ("authorizationScheduled", "done"),
}

COLLECTIONS: Mapping[str, Collection] = {
    "pay": Collection(
        able=lambda can: bool(can.methods), ask=lambda provider, it: provider.pay(it), endings=_PAID
    ),
    "createLink": Collection(
        able=lambda can: can.links, ask=lambda provider, it: provider.create_link(it), endings=_LINKED
    ),
    "subscriptionScheduledRequested": Collection(
        able=lambda can: bool(can.automatic),
        ask=lambda provider, it: provider.schedule_subscription(it),
        endings=_PAID,
        methods=lambda can: can.automatic,
    ),
    "subscriptionStart": Collection(
        able=lambda can: bool(can.manual),
        ask=lambda provider, it: provider.start_subscription(it),
        endings=_PAID,
        methods=lambda can: can.manual,
    ),
    "subscriptionPaymentRequested": Collection(
        able=lambda can: bool(can.manual),
        ask=lambda provider, it: provider.pay_subscription(it),
        endings=_PAID,
        methods=lambda can: can.manual,
    ),
    "getAuthorization": Collection(
        able=lambda can: can.authorisations,
        ask=lambda provider, it: provider.authorise(it),
        endings=_AUTHORISED,
    ),
}

CHECKED: Mapping[Standing, tuple[str, str]] = {
    "ACCEPTED": ("paymentExecutedBySystem", "done"),
    "FAILED": ("paymentFailedBySystem", "failed"),
}
"""standing -> (event, reply); of a payment that is still pending there is nothing to tell."""

OPERATIONS = frozenset((REFUND, CHECK, CHECK_REFUND, *CARE, *COLLECTIONS))

_FIRST_WORD = re.compile(r"(pay|refund)(?:[A-Z0-9._-].*)?")


def operation_of(delivery: Delivery) -> str | None:
    """The operation that a command asks for, None if it cannot be told.

    The command's name decides before its payload: a payload may be the saga's metadata, which the
    merchant wrote. `payByLink` is the original's path for createLink, so it must not count as `pay`.
    """
    if delivery.name in OPERATIONS:
        return delivery.name
    if delivery.name == "payByLink":
        return "createLink"
    if match := _FIRST_WORD.fullmatch(delivery.name):
        return match[1]
    asked = delivery.payload.get("operation")
    return asked if isinstance(asked, str) and asked in OPERATIONS else None


def later(answer: Unknown) -> Later:
    """Nobody knows yet: the same key again, as the machine's `retry` says; never a failed payment."""
    return Later(reason=answer.reason, delay=answer.delay, uncertain=answer.sent)


def outcome_of(verdict: Verdict, delivery: Delivery) -> Outcome:
    """Tell a command with replies by reply, one without by event.

    A decline that the command has no `failed` reply for is Failed, so that a person sees it; a pending
    one without a `pending` reply is accepted, and the callback brings the event.
    """
    if not delivery.replies:
        return Done(event=verdict.event, payload=verdict.payload)
    if verdict.reply in delivery.replies:
        return Done(reply=verdict.reply, payload=verdict.payload)
    if verdict.reply == "failed":
        return Failed(reason=verdict.reason or "declined", payload=verdict.payload)
    return Done()
