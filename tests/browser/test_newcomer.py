"""README's path for whoever comes new: pay at the checkout, refund in the backoffice, see the path in the console."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.house import Enter, House

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_a_newcomer_pays_refunds_and_sees_the_path(enter: Enter, house: House) -> None:
    for address in ("/payment", "/backoffice", "/console"):
        assert f"<http://127.0.0.1:8080{address}>" in README
    page = enter()
    page.goto("/payment")
    page.get_by_test_id("quantity-coffee").select_option("1")
    page.get_by_test_id("to-checkout").click()
    page.get_by_test_id("checkout").click()
    page.locator("#name").fill("Grace Newcomer")
    page.locator("#email").fill("grace@example.com")
    page.locator("#phone").fill("+390612345678")
    page.get_by_test_id("go-on").click()
    page.get_by_test_id("terms").check()
    page.get_by_test_id("pay").click()
    number = page.get_by_test_id("number").inner_text()

    page.goto("/backoffice")
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(house.first_password)
    page.get_by_role("button", name="Log in").click()
    first = page.get_by_test_id("transactions").locator("tbody tr").first
    first.get_by_role("link", name=number, exact=True).click()
    page.get_by_role("button", name="Refund").or_(page.get_by_role("link", name="Refund", exact=True)).click()
    page.get_by_test_id("amount").fill("1")
    page.get_by_test_id("reason").fill("Goodwill")
    page.get_by_test_id("confirm-refund").click()
    expect(page.get_by_test_id("state")).to_have_text("PARTIALLY_REFUNDED")

    page.goto("/console")
    page.get_by_role("link", name="Sagas", exact=True).click()
    page.get_by_test_id("sagas").locator("tbody a").first.click()
    expect(page.locator("svg #s-PARTIALLY_REFUNDED")).to_have_class(re.compile("current"))
    expect(page.get_by_test_id("timeline")).to_contain_text("Goodwill")
