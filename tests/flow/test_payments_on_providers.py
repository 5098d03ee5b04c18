"""The whole payment saga on providers that speak their own wire format: every way a payment or refund can go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.flow.journey import SECOND
from tests.flow.payment_world import ON, Paying, paying

Body = Callable[[Paying], Awaitable[None]]


@pytest.fixture(params=sorted(ON))
def on_each(request: pytest.FixtureRequest) -> Callable[[Body], None]:
    def run(body: Body) -> None:
        async def all_of_it() -> None:
            async with paying(request.param) as it:
                await body(it)

        asyncio.run(all_of_it())

    return run


def test_a_payment_is_taken_once_at_once_or_by_the_providers_page(on_each: Callable[[Body], None]) -> None:
    async def body(it: Paying) -> None:
        await it.paid()
        [taken] = it.world.payments()
        assert (taken.amount, taken.currency) == (it.amount, "EUR")
        saga = await it.it.saga()
        assert (saga.business_state_id, saga.agenda) == (1, ())
        assert it.it.notifications.sent == ["notifyPaymentExecuted"]

    on_each(body)


def test_a_decline_fails_the_payment_and_says_why(on_each: Callable[[Body], None]) -> None:
    async def body(it: Paying) -> None:
        it.world.script("decline")
        assert await it.begin() == "PAYMENT_FAILED"
        assert (await it.it.metadata())["error"]
        assert it.it.notifications.sent == ["notifyPaymentFailed"]

    on_each(body)


@pytest.mark.parametrize(("word", "end"), [("ACCEPTED", "PAYMENT_EXECUTED"), ("FAILED", "PAYMENT_FAILED")])
def test_a_pending_payment_is_settled_by_a_callback_however_often_it_comes(
    on_each: Callable[[Body], None], word: str, end: str
) -> None:
    async def body(it: Paying) -> None:
        it.world.script("pending")
        assert await it.begin() == "PAYMENT_PENDING"
        assert await it.settled(word) == end  # type: ignore[arg-type]
        assert await it.called(word) == end  # type: ignore[arg-type]
        assert await it.became() == ["applied", "repeated"]
        notified = "notifyPaymentExecuted" if word == "ACCEPTED" else "notifyPaymentFailed"
        assert it.it.notifications.sent == [notified]
        assert len(it.world.payments()) == 1

    on_each(body)


def test_a_pending_payment_whose_callback_is_lost_is_settled_by_asking(
    on_each: Callable[[Body], None],
) -> None:
    async def body(it: Paying) -> None:
        it.world.script("pending")
        assert await it.begin() == "PAYMENT_PENDING"
        if (
            not it.world.provider.capabilities.status
        ):  # then only the callback tells, and in the end a person looks
            assert await it.it.wait(73 * 3_600 * SECOND) == "PAYMENT_PENDING"
            assert "alertPaymentPending" in it.it.notifications.sent
            return
        assert await it.it.wait(30 * SECOND) == "PAYMENT_PENDING"
        it.world.settle(await it.payment_id(), "ACCEPTED")
        assert await it.it.wait(60 * SECOND) == "PAYMENT_EXECUTED"
        assert (await it.it.history())[-1].event == "paymentExecutedBySystem"
        assert await it.called("ACCEPTED") == "PAYMENT_EXECUTED"
        assert await it.became() == ["ignored"], "the callback comes after all"

    on_each(body)


def test_money_that_comes_after_a_failure_is_not_lost(on_each: Callable[[Body], None]) -> None:
    async def body(it: Paying) -> None:
        it.world.script("pending")
        await it.begin()
        assert await it.settled("FAILED") == "PAYMENT_FAILED"
        assert await it.settled("ACCEPTED") == "PAYMENT_EXECUTED"
        assert it.it.notifications.sent.count("alertLateSuccess") == 1
        assert await it.became() == ["applied", "applied"]

    on_each(body)


def test_a_time_out_after_the_money_was_taken_is_one_payment(on_each: Callable[[Body], None]) -> None:
    async def body(it: Paying) -> None:
        it.world.script("lose_answer")
        assert await it.begin() == "PAYMENT_SCHEDULE_REQUESTED"
        state = await it.it.wait(2 * SECOND)
        if state == "PAYMENT_PENDING":
            state = await it.settled("ACCEPTED")
        assert state == "PAYMENT_EXECUTED"
        assert len(it.world.payments()) == 1

    on_each(body)


def test_a_part_then_another_then_all_the_rest_is_given_back(on_each: Callable[[Body], None]) -> None:
    async def body(it: Paying) -> None:
        await it.paid()
        if not it.world.provider.capabilities.partial_refunds:
            assert await it.refund(500) == "REFUND_FAILED"
            return
        assert await it.refund(500) == "PARTIALLY_REFUNDED"
        assert await it.refund(300) == "PARTIALLY_REFUNDED"
        rest = it.amount - 800
        assert await it.refund(rest) == "TOTALLY_REFUNDED"
        assert [one.amount for one in it.world.refunds()] == [500, 300, rest]
        details = (await it.it.metadata())["refundDetails"]
        assert (details["totalRefundedAmount"], details["refundedAmounts"]) == (
            it.amount,
            [500, 300, rest],
        )
        assert (await it.it.saga()).business_state_id == 3

    on_each(body)


def test_a_refund_that_fails_leaves_all_of_the_money_to_give_back(on_each: Callable[[Body], None]) -> None:
    async def body(it: Paying) -> None:
        await it.paid()
        if not it.world.provider.capabilities.refunds:
            assert await it.refund(it.amount) == "REFUND_FAILED"
            return
        it.world.script("decline")
        asked = {"refundRequestData": {"amount": it.amount}}
        assert await it.it.send("refundRequested", asked) == "REFUND_FAILED"
        assert (await it.it.metadata())["error"]
        assert not it.world.refunds()
        assert await it.refund(it.amount) == "TOTALLY_REFUNDED"

    on_each(body)


def test_two_operators_at_once_give_back_no_more_than_was_paid(on_each: Callable[[Body], None]) -> None:
    async def body(it: Paying) -> None:
        await it.paid()
        if not it.world.provider.capabilities.partial_refunds:
            return
        await asyncio.gather(*(it.refund(900) for _ in range(2)))
        await it.refund(900)
        assert [one.amount for one in it.world.refunds()] == [900]
        assert (await it.it.metadata())["refundDetails"]["refundedAmounts"] == [900]

    on_each(body)


def test_a_tampered_callback_moves_nothing(on_each: Callable[[Body], None]) -> None:
    async def body(it: Paying) -> None:
        it.world.script("pending")
        await it.begin()
        forged = it.world.callback(await it.payment_id(), "ACCEPTED", key="another")
        assert await it.take(forged) == "PAYMENT_PENDING"
        assert set(await it.became()) <= (set() if it.world.signed else {"ignored"})

    on_each(body)
