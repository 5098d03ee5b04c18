"""machines/subscription.yaml run by the engine, with the payments that it starts: every edge is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from engine.definition.reader import check_file
from engine.errors import PayloadInvalid
from engine.machine.names import iso
from engine.model import Json
from tests.flow.journey import DAY, HOUR, MACHINES, Edge, Journey, TestClock, edges_of, journey, step_of

CHANNELS = {"notifications", "payments"}

# Section 4 of the original's facts: state, event, target, business event id.
ORIGINAL = """
CREATED update CREATED 0
CREATED start PAYMENT_PENDING 1
CREATED expire EXPIRED 1000
CREATED abort ABORTED 1001
PAYMENT_PENDING update PAYMENT_PENDING 1
PAYMENT_PENDING paymentExecuted ACTIVE 1
PAYMENT_PENDING paymentFailed PAYMENT_FAILED 10
PAYMENT_PENDING expire EXPIRED 1000
PAYMENT_PENDING abort ABORTED 1001
ACTIVE update ACTIVE 1
ACTIVE scheduleNextPayment PAYMENT_PENDING 1
ACTIVE expire EXPIRED 1000
ACTIVE abort ABORTED 1001
PAYMENT_FAILED update PAYMENT_FAILED 10
PAYMENT_FAILED scheduleNextPayment PAYMENT_PENDING 1
PAYMENT_FAILED expire EXPIRED 1000
PAYMENT_FAILED abort ABORTED 1001
"""
BUSINESS_STATES = {"CREATED": 0, "ACTIVE": 1, "ON_HOLD": 10, "EXPIRED": 1000, "ABORTED": 1001}


def in_days(days: float) -> str:
    return iso(TestClock().now() + round(days * DAY))


def subscription(**more: Any) -> Json:
    """Paid by wire transfer: the sandbox leaves its payments undecided, and the test says how they end."""
    return {
        "shopSubscriptionId": "sub-1",
        "amount": 1200,
        "currency": "EUR",
        "provider": "sandbox",
        "paymentMethod": "wire-transfer",
        "interval": "MONTH",
        "intervalCount": 1,
        **more,
    }


CANCEL = ("update", {"expireRequested": True})
STARTED = [("start", "PAYMENT_PENDING"), ("paymentExecuted", "ACTIVE")]
FAILED = [("start", "PAYMENT_PENDING"), ("paymentFailed", "PAYMENT_FAILED")]

Path = tuple[Json, list[tuple[Any, str]]]

OF_ANOTHER = {"transactionId": "another"}
AUTOMATIC = {"renewal": "AUTOMATIC", "paymentMethod": "wire-transfer"}

PATHS: list[Path] = [
    (
        subscription(),
        [
            ("start", "PAYMENT_PENDING"),
            (("paymentFailed", OF_ANOTHER), "PAYMENT_PENDING"),
            (("paymentExecuted", OF_ANOTHER), "PAYMENT_PENDING"),
            (("paymentExecuted", {}), "ACTIVE"),
            (("paymentExecuted", OF_ANOTHER), "ACTIVE"),
            (("paymentFailed", OF_ANOTHER), "ACTIVE"),
        ],
    ),
    (
        subscription(),
        [
            *FAILED,
            ("paymentFailed", "PAYMENT_FAILED"),
            (("paymentExecuted", OF_ANOTHER), "ACTIVE"),
            (("paymentExecuted", OF_ANOTHER), "ACTIVE"),
        ],
    ),
    (
        subscription(**AUTOMATIC),
        [
            *STARTED,
            (("paymentExecuted", OF_ANOTHER), "ACTIVE"),
            ("paymentFailed", "PAYMENT_FAILED"),
            (("paymentExecuted", OF_ANOTHER), "PAYMENT_FAILED"),
        ],
    ),
    (subscription(expiresAfter=1), [*STARTED, ("scheduleNextPayment", "EXPIRED")]),
    (subscription(), [("update", "CREATED"), ("expire", "EXPIRED")]),
    (subscription(), [("abort", "ABORTED")]),
    (subscription(), [("start", "PAYMENT_PENDING"), ("update", "PAYMENT_PENDING"), ("expire", "EXPIRED")]),
    (subscription(), [("start", "PAYMENT_PENDING"), ("abort", "ABORTED")]),
    (subscription(), [*STARTED, ("update", "ACTIVE"), ("scheduleNextPayment", "PAYMENT_PENDING")]),
    (subscription(), [*STARTED, ("expire", "EXPIRED")]),
    (subscription(), [*STARTED, ("abort", "ABORTED")]),
    (subscription(), [*STARTED, (CANCEL, "ACTIVE"), ("scheduleNextPayment", "EXPIRED")]),
    (
        subscription(),
        [("start", "PAYMENT_PENDING"), (CANCEL, "PAYMENT_PENDING"), ("paymentFailed", "EXPIRED")],
    ),
    (subscription(), [*FAILED, ("update", "PAYMENT_FAILED"), ("scheduleNextPayment", "PAYMENT_PENDING")]),
    (subscription(), [*FAILED, (CANCEL, "EXPIRED")]),
    (subscription(), [*FAILED, ("expire", "EXPIRED")]),
    (subscription(), [*FAILED, ("abort", "ABORTED")]),
    (
        subscription(),
        [
            *FAILED,
            (DAY, "PAYMENT_PENDING"),
            ("paymentFailed", "PAYMENT_FAILED"),
            (3 * DAY, "PAYMENT_PENDING"),
            ("paymentFailed", "PAYMENT_FAILED"),
            (5 * DAY, "PAYMENT_PENDING"),
            ("paymentFailed", "PAYMENT_FAILED"),
            (7 * DAY, "PAYMENT_PENDING"),
            ("paymentFailed", "ABORTED"),
        ],
    ),
]

# Payments that cannot even be started: the subscription's provider is fine, the machine payment refuses them.
REFUSED: list[Path] = [
    (subscription(), [("start", "PAYMENT_FAILED")]),
    (subscription(expireRequested=True), [("start", "EXPIRED")]),
    (subscription(failures=4), [("start", "ABORTED")]),
]


async def walk(metadata: Json, steps: list[tuple[Any, str]], *beside: str) -> set[Edge]:
    async with journey("subscription", metadata, beside=beside) as it:
        for what, expected in steps:
            state = await (it.wait(what) if isinstance(what, int) else it.send(*step_of(what)))
            assert state == expected, what
        return await it.edges()


@pytest.mark.parametrize(("metadata", "steps"), PATHS)
def test_a_path_through_the_machine(metadata: Json, steps: list[tuple[Any, str]]) -> None:
    assert asyncio.run(walk(metadata, steps, "payment"))


@pytest.mark.parametrize(("metadata", "steps"), REFUSED)
def test_a_payment_that_cannot_be_started_counts_as_failed(
    metadata: Json, steps: list[tuple[Any, str]]
) -> None:
    assert asyncio.run(walk(metadata, steps))


def test_the_paths_take_every_edge() -> None:
    async def body() -> set[Edge]:
        taken: set[Edge] = set()
        for metadata, steps in PATHS:
            taken |= await walk(metadata, steps, "payment")
        for metadata, steps in REFUSED:
            taken |= await walk(metadata, steps)
        return taken

    definition = check_file(MACHINES / "subscription.yaml").definition
    assert definition is not None
    assert edges_of(definition) - asyncio.run(body()) == set()


def test_the_machine_checks_without_a_finding() -> None:
    assert check_file(MACHINES / "subscription.yaml", channels=CHANNELS).findings == ()


def test_states_transitions_and_business_ids_are_those_of_the_original() -> None:
    machine = check_file(MACHINES / "subscription.yaml").definition
    assert machine is not None
    rows = [line.split() for line in ORIGINAL.split("\n") if line]
    assert len(rows) == 17
    assert {row[0] for row in rows} | {"EXPIRED", "ABORTED"} == set(machine.states)
    for state, event, target, business_id in rows:
        lines = [line for line in machine.states[state].on[event] if (line.to or state) == target]
        names = [line.business_event or machine.events[event].business_event for line in lines]
        ids = [machine.business_events[name].id for name in names if name is not None]
        assert int(business_id) in ids, (state, event)
    assert {name: state.id for name, state in machine.business_states.items()} == BUSINESS_STATES
    assert [name for name, state in machine.states.items() if state.final] == ["EXPIRED", "ABORTED"]


def on(metadata: Json, body: Callable[[Journey], Awaitable[None]]) -> None:
    async def run() -> None:
        async with journey("subscription", metadata, beside=["payment"]) as it:
            await body(it)

    asyncio.run(run())


def test_a_subscription_starts_a_payment_and_asks_it_to_collect() -> None:
    async def body(it: Journey) -> None:
        await it.send("start")
        payment = await it.child()
        assert (payment.machine, payment.state) == ("payment", "PAYMENT_EXECUTED")
        assert payment.metadata["shopTransactionId"] == "sub-1-1"
        assert (payment.metadata["type"], payment.metadata["amount"]) == ("SUBSCRIPTION", 1200)
        assert payment.metadata["subscriptionId"] == it.saga_id
        mine = await it.metadata()
        assert await it.state() == "ACTIVE"
        assert mine["transactions"] == [payment.saga_id]
        assert mine["subscriptionToken"] == payment.metadata["payRequestData"]["subscriptionInfo"]["token"]
        assert (mine["dueDate"], mine["nextPaymentDate"]) == ("2023-11-14", "2023-12-14")
        assert [row.event for row in await it.store.history(payment.saga_id)] == [
            "paymentCreated",
            "subscriptionStart",
            "paymentExecuted",
        ]

    on(subscription(paymentMethod="credit-cards"), body)


def test_a_renewal_is_a_payment_of_its_own_that_uses_the_customers_agreement() -> None:
    async def body(it: Journey) -> None:
        await it.send("start")
        first = await it.child()
        told = {"nextPaymentDate": in_days(30), "subscriptionToken": "token-1"}
        assert await it.send("paymentExecuted", told) == "ACTIVE"
        assert await it.wait(30 * DAY - HOUR) == "ACTIVE"
        assert await it.wait(HOUR) == "PAYMENT_PENDING"
        second = await it.child()
        assert second.saga_id != first.saga_id
        assert second.metadata["shopTransactionId"] == "sub-1-2"
        assert second.metadata["payRequestData"]["subscriptionInfo"]["token"] == "token-1"
        assert [row.event for row in await it.store.history(second.saga_id)][
            1
        ] == "subscriptionPaymentRequested"

    on(subscription(), body)


def test_it_is_renewed_on_its_day_of_every_month_until_its_periods_are_over() -> None:
    async def body(it: Journey) -> None:
        await it.send("start")
        assert await it.wait(30 * DAY) == "ACTIVE"
        assert (await it.metadata())["paidCount"] == 2
        for days, paid, following in ((31, 3, "2024-02-14"), (31, 4, "2024-03-14")):
            assert await it.wait(days * DAY) == "ACTIVE"
            mine = await it.metadata()
            assert (mine["paidCount"], mine["nextPaymentDate"]) == (paid, following)
        assert await it.wait(29 * DAY) == "EXPIRED"

    on(subscription(paymentMethod="credit-cards", expiresAfter=4), body)


def test_a_new_date_takes_the_place_of_the_one_before() -> None:
    async def body(it: Journey) -> None:
        await it.send("start")
        await it.send("paymentExecuted", {"nextPaymentDate": in_days(30)})
        await it.send("update", {"nextPaymentDate": in_days(60)})
        assert await it.wait(59 * DAY) == "ACTIVE"
        assert await it.wait(DAY) == "PAYMENT_PENDING"

    on(subscription(), body)


def test_a_cancelled_subscription_stays_active_until_its_renewal() -> None:
    async def body(it: Journey) -> None:
        await it.send("start")
        await it.send("paymentExecuted", {"nextPaymentDate": in_days(30)})
        assert await it.send(*CANCEL) == "ACTIVE"
        assert await it.wait(29 * DAY) == "ACTIVE"
        assert await it.wait(DAY) == "EXPIRED"

    on(subscription(), body)


@pytest.mark.parametrize("told", ["paymentExecuted", "paymentFailed"])
def test_a_subscription_ends_at_its_expiration_date(told: str) -> None:
    async def body(it: Journey) -> None:
        await it.send("start")
        await it.send(told)
        assert await it.wait(DAY // 2) == "EXPIRED"

    on(subscription(expirationDate=in_days(0.5)), body)


def test_a_failed_payment_is_tried_again_after_a_day_as_a_payment_of_its_own_and_given_up_in_the_end() -> (
    None
):
    async def body(it: Journey) -> None:
        await it.send("start")
        assert (await it.child()).state == "PAYMENT_FAILED"
        assert await it.state() == "PAYMENT_FAILED"
        assert await it.wait(DAY) == "PAYMENT_FAILED"
        assert (await it.child()).metadata["shopTransactionId"] == "sub-1-2"
        for days in (3, 5):
            assert await it.wait(days * DAY) == "PAYMENT_FAILED"
        assert await it.wait(7 * DAY) == "ABORTED"
        assert (await it.metadata())["paymentCount"] == 5

    on(subscription(amount=1201, paymentMethod="credit-cards"), body)


def test_a_renewal_that_is_not_decided_marks_the_subscription_late_and_alerts() -> None:
    async def body(it: Journey) -> None:
        await it.send("start")
        assert await it.wait(4 * DAY) == "PAYMENT_PENDING"
        assert (await it.saga()).late == "$sla"
        assert "alertPaymentPending" in it.notifications.sent
        await it.send("paymentExecuted")
        assert (await it.saga()).late == ""

    on(subscription(), body)


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 0},
        {"interval": "YEAR"},
        {"nextPaymentDate": "soon"},
        {"nextPaymentDate": 5},
        {"currency": "eur"},
    ],
    ids=str,
)
def test_a_subscription_that_cannot_be_is_not_created(wrong: Json) -> None:
    async def body() -> None:
        with pytest.raises(PayloadInvalid):
            async with journey("subscription", subscription(**wrong)):
                raise AssertionError("it was created")

    asyncio.run(body())
