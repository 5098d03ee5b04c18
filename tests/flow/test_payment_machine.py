"""machines/payment.yaml run by the engine on the sandbox: every edge is taken, and what people rely on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from engine.definition.reader import check_file
from engine.errors import PayloadInvalid
from engine.model import Event, Json
from hub.gateway import Gateway
from hub.payments_channel import PaymentsChannel
from providers.base import Rejected, Standing, Status, Unknown
from providers.sandbox import SandboxProvider
from tests.flow.journey import DAY, MACHINES, SECOND, Edge, Journey, edges_of, journey, step_of

CHANNELS = {"payments", "notifications", "merchant"}

# Section 3 of the original's facts: state, event, target, business event id.
ORIGINAL = """
PAYMENT_CREATED scheduleRequested PAYMENT_SCHEDULE_REQUESTED 0
PAYMENT_CREATED subscriptionScheduledRequested SUBSCRIPTION_SCHEDULED_REQUESTED 0
PAYMENT_CREATED subscriptionStart SUBSCRIPTION_STARTED 0
PAYMENT_CREATED subscriptionPaymentRequested SUBSCRIPTION_PAYMENT_REQUESTED 0
PAYMENT_CREATED authorizationRequested AUTHORIZATION_REQUESTED 0
PAYMENT_CREATED linkRequested LINK_REQUESTED 0
PAYMENT_CREATED paymentExecuted PAYMENT_EXECUTED 1
PAYMENT_CREATED paymentFailed PAYMENT_FAILED 1000
LINK_REQUESTED linkCreated LINK_CREATED 0
LINK_REQUESTED paymentFailed PAYMENT_FAILED 1000
LINK_CREATED notificationSent PAYMENT_PENDING 0
LINK_CREATED paymentFailed PAYMENT_FAILED 1000
AUTHORIZATION_REQUESTED authorizationScheduled AUTHORIZATION_PENDING 0
AUTHORIZATION_PENDING subscriptionStart SUBSCRIPTION_STARTED 0
AUTHORIZATION_PENDING subscriptionPaymentRequested SUBSCRIPTION_PAYMENT_REQUESTED 0
AUTHORIZATION_PENDING paymentFailed PAYMENT_FAILED 1000
PAYMENT_SCHEDULE_REQUESTED paymentScheduled PAYMENT_PENDING 0
PAYMENT_SCHEDULE_REQUESTED paymentExecuted PAYMENT_EXECUTED 1
PAYMENT_SCHEDULE_REQUESTED paymentExecutedBySystem PAYMENT_EXECUTED 1
PAYMENT_SCHEDULE_REQUESTED paymentFailed PAYMENT_FAILED 1000
PAYMENT_SCHEDULE_REQUESTED paymentFailedBySystem PAYMENT_FAILED 1000
SUBSCRIPTION_SCHEDULED_REQUESTED paymentScheduled PAYMENT_PENDING 0
SUBSCRIPTION_SCHEDULED_REQUESTED paymentExecuted PAYMENT_EXECUTED 1
SUBSCRIPTION_SCHEDULED_REQUESTED paymentExecutedBySystem PAYMENT_EXECUTED 1
SUBSCRIPTION_SCHEDULED_REQUESTED paymentFailed PAYMENT_FAILED 1000
SUBSCRIPTION_SCHEDULED_REQUESTED paymentFailedBySystem PAYMENT_FAILED 1000
SUBSCRIPTION_STARTED paymentScheduled PAYMENT_PENDING 0
SUBSCRIPTION_STARTED paymentExecuted PAYMENT_EXECUTED 1
SUBSCRIPTION_STARTED paymentExecutedBySystem PAYMENT_EXECUTED 1
SUBSCRIPTION_STARTED paymentFailed PAYMENT_FAILED 1000
SUBSCRIPTION_STARTED paymentFailedBySystem PAYMENT_FAILED 1000
SUBSCRIPTION_PAYMENT_REQUESTED paymentScheduled PAYMENT_PENDING 0
SUBSCRIPTION_PAYMENT_REQUESTED paymentExecuted PAYMENT_EXECUTED 1
SUBSCRIPTION_PAYMENT_REQUESTED paymentExecutedBySystem PAYMENT_EXECUTED 1
SUBSCRIPTION_PAYMENT_REQUESTED paymentFailed PAYMENT_FAILED 1000
SUBSCRIPTION_PAYMENT_REQUESTED paymentFailedBySystem PAYMENT_FAILED 1000
PAYMENT_PENDING update PAYMENT_PENDING 0
PAYMENT_PENDING paymentExecuted PAYMENT_EXECUTED 1
PAYMENT_PENDING paymentExecutedBySystem PAYMENT_EXECUTED 1
PAYMENT_PENDING paymentFailed PAYMENT_FAILED 1000
PAYMENT_PENDING paymentFailedBySystem PAYMENT_FAILED 1000
PAYMENT_EXECUTED refundRequested REFUND_REQUESTED 1
PAYMENT_EXECUTED sendNotification PAYMENT_EXECUTED 1
REFUND_REQUESTED refundFailed REFUND_FAILED 1
REFUND_REQUESTED partialRefundExecuted PARTIALLY_REFUNDED 2
REFUND_REQUESTED totalRefundExecuted TOTALLY_REFUNDED 3
REFUND_FAILED refundRequested REFUND_REQUESTED 1
PARTIALLY_REFUNDED refundRequested SUBSEQUENT_REFUND_REQUESTED 2
PARTIALLY_REFUNDED sendNotification PARTIALLY_REFUNDED 1
SUBSEQUENT_REFUND_REQUESTED partialRefundExecuted PARTIALLY_REFUNDED 2
SUBSEQUENT_REFUND_REQUESTED refundFailed SUBSEQUENT_REFUND_FAILED 2
SUBSEQUENT_REFUND_REQUESTED totalRefundExecuted TOTALLY_REFUNDED 3
SUBSEQUENT_REFUND_FAILED refundRequested SUBSEQUENT_REFUND_REQUESTED 2
TOTALLY_REFUNDED sendNotification TOTALLY_REFUNDED 1
PAYMENT_FAILED sendNotification PAYMENT_FAILED 1
"""
BUSINESS_STATES = {
    "PAYMENT_CREATED": 0,
    "PAYMENT_PAID": 1,
    "PAYMENT_PARTIALLY_REFUNDED": 2,
    "PAYMENT_TOTALLY_REFUNDED": 3,
    "PAYMENT_FAILED": 1000,
}
PENDING_IN = {
    "PAYMENT_SCHEDULE_REQUESTED": "scheduleRequested",
    "SUBSCRIPTION_SCHEDULED_REQUESTED": "subscriptionScheduledRequested",
    "SUBSCRIPTION_STARTED": "subscriptionStart",
    "SUBSCRIPTION_PAYMENT_REQUESTED": "subscriptionPaymentRequested",
}
RECORDED = "callbackReceived"
STUCK = 1205  # the provider answers 500: the saga stays where it asked
TO_PENDING = [("scheduleRequested", "PAYMENT_PENDING")]
TO_PAID = [("scheduleRequested", "PAYMENT_EXECUTED")]


def payment(amount: object = 1200, **more: Any) -> Json:
    return {
        "shopTransactionId": "shop-1",
        "amount": amount,
        "currency": "EUR",
        "payRequestData": {"subscriptionInfo": {"token": "token-1"}},
        **more,
    }


def refund(amount: int) -> tuple[str, Json]:
    return "refundRequested", {"refundRequestData": {"amount": amount}}


def refused(of: int) -> tuple[str, Json]:
    """A refund that failed, though the money goes back later all the same."""
    return "refundFailed", {"refundId": f"r{of}", "error": "declined"}


def given_back(what: str, of: int) -> tuple[str, Json]:
    return f"{what}RefundExecuted", {"refundSettled": f"r{of}"}


Path = tuple[Json, list[tuple[Any, str]]]


def from_requests() -> list[Path]:
    """The four commands that collect money, with each way they can end."""
    paths: list[Path] = []
    for state, request in PENDING_IN.items():
        for amount, end in ((1200, "PAYMENT_EXECUTED"), (1201, "PAYMENT_FAILED"), (1203, "PAYMENT_PENDING")):
            paths.append((payment(amount), [(request, end)]))
        for event, end in (
            ("paymentExecutedBySystem", "PAYMENT_EXECUTED"),
            ("paymentFailedBySystem", "PAYMENT_FAILED"),
        ):
            paths.append((payment(STUCK), [(request, state), (event, end)]))
    return paths


# What is sent, and the state the payment is in once everything that follows has happened.
PATHS: list[Path] = [
    *from_requests(),
    (payment(), [("paymentExecuted", "PAYMENT_EXECUTED")]),
    (payment(), [("paymentFailed", "PAYMENT_FAILED")]),
    (payment(), [("linkRequested", "PAYMENT_PENDING")]),
    (payment(1201), [("linkRequested", "PAYMENT_FAILED")]),
    (payment(STUCK), [("linkRequested", "LINK_REQUESTED"), ("paymentExecuted", "PAYMENT_EXECUTED")]),
    (payment(STUCK), [("linkRequested", "LINK_REQUESTED"), ("paymentExecutedFrullino", "PAYMENT_EXECUTED")]),
    (
        payment(STUCK),
        [
            ("authorizationRequested", "AUTHORIZATION_REQUESTED"),
            ("subscriptionStart", "SUBSCRIPTION_STARTED"),
        ],
    ),
    (
        payment(STUCK),
        [
            ("authorizationRequested", "AUTHORIZATION_REQUESTED"),
            ("paymentFailed", "PAYMENT_FAILED"),
        ],
    ),
    (payment(mail="failed"), [("linkRequested", "PAYMENT_PENDING")]),
    (payment(mail="late"), [("linkRequested", "LINK_CREATED"), ("paymentExecuted", "PAYMENT_EXECUTED")]),
    (
        payment(mail="late"),
        [("linkRequested", "LINK_CREATED"), ("paymentExecutedFrullino", "PAYMENT_EXECUTED")],
    ),
    (payment(mail="late"), [("linkRequested", "LINK_CREATED"), ("paymentFailed", "PAYMENT_FAILED")]),
    (payment(mail="late"), [("linkRequested", "LINK_CREATED"), ("linkExpired", "PAYMENT_FAILED")]),
    (
        payment(),
        [
            ("linkRequested", "PAYMENT_PENDING"),
            (DAY, "PAYMENT_PENDING"),
            ("linkRequested", "PAYMENT_PENDING"),  # by way of LINK_CREATED: the link is sent once more
            (2 * DAY, "PAYMENT_FAILED"),
            ("linkRequested", "PAYMENT_PENDING"),
            ("paymentExecuted", "PAYMENT_EXECUTED"),
        ],
    ),
    (payment(1201), [("authorizationRequested", "PAYMENT_FAILED")]),
    (
        payment(),
        [("authorizationRequested", "AUTHORIZATION_PENDING"), ("subscriptionStart", "PAYMENT_EXECUTED")],
    ),
    (
        payment(),
        [
            ("authorizationRequested", "AUTHORIZATION_PENDING"),
            ("subscriptionPaymentRequested", "PAYMENT_EXECUTED"),
        ],
    ),
    (payment(), [("authorizationRequested", "AUTHORIZATION_PENDING"), ("paymentFailed", "PAYMENT_FAILED")]),
    (payment(1202), [*TO_PENDING, ("update", "PAYMENT_PENDING"), ("paymentExecuted", "PAYMENT_EXECUTED")]),
    (payment(1202), [*TO_PENDING, ("paymentFailed", "PAYMENT_FAILED")]),
    (payment(1202), [*TO_PENDING, ("paymentExecutedByTheSystem", "PAYMENT_EXECUTED")]),
    (payment(1202), [*TO_PENDING, ("paymentFailedByTheSystem", "PAYMENT_FAILED")]),
    (payment(1202), [*TO_PENDING, (3 * DAY, "PAYMENT_PENDING"), ("paymentExecuted", "PAYMENT_EXECUTED")]),
    (payment(), [*TO_PAID, ("sendNotification", "PAYMENT_EXECUTED"), (refund(1200), "TOTALLY_REFUNDED")]),
    (
        payment(),
        [*TO_PAID, (refund(1200), "TOTALLY_REFUNDED"), ("sendNotification", "TOTALLY_REFUNDED")],
    ),
    (
        payment(),
        [*TO_PAID, (refund(106), "REFUND_FAILED"), (refund(200), "PARTIALLY_REFUNDED")],
    ),
    (
        payment(),
        [
            *TO_PAID,
            (refund(107), "REFUND_REQUESTED"),
            (3 * DAY, "REFUND_REQUESTED"),
            ("refundFailed", "REFUND_FAILED"),
        ],
    ),
    (
        payment(),
        [
            *TO_PAID,
            (refund(200), "PARTIALLY_REFUNDED"),
            ("sendNotification", "PARTIALLY_REFUNDED"),
            (refund(106), "SUBSEQUENT_REFUND_FAILED"),
            (refund(300), "PARTIALLY_REFUNDED"),
            (refund(107), "SUBSEQUENT_REFUND_REQUESTED"),
            (3 * DAY, "SUBSEQUENT_REFUND_REQUESTED"),
            ("refundFailed", "SUBSEQUENT_REFUND_FAILED"),
            (refund(300), "PARTIALLY_REFUNDED"),
            ("sendNotification", "PARTIALLY_REFUNDED"),
        ],
    ),
    (payment(), [*TO_PAID, (refund(200), "PARTIALLY_REFUNDED"), (refund(1000), "TOTALLY_REFUNDED")]),
    (
        payment(),
        [
            *TO_PAID,
            (refund(107), "REFUND_REQUESTED"),
            (refused(1), "REFUND_FAILED"),
            (given_back("partial", 1), "PARTIALLY_REFUNDED"),
        ],
    ),
    (
        payment(),
        [
            *TO_PAID,
            (refund(107), "REFUND_REQUESTED"),
            (refused(1), "REFUND_FAILED"),
            (given_back("total", 1), "TOTALLY_REFUNDED"),
        ],
    ),
    (
        payment(),
        [
            *TO_PAID,
            (refund(200), "PARTIALLY_REFUNDED"),
            (refund(107), "SUBSEQUENT_REFUND_REQUESTED"),
            (refused(1), "SUBSEQUENT_REFUND_FAILED"),
            (given_back("partial", 1), "PARTIALLY_REFUNDED"),
        ],
    ),
    (
        payment(),
        [
            *TO_PAID,
            (refund(200), "PARTIALLY_REFUNDED"),
            (refund(107), "SUBSEQUENT_REFUND_REQUESTED"),
            (refused(1), "SUBSEQUENT_REFUND_FAILED"),
            (given_back("total", 1), "TOTALLY_REFUNDED"),
        ],
    ),
    (payment(), [("paymentFailed", "PAYMENT_FAILED"), ("sendNotification", "PAYMENT_FAILED")]),
    (payment(), [("paymentFailed", "PAYMENT_FAILED"), ("paymentExecuted", "PAYMENT_EXECUTED")]),
    (payment(), [("paymentFailed", "PAYMENT_FAILED"), ("paymentExecutedBySystem", "PAYMENT_EXECUTED")]),
]


async def walk(metadata: Json, steps: list[tuple[Any, str]]) -> set[Edge]:
    async with journey("payment", metadata) as it:
        await it.send(RECORDED)
        for what, expected in steps:
            state = await (it.wait(what) if isinstance(what, int) else it.send(*step_of(what)))
            assert state == expected, what
            assert await it.send(RECORDED) == expected, "a callback that says nothing new moves nothing"
        return await it.edges()


@pytest.mark.parametrize(("metadata", "steps"), PATHS)
def test_a_path_through_the_machine(metadata: Json, steps: list[tuple[Any, str]]) -> None:
    assert asyncio.run(walk(metadata, steps))


def test_the_paths_take_every_edge() -> None:
    async def body() -> set[Edge]:
        taken: set[Edge] = set()
        for metadata, steps in PATHS:
            taken |= await walk(metadata, steps)
        return taken

    definition = check_file(MACHINES / "payment.yaml").definition
    assert definition is not None
    assert asyncio.run(body()) == edges_of(definition)


def test_the_machine_checks_without_a_finding() -> None:
    report = check_file(MACHINES / "payment.yaml", channels=CHANNELS)
    assert report.findings == ()


def test_states_transitions_and_business_ids_are_those_of_the_original() -> None:
    machine = check_file(MACHINES / "payment.yaml").definition
    assert machine is not None
    rows = [line.split() for line in ORIGINAL.split("\n") if line]
    assert len(rows) == 55
    assert {row[0] for row in rows} == set(machine.states)
    for state, event, target, business_id in rows:
        [transition] = machine.states[state].on[event]
        assert transition.to == target
        name = transition.business_event or machine.events[event].business_event
        assert name is not None
        assert machine.business_events[name].id == int(business_id), (state, event)
    assert {name: state.id for name, state in machine.business_states.items()} == BUSINESS_STATES
    assert not any(state.final for state in machine.states.values())


def on(metadata: Json, body: Callable[[Journey], Awaitable[None]]) -> None:
    async def run() -> None:
        async with journey("payment", metadata) as it:
            await body(it)

    asyncio.run(run())


def test_a_paid_payment_shows_its_business_state_and_tells_the_buyer() -> None:
    async def body(it: Journey) -> None:
        await it.send("scheduleRequested", {"provider": "sandbox", "paymentMethod": "credit-cards"})
        saga = await it.saga()
        assert (saga.state, saga.business_state_id) == ("PAYMENT_EXECUTED", 1)
        assert saga.metadata["paymentId"].startswith("sbx_executed_")
        assert saga.agenda == ()
        assert it.notifications.sent == ["notifyPaymentExecuted"]

    on(payment(), body)


def test_a_redirected_payment_is_settled_by_the_providers_callback_once() -> None:
    async def body(it: Journey) -> None:
        assert await it.send("scheduleRequested") == "PAYMENT_PENDING"
        metadata = await it.metadata()
        assert metadata["payRequestData"]["redirectToUrl"]
        assert metadata["payRequestData"]["subscriptionInfo"] == {"token": "token-1"}, "merged deep"
        handle, event = metadata["paymentId"], Event(name="paymentExecuted", id="sandbox:7")
        assert await it.deliver(handle, event) == "PAYMENT_EXECUTED"
        answer = await it.runner.handle(handle, event)
        assert answer.repeated
        assert it.notifications.sent == ["notifyPaymentExecuted"]

    on(payment(1203), body)


@pytest.mark.parametrize(
    "late", ["paymentFailed", "paymentScheduled", "paymentExecuted", "linkCreated", "nonsense"]
)
def test_late_and_repeated_callbacks_are_recorded_and_move_nothing(late: str) -> None:
    async def body(it: Journey) -> None:
        await it.send("scheduleRequested")
        before = await it.metadata()
        answer = await it.runner.handle(it.saga_id, Event(name=late, payload={"paymentId": "other"}))
        assert answer.result == "ignored"
        assert await it.state() == "PAYMENT_EXECUTED"
        assert await it.metadata() == before
        assert (await it.history())[-1].result == "ignored"

    on(payment(), body)


def test_money_that_comes_after_a_failure_is_not_lost_and_is_reported() -> None:
    async def body(it: Journey) -> None:
        await it.send("scheduleRequested")
        payment_id = (await it.metadata())["paymentId"]
        assert await it.deliver(payment_id, Event(name="paymentFailed", id="sandbox:1")) == "PAYMENT_FAILED"
        executed = Event(name="paymentExecuted", id="sandbox:2")
        assert await it.deliver(payment_id, executed) == "PAYMENT_EXECUTED"
        assert it.notifications.sent.count("alertLateSuccess") == 1

    on(payment(1202), body)


def test_a_time_out_after_the_money_was_taken_ends_as_paid_with_one_payment() -> None:
    async def body(it: Journey) -> None:
        assert await it.send("scheduleRequested") == "PAYMENT_SCHEDULE_REQUESTED"
        [entry] = (await it.saga()).agenda
        assert entry.reason == "the sandbox did not answer in time"
        assert await it.wait(2 * SECOND) == "PAYMENT_EXECUTED"
        assert "PAYMENT_FAILED" not in [row.state for row in await it.history()]

    on(payment(1204), body)


def test_a_provider_that_is_down_never_fails_a_payment_and_a_person_is_asked_at_the_end() -> None:
    async def body(it: Journey) -> None:
        await it.send("scheduleRequested")
        for _ in range(20):
            assert await it.wait(DAY // 24) == "PAYMENT_SCHEDULE_REQUESTED"
        [entry] = await it.parked()
        assert entry.name == "pay"
        assert entry.attempts == 10
        assert (
            await it.send("paymentExecutedBySystem", {"paymentId": "found-at-the-provider"})
            == "PAYMENT_EXECUTED"
        )

    on(payment(STUCK), body)


def test_a_payment_that_stays_pending_alerts_and_goes_on_waiting() -> None:
    async def body(it: Journey) -> None:
        await it.send("scheduleRequested")
        assert await it.wait(3 * DAY) == "PAYMENT_PENDING"
        assert it.notifications.sent == ["alertPaymentPending"]

    on(payment(1202), body)


def test_refunds_never_exceed_the_payment() -> None:
    async def body(it: Journey) -> None:
        await it.send("scheduleRequested")
        assert await it.send(*refund(1201)) == "REFUND_FAILED"
        assert await it.send(*refund(700)) == "PARTIALLY_REFUNDED"
        assert await it.send(*refund(501)) == "SUBSEQUENT_REFUND_FAILED"
        assert (await it.metadata())["error"] == "more than what is left of the payment"
        assert await it.send(*refund(500)) == "TOTALLY_REFUNDED"
        details = (await it.metadata())["refundDetails"]
        assert (details["totalRefundedAmount"], details["refundedAmounts"]) == (1200, [700, 500])
        assert len(set(details["refundIds"])) == 2
        assert (await it.saga()).business_state_id == 3

    on(payment(), body)


@pytest.mark.parametrize("payload", [{}, {"refundRequestData": {}}, {"refundRequestData": {"amount": 0}}])
def test_a_refund_request_without_an_amount_is_refused(payload: Json) -> None:
    async def body(it: Journey) -> None:
        await it.send("scheduleRequested")
        with pytest.raises(PayloadInvalid):
            await it.send("refundRequested", payload)
        assert await it.state() == "PAYMENT_EXECUTED"

    on(payment(), body)


def test_card_fields_do_not_stay_in_the_saga() -> None:
    async def body(it: Journey) -> None:
        provider_data = {"encryptedCardNumber": "adyenjs_0_1", "buyerName": "A. Buyer"}
        await it.send("scheduleRequested", {"payRequestData": {"providerData": provider_data}})
        kept = (await it.metadata())["payRequestData"]["providerData"]
        assert kept == {"encryptedCardNumber": None, "buyerName": "A. Buyer"}

    on(payment(), body)


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 0},
        {"amount": 12.5},
        {"amount": "1200"},
        {"currency": "eur"},
        {"currency": "EUR\n"},
        {"shopTransactionId": ""},
        {"type": "GIFT"},
        {"payRequestData": "x"},
    ],
    ids=str,
)
def test_a_payment_that_cannot_be_is_not_created(wrong: Json) -> None:
    async def body() -> None:
        with pytest.raises(PayloadInvalid):
            async with journey("payment", payment(**wrong)):
                raise AssertionError("it was created")

    asyncio.run(body())


def test_two_payments_cannot_share_the_merchants_id_the_first_one_is_the_answer() -> None:
    async def body(it: Journey) -> None:
        again = await it.runner.start("payment", metadata=payment(1300))
        assert (again.existed, again.saga.saga_id) == (True, it.saga_id)
        assert (await it.metadata())["amount"] == 1200

    on(payment(), body)


class Undecided(SandboxProvider):
    """Decides a pending payment when it likes; counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.standing: Standing = "PENDING"
        self.asked = 0

    async def status(self, payment_id: str) -> Status | Unknown | Rejected:
        self.asked += 1
        return Status(standing=self.standing, payment_id=payment_id)


@pytest.mark.parametrize(
    ("standing", "end", "event"),
    [
        ("ACCEPTED", "PAYMENT_EXECUTED", "paymentExecutedBySystem"),
        ("FAILED", "PAYMENT_FAILED", "paymentFailedBySystem"),
    ],
)
def test_a_pending_payment_whose_callback_is_lost_is_decided_by_asking(
    standing: Standing, end: str, event: str
) -> None:
    async def run() -> None:
        provider = Undecided()
        bound = {"payments": PaymentsChannel(Gateway({"sandbox": provider}))}
        async with journey("payment", payment(1202), bound) as it:
            await it.send("scheduleRequested")
            assert await it.wait(29 * SECOND) == "PAYMENT_PENDING"
            assert provider.asked == 0
            assert await it.wait(SECOND) == "PAYMENT_PENDING"
            assert provider.asked == 1
            provider.standing = standing
            assert await it.wait(60 * SECOND) == end
            assert (await it.history())[-1].event == event
            assert await it.wait(DAY) == end
            assert provider.asked == 2, "a decided payment is not asked for again"

    asyncio.run(run())


def test_a_provider_is_asked_less_and_less_often_and_not_for_ever() -> None:
    async def run() -> None:
        provider = Undecided()
        bound = {"payments": PaymentsChannel(Gateway({"sandbox": provider}))}
        async with journey("payment", payment(1202), bound) as it:
            await it.send("scheduleRequested")
            for _ in range(3 * 24 * 120):
                await it.wait(30 * SECOND)
            assert 70 < provider.asked < 90, "seven times in the first hour, then once an hour"
            assert it.notifications.sent == ["alertPaymentPending"]
            asked = provider.asked
            assert await it.wait(30 * DAY) == "PAYMENT_PENDING"
            assert provider.asked == asked
            assert await it.send("paymentExecuted") == "PAYMENT_EXECUTED"

    asyncio.run(run())
