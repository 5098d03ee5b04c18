"""What a customer does with a payment or a subscription: begin, choose, pay, be sent a link. Called by web/.

Addresses sagas by their id alone, which is hard to guess: a key, such as the shop's order number, is not. Every call
is safe to repeat with the same `key`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from engine.errors import ActionNotPossible, SagaNotFound
from engine.model import Event, Json, Saga
from engine.ports import Store
from engine.runner import Runner
from hub.changes import Changes
from hub.checkout_offers import Offer, Purpose, offers_for
from hub.hub import Hub
from hub.routing import AUTO
from hub.views.rows import PAYMENT, SUBSCRIPTION

WAIT = 12.0
"""Seconds that a customer waits for the provider's answer before the waiting page is shown."""

_ASKING = frozenset(
    (
        "PAYMENT_SCHEDULE_REQUESTED",
        "SUBSCRIPTION_SCHEDULED_REQUESTED",
        "SUBSCRIPTION_STARTED",
        "SUBSCRIPTION_PAYMENT_REQUESTED",
        "AUTHORIZATION_REQUESTED",
        "LINK_REQUESTED",
    )
)
"""States in which the provider has been asked and has not answered."""

_BEFORE = "PAYMENT_CREATED"
_BETWEEN = "PAYMENT_PENDING"


class Running(Protocol):
    """What of an engine the cashier needs."""

    @property
    def store(self) -> Store: ...

    @property
    def runner(self) -> Runner: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who does it, and the key that makes a repeat one with the first time."""

    actor: str
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How a customer pays: the offer taken, where the provider leads them afterwards, and what it alone needs."""

    offer: Offer
    success: str | None = None
    failure: str | None = None
    provider_data: Json = field(default_factory=dict, repr=False)

    def data(self) -> Json:
        """What of it is merged into a payment's metadata."""
        ways = {"successRedirect": self.success, "failureRedirect": self.failure}
        details: Json = {name: url for name, url in ways.items() if url}
        if self.provider_data:
            details["providerData"] = self.provider_data
        return {
            "provider": self.offer.provider,
            "paymentMethod": self.offer.method,
            "payRequestData": details,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Whom a link is sent to."""

    way: Literal["email", "sms"]
    address: str = field(repr=False)

    def data(self) -> Json:
        """What of it is merged into a payment's metadata."""
        name = "email" if self.way == "email" else "phone"
        return {"buyer": {name: self.address}, "notificationChannels": [self.way]}


class Cashier:
    """One a daemon. Every method may raise StoreUnavailable and Draining."""

    def __init__(self, engine: Running, hub: Hub) -> None:
        self._engine = engine
        self._hub = hub
        self._changes = Changes(engine.store, engine.runner)

    async def find(self, saga_id: str) -> Saga:
        """A payment or a subscription by its id alone. Raises SagaNotFound."""
        saga = await self._engine.store.load(saga_id)
        if saga.machine not in (PAYMENT, SUBSCRIPTION):
            raise SagaNotFound("There is no payment of this id")
        return saga

    async def payment(self, saga_id: str) -> Saga:
        """A payment by its id alone. Raises SagaNotFound."""
        saga = await self._engine.store.load(saga_id)
        if saga.machine != PAYMENT:
            raise SagaNotFound("There is no payment of this id")
        return saga

    async def begin(self, machine: str, metadata: Json, act: Act, *, saga_id: str | None = None) -> Saga:
        """A new payment or subscription.

        Raises:
            PayloadInvalid, MachineNotFound
            ActionNotPossible: Another one has the shop's number already.
        """
        started = await self._engine.runner.start(
            machine, metadata=metadata, saga_id=saga_id, actor=act.actor
        )
        if saga_id is not None and started.saga.saga_id != saga_id:
            raise ActionNotPossible("another payment has this number already")
        return started.saga

    async def offers(self, saga: Saga, purpose: Purpose | None = None) -> Sequence[Offer]:
        """The payment methods that may be chosen. A subscription that is not begun may still change its own."""
        if saga.machine == SUBSCRIPTION:
            open_ = {
                name: value
                for name, value in saga.metadata.items()
                if name not in ("provider", "paymentMethod")
            }
            return await self._offers(open_, "subscription")
        return await self._offers(saga.metadata, purpose or "pay")

    async def offers_of(self, data: Json, purpose: Purpose) -> Sequence[Offer]:
        """The same for a payment that is not there yet."""
        return await self._offers(data, purpose)

    async def pay(self, saga: Saga, choice: Choice, act: Act) -> Saga:
        """Ask the provider for the money; the payment as soon as the provider has answered, or after `WAIT`.

        A payment that was asked for already is answered as it stands: nothing is asked twice.
        """
        if saga.state == _BEFORE:
            kind = saga.metadata.get("type", "DIRECT")
            await self._tell(saga, "scheduleRequested", {"type": kind, **choice.data()}, act)
        return await self.settled(saga.saga_id)

    async def send_link(self, saga: Saga, choice: Choice, to: Recipient | None, act: Act) -> Saga:
        """Have a link made and sent; the payment as soon as there is one.

        A payment that has a link already sends the same one again, an expired one gets a new one.

        Raises:
            ActionNotPossible: It is paid, or was asked for in another way.
        """
        payload: Json = {"type": "PAY_BY_LINK", "additionalData": to.data() if to else {}}
        if saga.state == _BEFORE:
            payload |= choice.data()
        answer = await self._tell(saga, "linkRequested", payload, act)
        if not answer:
            raise ActionNotPossible("this payment cannot be sent as a link now")
        return await self.settled(saga.saga_id)

    async def start_subscription(self, saga: Saga, choice: Choice, act: Act) -> Saga:
        """Make the first payment of a subscription; it as soon as the provider has answered, or the subscription."""
        if saga.state == "CREATED":
            capabilities = self._hub.gateway.provider(choice.offer.provider).capabilities
            automatic = choice.offer.method not in capabilities.manual
            chosen: Json = {
                "provider": choice.offer.provider,
                "paymentMethod": choice.offer.method,
                "renewal": "AUTOMATIC" if automatic else "MANUAL",
                "successRedirect": choice.success,
                "failureRedirect": choice.failure,
                "providerData": choice.provider_data,
            }
            await self._tell(saga, "update", chosen, act)
            await self._tell(saga, "start", {}, act)
        began = await self._changes.until(saga.saga_id, lambda it: "childSagaId" in it.metadata, WAIT)
        child = began.metadata.get("childSagaId")
        if not isinstance(child, str):
            return began
        return await self._changes.until(
            child, lambda it: it.state != _BEFORE and it.state not in _ASKING, WAIT
        )

    async def settled(self, saga_id: str, seconds: float = WAIT) -> Saga:
        """The payment as soon as the provider has answered, or as it stands after so long."""
        return await self._changes.until(saga_id, lambda it: it.state not in _ASKING, seconds)

    async def decided(self, saga_id: str, seconds: float) -> Saga:
        """The payment as soon as it is paid or failed, or as it stands after so long."""
        return await self._changes.until(saga_id, lambda it: it.business_state != _BEFORE, seconds)

    async def told(self, subscription_id: str, payment_id: str, seconds: float) -> Saga:
        """The subscription as soon as this payment has told it how it ended. Raises SagaNotFound."""
        await self.find(subscription_id)

        def knows(saga: Saga) -> bool:
            return saga.state != _BETWEEN or saga.metadata.get("childSagaId") != payment_id

        return await self._changes.until(subscription_id, knows, seconds)

    async def tell(self, saga: Saga, event: str, payload: Json, act: Act) -> bool:
        """Tell the saga something; whether it took it."""
        return await self._tell(saga, event, payload, act)

    async def _offers(self, data: Json, purpose: Purpose) -> Sequence[Offer]:
        found = await offers_for(self._hub.gateway, self._hub.rules, data, purpose)
        linking = self._hub.pages.link_provider
        if purpose != "link" or linking is None:
            return found
        return [offer for offer in found if offer.provider in (linking, AUTO)]

    async def _tell(self, saga: Saga, event: str, payload: Json, act: Act) -> bool:
        id_ = f"{act.key}.{event}" if act.key else None
        told = Event(name=event, payload=payload, id=id_, actor=act.actor)
        answer = await self._engine.runner.handle(saga.saga_id, told, machine=saga.machine)
        return answer.result == "applied"
