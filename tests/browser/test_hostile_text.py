"""What users write stays text on every page: nothing of it runs, and no element comes of it."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import Enter, House
from tests.browser.stock import parked_entry, pay, payment, reaches, start, subscribe
from tests.browser.watching import Watch

CORPUS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "'-alert(1)-'",
    "javascript:alert(1)",
    "</textarea><iframe srcdoc='<script>alert(1)</script>'>",
    "</title><details open ontoggle=alert(1)>",
    "{{ 7 * 191 }}${7 * 191}",
    '" autofocus onfocus=alert(1) x="',
    '<a hx-get="/console" hx-trigger="load">',
)
EVERYTHING = " ".join(CORPUS)
INJECTED = (
    "iframe, object, embed, [onerror], [onload], [onclick], [onfocus], [ontoggle], [src='x'], "
    "script:not([src]), [href^='javascript:'], a[hx-get='/console'], img[src='x']"
)
_COUNTED = re.compile(r"\b1337\b")


@pytest.fixture(scope="module")
def hostile(house: House) -> dict[str, str]:
    """Sagas whose every field that people write is hostile."""
    buyer = dict.fromkeys(("id", "name", "email", "phone"), EVERYTHING)
    more = {
        "channel": CORPUS[1],
        "notificationChannels": [CORPUS[2]],
        "buyer": buyer,
        "items": [{"itemId": CORPUS[0], "description": EVERYTHING, "quantity": 1, "amount": 1500}],
    }
    number = '<img src=x onerror=alert("n")>'
    paid = pay(house, number, 1500, additionalData=more)
    reaches(house, paid, "PAYMENT_EXECUTED")
    parked = start(house, "parcel", {"note": EVERYTHING, CORPUS[0]: CORPUS[1]}, entity=EVERYTHING[:200])
    rule = {
        "ruleId": CORPUS[2],
        "priority": 1_000,
        "type": "paymentMethods",
        "rules": [{"key": f"/{CORPUS[0]}", "operator": "equals", "value": EVERYTHING}],
        "response": [{"provider": "sandbox", "paymentMethod": "credit-cards"}],
    }
    house.call("POST", "/api/v1/checkout-rules", rule)
    return {
        "paid": paid,
        "fresh": start(house, "payment", payment('"><svg onload=alert(2)>', 1500, additionalData=more)),
        "subscription": subscribe(house, "</title><svg onload=alert(3)>", additionalData=more),
        "parked": parked,
        "entry": parked_entry(house, parked),
        "number": number,
    }


def test_what_customers_wrote_is_text_wherever_it_is_shown(enter: Enter, hostile: dict[str, str]) -> None:
    page = enter("admin")
    for path in (
        "/payment/{fresh}",
        "/payment/{fresh}/link",
        "/payment/{paid}/result",
        "/backoffice/transactions",
        "/backoffice/transactions/{paid}",
        "/backoffice/transactions/{paid}/refund",
        "/backoffice/subscriptions",
        "/backoffice/subscriptions/{subscription}",
        "/backoffice/rules",
        "/backoffice/analytics",
        "/backoffice/alerts",
        "/console/sagas",
        "/console/sagas/{paid}",
        "/console/sagas/{parked}",
        "/console/sagas/{parked}/act/retry?entry={entry}",
        "/console/parked",
        "/access/audit",
    ):
        page.goto(path.format_map(hostile))
        _is_text(page)
    page.goto(f"/backoffice/transactions/{hostile['paid']}")
    expect(page.get_by_test_id("transaction-id")).to_have_text(hostile["number"])
    expect(page.get_by_test_id("transaction")).to_contain_text(CORPUS[0])


def test_what_stands_in_an_address_is_text(enter: Enter, watch: Watch) -> None:
    watch.expected.update({400, 404, 422})
    page = enter("admin")
    page.goto(f"/login?next={quote(EVERYTHING)}")
    for path in (
        "/payment?currency={}&amount={}",
        "/payment/checkout?amount={}",
        "/backoffice/transactions?search={}&channel={}&from={}&currency={}&method={}",
        "/backoffice/subscriptions?search={}",
        "/backoffice/rules?search={}",
        "/backoffice/analytics?span=custom&from={}&currency={}",
        "/console/sagas?q={}",
        "/console/sagas?machine={}&state={}&entity={}",
        "/console/bulk?machine={}&reason={}",
        "/console/parked?machine={}",
        "/console/editor?machine={}",
        "/access/audit?actor={}&target={}",
    ):
        for some in (CORPUS[:4], CORPUS[4:8], CORPUS[8:]):
            page.goto(path.replace("{}", quote(" ".join(some))))
            _is_text(page)


def test_what_is_typed_into_the_editor_is_text(enter: Enter) -> None:
    page = enter("viewer")
    page.goto("/console/editor")
    page.locator("#source").fill(f"machine: '{CORPUS[0]}'\nversion: {CORPUS[1]}\nstates: [{EVERYTHING}\n")
    expect(page.locator("#result")).to_contain_text("onfocus")
    _is_text(page)


def _is_text(page: Page) -> None:
    assert page.locator(INJECTED).count() == 0, page.url
    assert not _COUNTED.search(page.locator("body").inner_text()), page.url
