"""Callbacks that come before their time, out of order, for refunds, or for nobody: nothing is lost, nothing moves back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from engine.model import Event
from hub.callbacks import Callbacks
from providers.base import Payment, PayRequest, Refund, RefundRequest, Rejected, Unknown
from providers.callbacks import CallbackRequest, Notice, Refused, Told, Word
from providers.sandbox import SandboxProvider
from providers.sandbox_ledger import BookedPayment
from tests.contract.test_sandbox_provider import NOON
from tests.flow.journey import DAY, SECOND, CountedIds
from tests.flow.payment_world import Parts, Paying, paying


def sandbox(it: Paying) -> SandboxProvider:
    return cast("SandboxProvider", it.world.provider)


def on(body: Callable[[Paying], Awaitable[None]], **metadata: Any) -> None:
    async def run() -> None:
        async with paying("sandbox", metadata) as it:
            await body(it)

    asyncio.run(run())


def news(it: Paying, word: Word, refund: str | None = None, **changes: Any) -> CallbackRequest:
    """Signed by the sandbox, whatever it says."""
    payment = BookedPayment(
        **{"payment_id": "sbx_pending_x", "standing": "PENDING", "amount": 1299, "currency": "EUR", **changes}
    )
    booked = None if refund is None else it_refund(it, refund)
    return sandbox(it).callback(payment, word, NOON, refund=booked)


def it_refund(it: Paying, refund_id: str) -> Any:
    for payment in sandbox(it).ledger.payments.values():
        if refund_id in payment.refunds:
            return payment.refunds[refund_id]
    raise AssertionError("no such refund")


async def unmatched(it: Paying) -> list[str]:
    return [record.body["why"] for record in await it.callbacks.kept.unmatched()]


class CalledBackFirst(SandboxProvider):
    """Tells what became of the payment before it answers the request for it."""

    def __init__(self) -> None:
        super().__init__(secret="of-this-installation")
        self.first: Callable[[BookedPayment], Awaitable[None]] | None = None

    async def pay(self, request: PayRequest) -> Payment | Unknown | Rejected:
        answer = await super().pay(request)
        payment = self.ledger.by_key(request.key)
        if self.first is not None and payment is not None:
            await self.first(payment)
        return answer


@pytest.mark.parametrize("by", ["payment id", "shop transaction id"])
def test_a_callback_that_is_faster_than_the_answer_is_not_lost(by: str) -> None:
    async def body(it: Paying) -> None:
        provider = CalledBackFirst()
        it.world.provider = provider
        gateway = it.callbacks._gateway
        gateway.providers["sandbox"] = provider

        async def first(payment: BookedPayment) -> None:
            provider.ledger.settle(payment.payment_id, "ACCEPTED")
            shop = payment.shop_transaction_id if by == "shop transaction id" else None
            told = provider.callback(
                BookedPayment(payment_id=payment.payment_id, standing="ACCEPTED", shop_transaction_id=shop),
                "ACCEPTED",
                NOON,
            )
            await it.callbacks.take("sandbox", told)
            assert await it.it.state() == (
                "PAYMENT_EXECUTED" if by == "shop transaction id" else "PAYMENT_SCHEDULE_REQUESTED"
            )

        provider.first = first
        await it.begin()
        await settled(it)
        assert await it.it.state() == "PAYMENT_EXECUTED"
        assert (await it.it.metadata())["paymentId"].startswith("sbx_pending_")
        assert await unmatched(it) == []
        assert len(provider.ledger.payments) == 1

    on(body, amount=1202)


async def settled(it: Paying) -> None:
    """Let what the callbacks do by themselves come to its end."""
    while it.callbacks._again:
        await asyncio.gather(*it.callbacks._again)
    await it.it.dispatcher.idle()


def test_older_news_that_comes_later_moves_nothing_back() -> None:
    async def body(it: Paying) -> None:
        await it.begin()
        assert await it.settled("ACCEPTED") == "PAYMENT_EXECUTED"
        assert await it.called("PENDING") == "PAYMENT_EXECUTED"
        assert await it.called("FAILED") == "PAYMENT_EXECUTED"
        assert await it.became() == ["applied", "ignored", "ignored"]

    on(body, amount=1202)


def test_the_newest_twenty_callbacks_stay_in_the_saga() -> None:
    async def body(it: Paying) -> None:
        await it.begin()
        for _ in range(24):
            await it.called("PENDING")
        await it.settled("ACCEPTED")
        history = (await it.it.metadata())["callbackHistory"]
        assert [one["became"] for one in history] == ["ignored"] * 19 + ["applied"]
        assert history[-1]["body"].startswith('{"id"')
        assert history[-1]["timestamp"] == NOON

    on(body, amount=1202)


def test_a_payment_that_nobody_knows_is_kept_for_a_person_and_found_when_it_turns_up() -> None:
    async def body(it: Paying) -> None:
        await it.begin()
        for _ in range(2):
            await it.take(news(it, "ACCEPTED", payment_id="sbx_pending_y", amount=1202))
        assert await unmatched(it) == ["no payment has this id (yet)"]
        assert await it.callbacks.kept.count() == 1
        [record] = await it.callbacks.kept.unmatched()
        assert await it.callbacks.retry(record) is None
        await it.it.send("update", {"paymentId": "sbx_pending_y"})
        await settled(it)
        assert await unmatched(it) == []
        assert await it.became() == ["applied"]

    on(body, amount=1202)


def test_what_was_kept_is_looked_at_again_when_the_daemon_starts() -> None:
    async def body(it: Paying) -> None:
        await it.begin()
        await it.callbacks.stop()
        it.it.runner.on_step.clear()
        request = news(it, "ACCEPTED", payment_id="sbx_pending_y", amount=1202)
        await it.callbacks.take("sandbox", request)
        await it.it.runner.handle("shop-1", Event(name="update", payload={"paymentId": "sbx_pending_y"}))
        assert await it.it.state() == "PAYMENT_PENDING"
        after = Callbacks(it.callbacks._gateway, Parts(it.it.store, it.it.runner, CountedIds(made=950_000)))
        await after.start()
        while after._again:
            await asyncio.gather(*after._again)
        assert await it.it.state() == "PAYMENT_EXECUTED"
        assert await unmatched(it) == []
        await after.stop()

    on(body, amount=1202)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"amount": 1}, "the provider took another amount or currency than was asked for"),
        ({"currency": "JPY"}, "the provider took another amount or currency than was asked for"),
    ],
)
def test_other_money_than_was_asked_for_is_for_a_person(changes: dict[str, Any], why: str) -> None:
    async def body(it: Paying) -> None:
        await it.begin()
        changes["payment_id"] = await it.payment_id()
        assert await it.take(news(it, "ACCEPTED", **{"amount": 1202, **changes})) == "PAYMENT_PENDING"
        assert await unmatched(it) == [why]
        assert await it.became() == ["kept"]

    on(body, amount=1202)


def test_a_second_payment_for_one_order_is_for_a_person() -> None:
    async def body(it: Paying) -> None:
        await it.paid()
        second = news(it, "ACCEPTED", payment_id="sbx_executed_2", shop_transaction_id="shop-1")
        assert await it.take(second) == "PAYMENT_EXECUTED"
        assert await unmatched(it) == ["money was taken a second time for this order"]

    on(body)


def test_another_providers_news_do_not_move_a_payment() -> None:
    async def body(it: Paying) -> None:
        await it.begin()
        gateway = it.callbacks._gateway
        gateway.providers["other"] = sandbox(it)
        request = it.world.callback(await it.payment_id(), "ACCEPTED")
        await it.callbacks.take("other", request)
        assert await it.it.state() == "PAYMENT_PENDING"
        assert await unmatched(it) == ["the payment is with another provider"]

    on(body, amount=1202)


# refunds


async def waiting_refund(it: Paying, amount: int = 507) -> str:
    state = await it.it.send("refundRequested", {"refundRequestData": {"amount": amount}})
    assert state.endswith("REFUND_REQUESTED")
    return str((await it.it.metadata())["refundId"])


async def tell_of_refund(it: Paying, refund_id: str, word: Word) -> str:
    payment = sandbox(it).ledger.settle_refund(refund_id, word)
    return await it.take(sandbox(it).callback(payment, word, NOON, refund=payment.refunds[refund_id]))


@pytest.mark.parametrize(
    ("amount", "word", "end", "refunded"),
    [
        (507, "ACCEPTED", "PARTIALLY_REFUNDED", [507]),
        (1207, "ACCEPTED", "TOTALLY_REFUNDED", [1207]),
        (507, "FAILED", "REFUND_FAILED", []),
        (507, "PENDING", "REFUND_REQUESTED", []),
    ],
)
def test_a_pending_refund_is_settled_by_its_callback(
    amount: int, word: Word, end: str, refunded: list[int]
) -> None:
    async def body(it: Paying) -> None:
        await it.paid()
        refund_id = await waiting_refund(it, amount)
        assert await tell_of_refund(it, refund_id, word) == end
        assert (await it.it.metadata()).get("refundDetails", {}).get("refundedAmounts", []) == refunded
        assert await tell_of_refund(it, refund_id, word) == end

    on(body, amount=1207)


class RefundsCalledBackFirst(SandboxProvider):
    """Tells that a refund is done before it answers that it is pending."""

    first: Callable[[BookedPayment, str], Awaitable[None]]

    async def refund(self, request: RefundRequest) -> Refund | Unknown | Rejected:
        answer = await super().refund(request)
        assert isinstance(answer, Refund)
        await self.first(self.ledger.settle_refund(answer.refund_id, "ACCEPTED"), answer.refund_id)
        return answer


def test_news_of_a_refund_that_are_faster_than_the_answer_are_not_lost() -> None:
    async def body(it: Paying) -> None:
        await it.paid()
        provider = RefundsCalledBackFirst(secret="of-this-installation")
        provider.ledger = sandbox(it).ledger
        it.callbacks._gateway.providers["sandbox"] = provider

        async def first(payment: BookedPayment, refund_id: str) -> None:
            told = provider.callback(payment, "ACCEPTED", NOON, refund=payment.refunds[refund_id])
            await it.callbacks.take("sandbox", told)
            assert await unmatched(it) == ["a refund that the payment did not ask for, or not yet"]

        provider.first = first
        await it.it.send("refundRequested", {"refundRequestData": {"amount": 507}})
        await settled(it)
        assert await it.it.state() == "PARTIALLY_REFUNDED"
        assert (await it.it.metadata())["refundDetails"]["refundedAmounts"] == [507]
        assert await unmatched(it) == []

    on(body)


def test_late_news_of_a_refund_that_failed_are_no_news() -> None:
    async def body(it: Paying) -> None:
        await it.paid()
        first = await waiting_refund(it)
        await tell_of_refund(it, first, "FAILED")
        second = await waiting_refund(it, 307)
        assert await tell_of_refund(it, first, "FAILED") == "REFUND_REQUESTED"
        notice = Notice(
            id="n2", about="refund", word="FAILED", payment_id=await it.payment_id(), refund_id=first
        )
        it.callbacks._gateway.providers["sandbox"] = Saying(notice)
        assert await it.take(news(it, "ACCEPTED")) == "REFUND_REQUESTED"
        it.callbacks._gateway.providers["sandbox"] = it.world.provider
        assert await tell_of_refund(it, second, "ACCEPTED") == "PARTIALLY_REFUNDED"
        assert await unmatched(it) == []

    on(body)


def test_a_pending_refund_whose_callback_is_lost_is_settled_by_asking() -> None:
    async def body(it: Paying) -> None:
        await it.paid()
        refund_id = await waiting_refund(it)
        assert await it.it.wait(30 * SECOND) == "REFUND_REQUESTED"
        sandbox(it).ledger.settle_refund(refund_id, "ACCEPTED")
        assert await it.it.wait(60 * SECOND) == "PARTIALLY_REFUNDED"
        assert (await it.it.metadata())["refundDetails"]["refundIds"] == [refund_id]
        second = await waiting_refund(it, 307)
        sandbox(it).ledger.settle_refund(second, "FAILED")
        assert await it.it.wait(30 * SECOND) == "SUBSEQUENT_REFUND_FAILED"

    on(body)


def test_late_news_of_one_refund_does_not_settle_the_next() -> None:
    async def body(it: Paying) -> None:
        await it.paid()
        first = await waiting_refund(it)
        await tell_of_refund(it, first, "ACCEPTED")
        second = await waiting_refund(it, 307)
        payment = sandbox(it).ledger.payments[await it.payment_id()]
        repeat = sandbox(it).callback(payment, "ACCEPTED", NOON, refund=payment.refunds[first])
        renamed = await sandbox(it).read_callback(repeat)
        assert isinstance(renamed, Told)
        it.callbacks._gateway.providers["sandbox"] = Saying(
            replace(renamed.notices[0], id="under-another-id")
        )
        assert await it.take(repeat) == "SUBSEQUENT_REFUND_REQUESTED"
        it.callbacks._gateway.providers["sandbox"] = it.world.provider
        assert await tell_of_refund(it, second, "ACCEPTED") == "PARTIALLY_REFUNDED"
        assert (await it.it.metadata())["refundDetails"]["refundedAmounts"] == [507, 307]
        assert await unmatched(it) == []

    on(body)


def test_a_refund_that_succeeds_after_it_failed_is_in_the_books() -> None:
    async def body(it: Paying) -> None:
        await it.paid()
        refund_id = await waiting_refund(it)
        assert await tell_of_refund(it, refund_id, "FAILED") == "REFUND_FAILED"
        assert await tell_of_refund(it, refund_id, "ACCEPTED") == "PARTIALLY_REFUNDED"
        assert (await it.it.metadata())["refundDetails"]["totalRefundedAmount"] == 507

    on(body)


def test_a_refund_that_fails_after_it_was_done_is_for_a_person() -> None:
    async def body(it: Paying) -> None:
        await it.paid()
        refund_id = await waiting_refund(it)
        await tell_of_refund(it, refund_id, "ACCEPTED")
        assert await tell_of_refund(it, refund_id, "FAILED") == "PARTIALLY_REFUNDED"
        assert await unmatched(it) == ["a refund that was done has failed afterwards"]

    on(body)


def test_a_refund_made_at_the_providers_desk_is_for_a_person() -> None:
    async def body(it: Paying) -> None:
        await it.paid()
        notice = Notice(
            id="n1",
            about="refund",
            word="ACCEPTED",
            payment_id=await it.payment_id(),
            refund_id="r-desk",
            amount=5,
        )
        it.callbacks._gateway.providers["sandbox"] = Saying(notice)
        assert await it.take(news(it, "ACCEPTED")) == "PAYMENT_EXECUTED"
        assert await unmatched(it) == ["a refund that the payment did not ask for, or not yet"]

    on(body)


def test_a_pending_payment_that_is_not_settled_is_listed_as_late() -> None:
    async def body(it: Paying) -> None:
        await it.begin()
        assert await it.it.wait(3 * DAY) == "PAYMENT_PENDING"
        assert (await it.it.saga()).late == "$sla"
        assert it.it.notifications.sent == ["alertPaymentPending"]
        assert await it.settled("ACCEPTED") == "PAYMENT_EXECUTED"
        assert (await it.it.saga()).late == ""

    on(body, amount=1202)


# hints: callbacks that prove nothing


class Saying(SandboxProvider):
    """Says of every callback that it tells this; nothing of it is signed."""

    def __init__(self, notice: Notice) -> None:
        super().__init__()
        self.notice = notice

    async def read_callback(self, request: CallbackRequest) -> Told | Refused:
        return Told(notices=(self.notice,))


def hinting(it: Paying, **about: Any) -> None:
    provider = Saying(Notice(id="hint-1", about="payment", word=None, **about))
    provider.ledger = sandbox(it).ledger
    it.callbacks._gateway.providers["sandbox"] = provider


def test_a_hint_is_read_back_and_moves_what_the_provider_confirms() -> None:
    async def body(it: Paying) -> None:
        await it.begin()
        hinting(it, payment_id=await it.payment_id())
        assert await it.take(news(it, "ACCEPTED")) == "PAYMENT_PENDING", "it is pending at the provider too"
        it.world.settle(await it.payment_id(), "ACCEPTED")
        assert await it.take(news(it, "ACCEPTED")) == "PAYMENT_EXECUTED"
        assert await it.take(news(it, "ACCEPTED")) == "PAYMENT_EXECUTED"
        assert await it.became() == ["ignored", "applied", "repeated"]

    on(body, amount=1202)


def test_a_hint_cannot_pay_one_order_with_another_ones_money() -> None:
    async def body(it: Paying) -> None:
        other = await sandbox(it).pay(
            PayRequest(
                key="k", amount=1299, currency="EUR", method="credit-cards", shop_transaction_id="shop-2"
            )
        )
        assert isinstance(other, Payment)
        hinting(it, payment_id=other.payment_id, shop_transaction_id="shop-1")
        assert await it.take(news(it, "ACCEPTED")) == "PAYMENT_CREATED"
        assert it.callbacks.counts["sandbox", "unconfirmed"] == 1

    on(body)


def test_made_up_hints_leave_nothing_behind() -> None:
    async def body(it: Paying) -> None:
        hinting(it, payment_id="made-up")
        await it.take(news(it, "ACCEPTED"))
        assert await unmatched(it) == []
        assert it.callbacks.counts["sandbox", "unconfirmed"] == 1

    on(body)


@pytest.mark.parametrize(
    ("ended", "renewal", "kept"),
    [
        (False, False, []),
        (True, False, ["no running subscription has this agreement (yet)"]),
        (True, True, []),
    ],
)
def test_a_hint_about_a_subscription_is_asked_for_too(ended: bool, renewal: bool, kept: list[str]) -> None:
    async def body(it: Paying) -> None:
        if ended:
            await sandbox(it).expire_subscription("sbx_token_1", "k")
        notice = Notice(
            id="hint-2",
            about="payment" if renewal else "subscription",
            word=None,
            subscription_token="sbx_token_1",
            payment_id="sbx_executed_1" if renewal else None,
            renewal=renewal,
        )
        provider = Saying(notice)
        provider.ledger = sandbox(it).ledger
        it.callbacks._gateway.providers["sandbox"] = provider
        await it.take(news(it, "ACCEPTED"))
        assert await unmatched(it) == kept

    on(body)
