"""The hub asks a provider where a payment stands, and tells the saga only what is decided."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest

from engine.model import Delivery, Done, Failed, Json, Later, Outcome
from hub.gateway import Gateway
from hub.payments_channel import PaymentsChannel
from providers.base import Capabilities, Rejected, Standing, Status, Unknown
from providers.sandbox import SandboxProvider

POLL = Delivery(
    id="p1.1.0.1",
    saga_id="p1",
    entity_id="",
    machine="payment",
    kind="poll",
    name="checkStatus",
    payload={"paymentId": "sbx_pending_1"},
    attempt=1,
    uncertain=False,
    replies={},
)


class Asked(SandboxProvider):
    def __init__(self, answer: Status | Unknown | Rejected) -> None:
        super().__init__()
        self.answer = answer

    async def status(self, payment_id: str) -> Status | Unknown | Rejected:
        return self.answer


class Mute(SandboxProvider):
    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, status=False)


def sent(
    provider: SandboxProvider, payload: Json | None = None, replies: Mapping[str, str] | None = None
) -> Outcome:
    delivery = replace(POLL, payload=POLL.payload if payload is None else payload, replies=replies or {})
    return asyncio.run(PaymentsChannel(Gateway({"sandbox": provider})).send(delivery))


def standing(value: Standing) -> Asked:
    return Asked(Status(standing=value, payment_id="sbx_pending_1"))


@pytest.mark.parametrize(
    ("value", "event", "reply"),
    [
        ("ACCEPTED", "paymentExecutedBySystem", "done"),
        ("FAILED", "paymentFailedBySystem", "failed"),
    ],
)
def test_what_the_provider_has_decided_is_told(value: Standing, event: str, reply: str) -> None:
    assert sent(standing(value)) == Done(event=event)
    assert sent(standing(value), replies={"done": "x", "failed": "y"}) == Done(reply=reply)


def test_of_a_payment_that_is_pending_there_is_nothing_to_tell() -> None:
    assert sent(standing("PENDING")) == Done()
    assert sent(standing("PENDING"), replies={"done": "x", "failed": "y"}) == Done()


def test_a_provider_that_does_not_answer_is_asked_later_and_decides_nothing() -> None:
    assert isinstance(sent(Asked(Unknown(reason="down"))), Later)
    assert isinstance(sent(Asked(Rejected(reason="not ours"))), Failed)


def test_what_cannot_be_asked_says_so() -> None:
    assert isinstance(sent(SandboxProvider(), {}), Failed)
    assert isinstance(sent(Mute()), Failed)


def test_the_sandbox_knows_its_own_payments() -> None:
    assert sent(SandboxProvider(), {"paymentId": "sbx_executed_1"}) == Done(event="paymentExecutedBySystem")
    assert sent(SandboxProvider()) == Done()
