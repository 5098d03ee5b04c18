"""A provider with a calendar of its own, and a house of subscriptions that crashes and goes on.

The provider collects automatic subscriptions by itself and says so by callbacks; manual ones only when it
is asked. Its ledger is what the test compares with an independent calculation.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial

from adapters.channels.python import PythonChannel
from adapters.stores.memory import MemoryStore
from engine import children
from engine.clock import SystemIds
from engine.dispatcher import Dispatcher
from engine.errors import EventNotAccepted, StoreUnavailable
from engine.model import Event, Json, Millis, Saga
from engine.ports import Store
from engine.reporting import Reporter
from engine.runner import Runner
from hub.callbacks import Callbacks
from hub.gateway import Gateway
from hub.payments_channel import PaymentsChannel
from providers.base import (
    Capabilities,
    Payment,
    PayRequest,
    Refund,
    RefundRequest,
    Rejected,
    Status,
    Subscription,
    SubscriptionChange,
    Unknown,
)
from providers.callbacks import CallbackRequest, Notice, Refused, Told
from tests.fakes.faulty_store import Crash, FaultyStore
from tests.flow.calendar_by_hand import after
from tests.flow.journey import Notifications, TestClock, deployed

METHODS = frozenset({"credit-cards"})
RETRY_AFTER = 3
"""Days after which the provider tries again by itself, once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One try to take money: on which day, whether it worked."""

    day: date
    amount: int
    worked: bool


@dataclass
class Agreement:
    """An automatic subscription at the provider."""

    token: str
    shop: str
    amount: int
    interval: str
    count: int
    anchor: int
    due: date
    payments: int = 1
    retrying: bool = False


@dataclass
class Vault:
    """The provider. `bad`: which tries fail, as shop subscription -> numbers of its tries, from 1."""

    clock: TestClock
    bad: Mapping[str, frozenset[int]]
    charges: dict[str, list[Charge]] = field(default_factory=dict)
    agreements: dict[str, Agreement] = field(default_factory=dict)
    outbox: list[Json] = field(default_factory=list)
    _known: dict[str, Payment] = field(default_factory=dict)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            methods=METHODS,
            default_method="credit-cards",
            automatic=METHODS,
            manual=METHODS,
            intervals=frozenset({"DAY", "MONTH"}),
            subscription_standings=frozenset({"ACTIVE", "CANCELED"}),
            callbacks=True,
        )

    def today(self) -> date:
        return datetime.fromtimestamp(self.clock.now() / 1000, UTC).date()

    def _charge(self, shop: str, amount: int) -> bool:
        done = self.charges.setdefault(shop, [])
        worked = len(done) + 1 not in self.bad.get(shop, frozenset())
        done.append(Charge(day=self.today(), amount=amount, worked=worked))
        return worked

    def _once(self, request: PayRequest, token: str) -> Payment:
        if request.key not in self._known:
            shop = request.shop_transaction_id.rsplit("-", 1)[0]
            worked = self._charge(shop, request.amount)
            self._known[request.key] = Payment(
                result="OK" if worked else "KO",
                payment_id=f"pay-{len(self._known)}",
                description="" if worked else "declined",
                subscription_token=token if worked else None,
            )
        return self._known[request.key]

    async def start_subscription(self, request: PayRequest) -> Payment | Unknown | Rejected:
        return self._once(request, f"manual-{request.shop_transaction_id}")

    async def pay_subscription(self, request: PayRequest) -> Payment | Unknown | Rejected:
        return self._once(request, str(request.subscription["token"]))

    async def schedule_subscription(self, request: PayRequest) -> Payment | Unknown | Rejected:
        shop = request.shop_transaction_id.rsplit("-", 1)[0]
        token = f"auto-{request.shop_transaction_id}"
        answer = self._once(request, token)
        if answer.result == "OK" and token not in self.agreements:
            today = self.today()
            interval, count = request.subscription["interval"], request.subscription["intervalCount"]
            due = after(today, interval, count, today.day)
            self.agreements[token] = Agreement(token, shop, request.amount, interval, count, today.day, due)
        return answer

    async def update_subscription(self, change: SubscriptionChange) -> Subscription | Unknown | Rejected:
        agreement = self.agreements[change.token]
        agreement.amount = change.amount
        return Subscription(standing="ACTIVE", token=change.token)

    async def subscription_status(self, token: str) -> Subscription | Unknown | Rejected:
        return Subscription(standing="ACTIVE" if token in self.agreements else "CANCELED", token=token)

    async def expire_subscription(self, token: str, key: str) -> Subscription | Unknown | Rejected:
        self.agreements.pop(token, None)
        return Subscription(standing="CANCELED", token=token)

    async def pay(self, request: PayRequest) -> Payment | Unknown | Rejected:
        return Rejected(reason="subscriptions only")

    async def refund(self, request: RefundRequest) -> Refund | Unknown | Rejected:
        return Rejected(reason="subscriptions only")

    async def status(self, payment_id: str) -> Status | Unknown | Rejected:
        return Rejected(reason="subscriptions only")

    async def read_callback(self, request: CallbackRequest) -> Told | Refused:
        return Told(notices=(Notice(**json.loads(request.body)),))

    async def close(self) -> None:
        """Nothing to let go of."""

    def collect(self) -> None:
        """Everything that its own calendar says for today; the callbacks wait in the outbox."""
        today = self.today()
        for agreement in [each for each in self.agreements.values() if each.due <= today]:
            worked = self._charge(agreement.shop, agreement.amount)
            self._tell(agreement, worked)
            if worked or agreement.retrying:
                scheduled = agreement.due - timedelta(days=RETRY_AFTER if agreement.retrying else 0)
                agreement.due = after(scheduled, agreement.interval, agreement.count, agreement.anchor)
                agreement.payments += 1
                agreement.retrying = False
            else:
                agreement.due += timedelta(days=RETRY_AFTER)
                agreement.retrying = True

    def _tell(self, agreement: Agreement, worked: bool) -> None:
        number = len(self.charges[agreement.shop])
        self.outbox.append(
            {
                "id": f"{agreement.token}-{number}",
                "about": "payment",
                "word": "ACCEPTED" if worked else "FAILED",
                "payment_id": f"{agreement.token}-p{agreement.payments}",
                "subscription_token": agreement.token,
                "renewal": True,
                "amount": agreement.amount,
                "currency": "EUR",
            }
        )


def midnight(day: date) -> Millis:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


class House:
    """The engine and the hub on one store; `crash` takes the whole process away and starts another."""

    def __init__(self, vault: Vault, clock: TestClock) -> None:
        self.vault = vault
        self.clock = clock
        self.inner = MemoryStore()
        self.crashes = 0

    async def open(self, fault: Crash | None = None) -> None:
        store: Store = self.inner
        if fault is not None:
            store = FaultyStore(self.inner, fault)
        self._fault = fault
        ids = SystemIds()
        machines = await deployed("subscription", "payment")
        self.runner = Runner(store=store, deployments=machines, clock=self.clock, ids=ids)
        gateway = Gateway({"vault": self.vault})
        self.dispatcher = Dispatcher(
            store=store,
            runner=self.runner,
            deployments=machines,
            channels={
                "payments": PaymentsChannel(gateway),
                "notifications": PythonChannel(Notifications()),
                children.CHANNEL: children.SagasChannel(self.runner),
            },
            clock=self.clock,
            ids=ids,
            owner=ids.new(),
            report=Reporter(),
        )
        self.callbacks = Callbacks(gateway, _Running(store, self.runner, ids))

    async def restart_with(self, fault: Crash) -> None:
        """A new process that dies at a store call to come."""
        await self._die()
        await self.open(fault)

    async def _die(self) -> None:
        """What was in hand is lost; the leases are found to be nobody's when the next process opens the store."""
        with suppress(StoreUnavailable):
            await self.dispatcher.drain(0)
        await self.inner.release()

    async def orders(self, wanted: Sequence[tuple[str, str, Json] | None]) -> None:
        """What the merchant does today, and what follows at once; what was not acknowledged is sent again."""
        for order in filter(None, wanted):
            await self._surely(partial(self._order, *order))
        await self._surely(self._settled)

    async def day(self, *, until: Millis) -> None:
        """Everything that is due before `until`, each at its time; the provider collects first."""
        self.vault.collect()
        while True:
            await self._surely(self._settled)
            due = await self.inner.next_due()
            if due is None or due >= until:
                return
            self.clock.at = max(due, self.clock.at)

    async def _surely(self, do: Callable[[], Awaitable[None]]) -> None:
        while True:
            with suppress(StoreUnavailable):
                await do()
            if self._fault is None or not self._fault.happened:
                return
            self.crashes += 1
            await self._die()
            await self.open()

    async def _settled(self) -> None:
        await self._callbacks()
        while await self.dispatcher.tick():
            await self.dispatcher.idle()
        await self.dispatcher.idle()

    async def _order(self, shop: str, event: str, payload: Json) -> None:
        if event == "create":
            await self.runner.start("subscription", metadata=payload, saga_id=f"sb-{shop}")
            event, payload = "start", {}
        id_ = f"{shop}-{event}-{json.dumps(payload)}"
        with suppress(EventNotAccepted):
            await self.runner.handle(f"sb-{shop}", Event(name=event, payload=payload, id=id_))

    async def _callbacks(self) -> None:
        """A callback that is not acknowledged is sent again; each is sent twice anyway."""
        while self.vault.outbox:
            body = json.dumps(self.vault.outbox[0]).encode()
            request = CallbackRequest(method="POST", target="/", body=body, received=self.clock.now())
            for _ in range(2):
                await self.callbacks.take("vault", request)
            self.vault.outbox.pop(0)

    async def saga(self, shop: str) -> Saga:
        return await self.inner.load(f"sb-{shop}")


@dataclass(frozen=True, slots=True)
class _Running:
    store: Store
    runner: Runner
    ids: SystemIds
