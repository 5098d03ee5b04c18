"""A customer goes through the checkout without a browser: pays, is declined, waits, leaves, gets a link, subscribes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.http.daemon import AWAY
from tests.http.shop import BUYER, Shop, local, selling, text_of

XSS = """"><img src=x onerror=alert(1)>'{{7*7}}"""


Test = Callable[[Shop], Awaitable[None]]
Sold = Callable[[Test], None]


@pytest.fixture(scope="module")
def sold() -> Iterator[Sold]:
    """Runs a test in one shop for all: making its machines takes longer than what is bought in it."""
    with selling({"requestsPerMinute": 1_000_000}) as run:
        yield run


def sold_by(checkout: Mapping[str, Any], test: Test) -> None:
    """The same in a shop that is configured so."""
    with selling(checkout) as run:
        run(test)


@pytest.mark.parametrize("language", ["en", "it"])
def test_every_page_of_the_shop_opens_in_both_languages(language: str, sold: Sold) -> None:
    async def body(it: Shop) -> None:
        for path in (
            "/payment?currency=JPY",
            "/payment/checkout?currency=KWD&mug=2&amount=1.250",
            "/payment/subscription",
            "/payment/buyer?plan=yearly",
        ):
            reply = await it.open(path, {"Accept-Language": language})
            assert reply.status == 200, path
            assert f'<html lang="{language}"' in text_of(reply)

    sold(body)


def test_who_pays_sees_that_it_arrived_and_may_download_the_invoice(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        path = await it.order("currency=EUR&coffee=2&mug=1")
        page = text_of(await it.open(path))
        assert "€35.30" in page
        assert 'data-testid="method-sandbox-credit-cards"' in page
        done = await it.follow(await it.pay(path))
        assert 'data-outcome="ok"' in text_of(done)
        assert await it.state(path) == "PAYMENT_EXECUTED"
        saga = await it.it.show(path.split("/")[2])
        assert saga["metadata"]["additionalData"]["buyer"]["email"] == "anna@example.com"
        assert saga["metadata"]["type"] == "DIRECT"

    sold(body)


def test_a_decline_takes_nothing_and_the_same_order_can_be_tried_again_once(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        path = await it.order("currency=EUR&amount=12.01")
        done = text_of(await it.follow(await it.pay(path)))
        assert 'data-outcome="ko"' in done
        first = await it.send(f"{path}/again", {})
        second = await it.send(f"{path}/again", {})
        assert local(first) == local(second) != path
        assert (await it.open(local(first))).status == 200

    sold(body)


def test_the_provider_s_page_is_reached_and_left_and_the_address_that_comes_back_is_not_believed(
    sold: Sold,
) -> None:
    async def body(it: Shop) -> None:
        path = await it.order("currency=EUR&amount=12.03")
        gone = await it.pay(path)
        assert local(gone) == f"{path}/go"
        page = text_of(await it.open(f"{path}/go"))
        url = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page)
        assert url is not None
        back = await it.open(f"{path}/back?left=1")
        assert local(back) == f"{path}/pending"
        assert 'data-phase="there"' in text_of(await it.follow(back))
        bank = re.sub(r"^http://[^/]+", "", url[1])
        chosen = await it.send(bank, {"choice": "pay"})
        assert local(chosen) == f"{path}/back"
        assert 'data-outcome="ok"' in text_of(await it.follow(chosen))

    sold(body)


def test_a_pending_payment_is_waited_for_until_its_callback(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        path = await it.order("currency=EUR&amount=12.02")
        assert local(await it.pay(path)) == f"{path}/pending"
        assert (await it.open(f"{path}/pending")).status == 200
        assert (await it.open(f"{path}/standing?phase=short")).status == 204
        it.it.clock.time += 60_000
        later = await it.open(f"{path}/standing?phase=short")
        assert 'data-phase="long"' in text_of(later)
        assert local(await it.open(f"{path}/result")) == f"{path}/pending"
        payment_id = (await it.it.show(path.split("/")[2]))["metadata"]["paymentId"]
        await it.send(f"/v3/sandbox/page/{payment_id}", {"choice": "pay"})
        done = await it.open(f"{path}/standing?phase=long")
        assert done.headers["HX-Redirect"] == f"{path}/result"
        assert local(await it.open(path)) == f"{path}/result"

    sold(body)


def test_the_waiting_page_goes_on_asking_when_the_store_is_away(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        path = await it.order("currency=EUR&amount=12.02")
        await it.pay(path)
        it.it.store.fault = AWAY
        assert (await it.open(f"{path}/standing")).status == 204
        away = await it.open(f"{path}/pending")
        it.it.store.fault = None
        assert away.status == 503
        assert 'data-error="away"' in text_of(away)

    sold(body)


def test_a_link_is_sent_shown_and_paid_and_sent_again_to_another_address(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        path = await it.order("currency=EUR&mug=1&link=1")
        assert path.endswith("/link")
        home = path.removesuffix("/link")
        wrong = await it.send(path, {"way": "sms", "phone": "12", "email": "a@example.com"})
        assert wrong.status == 422
        sent = await it.send(path, {"way": "email", "email": "anna@example.com"})
        assert local(sent) == f"{home}/pending"
        await it.it.engine.dispatcher.idle()
        page = text_of(await it.open(f"{home}/pending"))
        link = re.search(r'href="([^"]+)" data-testid="open-link"', page)
        assert link is not None
        again = await it.send(path, {"way": "sms", "phone": "0039 333 123-4567"})
        assert local(again) == f"{home}/pending"
        await it.it.engine.dispatcher.idle()
        letters = [one for one in it.post.sent if one.name == "sendPayByLink" and one.saga_id in path]
        assert [one.payload["additionalData"]["notificationChannels"] for one in letters] == [
            ["email"],
            ["sms"],
        ]
        assert letters[1].payload["additionalData"]["buyer"]["phone"] == "+393331234567"
        paid = await it.send(re.sub(r"^http://[^/]+", "", link[1]), {"choice": "pay"})
        assert 'data-outcome="ok"' in text_of(await it.follow(paid))

    sold(body)


def test_links_are_few_a_minute(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        path = await it.order("currency=EUR&mug=1&link=1")
        it.it.clock.time += 60_000
        replies = [await it.send(path, {"email": f"a{number}@example.com"}) for number in range(7)]
        assert [reply.status for reply in replies[-2:]] == [429, 429]
        assert int(replies[-1].headers["Retry-After"]) > 0

    sold(body)


def test_a_subscription_begins_with_its_first_payment(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        path = await it.order("plan=monthly&currency=EUR")
        assert "Coffee every month" in text_of(await it.open(path))
        done = await it.follow(await it.pay(path, "sandbox pay-pal"))
        page = text_of(done)
        assert 'data-outcome="ok"' in page
        assert 'data-testid="next"' in page
        saga = await it.it.show(path.split("/")[2])
        assert (saga["currentState"], saga["metadata"]["paymentMethod"]) == ("ACTIVE", "pay-pal")
        assert local(await it.open(path)).endswith("/pending")

    sold(body)


def test_a_form_that_is_sent_twice_is_one_order_and_one_payment(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        page = text_of(await it.open("/payment/buyer?currency=EUR&coffee=1"))
        secret = re.search(r'name="secret" value="([^"]+)"', page)
        assert secret is not None
        fields = {"currency": "EUR", "coffee": "1", "secret": secret[1], **BUYER}
        first, second = await asyncio.gather(*(it.send("/payment/buyer", fields) for _ in range(2)))
        other = await it.send("/payment/buyer", {**fields, "name": "Somebody Else"})
        assert local(first) == local(second) != local(other)
        path = local(first)
        paid = await asyncio.gather(*(it.pay(path) for _ in range(3)))
        assert {reply.status for reply in paid} == {303}
        number = (await it.it.show(path.split("/")[2]))["metadata"]["shopTransactionId"]
        asked = [one.shop_transaction_id for one in it.sandbox.ledger.payments.values()]
        assert asked.count(number) == 1

    sold(body)


def test_what_is_missing_or_wrong_is_told_and_nothing_is_paid(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        path = await it.order()
        no_terms = await it.send(f"{path}/pay", {"method": "sandbox credit-cards"})
        no_method = await it.pay(path, "sandbox barter")
        assert (no_terms.status, no_method.status) == (422, 422)
        assert await it.state(path) == "PAYMENT_CREATED"
        page = text_of(await it.open("/payment/buyer?currency=EUR&coffee=1"))
        secret = re.search(r'name="secret" value="([^"]+)"', page)
        assert secret is not None
        fields = {"currency": "EUR", "coffee": "1", "secret": secret[1]}
        wrong = await it.send("/payment/buyer", {**fields, "name": " ", "email": "a@b", "phone": "12"})
        assert wrong.status == 422
        assert text_of(wrong).count('aria-invalid="true"') == 3
        assert local(await it.open("/payment/checkout?currency=JPY&amount=1.5")).startswith("/payment?")
        assert (await it.open("/payment/buyer?currency=EUR")).status == 400

    sold(body)


def test_prices_are_the_shop_s_whatever_a_form_says(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        path = await it.order("currency=EUR&coffee=1", price="1", total="1")
        assert (await it.it.show(path.split("/")[2]))["metadata"]["amount"] == 1290

    sold(body)


def test_markup_in_every_field_stays_text(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        path = await it.order("currency=EUR&coffee=1", name=XSS)
        other = await it.it.post(
            "/api/v1/sagas",
            {
                "machine": "payment",
                "metadata": {
                    "shopTransactionId": XSS,
                    "amount": 1203,
                    "currency": "EUR",
                    "additionalData": {"items": [{"description": XSS, "amount": 1, "quantity": XSS}]},
                    "payRequestData": {
                        "redirectToUrl": "javascript:alert(1)",
                        "successRedirect": "javascript:1",
                    },
                },
            },
        )
        strange = f"/payment/{other.json['sagaId']}"
        pages = [await it.open(path), await it.open(strange), await it.follow(await it.pay(path))]
        pages.append(await it.open(f"/payment/buyer?currency={XSS.replace(' ', '+')}&coffee=1"))
        assert all(page.status == 200 for page in pages)
        assert not any(b"<img src=x" in page.body for page in pages)
        gone = await it.follow(await it.pay(strange))
        assert b"javascript:" not in gone.body

    sold(body)


def test_a_payment_is_found_by_its_id_alone_and_no_other_saga_is(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        path = await it.order()
        number = (await it.it.show(path.split("/")[2]))["metadata"]["shopTransactionId"]
        for unknown in (number, "nothing", path.split("/")[2][:-1]):
            reply = await it.open(f"/payment/{unknown}")
            assert reply.status == 404
            assert 'data-error="gone"' in text_of(reply)

    sold(body)


def test_a_form_of_another_site_and_a_card_number_are_refused(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        path = await it.order()
        foreign = await it.send(
            f"{path}/pay",
            {"method": "sandbox credit-cards", "terms": "1"},
            {"Origin": "https://evil.example"},
        )
        assert foreign.status == 403
        assert await it.state(path) == "PAYMENT_CREATED"
        card = await it.send(f"{path}/link", {"way": "email", "email": "4111 1111 1111 1111"})
        assert card.status == 422
        assert 'data-error="card"' in text_of(card)

    sold(body)


def test_the_rules_of_the_checkout_say_what_is_offered(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        rule = {
            "ruleId": "big",
            "priority": 1,
            "rules": [{"key": "/amount", "operator": "greater_than", "value": 5000}],
            "response": [{"provider": "sandbox", "paymentMethod": "wire-transfer"}],
        }
        assert (await it.it.post("/rule", rule)).status == 201
        small, big = await it.order("currency=EUR&mug=1"), await it.order("currency=EUR&grinder=1")
        assert 'data-testid="problem"' in text_of(await it.open(small))
        page = text_of(await it.open(big))
        assert re.findall(r'data-testid="method-([^"]+)"', page) == ["sandbox-wire-transfer"]
        assert (await it.pay(big)).status == 422
        assert (await it.it.call("DELETE", "/rule/big")).status == 200

    sold(body)


def test_a_merchant_s_own_payment_is_paid_here_and_leads_back_to_the_merchant(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        metadata = {
            "shopTransactionId": "order-1",
            "amount": 1999,
            "currency": "EUR",
            "payRequestData": {"successRedirect": "https://shop.example/thanks"},
        }
        made = await it.it.post("/api/v1/sagas", {"machine": "payment", "metadata": metadata})
        path = f"/payment/{made.json['sagaId']}"
        page = text_of(await it.follow(await it.pay(path)))
        assert 'href="https://shop.example/thanks"' in page
        assert 'data-testid="again"' not in page

    sold(body)


def test_pages_that_the_configuration_takes_away_are_not_there() -> None:
    async def body(it: Shop) -> None:
        for path in (
            "/payment",
            "/payment/checkout?coffee=1",
            "/payment/subscription",
            "/payment/buyer?coffee=1",
        ):
            assert (await it.open(path)).status == 404
        metadata = {"shopTransactionId": "order-1", "amount": 1999, "currency": "EUR"}
        made = await it.it.post("/api/v1/sagas", {"machine": "payment", "metadata": metadata})
        path = f"/payment/{made.json['sagaId']}"
        assert 'data-testid="send-link"' not in text_of(await it.open(path))
        assert (await it.open(f"{path}/link")).status == 409
        assert 'data-outcome="ok"' in text_of(await it.follow(await it.pay(path)))

    sold_by({"pages": {"home": False, "subscription": False, "link": False}}, body)


def test_an_address_sends_so_many_forms_a_minute() -> None:
    async def body(it: Shop) -> None:
        path = await it.order()
        assert (await it.send(f"{path}/pay", {})).status == 422
        refused = await it.send(f"{path}/pay", {})
        assert refused.status == 429
        assert 'data-error="slow"' in text_of(refused)
        it.it.clock.time += 60_000
        assert (await it.send(f"{path}/pay", {})).status == 422

    sold_by({"requestsPerMinute": 2}, body)


def test_the_look_is_a_file_of_its_own_and_no_page_has_inline_styles() -> None:
    async def body(it: Shop) -> None:
        page = text_of(await it.open("/payment"))
        assert "<title>Demo shop · Aurora</title>" in page
        assert " style=" not in page
        assert " onclick=" not in page
        sheet = re.search(r"/payment/brand/[0-9a-f]{12}/brand\.css", page)
        assert sheet is not None
        style = await it.open(sheet[0])
        assert style.headers["Content-Type"].startswith("text/css")
        assert "immutable" in style.headers["Cache-Control"]
        assert b"--pico-primary-background: #ea5159" in style.body
        old = await it.open("/payment/brand/000000000000/brand.css")
        assert (old.body, old.headers["Cache-Control"]) == (style.body, "no-store")
        assert (await it.open("/payment/brand/000000000000/logo")).status == 404

    sold_by({"title": "Aurora", "primaryColor": "#EA5159"}, body)
