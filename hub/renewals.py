"""What a provider collects by itself for a running subscription: each becomes a payment saga of its own.

The payment tells the subscription how it ended (machines/payment.yaml), as one that we asked for does. Ids are
made of the provider's news, so that a repeat finds what is there. Called by hub/callbacks.py.
"""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from typing import Protocol

from engine.errors import EventNotAccepted, KeyAmbiguous, SagaNotFound
from engine.model import Event, Json, Saga
from engine.ports import Store
from engine.runner import Runner
from hub.callback_events import Heard, Odd
from providers.callbacks import Notice

SUBSCRIPTION, PAYMENT = "subscription", "payment"
"""The machines, by the names that they are shipped under."""

AGREEMENT_KEY = "metadata.providerSubscription"

_TOLD = {"ACCEPTED": "paymentExecuted", "FAILED": "paymentFailed"}


class Running(Protocol):
    """What of an engine the renewals need."""

    @property
    def store(self) -> Store: ...

    @property
    def runner(self) -> Runner: ...


class Renewals:
    """Finds the subscription by the provider's token for it."""

    def __init__(self, engine: Running) -> None:
        self._engine = engine

    async def take(self, heard: Heard) -> str | Odd:
        """The id of the saga that was told, or why there is none to tell.

        Raises:
            StoreUnavailable: Outcome unknown; taking it again is safe.
        """
        subscription = await self._of(heard.notice.subscription_token)
        if subscription is None:
            return Odd(why="no running subscription has this agreement (yet)")
        if subscription.metadata.get("provider") != heard.provider:
            return Odd(why="the subscription is with another provider")
        if heard.notice.about == "subscription":
            return await self._ended(heard, subscription)
        if heard.notice.word not in _TOLD:
            return subscription.saga_id
        return await self._collected(heard, subscription)

    async def _of(self, token: str | None) -> Saga | None:
        if token is None:
            return None
        try:
            return await self._engine.store.load(await self._engine.store.find(token, SUBSCRIPTION))
        except (SagaNotFound, KeyAmbiguous):
            return None

    async def _ended(self, heard: Heard, subscription: Saga) -> str:
        if heard.notice.word == "FAILED":
            event = Event(name="expire", payload={}, id=heard.id, actor=heard.provider)
            with suppress(EventNotAccepted):
                await self._engine.runner.handle(subscription.saga_id, event)
        return subscription.saga_id

    async def _collected(self, heard: Heard, subscription: Saga) -> str | Odd:
        notice = heard.notice
        metadata = subscription.metadata
        if notice.currency not in (None, metadata["currency"]):
            return Odd(why="the provider collected in another currency than was agreed")
        payment_id = notice.payment_id or notice.id
        saga_id = f"payment-{sha256(f'{heard.provider}:{payment_id}'.encode()).hexdigest()[:32]}"
        started = await self._engine.runner.start(
            PAYMENT,
            metadata=_payment(notice, payment_id, subscription),
            saga_id=saga_id,
            actor=heard.provider,
        )
        saga_id = started.saga.saga_id  # of the payment that has this payment's id already, if there is one
        error = {"error": notice.description or "declined"} if notice.word == "FAILED" else {}
        event = Event(name=_TOLD[notice.word or ""], payload=error, id=heard.id, actor=heard.provider)
        with suppress(EventNotAccepted):
            await self._engine.runner.handle(saga_id, event)
        return saga_id


def _payment(notice: Notice, payment_id: str, subscription: Saga) -> Json:
    metadata = subscription.metadata
    return {
        "shopTransactionId": f"{metadata['shopSubscriptionId']}-{payment_id}"[:200],
        "paymentId": payment_id,
        "type": "SUBSCRIPTION",
        "subscriptionId": subscription.saga_id,
        "amount": metadata["amount"] if notice.amount is None else notice.amount,
        "currency": metadata["currency"],
        "provider": metadata["provider"],
        "paymentMethod": metadata["paymentMethod"],
        "payRequestData": {"subscriptionInfo": {"token": notice.subscription_token}},
        "additionalData": metadata.get("additionalData") or {},
    }
