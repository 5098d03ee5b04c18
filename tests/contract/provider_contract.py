"""What providers.base.Provider promises, as tests. A provider's own file subclasses this."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from providers.base import Payment, PayRequest, Provider, Refund, RefundRequest, Rejected, Status, Unknown

CARD_DATA = {"encryptedCardNumber": "adyenjs_0_1", "encryptedSecurityCode": "adyenjs_0_2", "cvv": "737"}

Ask = Callable[[Provider, PayRequest], Awaitable[Payment | Unknown | Rejected]]

COLLECTING: dict[str, Ask] = {
    "pay": lambda provider, request: provider.pay(request),
    "create_link": lambda provider, request: provider.create_link(request),
    "schedule_subscription": lambda provider, request: provider.schedule_subscription(request),
    "start_subscription": lambda provider, request: provider.start_subscription(request),
    "pay_subscription": lambda provider, request: provider.pay_subscription(request),
    "authorise": lambda provider, request: provider.authorise(request),
}
EVERY_COLLECTING = pytest.mark.parametrize("ask", COLLECTING.values(), ids=COLLECTING.keys())


class ProviderContract:
    """Amounts that the provider executes, declines and loses the answer of are given by the subclass."""

    executed: int
    declined: int
    timing_out: int
    failing: int

    def provider(self) -> Provider:
        raise AssertionError("the subclass makes its provider")

    def request(self, **changes: object) -> PayRequest:
        base = PayRequest(
            key="entry-1",
            amount=self.executed,
            currency="EUR",
            method=self.provider().capabilities.default_method,
            shop_transaction_id="shop-1",
            subscription={"interval": "MONTH", "intervalCount": 1, "token": "token-1"},
            provider_data=CARD_DATA,
        )
        return replace(base, **changes)  # type: ignore[arg-type]

    def asked(self, ask: Ask, **changes: object) -> Payment | Unknown | Rejected:
        return asyncio.run(asked(ask, self.provider(), self.request(**changes)))

    @EVERY_COLLECTING
    def test_the_same_key_gives_the_same_payment(self, ask: Ask) -> None:
        first = self.asked(ask)
        assert isinstance(first, Payment)
        assert self.asked(ask, again=True) == first

    @EVERY_COLLECTING
    def test_another_key_gives_another_payment(self, ask: Ask) -> None:
        first, second = self.asked(ask), self.asked(ask, key="entry-2")
        assert isinstance(first, Payment)
        assert isinstance(second, Payment)
        assert first.payment_id != second.payment_id

    @EVERY_COLLECTING
    def test_a_decline_is_an_answer_with_a_payment_id(self, ask: Ask) -> None:
        answer = self.asked(ask, amount=self.declined)
        assert isinstance(answer, Payment)
        assert answer.result == "KO"
        assert answer.payment_id
        assert answer.description

    @EVERY_COLLECTING
    def test_a_lost_answer_is_unknown_and_reading_back_tells(self, ask: Ask) -> None:
        assert isinstance(self.asked(ask, amount=self.timing_out), Unknown)
        found = self.asked(ask, amount=self.timing_out, again=True)
        assert isinstance(found, Payment)
        assert found.result != "KO"

    @EVERY_COLLECTING
    def test_an_error_of_the_provider_is_unknown_and_never_a_decline(self, ask: Ask) -> None:
        for again in (False, True):
            assert isinstance(self.asked(ask, amount=self.failing, again=again), Unknown)

    @EVERY_COLLECTING
    @pytest.mark.parametrize(
        "wrong",
        [
            {"amount": 0},
            {"amount": -1299},
            {"amount": 12.99},
            {"amount": True},
            {"amount": "1299"},
            {"currency": "eur"},
            {"currency": "EURO"},
            {"currency": ""},
            {"currency": "EUR\n"},
            {"method": "cowries"},
        ],
        ids=str,
    )
    def test_what_cannot_be_asked_for_is_rejected(self, ask: Ask, wrong: dict[str, object]) -> None:
        assert isinstance(self.asked(ask, **wrong), Rejected)

    @EVERY_COLLECTING
    def test_nothing_of_a_payment_method_comes_back_or_shows(self, ask: Ask) -> None:
        shown = repr(self.asked(ask)) + repr(self.request())
        assert not any(value in shown for value in CARD_DATA.values())

    def test_a_link_is_given(self) -> None:
        answer = self.asked(COLLECTING["create_link"])
        assert isinstance(answer, Payment)
        assert answer.result == "OK"
        assert answer.link

    @pytest.mark.parametrize("kind", ["schedule_subscription", "start_subscription", "authorise"])
    def test_a_subscription_gets_a_token_that_the_same_key_gets_again(self, kind: str) -> None:
        first, again = self.asked(COLLECTING[kind]), self.asked(COLLECTING[kind], again=True)
        assert isinstance(first, Payment)
        assert first.subscription_token
        assert again == first

    def test_a_following_payment_needs_the_token(self) -> None:
        assert isinstance(self.asked(COLLECTING["pay_subscription"], subscription={}), Rejected)

    def test_the_status_of_an_executed_and_of_a_declined_payment(self) -> None:
        assert self.status_of(self.executed) == "ACCEPTED"
        assert self.status_of(self.declined) == "FAILED"

    def status_of(self, amount: int, **changes: object) -> str:
        payment = self.asked(COLLECTING["pay"], amount=amount, **changes)
        assert isinstance(payment, Payment)
        answer = asyncio.run(_status(self.provider(), payment.payment_id))
        assert isinstance(answer, Status)
        assert answer.payment_id == payment.payment_id
        return answer.standing

    def test_the_status_of_a_payment_that_never_was_is_rejected(self) -> None:
        assert isinstance(asyncio.run(_status(self.provider(), "nobody-knows-it")), Rejected)

    def refunded(self, amount: int | None, *, again: bool = False) -> Refund | Unknown | Rejected:
        payment = self.asked(COLLECTING["pay"])
        assert isinstance(payment, Payment)
        request = RefundRequest(
            key="entry-9", again=again, payment_id=payment.payment_id, amount=amount, currency="EUR"
        )
        return asyncio.run(refunded(self.provider(), request))

    def test_a_refund_is_repeated_safely(self) -> None:
        first = self.refunded(self.executed)
        assert isinstance(first, Refund)
        assert first.result in ("OK", "PENDING")
        assert self.refunded(self.executed, again=True) == first

    def test_all_that_is_left_can_be_refunded_without_an_amount(self) -> None:
        assert isinstance(self.refunded(None), Refund)

    def test_a_refund_whose_answer_is_lost_is_unknown_until_it_is_read_back(self) -> None:
        assert isinstance(self.refunded(self.timing_out), Unknown)
        assert isinstance(self.refunded(self.timing_out, again=True), Refund)

    def test_a_refund_of_nothing_is_rejected(self) -> None:
        assert isinstance(self.refunded(0), Rejected)
        assert isinstance(self.refunded(-5), Rejected)

    def test_closing_twice_is_safe(self) -> None:
        async def body() -> None:
            provider = self.provider()
            await provider.close()
            await provider.close()

        asyncio.run(body())


async def asked(ask: Ask, provider: Provider, request: PayRequest) -> Payment | Unknown | Rejected:
    return await ask(provider, request)


async def _status(provider: Provider, payment_id: str) -> Status | Unknown | Rejected:
    return await provider.status(payment_id)


async def refunded(provider: Provider, request: RefundRequest) -> Refund | Unknown | Rejected:
    return await provider.refund(request)
