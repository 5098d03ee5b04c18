"""Payments through localstripe, a separate program: real sockets both ways, and webhooks that it signs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from hub.callbacks import Callbacks
from hub.gateway import Gateway
from hub.payments_channel import PaymentsChannel
from providers.base import Payment, PayRequest, Refund, RefundRequest, Status, Unknown
from providers.callbacks import CallbackRequest, Refused, Told
from providers.stripe import StripeProvider, open_stripe
from tests.contract.localstripe import (
    PRIVATE_KEY,
    SECRET,
    LocalStripe,
    localstripe,
    losing_first_answer,
    receiving,
)
from tests.flow.journey import SECOND, CountedIds, Journey, journey
from tests.flow.payment_world import Parts

GOOD = "4242424242424242"
DECLINED = "4000000000000341"
ASKS_THE_CUSTOMER = "4000002500003155"
BAD_DEBIT = "DE62370400440532013001"


@pytest.fixture(scope="module")
def server() -> Iterator[LocalStripe]:
    with localstripe() as running:
        yield running


@dataclass(frozen=True, kw_only=True)
class Shop:
    """The provider connected to localstripe, and the callbacks that came."""

    server: LocalStripe
    stripe: StripeProvider
    inbox: asyncio.Queue[CallbackRequest]

    async def pay(self, method_id: str, **changes: Any) -> Payment | Unknown:
        request = PayRequest(
            key="saga-1.1.0",
            amount=1299,
            currency="EUR",
            method="credit-cards",
            shop_transaction_id="shop-1",
            provider_data={"paymentMethodId": method_id},
        )
        answer = await self.stripe.pay(replace(request, **changes))
        assert isinstance(answer, Payment | Unknown)
        return answer

    async def refund(self, payment_id: str, **changes: Any) -> Refund | Unknown:
        request = RefundRequest(
            key="saga-1.5.0", payment_id=payment_id, amount=500, currency="EUR", shop_transaction_id="shop-1"
        )
        answer = await self.stripe.refund(replace(request, **changes))
        assert isinstance(answer, Refund | Unknown)
        return answer

    async def status(self, payment_id: str) -> Status:
        answer = await self.stripe.status(payment_id)
        assert isinstance(answer, Status)
        return answer

    async def callback_about(self, payment_id: str) -> CallbackRequest:
        """The next one; those about payments of earlier tests may still be on their way, a second late."""
        async with asyncio.timeout(20):
            while payment_id.encode() not in (callback := await self.inbox.get()).body:
                pass
        return callback

    async def intents(self) -> list[Any]:
        return (await asyncio.to_thread(self.server.sdk.v1.payment_intents.list)).data

    async def refunds(self) -> list[int]:
        found = await asyncio.to_thread(self.server.sdk.v1.refunds.list)
        return sorted(it.amount for it in found.data)


@asynccontextmanager
async def shop(server: LocalStripe, *, through: str | None = None) -> AsyncIterator[Shop]:
    await server.forget()
    inbox: asyncio.Queue[CallbackRequest] = asyncio.Queue()
    options = {"privateKey": PRIVATE_KEY, "webhookSecret": SECRET, "baseUrl": through or server.url}
    async with receiving(inbox) as address:
        await server.send_webhooks_to(address)
        provider = open_stripe("stripe", options)
        try:
            yield Shop(server=server, stripe=provider, inbox=inbox)
        finally:
            await provider.close()


def in_shop(
    server: LocalStripe, body: Callable[[Shop], Awaitable[None]], *, lose_answer: bool = False
) -> None:
    async def run() -> None:
        if lose_answer:
            async with losing_first_answer(server.url) as way, shop(server, through=way) as it:
                await body(it)
        else:
            async with shop(server) as it:
                await body(it)

    asyncio.run(run())


def test_a_card_is_charged_and_given_back_in_two_parts(server: LocalStripe) -> None:
    async def body(shop: Shop) -> None:
        paid = await shop.pay(await asyncio.to_thread(server.card, GOOD))
        assert isinstance(paid, Payment)
        assert paid.result == "OK"
        part = await shop.refund(paid.payment_id)
        rest = await shop.refund(paid.payment_id, key="saga-1.7.0", amount=799)
        assert isinstance(part, Refund)
        assert isinstance(rest, Refund)
        assert (part.result, rest.result) == ("OK", "OK")
        status = await shop.status(paid.payment_id)
        assert (status.standing, status.amount, status.currency) == ("ACCEPTED", 1299, "EUR")
        assert (status.refunded, status.shop_transaction_id) == (1299, "shop-1")
        assert await shop.refunds() == [500, 799]

    in_shop(server, body)


def test_all_that_is_left_is_given_back_without_naming_an_amount(server: LocalStripe) -> None:
    async def body(shop: Shop) -> None:
        paid = await shop.pay(await asyncio.to_thread(server.card, GOOD))
        assert isinstance(paid, Payment)
        await shop.refund(paid.payment_id, amount=None)
        assert (await shop.status(paid.payment_id)).refunded == 1299

    in_shop(server, body)


def test_a_declined_card_is_told_at_once_and_again(server: LocalStripe) -> None:
    async def body(shop: Shop) -> None:
        method_id = await asyncio.to_thread(server.card, DECLINED)
        first = await shop.pay(method_id)
        again = await shop.pay(method_id, again=True)
        for answer in (first, again):
            assert isinstance(answer, Payment)
            assert (answer.result, answer.elsewhere) == ("KO", True)
            assert answer.description == "declined: card_declined"
        (intent,) = await shop.intents()
        assert intent.status == "requires_payment_method"

    in_shop(server, body)


async def settled(shop: Shop, pending: Payment | Unknown, word: str) -> None:
    """The webhook says what became of a pending payment, and so does the provider when asked."""
    assert isinstance(pending, Payment)
    answer = await shop.stripe.read_callback(await shop.callback_about(pending.payment_id))
    assert isinstance(answer, Told)
    (notice,) = answer.notices
    assert (notice.about, notice.word, notice.payment_id) == ("payment", word, pending.payment_id)
    assert (notice.shop_transaction_id, notice.amount, notice.currency) == ("shop-1", 1299, "EUR")
    assert (await shop.status(pending.payment_id)).standing == word


def test_a_payment_that_waits_for_the_customer_is_settled_by_a_signed_webhook(server: LocalStripe) -> None:
    async def body(shop: Shop) -> None:
        pending = await shop.pay(await asyncio.to_thread(server.card, ASKS_THE_CUSTOMER))
        assert isinstance(pending, Payment)
        assert pending.result == "PENDING"
        assert (await shop.status(pending.payment_id)).standing == "PENDING"
        await asyncio.to_thread(server.customer_agrees, pending.payment_id)
        await settled(shop, pending, "ACCEPTED")

    in_shop(server, body)


def test_a_debit_that_fails_later_is_told_by_a_signed_webhook(server: LocalStripe) -> None:
    async def body(shop: Shop) -> None:
        pending = await shop.pay(await asyncio.to_thread(server.debit, BAD_DEBIT))
        assert isinstance(pending, Payment)
        assert pending.result == "PENDING"
        await settled(shop, pending, "FAILED")

    in_shop(server, body)


def test_a_webhook_of_localstripe_that_was_touched_is_refused(server: LocalStripe) -> None:
    async def body(shop: Shop) -> None:
        paid = await shop.pay(await asyncio.to_thread(server.card, GOOD))
        assert isinstance(paid, Payment)
        callback = await shop.callback_about(paid.payment_id)
        touched = replace(callback, body=callback.body.replace(b"1299", b"1298"))
        late = replace(callback, received=callback.received + 600_000)
        assert isinstance(await shop.stripe.read_callback(callback), Told)
        assert isinstance(await shop.stripe.read_callback(touched), Refused)
        assert isinstance(await shop.stripe.read_callback(late), Refused)

    in_shop(server, body)


def test_a_payment_whose_answer_was_lost_is_found_and_not_taken_twice(server: LocalStripe) -> None:
    """localstripe ignores idempotency keys, so only reading back keeps the money from being taken again."""

    async def body(shop: Shop) -> None:
        method_id = await asyncio.to_thread(server.card, GOOD)
        lost = await shop.pay(method_id)
        assert isinstance(lost, Unknown)
        assert lost.sent
        found = await shop.pay(method_id, again=True)
        assert isinstance(found, Payment)
        (intent,) = await shop.intents()
        assert (found.result, found.payment_id) == ("OK", intent.id)

    in_shop(server, body, lose_answer=True)


def test_a_refund_whose_answer_was_lost_is_found_and_not_made_twice(server: LocalStripe) -> None:
    async def body(shop: Shop) -> None:
        method_id = await asyncio.to_thread(server.card, GOOD)
        await shop.pay(method_id)  # this answer is lost
        paid = await shop.pay(method_id, again=True)
        assert isinstance(paid, Payment)
        async with losing_first_answer(server.url) as way:
            lossy = open_stripe("stripe", {"privateKey": PRIVATE_KEY, "baseUrl": way})
            lost = await replace(shop, stripe=lossy).refund(paid.payment_id)
            await lossy.close()
        assert isinstance(lost, Unknown)
        found = await shop.refund(paid.payment_id, again=True)
        assert isinstance(found, Refund)
        assert await shop.refunds() == [500]

    in_shop(server, body, lose_answer=True)


# the whole payment saga


@dataclass(frozen=True, kw_only=True)
class Paying:
    """One payment saga whose provider is localstripe, and the hub's callbacks."""

    shop: Shop
    it: Journey
    callbacks: Callbacks

    async def begin(self, method_id: str) -> str:
        return await self.it.send(
            "scheduleRequested", {"payRequestData": {"providerData": {"paymentMethodId": method_id}}}
        )

    async def payment_id(self) -> str:
        return str((await self.it.metadata())["paymentId"])

    async def called(self) -> str:
        """Take the webhook that localstripe sends of this payment; the state after."""
        await self.callbacks.take("stripe", await self.shop.callback_about(await self.payment_id()))
        await self.it.dispatcher.idle()
        return await self.it.state()

    async def refund(self, amount: int) -> str:
        return await self.it.send("refundRequested", {"refundRequestData": {"amount": amount}})


def paying(
    server: LocalStripe, body: Callable[[Paying], Awaitable[None]], *, lose_answer: bool = False
) -> None:
    async def saga(shop: Shop) -> None:
        gateway = Gateway({"stripe": shop.stripe})
        base = {"shopTransactionId": "shop-1", "amount": 1299, "currency": "EUR"}
        named = {**base, "provider": "stripe", "paymentMethod": "credit-cards"}
        async with journey("payment", named, {"payments": PaymentsChannel(gateway)}) as it:
            callbacks = Callbacks(gateway, Parts(it.store, it.runner, CountedIds()))
            await callbacks.start()
            try:
                await body(Paying(shop=shop, it=it, callbacks=callbacks))
            finally:
                await callbacks.stop()

    in_shop(server, saga, lose_answer=lose_answer)


def test_the_saga_is_paid_and_given_back_and_never_more_than_was_paid(server: LocalStripe) -> None:
    """localstripe would give back more than was paid: the hub does not ask for it."""

    async def body(it: Paying) -> None:
        assert await it.begin(await asyncio.to_thread(server.card, GOOD)) == "PAYMENT_EXECUTED"
        assert await it.called() == "PAYMENT_EXECUTED"
        assert await it.refund(500) == "PARTIALLY_REFUNDED"
        assert await it.refund(800) == "SUBSEQUENT_REFUND_FAILED"
        assert await it.refund(799) == "TOTALLY_REFUNDED"
        assert await it.shop.refunds() == [500, 799]

    paying(server, body)


def test_the_saga_fails_with_a_declined_card(server: LocalStripe) -> None:
    async def body(it: Paying) -> None:
        assert await it.begin(await asyncio.to_thread(server.card, DECLINED)) == "PAYMENT_FAILED"

    paying(server, body)


def test_the_saga_waits_for_the_customer_and_goes_on_with_the_webhook(server: LocalStripe) -> None:
    async def body(it: Paying) -> None:
        assert await it.begin(await asyncio.to_thread(server.card, ASKS_THE_CUSTOMER)) == "PAYMENT_PENDING"
        await asyncio.to_thread(server.customer_agrees, await it.payment_id())
        assert await it.called() == "PAYMENT_EXECUTED"

    paying(server, body)


def test_the_saga_finds_out_by_asking_when_no_webhook_comes(server: LocalStripe) -> None:
    async def body(it: Paying) -> None:
        assert await it.begin(await asyncio.to_thread(server.card, ASKS_THE_CUSTOMER)) == "PAYMENT_PENDING"
        await asyncio.to_thread(server.customer_agrees, await it.payment_id())
        assert await it.it.wait(60 * SECOND) == "PAYMENT_EXECUTED"

    paying(server, body)


def test_the_saga_takes_the_money_once_though_the_answer_was_lost(server: LocalStripe) -> None:
    async def body(it: Paying) -> None:
        method_id = await asyncio.to_thread(server.card, GOOD)
        assert await it.begin(method_id) == "PAYMENT_SCHEDULE_REQUESTED"
        assert await it.it.wait(2 * SECOND) == "PAYMENT_EXECUTED"
        assert len(await it.shop.intents()) == 1

    paying(server, body, lose_answer=True)
