"""A payment that names no provider: routed, failed over, and never taken by two, through the whole engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from adapters.stores.memory import MemoryStore
from commands.wiring import CHANNELS, STORES
from engine.assembly import Adapters, Engine, running
from engine.config import HOUSE, Binding, Config
from engine.errors import StoreUnavailable
from engine.model import Delivery, Done, Event, Json, Later
from hub.gateway import Gateway
from hub.payments_channel import PaymentsChannel
from hub.routing import Route
from providers.base import Capabilities, Payment, PayRequest, Rejected, Unknown
from providers.sandbox import SandboxProvider
from tests.fakes.clock import CountingIds, FakeClock

SECOND = 1_000
SOFT = Payment(result="KO", payment_id="first-1", description="try another one", elsewhere=True)


class Bank(SandboxProvider):
    """A sandbox that answers what the test says first, and counts what it was asked."""

    def __init__(self, *answers: Payment | Unknown | Rejected | Exception) -> None:
        super().__init__()
        self.answers = list(answers)
        self.asked: list[PayRequest] = []

    async def pay(self, request: PayRequest) -> Payment | Unknown | Rejected:
        self.asked.append(request)
        if not self.answers:
            return await super().pay(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            await super().pay(request)  # it takes the money, and then our side breaks
            raise answer
        return answer


class Wire(Bank):
    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, methods=frozenset({"wire-transfer"}))


@asynccontextmanager
async def routed(
    providers: Mapping[str, Bank], clock: FakeClock, *, failover: bool = True
) -> AsyncIterator[Engine]:
    route = Route(name="all", providers=tuple(providers), weights={}, failover=failover)
    config = Config(
        store=Binding(type="memory"),
        machines=(HOUSE / "machines" / "payment.yaml",),
        channels={
            "payments": Binding(type="payments"),
            "notifications": Binding(type="log"),
            "merchant": Binding(type="log"),
        },
        base=Path(),
    )
    channel = PaymentsChannel(Gateway(providers), [route])
    wired = Adapters(stores=STORES, channels={**CHANNELS, "payments": lambda *_: channel})
    async with running(config, adapters=wired, clock=clock, ids=CountingIds(), heartbeat=None) as engine:
        yield engine


def a_payment(
    providers: Mapping[str, Bank],
    check: Callable[[Json, str], None],
    *,
    payload: Json | None = None,
    seconds: int = 0,
    failover: bool = True,
) -> None:
    """Pay 12.00 EUR over these providers, let `seconds` pass, and look at the metadata and the state."""

    async def run() -> None:
        clock = FakeClock()
        async with routed(providers, clock, failover=failover) as engine:
            metadata: dict[str, Any] = {"shopTransactionId": "s", "amount": 1200, "currency": "EUR"}
            saga = (await engine.runner.start("payment", metadata=metadata)).saga
            await engine.runner.handle(saga.saga_id, Event(name="scheduleRequested", payload=payload or {}))
            await settle(engine, clock, seconds)
            after = await engine.store.load(saga.saga_id)
            check(after.metadata, after.state)

    asyncio.run(run())


async def settle(engine: Engine, clock: FakeClock, seconds: int) -> None:
    await engine.dispatcher.idle()
    for _ in range(seconds):
        clock.advance(SECOND)
        await engine.dispatcher.tick()
        await engine.dispatcher.idle()


def test_the_first_provider_takes_it_and_the_payment_knows_which() -> None:
    def check(metadata: Json, state: str) -> None:
        assert state == "PAYMENT_EXECUTED"
        assert metadata["provider"] == "first"
        assert metadata["routing"] == {"attempts": [{"provider": "first", "result": "OK", "reason": ""}]}

    a_payment({"first": Bank(), "second": Bank()}, check)


def test_a_refusal_that_allows_it_goes_on_to_the_next_provider() -> None:
    def check(metadata: Json, state: str) -> None:
        assert state == "PAYMENT_EXECUTED"
        assert metadata["provider"] == "second"
        assert metadata["paymentId"] != "first-1"
        assert [(one["provider"], one["result"]) for one in metadata["routing"]["attempts"]] == [
            ("first", "KO"),
            ("second", "OK"),
        ]
        assert metadata["routing"]["attempts"][0]["reason"] == "try another one"

    a_payment({"first": Bank(SOFT), "second": Bank()}, check)


def test_without_failover_a_refusal_is_the_end() -> None:
    def check(metadata: Json, state: str) -> None:
        assert (state, metadata["provider"]) == ("PAYMENT_FAILED", "first")

    a_payment({"first": Bank(SOFT), "second": Bank()}, check, failover=False)


def test_a_decline_that_is_the_customer_s_is_not_tried_elsewhere() -> None:
    second = Bank()

    def check(metadata: Json, state: str) -> None:
        assert state == "PAYMENT_FAILED"
        assert second.asked == []

    a_payment({"first": Bank(replace(SOFT, elsewhere=False)), "second": second}, check)


def test_after_an_unknown_outcome_the_same_provider_is_asked_again_and_no_other() -> None:
    first, second = Bank(Unknown(reason="no answer"), Unknown(reason="no answer")), Bank()

    def check(metadata: Json, state: str) -> None:
        assert (state, metadata["provider"]) == ("PAYMENT_EXECUTED", "first")
        assert [request.again for request in first.asked] == [False, True, True]
        assert len({request.key for request in first.asked}) == 1
        assert second.asked == []

    a_payment({"first": first, "second": second}, check, seconds=10)


def test_a_break_after_the_failover_leads_back_to_the_second_provider_alone() -> None:
    first, second = (
        Bank(Rejected(reason="down for the night", elsewhere=True)),
        Bank(StoreUnavailable("gone")),
    )

    def check(metadata: Json, state: str) -> None:
        assert (state, metadata["provider"]) == ("PAYMENT_EXECUTED", "second")
        assert len(first.asked) == 1, "it would take the payment now: it must not be asked"
        assert [request.again for request in second.asked] == [False, True]
        assert [one["result"] for one in metadata["routing"]["attempts"]] == ["REFUSED", "OK"]

    a_payment({"first": first, "second": second}, check, seconds=10)


def test_who_names_a_provider_gets_that_one_only() -> None:
    first = Bank()

    def check(metadata: Json, state: str) -> None:
        assert (state, metadata["provider"]) == ("PAYMENT_FAILED", "second")
        assert "routing" not in metadata
        assert first.asked == []

    a_payment({"first": first, "second": Bank(SOFT)}, check, payload={"provider": "second"})


def test_a_provider_that_does_not_take_the_method_is_left_out() -> None:
    def check(metadata: Json, state: str) -> None:
        assert metadata["provider"] == "cards"
        assert len(metadata["routing"]["attempts"]) == 1

    payload = {"provider": "auto", "paymentMethod": "credit-cards"}
    a_payment({"wire": Wire(), "cards": Bank()}, check, payload=payload)


def test_a_payment_that_no_route_is_for_waits_for_a_person() -> None:
    def check(metadata: Json, state: str) -> None:
        assert state == "PAYMENT_SCHEDULE_REQUESTED"

    a_payment({"wire": Wire(), "other": Wire()}, check, payload={"paymentMethod": "credit-cards"}, seconds=3)


def test_routes_that_are_added_while_an_outcome_is_unknown_change_nothing_for_that_payment() -> None:
    """One provider, no routes, an answer that is lost; then a daemon with two providers that would prefer the other."""
    only, other = Bank(Unknown(reason="no answer")), Bank()
    delivery = Delivery(
        id="entry-1",
        saga_id="saga-1",
        entity_id="",
        machine="payment",
        kind="command",
        name="pay",
        payload={"shopTransactionId": "s", "amount": 1200, "currency": "EUR"},
    )

    async def run() -> None:
        records, clock = MemoryStore().records, FakeClock()
        before = PaymentsChannel(Gateway({"only": only}))
        route = Route(name="new", providers=("other", "only"), weights={})
        after = PaymentsChannel(Gateway({"only": only, "other": other}), [route])
        for channel in (before, after):
            channel.keep_in(records, clock)
        assert isinstance(await before.send(delivery), Later)
        done = await after.send(replace(delivery, attempt=2, uncertain=True))
        assert isinstance(done, Done)
        assert done.payload["provider"] == "only"
        assert [request.again for request in only.asked] == [False, True]
        assert other.asked == []

    asyncio.run(run())
