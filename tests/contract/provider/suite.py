"""What providers.base.Provider promises, as tests. A provider's own file subclasses and gives its world."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest

from providers.base import (
    Authorisations,
    AutomaticSubscriptions,
    Links,
    ManualSubscriptions,
    Payment,
    PayRequest,
    Refund,
    RefundRequest,
    Rejected,
    Status,
    SubscriptionCare,
    Unknown,
    Utilities,
)
from tests.contract.provider.callbacks import Callbacks
from tests.contract.provider.world import World

SECRETS = {"encryptedCardNumber": "adyenjs_0_1_5555", "cvv": "737"}


class ProviderSuite(Callbacks):
    amount = 1299
    currencies = ("EUR", "JPY", "KWD")
    """Those of them that the provider takes are paid; the others must be Rejected."""

    finds_repeats = True
    """False: the provider cannot tell a repeat, and a page that nobody has seen collects nothing."""

    def world(self) -> AbstractAsyncContextManager[World]:
        raise AssertionError("the subclass opens its world")

    def provider_data(self, method: str) -> dict[str, Any]:
        """What this provider needs in every payment."""
        return {}

    def request(self, world: World, **changes: Any) -> PayRequest:
        can = world.provider.capabilities
        method = changes.get("method", can.default_method)
        base = PayRequest(
            key="saga-1.1.0",
            amount=self.amount,
            currency="EUR",
            method=method,
            shop_transaction_id="shop-1",
            success_url="https://shop.example/ok",
            failure_url="https://shop.example/ko",
            callback_url="https://hub.example/v3/it/callback",
            subscription={"interval": "MONTH", "intervalCount": 1},
            provider_data={**SECRETS, **self.provider_data(method)},
        )
        return replace(base, **changes)

    async def paid(self, world: World, **changes: Any) -> Payment:
        answer = await world.provider.pay(self.request(world, **changes))
        assert isinstance(answer, Payment), answer
        if answer.result != "OK":
            world.settle(answer.payment_id, "ACCEPTED")
        return answer

    def in_world(self, body: Callable[[World], Awaitable[None]]) -> None:
        async def run() -> None:
            async with self.world() as world:
                await body(world)

        asyncio.run(run())

    # what it says it can

    def test_it_is_what_its_capabilities_say(self) -> None:
        async def body(world: World) -> None:
            it, can = world.provider, world.provider.capabilities
            assert can.default_method in can.methods
            assert can.automatic | can.manual <= can.methods
            assert isinstance(it, Links) == can.links
            assert isinstance(it, AutomaticSubscriptions) == bool(can.automatic)
            assert isinstance(it, ManualSubscriptions) == bool(can.manual)
            assert isinstance(it, Authorisations) == can.authorisations
            assert isinstance(it, Utilities) == bool(can.utilities)
            assert isinstance(it, SubscriptionCare) or not can.subscription_standings
            assert bool(can.intervals) == bool(can.automatic)

        self.in_world(body)

    # payments

    def test_a_payment_reaches_the_provider_with_its_amount_and_our_id(self) -> None:
        async def body(world: World) -> None:
            for place, currency in enumerate(self.currencies):
                request = self.request(
                    world, currency=currency, key=f"saga.{place}", shop_transaction_id=f"shop-{place}"
                )
                answer = await world.provider.pay(request)
                if world.provider.capabilities.takes(currency):
                    assert isinstance(answer, Payment)
                    assert answer.result in ("OK", "PENDING", "REDIRECT_TO_URL")
                    assert answer.payment_id
                    assert (answer.redirect_to_url is not None) == (answer.result == "REDIRECT_TO_URL")
                    taken = world.payments()[-1]
                    assert (taken.amount, taken.currency) == (self.amount, currency)
                    assert taken.shop_transaction_id in (None, f"shop-{place}")
                else:
                    assert isinstance(answer, Rejected)
                    assert answer.elsewhere

        self.in_world(body)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"amount": 0},
            {"amount": -1299},
            {"amount": 12.99},
            {"amount": True},
            {"amount": "1299"},
            {"amount": 10**20},
            {"currency": "eur"},
            {"currency": "EURO"},
            {"currency": "ZZZ"},
            {"currency": ""},
            {"method": "cowries"},
        ],
        ids=str,
    )
    def test_what_cannot_be_asked_for_is_rejected_and_not_sent(self, wrong: dict[str, Any]) -> None:
        async def body(world: World) -> None:
            assert isinstance(await world.provider.pay(self.request(world, **wrong)), Rejected)
            assert not world.payments()

        self.in_world(body)

    def test_the_same_key_takes_the_money_once(self) -> None:
        async def body(world: World) -> None:
            first = await world.provider.pay(self.request(world))
            again = await world.provider.pay(self.request(world, again=True))
            assert isinstance(first, Payment)
            assert isinstance(again, Payment)
            if self.finds_repeats:
                assert again.payment_id == first.payment_id
                assert len(world.payments()) == 1
            else:
                assert again.result == "REDIRECT_TO_URL"

        self.in_world(body)

    def test_another_key_is_another_payment(self) -> None:
        async def body(world: World) -> None:
            first = await world.provider.pay(self.request(world))
            other = await world.provider.pay(
                self.request(world, key="saga-2.1.0", shop_transaction_id="shop-2")
            )
            assert isinstance(first, Payment)
            assert isinstance(other, Payment)
            assert first.payment_id != other.payment_id
            assert len(world.payments()) == 2

        self.in_world(body)

    def test_money_taken_without_an_answer_is_unknown_and_found_by_trying_again(self) -> None:
        async def body(world: World) -> None:
            world.script("lose_answer")
            lost = await world.provider.pay(self.request(world))
            assert isinstance(lost, Unknown)
            assert lost.sent
            found = await world.provider.pay(self.request(world, again=True))
            assert isinstance(found, Payment)
            if self.finds_repeats:
                assert found.result != "KO"
                assert len(world.payments()) == 1
            else:
                assert found.result == "REDIRECT_TO_URL"

        self.in_world(body)

    def test_an_error_of_the_provider_is_unknown_and_never_a_decline(self) -> None:
        async def body(world: World) -> None:
            world.script("fail")
            assert isinstance(await world.provider.pay(self.request(world)), Unknown)
            found = await world.provider.pay(self.request(world, again=True))
            assert isinstance(found, Payment)
            assert found.result != "KO"

        self.in_world(body)

    def test_a_throttled_request_is_tried_later(self) -> None:
        async def body(world: World) -> None:
            world.script("throttle")
            answer = await world.provider.pay(self.request(world))
            assert isinstance(answer, Unknown)
            assert not world.payments()

        self.in_world(body)

    def test_wrong_credentials_are_ours_to_mend_and_fail_no_payment(self) -> None:
        async def body(world: World) -> None:
            world.script("unauthorised")
            answer = await world.provider.pay(self.request(world))
            assert isinstance(answer, Rejected)
            assert answer.ours

        self.in_world(body)

    def test_a_decline_is_an_answer(self) -> None:
        async def body(world: World) -> None:
            world.script("decline")
            answer = await world.provider.pay(self.request(world))
            assert isinstance(answer, Payment)
            assert answer.result == "KO"
            assert answer.description

        self.in_world(body)

    def test_nothing_secret_comes_back_or_shows(self) -> None:
        async def body(world: World) -> None:
            request = self.request(world)
            answer = await world.provider.pay(request)
            shown = repr(answer) + repr(request) + repr(world.provider)
            assert not any(value in shown for value in SECRETS.values())

        self.in_world(body)

    # standing

    def test_the_status_follows_the_payment(self) -> None:
        async def body(world: World) -> None:
            if not world.provider.capabilities.status:
                paid = await self.paid(world)
                assert isinstance(await world.provider.status(paid.payment_id), Rejected)
                return
            for place, word in enumerate(("ACCEPTED", "FAILED")):
                request = self.request(world, key=f"saga.{place}", shop_transaction_id=f"shop-{place}")
                world.script("pending")
                payment = await world.provider.pay(request)
                assert isinstance(payment, Payment)
                before = await world.provider.status(payment.payment_id)
                assert isinstance(before, Status)
                assert before.standing == "PENDING"
                world.settle(payment.payment_id, word)  # type: ignore[arg-type]
                after = await world.provider.status(payment.payment_id)
                assert isinstance(after, Status)
                assert after.standing == word
                assert after.payment_id == payment.payment_id

        self.in_world(body)

    def test_the_status_of_a_payment_that_never_was_is_no_standing(self) -> None:
        async def body(world: World) -> None:
            assert isinstance(await world.provider.status("nobody-knows-it"), Rejected)

        self.in_world(body)

    # refunds

    async def refund(self, world: World, payment: Payment, **changes: Any) -> Refund | Unknown | Rejected:
        base = RefundRequest(
            key="saga-1.5.0",
            payment_id=payment.payment_id,
            amount=500,
            currency="EUR",
            paid=self.amount,
            shop_transaction_id="shop-1",
            keep=payment.keep,
        )
        return await world.provider.refund(replace(base, **changes))

    def refunding(self, body: Callable[[World, Payment], Awaitable[None]]) -> None:
        async def run(world: World) -> None:
            if not world.provider.capabilities.refunds:
                answer = await self.refund(world, await self.paid(world))
                assert isinstance(answer, Rejected)
                return
            await body(world, await self.paid(world))

        self.in_world(run)

    def test_a_part_and_then_the_rest_are_given_back(self) -> None:
        async def body(world: World, payment: Payment) -> None:
            first = await self.refund(world, payment)
            assert isinstance(first, Refund)
            assert first.result in ("OK", "PENDING")
            rest = await self.refund(world, payment, key="saga-1.7.0", amount=self.amount - 500, refunded=500)
            assert isinstance(rest, Refund)
            assert first.refund_id != rest.refund_id
            assert [it.amount for it in world.refunds()] == [500, self.amount - 500]

        self.refunding(body)

    def test_a_refund_is_repeated_safely(self) -> None:
        async def body(world: World, payment: Payment) -> None:
            first = await self.refund(world, payment)
            again = await self.refund(world, payment, again=True)
            assert isinstance(first, Refund)
            assert isinstance(again, Refund)
            assert again.refund_id == first.refund_id
            assert len(world.refunds()) == 1

        self.refunding(body)

    def test_a_refund_without_an_answer_is_unknown_and_found_by_trying_again(self) -> None:
        async def body(world: World, payment: Payment) -> None:
            world.script("lose_answer")
            assert isinstance(await self.refund(world, payment), Unknown)
            assert isinstance(await self.refund(world, payment, again=True), Refund)
            assert len(world.refunds()) == 1

        self.refunding(body)

    def test_a_refund_that_the_provider_refuses_is_an_answer(self) -> None:
        async def body(world: World, payment: Payment) -> None:
            world.script("decline")
            answer = await self.refund(world, payment)
            assert isinstance(answer, Refund)
            assert answer.result == "KO"
            assert answer.description

        self.refunding(body)

    def test_a_refund_of_nothing_is_rejected(self) -> None:
        async def body(world: World, payment: Payment) -> None:
            for amount in (0, -5):
                assert isinstance(await self.refund(world, payment, amount=amount), Rejected)
            assert not world.refunds()

        self.refunding(body)

    def test_closing_twice_is_safe(self) -> None:
        async def body(world: World) -> None:
            await world.provider.pay(self.request(world))
            await world.provider.close()
            await world.provider.close()

        self.in_world(body)
