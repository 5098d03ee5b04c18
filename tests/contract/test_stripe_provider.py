from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest
from stripe.params import (
    PaymentIntentCreateParams,
    PaymentLinkCreateParams,
    RefundCreateParams,
    SubscriptionUpdateParams,
)
from stripe.params.checkout import SessionCreateParams

from engine.errors import ConfigInvalid
from providers.base import (
    Payment,
    Refund,
    RefundRequest,
    Rejected,
    Status,
    Subscription,
    SubscriptionChange,
    Unknown,
)
from providers.stripe import open_stripe
from providers.stripe_money import STRIPE_CURRENCIES, from_stripe, to_stripe
from tests.contract.provider.spoiling import spoilt
from tests.contract.provider.stripe_server import PRIVATE_KEY, StripeServer, in_stripe, stripe_world, told
from tests.contract.provider.suite import ProviderSuite


class TestStripe(ProviderSuite):
    amount = 1290
    """Stripe takes amounts of KWD only with a last digit of 0."""

    def world(self) -> AbstractAsyncContextManager[StripeServer]:
        return stripe_world()


class TestDirect(ProviderSuite):
    """Payments with a payment method that the shop's own page made."""

    amount = 1290

    def world(self) -> AbstractAsyncContextManager[StripeServer]:
        return stripe_world()

    def provider_data(self, method: str) -> dict[str, Any]:
        return {"paymentMethodId": "pm_card_visa"}


_SUITE = TestStripe()


def payment(answer: object) -> Payment:
    assert isinstance(answer, Payment), answer
    return answer


# what we send is what the official SDK knows


def unknown_names(form: Mapping[Any, Any], shape: Any, path: str = "") -> list[str]:
    """Names in a form that the SDK's typed parameters do not have."""
    wrong = []
    for name, value in form.items():
        if name not in shape.__annotations__:
            wrong.append(f"{path}{name}")
        elif isinstance(value, Mapping) and (inside := typed_parameters(shape, name)):
            several = list(value.values()) if all(isinstance(it, int) for it in value) else [value]
            for one in several:
                if isinstance(one, Mapping):
                    wrong += unknown_names(one, inside, f"{path}{name}.")
    return wrong


def typed_parameters(shape: Any, name: str) -> Any:
    """The SDK's class for what a name holds; None for free names such as metadata, and for single values."""
    found = re.search(r"\w+Params\w+", str(shape.__annotations__[name]))
    return getattr(sys.modules[shape.__module__], found[0]) if found else None


def test_every_name_that_we_send_is_one_of_the_official_sdk() -> None:
    async def body(world: StripeServer) -> None:
        request = _SUITE.request(
            world, key="k1", provider_data={"productName": "Sagas", "buyerEmail": "a@b.example"}
        )
        await world.stripe.pay(request)
        direct = replace(request, key="k2", provider_data={"paymentMethodId": "pm_1"})
        await world.stripe.pay(direct)
        link = payment(await world.stripe.create_link(replace(request, key="k3")))
        page = payment(await world.stripe.schedule_subscription(replace(request, key="k4")))
        token = world.subscribed(page.payment_id)
        await world.stripe.update_subscription(change(token))
        refund = RefundRequest(
            key="k5", payment_id=link.payment_id, amount=10, currency="EUR", keep={"paymentIntentId": "pi_1"}
        )
        await world.stripe.refund(refund)
        shapes = {
            "/v1/checkout/sessions": SessionCreateParams,
            "/v1/payment_intents": PaymentIntentCreateParams,
            "/v1/payment_links": PaymentLinkCreateParams,
            "/v1/refunds": RefundCreateParams,
            f"/v1/subscriptions/{token}": SubscriptionUpdateParams,
        }
        assert {path for _, path, _ in world.requests} == set(shapes)
        for _, path, form in world.requests:
            assert unknown_names(form, shapes[path]) == []

    in_stripe(body)


def test_a_page_names_the_product_the_buyer_and_where_to_come_back() -> None:
    async def body(world: StripeServer) -> None:
        data = {"productName": "Sagas", "buyerEmail": "a@b.example"}
        await world.stripe.pay(_SUITE.request(world, method="pay-pal", provider_data=data))
        _, _, form = world.requests[0]
        assert form["payment_method_types"] == {0: "paypal"}
        assert form["line_items"][0]["price_data"]["product_data"]["name"] == "Sagas"
        assert form["customer_email"] == "a@b.example"
        assert (form["success_url"], form["cancel_url"]) == (
            "https://shop.example/ok",
            "https://shop.example/ko",
        )

    in_stripe(body)


def test_without_an_address_to_come_back_to_there_is_no_page_unless_one_is_configured() -> None:
    async def without(world: StripeServer) -> None:
        assert isinstance(await world.stripe.pay(_SUITE.request(world, success_url=None)), Rejected)

    async def configured(world: StripeServer) -> None:
        answer = payment(await world.stripe.pay(_SUITE.request(world, success_url=None)))
        assert answer.result == "REDIRECT_TO_URL"

    in_stripe(without)
    in_stripe(configured, returnUrl="https://shop.example/back")


# money


def test_currencies_that_stripe_counts_in_another_way_come_back_as_they_went() -> None:
    assert to_stripe(500, "ISK") == 50_000
    assert to_stripe(500, "UGX") == 50_000
    assert to_stripe(500, "JPY") == 500
    assert all(from_stripe(to_stripe(1290, it), it) == 1290 for it in STRIPE_CURRENCIES)


def test_a_third_decimal_that_stripe_would_have_to_round_is_for_another_provider() -> None:
    async def body(world: StripeServer) -> None:
        answer = await world.stripe.pay(_SUITE.request(world, currency="KWD", amount=1299))
        assert isinstance(answer, Rejected)
        assert answer.elsewhere
        assert not world.payments()

    in_stripe(body)


# errors


@pytest.mark.parametrize(
    ("refusal", "elsewhere", "description"),
    [
        ({"code": "card_declined", "decline_code": "do_not_honor"}, True, "declined: do_not_honor"),
        ({"code": "processing_error"}, True, "declined: processing_error"),
        ({"code": "card_declined", "decline_code": "issuer_not_available"}, True, "issuer_not_available"),
        ({"code": "card_declined", "decline_code": "insufficient_funds"}, False, "insufficient_funds"),
        ({"code": "expired_card"}, False, "expired_card"),
        ({"code": "card_declined", "decline_code": "stolen_card"}, False, "generic_decline"),
        ({"code": "card_declined", "decline_code": "fraudulent"}, False, "generic_decline"),
        ({"code": "a code of tomorrow", "decline_code": 7}, False, "no reason given"),
    ],
    ids=str,
)
def test_a_decline_says_whether_another_provider_may_take_it(
    refusal: dict[str, Any], elsewhere: bool, description: str
) -> None:
    async def body(world: StripeServer) -> None:
        world.refusal = {"type": "card_error", "payment_intent": {"id": "pi_9"}, **refusal}
        world.script("decline")
        answer = payment(await world.stripe.pay(_SUITE.request(world)))
        assert (answer.result, answer.elsewhere, answer.payment_id) == ("KO", elsewhere, "pi_9")
        assert description in answer.description

    in_stripe(body)


@pytest.mark.parametrize(
    ("code", "ours", "elsewhere"),
    [
        ("amount_too_small", False, True),
        ("payment_method_unactivated", True, True),
        ("parameter_unknown", True, False),
        ("email_invalid", False, False),
    ],
)
def test_a_request_that_stripe_does_not_take_is_no_decline(code: str, ours: bool, elsewhere: bool) -> None:
    async def body(world: StripeServer) -> None:
        world.refusal = {"type": "invalid_request_error", "code": code, "message": "a@b.example is wrong"}
        world.script("decline")
        answer = await world.stripe.pay(_SUITE.request(world))
        assert isinstance(answer, Rejected)
        assert (answer.ours, answer.elsewhere) == (ours, elsewhere)
        assert "a@b.example" not in answer.reason

    in_stripe(body)


def test_a_currency_that_the_account_cannot_take_is_for_another_provider() -> None:
    async def body(world: StripeServer) -> None:
        param = "line_items[0][price_data][currency]"
        world.refusal = {"type": "invalid_request_error", "param": param}
        world.script("decline")
        answer = await world.stripe.pay(_SUITE.request(world))
        assert isinstance(answer, Rejected)
        assert answer.elsewhere

    in_stripe(body)


def test_a_key_that_was_used_for_something_else_is_unknown_until_it_is_read_back() -> None:
    async def body(world: StripeServer) -> None:
        first = payment(await world.stripe.pay(_SUITE.request(world)))
        other = _SUITE.request(world, amount=1300)
        answer = await world.stripe.pay(other)
        assert isinstance(answer, Unknown)
        assert answer.sent
        found = payment(await world.stripe.pay(replace(other, again=True)))
        assert found.payment_id == first.payment_id

    in_stripe(body)


def test_an_earlier_try_is_found_behind_many_newer_payments() -> None:
    async def body(world: StripeServer) -> None:
        first = payment(await world.stripe.pay(_SUITE.request(world)))
        for place in range(120):
            request = _SUITE.request(world, key=f"k{place}", shop_transaction_id=f"s{place}")
            await world.stripe.pay(request)
        world.answers.clear()  # as if the idempotency keys had expired
        found = payment(await world.stripe.pay(_SUITE.request(world, again=True)))
        assert found.payment_id == first.payment_id

    in_stripe(body)


# direct payments


@pytest.mark.parametrize(
    ("method", "result", "url"),
    [
        ("pm_card_visa", "OK", None),
        ("pm_3ds", "REDIRECT_TO_URL", "https://hooks.stripe.com/3ds"),
        ("pm_slow", "PENDING", None),
    ],
)
def test_a_direct_payment_is_taken_at_once_or_after_a_redirect(
    method: str, result: str, url: str | None
) -> None:
    async def body(world: StripeServer) -> None:
        request = _SUITE.request(world, provider_data={"paymentMethodId": method})
        answer = payment(await world.stripe.pay(request))
        assert (answer.result, answer.redirect_to_url) == (result, url)
        status = await world.stripe.status(answer.payment_id)
        assert isinstance(status, Status)
        assert (status.standing, status.amount) == ("ACCEPTED" if result == "OK" else "PENDING", 1290)

    in_stripe(body)


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("payment_intent.succeeded", "ACCEPTED"),
        ("payment_intent.payment_failed", "FAILED"),
        ("payment_intent.processing", "PENDING"),
    ],
)
def test_events_of_a_direct_payment_are_believed_and_those_of_a_page_are_not_its_end(
    kind: str, word: str
) -> None:
    async def body(world: StripeServer) -> None:
        request = _SUITE.request(world, provider_data={"paymentMethodId": "pm_slow"})
        answer = payment(await world.stripe.pay(request))
        intent = world.objects[answer.payment_id]
        notice = await told(world, world.event(kind, intent))
        assert (notice.about, notice.word, notice.payment_id) == ("payment", word, answer.payment_id)
        assert (notice.amount, notice.currency) == (1290, "EUR")
        of_page = await told(world, world.event(kind, {**intent, "metadata": {}}))
        assert (of_page.about, of_page.word) == ("other", None)

    in_stripe(body)


# links


def test_a_link_can_be_paid_once_and_stands_as_its_pages_do() -> None:
    async def body(world: StripeServer) -> None:
        link = payment(await world.stripe.create_link(_SUITE.request(world)))
        assert (link.result, link.link) == ("OK", f"https://buy.stripe.com/{link.payment_id}")
        assert world.requests[0][2]["restrictions"] == {"completed_sessions": {"limit": "1"}}
        before = await world.stripe.status(link.payment_id)
        session = world.paid_link(link.payment_id)
        after = await world.stripe.status(link.payment_id)
        assert isinstance(before, Status)
        assert isinstance(after, Status)
        assert (before.standing, after.standing) == ("PENDING", "ACCEPTED")
        notice = await told(world, world.event("checkout.session.completed", session))
        assert (notice.word, notice.payment_id) == ("ACCEPTED", link.payment_id)
        expired = {**session, "status": "expired", "payment_status": "unpaid"}
        assert (await told(world, world.event("checkout.session.expired", expired))).word is None

    in_stripe(body)


# refunds


def test_a_refund_finds_the_payment_intent_by_itself_and_the_status_tells_the_sum() -> None:
    async def body(world: StripeServer) -> None:
        page = payment(await world.stripe.pay(_SUITE.request(world)))
        world.settle(page.payment_id, "ACCEPTED")
        request = RefundRequest(key="r1", payment_id=page.payment_id, amount=500, currency="EUR")
        assert isinstance(await world.stripe.refund(request), Refund)
        status = await world.stripe.status(page.payment_id)
        assert isinstance(status, Status)
        assert (status.amount, status.currency, status.refunded) == (1290, "EUR", 500)
        rest = await world.stripe.refund(replace(request, key="r2", amount=None))
        assert isinstance(rest, Refund)
        assert world.refunds()[-1].amount == 790

    in_stripe(body)


def test_nothing_can_go_back_of_a_page_that_nobody_paid() -> None:
    async def body(world: StripeServer) -> None:
        page = payment(await world.stripe.pay(_SUITE.request(world)))
        request = RefundRequest(key="r1", payment_id=page.payment_id, amount=500, currency="EUR")
        assert isinstance(await world.stripe.refund(request), Rejected)

    in_stripe(body)


def test_refunds_are_told_by_their_own_events_and_hinted_at_by_the_charge() -> None:
    async def body(world: StripeServer) -> None:
        refund = {
            "id": "re_1",
            "object": "refund",
            "status": "failed",
            "amount": 500,
            "currency": "eur",
            "payment_intent": "pi_1",
            "metadata": {"paymentId": "cs_1", "shopTransactionId": "shop-1"},
        }
        notice = await told(world, world.event("charge.refund.updated", refund))
        assert (notice.about, notice.word, notice.payment_id) == ("refund", "FAILED", "cs_1")
        assert (notice.refund_id, notice.amount, notice.currency) == ("re_1", 500, "EUR")
        charge = {"id": "ch_1", "payment_intent": "pi_1", "metadata": {"shopTransactionId": "shop-1"}}
        hint = await told(world, world.event("charge.refunded", charge))
        assert (hint.about, hint.word, hint.shop_transaction_id) == ("refund", None, "shop-1")

    in_stripe(body)


# subscriptions


def change(token: str) -> SubscriptionChange:
    return SubscriptionChange(
        key="c1",
        token=token,
        amount=1990,
        currency="EUR",
        shop_transaction_id="shop-1",
        interval="MONTH",
        interval_count=3,
    )


def test_a_subscription_is_sold_on_a_page_changed_and_ended() -> None:
    async def body(world: StripeServer) -> None:
        page = payment(await world.stripe.schedule_subscription(_SUITE.request(world)))
        assert page.result == "REDIRECT_TO_URL"
        token = world.subscribed(page.payment_id)
        status = await world.stripe.status(page.payment_id)
        assert isinstance(status, Status)
        assert status.standing == "ACCEPTED"
        assert status.keep["subscriptionToken"] == token
        assert status.keep["paymentIntentId"].startswith("pi_")
        active = Subscription(standing="ACTIVE", token=token)
        assert await world.stripe.update_subscription(change(token)) == active
        price = world.objects[token]["items"]["data"][0]["price"]
        assert price["unit_amount"] == 1990
        assert price["recurring"] == {"interval": "month", "interval_count": "3"}
        ended = Subscription(standing="CANCELED", token=token)
        assert await world.stripe.expire_subscription(token, "e1") == ended
        assert await world.stripe.expire_subscription(token, "e1") == ended
        assert await world.stripe.subscription_status(token) == ended

    in_stripe(body)


@pytest.mark.parametrize(
    ("said", "standing"),
    [
        ("incomplete", "PENDING"),
        ("trialing", "ACTIVE"),
        ("past_due", "PAST_DUE"),
        ("unpaid", "PAST_DUE"),
        ("incomplete_expired", "EXPIRED"),
        ("canceled", "CANCELED"),
    ],
)
def test_the_standing_of_a_subscription(said: str, standing: str) -> None:
    async def body(world: StripeServer) -> None:
        world.objects["sub_1"] = {"id": "sub_1", "object": "subscription", "status": said}
        found = await world.stripe.subscription_status("sub_1")
        assert isinstance(found, Subscription)
        assert found.standing == standing

    in_stripe(body)


def test_a_standing_of_tomorrow_and_a_subscription_of_another_are_no_standing() -> None:
    async def body(world: StripeServer) -> None:
        world.objects["sub_1"] = {"id": "sub_1", "object": "subscription", "status": "dormant"}
        assert isinstance(await world.stripe.subscription_status("sub_1"), Unknown)
        assert isinstance(await world.stripe.subscription_status("sub_2"), Rejected)
        assert isinstance(await world.stripe.expire_subscription("../../v1/x", "e1"), Rejected)

    in_stripe(body)


def test_no_answer_whatever_it_holds_crashes() -> None:
    async def body(world: StripeServer) -> None:
        page = payment(await world.stripe.schedule_subscription(_SUITE.request(world)))
        token = world.subscribed(page.payment_id)
        for document in spoilt(world.objects[page.payment_id], 300):
            world.objects["cs_1"] = document
            assert isinstance(await world.stripe.status("cs_1"), Status)
        for document in spoilt(world.objects[token], 100):
            world.objects["sub_1"] = document
            await world.stripe.update_subscription(change("sub_1"))

    in_stripe(body)


# options


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({}, "privateKey"),
        ({"privateKey": ""}, "privateKey"),
        ({"privateKey": PRIVATE_KEY, "baseUrl": "ftp://x"}, "baseUrl"),
        ({"privateKey": PRIVATE_KEY, "webhookSecret": []}, "webhookSecret"),
        ({"privateKey": PRIVATE_KEY, "secretKey": "x"}, "secretKey"),
    ],
    ids=str,
)
def test_a_wrong_option_is_named_and_its_value_is_not(options: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        open_stripe("shop-stripe", options)
    assert named in str(caught.value)
    assert "shop-stripe" in str(caught.value)
    assert PRIVATE_KEY not in str(caught.value)
