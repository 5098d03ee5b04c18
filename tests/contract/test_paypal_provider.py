from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest

from engine.errors import ConfigInvalid
from hub.gateway import Gateway
from providers.base import Completion, Payment, Refund, RefundRequest, Rejected, Status, Unknown
from providers.paypal import open_paypal
from tests.contract.provider.paypal_server import PayPalServer, certificate, in_paypal, paypal_world
from tests.contract.provider.spoiling import spoilt
from tests.contract.provider.suite import ProviderSuite


class TestPayPal(ProviderSuite):
    def world(self) -> AbstractAsyncContextManager[PayPalServer]:
        return paypal_world()


_SUITE = TestPayPal()


async def paid(world: PayPalServer, **changes: Any) -> Payment:
    answer = await world.paypal.pay(_SUITE.request(world, **changes))
    assert isinstance(answer, Payment), answer
    return answer


def status(answer: object) -> Status:
    assert isinstance(answer, Status), answer
    return answer


# orders


def test_the_customer_is_sent_to_paypal_to_pay_now() -> None:
    async def body(world: PayPalServer) -> None:
        answer = await paid(world, provider_data={"productName": "Sagas"})
        assert answer.result == "REDIRECT_TO_URL"
        assert answer.redirect_to_url == f"https://www.paypal.com/checkoutnow?token={answer.payment_id}"
        (_, order), *_ = world.requests
        context = order["payment_source"]["paypal"]["experience_context"]
        assert (order["intent"], context["user_action"]) == ("CAPTURE", "PAY_NOW")
        assert (context["return_url"], context["cancel_url"]) == (
            "https://shop.example/ok",
            "https://shop.example/ko",
        )
        assert order["purchase_units"][0]["description"] == "Sagas"
        assert "processing_instruction" not in order

    in_paypal(body)


@pytest.mark.parametrize(
    ("amount", "currency", "value"),
    [(1299, "EUR", "12.99"), (1299, "JPY", "1299"), (1200, "HUF", "12"), (5, "USD", "0.05")],
)
def test_amounts_are_written_as_paypal_wants_them(amount: int, currency: str, value: str) -> None:
    async def body(world: PayPalServer) -> None:
        await paid(world, amount=amount, currency=currency)
        (_, order), *_ = world.requests
        assert order["purchase_units"][0]["amount"] == {"currency_code": currency, "value": value}

    in_paypal(body)


def test_a_fraction_that_paypal_does_not_take_is_for_another_provider() -> None:
    async def body(world: PayPalServer) -> None:
        for currency in ("HUF", "TWD", "KWD", "RUB"):
            answer = await world.paypal.pay(_SUITE.request(world, currency=currency))
            assert isinstance(answer, Rejected)
            assert answer.elsewhere
        assert not world.payments()

    in_paypal(body)


def test_a_merchants_id_that_does_not_fit_is_left_out_and_never_cut() -> None:
    async def body(world: PayPalServer) -> None:
        await paid(world, shop_transaction_id="x" * 128)
        (_, order), *_ = world.requests
        assert "custom_id" not in order["purchase_units"][0]

    in_paypal(body)


# collecting what the customer approved


def test_reading_changes_nothing_and_completing_collects_once() -> None:
    async def body(world: PayPalServer) -> None:
        assert isinstance(world.paypal, Completion)
        order_id = (await paid(world)).payment_id
        assert status(await world.paypal.complete(order_id)).standing == "PENDING"
        world.approve(order_id)
        assert status(await world.paypal.status(order_id)).standing == "PENDING"
        assert world.orders[order_id]["status"] == "APPROVED"
        both = await asyncio.gather(world.paypal.complete(order_id), world.paypal.complete(order_id))
        assert [status(it).standing for it in both] == ["ACCEPTED", "ACCEPTED"]
        captures = world.orders[order_id]["purchase_units"][0]["payments"]["captures"]
        assert len(captures) == 1
        again = status(await world.paypal.complete(order_id))
        assert (again.standing, again.keep) == ("ACCEPTED", {"captureId": captures[0]["id"]})
        assert (again.amount, again.currency, again.refunded) == (1299, "EUR", 0)

    in_paypal(body)


def test_the_hub_collects_when_it_asks_where_a_payment_stands() -> None:
    async def body(world: PayPalServer) -> None:
        order_id = (await paid(world)).payment_id
        world.approve(order_id)
        gateway = Gateway(providers={"paypal": world.paypal})
        assert status(await gateway.status("paypal", order_id)).standing == "ACCEPTED"

    in_paypal(body)


def test_a_lost_answer_to_collecting_is_found_by_asking_again() -> None:
    async def body(world: PayPalServer) -> None:
        order_id = (await paid(world)).payment_id
        world.approve(order_id)
        world.script("lose_answer")
        assert isinstance(await world.paypal.complete(order_id), Unknown)
        assert status(await world.paypal.complete(order_id)).standing == "ACCEPTED"

    in_paypal(body)


@pytest.mark.parametrize(
    ("capture", "standing"), [("COMPLETED", "ACCEPTED"), ("PENDING", "PENDING"), ("DECLINED", "FAILED")]
)
def test_a_collected_order_stands_as_its_capture_does(capture: str, standing: str) -> None:
    async def body(world: PayPalServer) -> None:
        order_id = (await paid(world)).payment_id
        world.approve(order_id)
        world.capture_status = capture
        assert status(await world.paypal.complete(order_id)).standing == standing
        assert status(await world.paypal.status(order_id)).standing == standing

    in_paypal(body)


def test_a_decline_while_collecting_fails_the_payment() -> None:
    async def body(world: PayPalServer) -> None:
        order_id = (await paid(world)).payment_id
        world.approve(order_id)
        world.decline = "INSTRUMENT_DECLINED"
        world.script("decline")
        assert status(await world.paypal.complete(order_id)).standing == "FAILED"

    in_paypal(body)


def test_an_order_of_somebody_else_on_the_same_account_is_not_collected() -> None:
    async def body(world: PayPalServer) -> None:
        order_id = (await paid(world)).payment_id
        world.approve(order_id)
        world.orders[order_id]["purchase_units"][0]["reference_id"] = "default"
        assert status(await world.paypal.complete(order_id)).standing == "PENDING"
        assert world.orders[order_id]["status"] == "APPROVED"

    in_paypal(body)


def test_an_order_that_paypal_has_dropped_was_never_paid() -> None:
    async def body(world: PayPalServer) -> None:
        order_id = (await paid(world)).payment_id
        del world.orders[order_id]
        assert status(await world.paypal.status(order_id)).standing == "FAILED"
        assert status(await world.paypal.complete(order_id)).standing == "FAILED"

    in_paypal(body)


@pytest.mark.parametrize(
    ("word", "elsewhere"),
    [("INSTRUMENT_DECLINED", True), ("PAYER_CANNOT_PAY", True), ("COMPLIANCE_VIOLATION", False)],
)
def test_a_decline_says_whether_another_provider_may_take_it(word: str, elsewhere: bool) -> None:
    async def body(world: PayPalServer) -> None:
        world.decline = word
        world.script("decline")
        answer = await paid(world)
        assert (answer.result, answer.elsewhere, answer.description) == ("KO", elsewhere, f"declined: {word}")

    in_paypal(body)


@pytest.mark.parametrize(
    ("word", "ours", "elsewhere"),
    [
        ("PAYEE_ACCOUNT_RESTRICTED", True, True),
        ("CURRENCY_NOT_SUPPORTED", False, True),
        ("INVALID_PARAMETER_VALUE", False, False),
        ("a word of tomorrow", False, False),
    ],
)
def test_a_request_that_paypal_does_not_take_is_no_decline(word: str, ours: bool, elsewhere: bool) -> None:
    async def body(world: PayPalServer) -> None:
        world.decline = word
        world.script("decline")
        answer = await world.paypal.pay(_SUITE.request(world))
        assert isinstance(answer, Rejected)
        assert (answer.ours, answer.elsewhere) == (ours, elsewhere)

    in_paypal(body)


def test_a_request_that_is_still_at_work_is_unknown() -> None:
    async def body(world: PayPalServer) -> None:
        world.decline = "PREVIOUS_REQUEST_IN_PROGRESS"
        world.script("decline")
        answer = await world.paypal.pay(_SUITE.request(world))
        assert isinstance(answer, Unknown)
        assert answer.sent

    in_paypal(body)


# tokens


def test_one_token_serves_many_payments_at_once() -> None:
    async def body(world: PayPalServer) -> None:
        await asyncio.gather(*(paid(world, key=f"k{place}") for place in range(10)))
        assert len(world.tokens) == 1

    in_paypal(body)


def test_a_token_that_has_ended_is_renewed() -> None:
    async def body(world: PayPalServer) -> None:
        world.lifetime = 30
        await paid(world, key="k1")
        await paid(world, key="k2")
        assert len(world.tokens) == 2

    in_paypal(body)


def test_a_token_that_paypal_ends_early_is_renewed_and_the_payment_is_made() -> None:
    async def body(world: PayPalServer) -> None:
        await paid(world, key="k1")
        world.valid.clear()
        await paid(world, key="k2")
        assert len(world.tokens) == 2
        assert len(world.payments()) == 2

    in_paypal(body)


def test_wrong_credentials_are_refused_before_anything_is_asked_for() -> None:
    async def body(world: PayPalServer) -> None:
        answer = await world.paypal.pay(_SUITE.request(world))
        assert isinstance(answer, Rejected)
        assert answer.ours
        assert "clientSecret" in answer.reason
        assert not world.requests

    in_paypal(body, clientSecret="another")


# refunds


def test_a_refund_finds_its_capture_and_the_status_tells_the_sum() -> None:
    async def body(world: PayPalServer) -> None:
        order_id = (await paid(world)).payment_id
        request = RefundRequest(
            key="r1", payment_id=order_id, amount=500, currency="EUR", shop_transaction_id="shop-1"
        )
        assert isinstance(await world.paypal.refund(request), Rejected)
        world.settle(order_id, "ACCEPTED")
        assert isinstance(await world.paypal.refund(request), Refund)
        assert status(await world.paypal.status(order_id)).refunded == 500
        assert isinstance(await world.paypal.refund(replace(request, key="r2", amount=None)), Refund)
        assert [it.amount for it in world.refunds()] == [500, 799]
        assert {it.shop_transaction_id for it in world.refunds()} == {"shop-1"}

    in_paypal(body)


def test_no_answer_whatever_it_holds_crashes() -> None:
    async def body(world: PayPalServer) -> None:
        order_id = (await paid(world)).payment_id
        world.settle(order_id, "ACCEPTED")
        for document in spoilt(world.orders[order_id], 300):
            world.orders["SPOILT"] = document
            assert isinstance(await world.paypal.complete("SPOILT"), Status | Unknown | Rejected)

    in_paypal(body)


# options


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"clientId": "c"}, "clientSecret"),
        ({"clientId": "c", "clientSecret": "hidden", "certificate": "hidden"}, "certificate"),
        ({"clientId": "c", "clientSecret": "hidden", "baseUrl": "hidden"}, "baseUrl"),
        ({"clientId": "c", "clientSecret": "hidden", "sandbox": True}, "sandbox"),
    ],
    ids=str,
)
def test_a_wrong_option_is_named_and_its_value_is_not(options: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        open_paypal("shop-paypal", options)
    assert named in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_a_certificate_may_be_configured() -> None:
    options = {"clientId": "c", "clientSecret": "s", "certificate": certificate("paypal").decode()}
    assert open_paypal("paypal", options).capabilities.callbacks
