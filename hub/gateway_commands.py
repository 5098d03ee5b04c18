"""Commands of a Flow Manager that runs elsewhere, as sagas of the gateway's own machines: acknowledged means durable.

Pure. web/gateway_commands.py starts the sagas; hub/machines/ holds the machines, commands/wiring.py binds their
channels where the configuration names the other side.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from engine.errors import PayloadInvalid
from engine.model import Json
from hub.gateway import Gateway
from hub.message_data import template_named
from hub.operations import REFUND
from hub.routing import wants_route
from providers.base import money_problem

PAYMENT, REFUNDING = "gateway-payment", "gateway-refund"
NOTICE, WATCH, MESSAGE = "gateway-notice", "gateway-watch", "gateway-message"
FLOW_MANAGER, MERCHANT, MESSAGES = "gateway.flowManager", "gateway.merchant", "gateway.messages"

_OURS = ("operation", "flowManagerKey", "told", "routing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A saga to start: the same command gives the same id."""

    machine: str
    saga_id: str
    metadata: Json


def command_of(operation: str, key: str, label: str, payload: Json, given: str | None) -> Command:
    """The command `{key, value: {messageLabel, messagePayload}}` that came to the path of `operation`.

    `given` is the sender's idempotency key. Without one the whole command is: the metadata of a saga differ from one
    refund to the next.
    """
    about: Any = given or [label, payload]
    seed = orjson.dumps([operation, key, about], option=orjson.OPT_SORT_KEYS)
    metadata = {name: value for name, value in payload.items() if name not in _OURS}
    if operation != REFUND:
        metadata.pop("paymentId", None)  # of a payment before this one
    return Command(
        machine=REFUNDING if operation == REFUND else PAYMENT,
        saga_id=f"command-{sha256(seed).hexdigest()[:40]}",
        metadata={**metadata, "operation": operation, "flowManagerKey": key},
    )


def message_of(key: str, label: str, payload: Json, given: str | None) -> Command:
    """The command that came to /saga/send: the label names the template."""
    about: Any = given or [label, payload]
    seed = orjson.dumps([MESSAGE, key, about], option=orjson.OPT_SORT_KEYS)
    metadata = {**payload, "template": template_named(label), "flowManagerKey": key}
    return Command(machine=MESSAGE, saga_id=f"message-{sha256(seed).hexdigest()[:40]}", metadata=metadata)


def watch_of(provider: str, order: Json, answer: Json) -> Command | None:
    """What watches over a payment of /v3 that the provider has not decided; None: there is nothing to wait for."""
    waits = answer["result"] in ("PENDING", "REDIRECT_TO_URL") or "link" in answer
    if not waits or not answer.get("paymentId"):
        return None
    names = ("amount", "currency", "shopTransactionId")
    metadata = {
        **{name: order[name] for name in names},
        "paymentId": answer["paymentId"],
        "provider": provider,
    }
    seed = f"{provider}\0{answer['paymentId']}".encode()
    return Command(machine=WATCH, saga_id=f"watch-{sha256(seed).hexdigest()[:40]}", metadata=metadata)


def check_command(operation: str, payload: Json, gateway: Gateway) -> None:
    """Refuse at the door what could only fail later.

    Raises:
        PayloadInvalid: The amount or the currency is none, or a refund names no payment.
        ProviderNotFound: It names a provider that is not bound.
    """
    if problem := money_problem(payload.get("amount"), payload.get("currency")):
        raise PayloadInvalid(f"messagePayload: {problem}")
    if operation == REFUND:
        _check_refund(payload)
    if not wants_route(payload):
        gateway.name_of(payload["provider"])


def _check_refund(payload: Json) -> None:
    if not isinstance(payload.get("paymentId"), str):
        raise PayloadInvalid("messagePayload: paymentId is missing or is not a text")
    request = payload.get("refundRequestData")
    amount = request.get("amount") if isinstance(request, dict) else None
    if amount is not None and (problem := money_problem(amount, payload["currency"])):
        raise PayloadInvalid(f"messagePayload.refundRequestData: {problem}")
