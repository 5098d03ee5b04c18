"""What a customer does: pays, is declined, waits, is sent a link, subscribes. In both languages where words matter."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import Enter, House
from tests.browser.watching import Watch
from tests.fakes.waiting import wait_here

BUYER = {"name": "Ada Rossi", "email": "ada@example.com", "phone": "+390612345678"}
RESULT = re.compile(r"/payment/[^/]+/result$")
PENDING = re.compile(r"/payment/[^/]+/pending$")


@pytest.mark.parametrize(("language", "said"), [("en", "€25.80"), ("it", "25,80\u00a0€")])
def test_a_direct_payment_is_paid_and_its_invoice_comes(enter: Enter, language: str, said: str) -> None:
    page = enter(language=language)
    page.goto("/payment")
    page.get_by_test_id("quantity-coffee").select_option("2")
    page.get_by_test_id("to-checkout").click()
    expect(page.get_by_test_id("sum")).to_have_text(said)
    page.get_by_test_id("checkout").click()
    _fill(page)
    _pay(page)
    expect(page).to_have_url(RESULT)
    expect(page.get_by_test_id("result")).to_have_attribute("data-outcome", "ok")
    expect(page.get_by_test_id("sum")).to_have_text(said)
    with page.expect_download() as download:
        page.get_by_test_id("invoice").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF-")


def test_a_declined_payment_says_so_and_is_tried_again(enter: Enter) -> None:
    page = enter()
    _buy(page, "12.01")
    expect(page.get_by_test_id("result")).to_have_attribute("data-outcome", "ko")
    page.get_by_test_id("again").click()
    expect(page.get_by_test_id("pay-form")).to_be_visible()
    page.go_back()
    expect(page.get_by_test_id("result")).to_have_attribute("data-outcome", "ko")


@pytest.mark.parametrize("language", ["en", "it"])
def test_a_pending_payment_waits_calmly_and_goes_on_by_itself(
    enter: Enter, house: House, language: str
) -> None:
    page = enter(language=language)
    _buy(page, "12.02")
    expect(page).to_have_url(PENDING)
    page.reload()
    expect(page.get_by_test_id("standing")).to_be_visible()
    saga_id = page.url.split("/")[-2]
    payment_id = house.call("GET", f"/api/v1/payments/{saga_id}")["paymentId"]
    at_the_bank = page.context.new_page()
    at_the_bank.goto(f"/v3/sandbox/page/{payment_id}")
    at_the_bank.get_by_test_id("choice-pay").click()
    expect(page).to_have_url(RESULT)
    expect(page.get_by_test_id("result")).to_have_attribute("data-outcome", "ok")


@pytest.mark.parametrize(("choice", "outcome"), [("pay", "ok"), ("decline", "ko")])
def test_the_customer_is_sent_to_the_provider_and_comes_back(enter: Enter, choice: str, outcome: str) -> None:
    page = enter()
    _buy(page, "25.03")
    page.get_by_test_id(f"choice-{choice}").click()
    expect(page).to_have_url(RESULT)
    expect(page.get_by_test_id("result")).to_have_attribute("data-outcome", outcome)


def test_what_is_missing_is_said_beside_its_field(enter: Enter) -> None:
    page = enter()
    page.goto("/payment")
    page.get_by_test_id("amount").fill("twelve")
    page.get_by_test_id("to-checkout").click()
    expect(page.get_by_test_id("problem")).to_be_visible()


def test_a_link_is_made_opened_by_somebody_else_and_paid(enter: Enter) -> None:
    page = enter()
    _cart(page, "30.00")
    page.get_by_test_id("pay-by-link").click()
    _fill(page)
    page.get_by_test_id("send").click()
    expect(page).to_have_url(PENDING)
    link = page.get_by_test_id("link").inner_text()
    other = enter(language="it")
    other.goto(link)
    other.get_by_test_id("choice-pay").click()
    expect(page).to_have_url(RESULT)
    expect(page.get_by_test_id("result")).to_have_attribute("data-outcome", "ok")


@pytest.mark.parametrize("language", ["en", "it"])
def test_a_subscription_is_begun_and_paid(enter: Enter, language: str) -> None:
    page = enter(language=language)
    page.goto("/payment/subscription")
    page.get_by_test_id("plan-monthly").click()
    _fill(page)
    _pay(page)
    expect(page.get_by_test_id("result")).to_have_attribute("data-outcome", "ok")
    wait_here(lambda: _has_next(page), within=15, what="the date of the next payment")


def test_a_payment_that_is_not_there_gets_a_page_of_the_shop(enter: Enter, watch: Watch) -> None:
    watch.expected.add(404)
    page = enter()
    page.goto("/payment/payment-0/result")
    expect(page.get_by_test_id("error")).to_have_attribute("data-error", "gone")


def _has_next(page: Page) -> bool:
    """The subscription hears of its payment a moment after the customer does."""
    page.reload()
    return page.get_by_test_id("next").count() == 1


def _cart(page: Page, amount: str) -> None:
    page.goto("/payment")
    page.get_by_test_id("amount").fill(amount)
    page.get_by_test_id("to-checkout").click()


def _buy(page: Page, amount: str) -> None:
    """Up to what the sandbox makes of this amount."""
    _cart(page, amount)
    page.get_by_test_id("checkout").click()
    _fill(page)
    _pay(page)


def _fill(page: Page) -> None:
    for field, value in BUYER.items():
        page.locator(f"#{field}").fill(value)
    page.get_by_test_id("go-on").click()


def _pay(page: Page) -> None:
    page.get_by_test_id("terms").check()
    page.get_by_test_id("pay").click()
