"""The sandbox passes the suite of every provider, and does what its amounts say (docs/payment-machine.md)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from engine.model import Millis
from providers.base import Payment, PayRequest, Provider, Refund, RefundRequest, Rejected, Status, Unknown
from providers.callbacks import CallbackRequest, Refused, Told, Word
from providers.sandbox import SandboxProvider, page_url
from tests.contract.provider.suite import ProviderSuite
from tests.contract.provider.world import Script, Taken, World

NOON: Millis = 1_767_268_800_000
SECRET = "of-this-installation"


class SandboxWorld:
    """The sandbox is its own server: there is no wire, but its ledger is kept as a provider keeps one."""

    signed = True
    stamped = True

    def __init__(self) -> None:
        self.sandbox = SandboxProvider(secret=SECRET)
        self.provider: Provider = self.sandbox

    def script(self, what: Script) -> None:
        self.sandbox.ledger.script(what)

    def payments(self) -> Sequence[Taken]:
        return [
            Taken(
                shop_transaction_id=it.shop_transaction_id,
                amount=it.amount or 0,
                currency=it.currency or "",
                payment_id=it.payment_id,
            )
            for it in self.sandbox.ledger.payments.values()
        ]

    def refunds(self) -> Sequence[Taken]:
        return [
            Taken(shop_transaction_id=None, amount=refund.amount, currency=it.currency or "")
            for it in self.sandbox.ledger.payments.values()
            for refund in it.refunds.values()
        ]

    def settle(self, payment_id: str, word: Word) -> None:
        self.sandbox.ledger.settle(payment_id, word)

    def settle_refund(self, refund_id: str, word: Word) -> None:
        self.sandbox.ledger.settle_refund(refund_id, word)

    def callback(self, payment_id: str, word: Word, *, key: str | None = None) -> CallbackRequest:
        payment = self.sandbox.ledger.payments[payment_id]
        return self.sandbox.callback(payment, word, NOON, key=None if key is None else key.encode())


class TestSandbox(ProviderSuite):
    def world(self) -> AbstractAsyncContextManager[World]:
        return self._world()

    @asynccontextmanager
    async def _world(self) -> AsyncIterator[World]:
        world = SandboxWorld()
        try:
            yield world
        finally:
            await world.provider.close()


def request(amount: int, **changes: Any) -> PayRequest:
    values: dict[str, Any] = {
        "key": "entry-1",
        "amount": amount,
        "currency": "EUR",
        "method": "credit-cards",
        "shop_transaction_id": "shop-1",
        "callback_url": "https://hub.example/v3/sandbox/callback",
        "success_url": "https://shop.example/ok",
    }
    return PayRequest(**{**values, **changes})


def paid(amount: int, **changes: Any) -> Payment | Unknown | Rejected:
    return asyncio.run(SandboxProvider().pay(request(amount, **changes)))


@pytest.mark.parametrize(
    ("amount", "method", "result"),
    [
        (1299, "credit-cards", "OK"),
        (1201, "credit-cards", "KO"),
        (1202, "credit-cards", "PENDING"),
        (1203, "credit-cards", "REDIRECT_TO_URL"),
        (1299, "wire-transfer", "PENDING"),
        (1201, "wire-transfer", "KO"),
        (1299, "redirect", "REDIRECT_TO_URL"),
        (1208, "credit-cards", "PENDING"),
        (1211, "credit-cards", "PENDING"),
    ],
)
def test_amount_and_method_decide(amount: int, method: str, result: str) -> None:
    answer = paid(amount, method=method)
    assert isinstance(answer, Payment)
    assert answer.result == result


@pytest.mark.parametrize("again", [False, True])
def test_a_broken_provider_never_answers(again: bool) -> None:
    assert isinstance(paid(1205, again=again), Unknown)


@pytest.mark.parametrize("amount", [1204, 1212])
def test_the_answer_is_lost_once(amount: int) -> None:
    assert isinstance(paid(amount), Unknown)
    assert isinstance(paid(amount, again=True), Payment)


def test_another_process_gives_the_same_payment_for_the_same_key() -> None:
    assert paid(1299) == paid(1299)


def test_the_page_lies_beside_the_callback() -> None:
    answer = paid(1203)
    assert isinstance(answer, Payment)
    assert answer.redirect_to_url == f"https://hub.example/v3/sandbox/page/{answer.payment_id}"
    assert page_url(None, "sbx_redirect_1").endswith("/v3/sandbox/page/sbx_redirect_1")


def test_a_choice_on_the_page_becomes_a_signed_callback() -> None:
    async def body() -> None:
        it = SandboxProvider()
        payment = await it.pay(request(1203))
        assert isinstance(payment, Payment)
        told = await it.read_callback(it.decide(payment.payment_id, "decline", NOON))
        assert isinstance(told, Told)
        assert told.notices[0].word == "FAILED"
        again = await it.read_callback(it.decide(payment.payment_id, "pay", NOON))
        assert isinstance(again, Told)
        assert again.notices[0].word == "ACCEPTED", "a customer may pay after all"
        forged = SandboxProvider().callback(
            it.ledger.payments[payment.payment_id], "ACCEPTED", NOON, key=b"x"
        )
        assert isinstance(await it.read_callback(forged), Refused)

    asyncio.run(body())


def test_a_payment_of_an_earlier_process_is_known_by_its_id_and_can_be_given_back() -> None:
    async def body() -> None:
        payment = await SandboxProvider().pay(request(1299))
        assert isinstance(payment, Payment)
        it = SandboxProvider()
        status = await it.status(payment.payment_id)
        assert isinstance(status, Status)
        assert status.standing == "ACCEPTED"
        refund = await it.refund(
            RefundRequest(key="entry-2", payment_id=payment.payment_id, amount=300, currency="EUR")
        )
        assert isinstance(refund, Refund)
        assert refund.result == "OK"
        later = await SandboxProvider().pay(request(1203))
        assert isinstance(later, Payment)
        assert it.decide(later.payment_id, "pay", NOON).body

    asyncio.run(body())


@pytest.mark.parametrize(
    ("amount", "result"), [(500, "OK"), (506, "KO"), (507, "PENDING"), (508, "PENDING"), (None, "OK"), (1300, "KO")]
)  # fmt: skip
def test_the_amount_of_a_refund_decides_too_and_never_more_than_was_paid(
    amount: int | None, result: str
) -> None:
    async def body() -> None:
        it = SandboxProvider()
        payment = await it.pay(request(1299))
        assert isinstance(payment, Payment)
        refund = await it.refund(
            RefundRequest(key="entry-2", payment_id=payment.payment_id, amount=amount, currency="EUR")
        )
        assert isinstance(refund, Refund)
        assert refund.result == result

    asyncio.run(body())


def test_a_following_payment_needs_an_agreement_that_did_not_end() -> None:
    async def body() -> None:
        it = SandboxProvider()
        assert isinstance(await it.pay_subscription(request(1299)), Rejected)
        started = await it.start_subscription(request(1299))
        assert isinstance(started, Payment)
        assert started.subscription_token
        following = request(1299, key="entry-2", subscription={"token": started.subscription_token})
        answer = await it.pay_subscription(following)
        assert isinstance(answer, Payment)
        assert answer.result == "OK"
        await it.expire_subscription(started.subscription_token, "entry-3")
        ended = await it.pay_subscription(request(1299, key="entry-4", subscription=following.subscription))
        assert isinstance(ended, Payment)
        assert ended.result == "KO"

    asyncio.run(body())
