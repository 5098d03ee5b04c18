"""What the shop's people do: refund one and many, cancel, download, write rules, look at figures, export."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import Enter, House
from tests.browser.stock import Stock, pay, reaches, subscribe
from tests.browser.watching import Watch
from tests.fakes.waiting import wait_here

HOME = "/backoffice"


@pytest.mark.parametrize("language", ["en", "it"])
def test_a_payment_is_refunded_in_part_and_then_the_rest(enter: Enter, house: House, language: str) -> None:
    saga_id = _paid(house, f"REFUND-{language}", 5000)
    page = enter("operator", language=language)
    page.goto(f"{HOME}/transactions/{saga_id}")
    _refund(page, "20" if language == "en" else "20,00", "One of the two came broken")
    expect(page.get_by_test_id("status")).to_have_text(re.compile("Partially|parzialmente", re.IGNORECASE))
    expect(page.get_by_test_id("remaining")).to_have_text(re.compile(r"30[.,]00"))
    expect(page.get_by_test_id("history")).to_contain_text("operator")
    _refund(page, None, "The other one as well")
    expect(page.get_by_test_id("state")).to_have_text("TOTALLY_REFUNDED")
    expect(page.get_by_test_id("remaining")).to_have_text(re.compile(r"\b0[.,]00"))
    expect(page.get_by_test_id("refund")).to_have_count(0)


def test_a_double_click_refunds_once(enter: Enter, house: House) -> None:
    saga_id = _paid(house, "REFUND-TWICE", 5000)
    page = enter("operator")
    page.goto(f"{HOME}/transactions/{saga_id}/refund")
    page.get_by_test_id("amount").fill("10")
    page.get_by_test_id("reason").fill("Late")
    page.get_by_test_id("confirm-refund").dblclick()
    expect(page.get_by_test_id("remaining")).to_have_text(re.compile(r"40\.00"))
    assert house.call("GET", f"/api/v1/payments/{saga_id}")["totalRefundedAmount"] == 1000


def test_more_than_is_left_is_refused_in_the_dialog(enter: Enter, house: House, watch: Watch) -> None:
    watch.expected.add(422)
    page = enter("operator")
    page.goto(f"{HOME}/transactions/{_paid(house, 'REFUND-TOO-MUCH', 5000)}/refund")
    page.get_by_test_id("amount").fill("50.01")
    page.get_by_test_id("reason").fill("Too much")
    page.get_by_test_id("confirm-refund").click()
    expect(page.get_by_test_id("wrong")).to_be_visible()
    expect(page.get_by_test_id("reason")).to_have_value("Too much")


@pytest.mark.parametrize("language", ["en", "it"])
def test_many_are_refunded_at_once_each_with_its_result(enter: Enter, house: House, language: str) -> None:
    sagas = [_paid(house, f"MANY-{language}-{number}", 1500) for number in range(3)]
    page = enter("operator", language=language)
    _open_list(page, f"{HOME}/transactions?search=MANY-{language}", sagas[-1])
    for saga_id in sagas:
        page.locator(f'input[value="{saga_id}"]').check()
    page.get_by_test_id("bulk-refund").click()
    page.get_by_test_id("reason").fill("The delivery was lost")
    page.get_by_test_id("confirm-bulk").click()
    expect(page.get_by_test_id("progress")).to_have_text("3 / 3")
    expect(page.get_by_test_id("accepted")).to_have_text("3")
    for saga_id in sagas:
        reaches(house, saga_id, "TOTALLY_REFUNDED")


def test_a_viewer_sees_no_way_to_refund(enter: Enter, stock: Stock) -> None:
    page = enter("viewer")
    page.goto(f"{HOME}/transactions/{stock.paid}")
    expect(page.get_by_test_id("status")).to_be_visible()
    expect(page.get_by_test_id("refund")).to_have_count(0)


def test_an_invoice_is_downloaded_by_a_viewer_too(enter: Enter, stock: Stock) -> None:
    page = enter("viewer")
    page.goto(f"{HOME}/transactions/{stock.paid}")
    with page.expect_download() as download:
        page.get_by_test_id("download-invoice").click()
    assert re.fullmatch(r"INV-\d{4}-\d{6}\.pdf", download.value.suggested_filename)
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize("language", ["en", "it"])
def test_a_subscription_is_cancelled(enter: Enter, house: House, language: str) -> None:
    saga_id = subscribe(house, f"CANCEL-{language}")
    page = enter("operator", language=language)
    _open_list(page, f"{HOME}/subscriptions", saga_id)
    page.get_by_role("link", name=f"CANCEL-{language}").first.click()
    page.get_by_test_id("cancel").click()
    page.get_by_test_id("reason").fill("The customer wrote")
    page.get_by_test_id("confirm-cancel").click()
    expect(page.get_by_test_id("cancel")).to_be_disabled()
    assert house.call("GET", f"/api/v1/subscriptions/{saga_id}")["expireRequested"] is True


@pytest.mark.parametrize("language", ["en", "it"])
def test_a_rule_is_written_tried_and_removed(enter: Enter, language: str) -> None:
    name = f"Grandi ordini <b>{language}</b>"
    page = enter("admin", language=language)
    page.goto(f"{HOME}/rules")
    page.get_by_test_id("new-rule").click()
    page.get_by_test_id("rule-id-field").fill(name)
    page.get_by_test_id("wizard-next").click()
    page.locator("[name=key]").fill("/additionalData/channel")
    page.locator("[name=value]").fill(f"browser-{language}")
    page.get_by_test_id("wizard-next").click()
    page.locator("[name=offer]").first.check()
    page.get_by_test_id("wizard-save").click()
    expect(page.get_by_role("main")).to_contain_text(name)
    page.goto(f"{HOME}/rules/test")
    page.get_by_test_id("data").fill(
        f'{{"amount": 1, "additionalData": {{"channel": "browser-{language}"}}}}'
    )
    page.get_by_test_id("run-test").click()
    expect(page.get_by_test_id("matched")).to_have_text(name)
    page.goto(f"{HOME}/rules")
    row = page.get_by_role("row").filter(has_text=name)
    row.get_by_test_id("remove-rule").click()
    page.get_by_role("dialog").locator("form button:not([type=button])").click()
    expect(row).to_have_count(0)


@pytest.mark.parametrize("language", ["en", "it"])
def test_the_figures_are_drawn_and_stand_in_tables_too(enter: Enter, stock: Stock, language: str) -> None:
    page = enter("viewer", language=language)
    page.goto(f"{HOME}/analytics")
    expect(page.get_by_test_id("trend").locator("canvas")).to_be_visible()
    expect(page.get_by_test_id("by-status").get_by_role("row")).not_to_have_count(1)
    page.get_by_test_id("span-mtd").click()
    expect(page.get_by_test_id("net")).to_have_text(re.compile("€"))


@pytest.mark.parametrize("kind", ["csv", "xlsx", "jsonl"])
def test_an_export_holds_what_the_screen_shows(enter: Enter, house: House, stock: Stock, kind: str) -> None:
    page = enter("viewer")
    page.goto(f"{HOME}/transactions?search=STOCK-PAID")
    expect(page.get_by_test_id("transactions").locator("tbody tr")).to_have_count(1)
    page.get_by_test_id("export").locator("summary").click()
    with page.expect_download() as download:
        page.get_by_test_id(f"export-{kind}").click()
    content = Path(download.value.path()).read_bytes()
    if kind == "csv":
        (row,) = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
        assert "STOCK-PAID" in row.values()
    elif kind == "jsonl":
        assert content.count(b"\n") == 1
        assert b"STOCK-PAID" in content
    else:
        assert content.startswith(b"PK")


def test_what_is_filtered_stands_in_the_address_and_tabs_keep_it(enter: Enter, stock: Stock) -> None:
    page = enter("viewer")
    page.goto(f"{HOME}/transactions")
    page.get_by_test_id("search").fill("STOCK-")
    page.get_by_test_id("search").press("Enter")
    page.get_by_test_id("tab-FAILED").click()
    expect(page).to_have_url(re.compile("search=STOCK-"))
    expect(page.get_by_test_id("transactions").locator("tbody tr")).to_have_count(1)
    expect(page.get_by_test_id("transactions")).to_contain_text("STOCK-FAILED")


def _paid(house: House, number: str, amount: int) -> str:
    saga_id = pay(house, number, amount)
    reaches(house, saga_id, "PAYMENT_EXECUTED")
    return saga_id


def _open_list(page: Page, path: str, saga_id: str) -> None:
    """Lists follow a moment after what they show."""

    def listed() -> bool:
        page.goto(path)
        return saga_id in page.content()

    wait_here(listed, within=30, what=f"{saga_id} in the list")


def _refund(page: Page, amount: str | None, reason: str) -> None:
    """By the dialog; no amount: what it proposes, which is all that is left."""
    page.get_by_test_id("refund").click()
    dialog = page.get_by_role("dialog")
    if amount is not None:
        dialog.get_by_test_id("amount").fill(amount)
    dialog.get_by_test_id("reason").fill(reason)
    dialog.get_by_test_id("confirm-refund").click()
    expect(dialog).to_have_count(0)
