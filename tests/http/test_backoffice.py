"""The backoffice's lists, a payment's page, who may see what, and texts that try to be markup."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from html import escape

import pytest

from engine.model import Event
from hub.access.roles import Role
from tests.http.backoffice import HOME, TRANSACTIONS, created, paid, person, rows, settled, subscribed
from tests.http.console import HTMX, page, plain
from tests.http.shop import Shop, selling

Run = Callable[[Callable[[Shop], Awaitable[None]]], None]

CORPUS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "<svg/onload=alert(1)>",
)


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with selling() as run:
        yield run


def test_a_list_shows_what_the_original_shows_and_counts_each_status(run: Run) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await paid(shop, "list-1", 123_456)
        html = await page(await person(shop, "viewer"), f"{TRANSACTIONS}?search=list-1")
        text = plain(html)
        assert rows(html) == [saga_id]
        for word in ("Paid", "list-1", "€1,234.56", "Credit Card", "sandbox", "web", "Direct"):
            assert word in text
        assert re.search(r"All\s+1\s+Paid\s+1\s+Created\s+0", text)

    run(test)


def test_a_filter_is_in_the_address_and_in_the_export(run: Run) -> None:
    async def test(shop: Shop) -> None:
        small, large = await paid(shop, "filter-1", 1_000), await paid(shop, "filter-2", 9_000, "USD")
        viewer = await person(shop, "viewer")
        query = "search=filter&amountFrom=50&currency=USD"
        html = await page(viewer, f"{TRANSACTIONS}?{query}")
        assert rows(html) == [large]
        assert "amountFrom=5000" in html
        assert rows(await page(viewer, f"{TRANSACTIONS}?search=filter&amountTo=50")) == [small]
        export = re.search(r'href="(/api/v1/exports/payments\?format=csv[^"]*)"', html)
        assert export is not None
        file = (await viewer.get(export[1].replace("&amp;", "&"))).body.decode()
        assert "filter-2" in file
        assert "filter-1" not in file

    run(test)


def test_an_italian_reads_amounts_and_labels_in_italian(run: Run) -> None:
    async def test(shop: Shop) -> None:
        await paid(shop, "italian", 123_456)
        text = plain(await page(await person(shop, "viewer"), f"{TRANSACTIONS}?search=italian&language=it"))
        assert "1.234,56 €" in text
        assert "Pagata" in text

    run(test)


def test_a_filter_that_cannot_be_read_is_told_and_left_out(run: Run) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await paid(shop, "odd-filter")
        path = f"{TRANSACTIONS}?search=odd-filter&amountFrom=cheap&from=2026-02-31&status=MAYBE&rows=7"
        html = await page(await person(shop, "viewer"), path)
        assert rows(html) == [saga_id]
        assert "could not be read" in html

    run(test)


def test_pages_follow_one_another_until_the_end(run: Run) -> None:
    async def test(shop: Shop) -> None:
        sagas = [await created(shop, f"paged-{number:02d}") for number in range(12)]
        viewer = await person(shop, "viewer")
        first = await page(viewer, f"{TRANSACTIONS}?search=paged-")
        following = re.search(r'href="([^"]*)" rel="next"', first)
        assert following is not None
        second = await page(viewer, following[1].replace("&amp;", "&"))
        assert sorted(rows(first) + rows(second)) == sorted(sagas)
        assert 'rel="next"' not in second

    run(test)


@pytest.mark.parametrize("text", CORPUS)
def test_what_a_customer_wrote_is_text_and_never_markup(run: Run, text: str) -> None:
    async def test(shop: Shop) -> None:
        buyer = {"id": text, "name": text, "email": text, "phone": text}
        saga_id = await created(shop, text, buyer=buyer, channel=text, notificationChannels=[text])
        failed = Event(name="paymentFailed", payload={"error": text}, actor=text, reason=text)
        await shop.it.engine.runner.handle(saga_id, failed)
        await settled(shop.it)
        operator = await person(shop, "operator")
        for path in (f"{TRANSACTIONS}?rows=100", f"{TRANSACTIONS}/{saga_id}", f"{HOME}/analytics"):
            html = await page(operator, path)
            assert text not in html.replace(escape(text), "")
            if path != f"{HOME}/analytics":
                assert plain(escape(text)) in plain(html)

    run(test)


def test_a_currency_that_nobody_knows_breaks_no_page(run: Run) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await created(shop, "unknown-money", 1_234, "ZZZ")
        viewer = await person(shop, "viewer")
        assert "1,234 ZZZ" in plain(await page(viewer, f"{TRANSACTIONS}?search=unknown-money"))
        assert "1,234 ZZZ" in plain(await page(viewer, f"{TRANSACTIONS}/{saga_id}"))

    run(test)


def test_a_payment_that_is_not_there_is_said_to_be_so(run: Run) -> None:
    async def test(shop: Shop) -> None:
        viewer = await person(shop, "viewer")
        for path in (f"{TRANSACTIONS}/payment-gone", f"{HOME}/subscriptions/sb-gone", f"{HOME}/refunds/gone"):
            reply = await viewer.get(path)
            assert reply.status == 404
            assert b'role="alert"' in reply.body

    run(test)


def test_who_is_not_logged_in_goes_to_the_login_and_comes_back(run: Run) -> None:
    async def test(shop: Shop) -> None:
        reply = await shop.open(f"{TRANSACTIONS}?status=PAID")
        assert (reply.status, reply.headers["Location"]) == (
            303, "/login?next=/backoffice/transactions%3Fstatus%3DPAID",
        )  # fmt: skip
        saga_id = await paid(shop, "expired-session")
        sent = await shop.send(
            f"{TRANSACTIONS}/{saga_id}/refund", {"amount": "1", "reason": "x", "seen": "0"}
        )
        assert sent.status == 303
        assert sent.headers["Location"].startswith("/login")
        dialog = await shop.open(f"{TRANSACTIONS}/{saga_id}/refund", HTMX)
        assert dialog.headers["HX-Redirect"].startswith("/login")
        assert (await shop.it.views.payment(saga_id)).state == "PAYMENT_EXECUTED"

    run(test)


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("viewer", "/transactions/{saga}/refund"),
        ("viewer", "/transactions/{saga}/notification"),
        ("viewer", "/refunds"),
        ("operator", "/rules/new"),
        ("operator", "/rules/remove"),
    ],
)
def test_a_role_may_not_do_what_is_for_a_later_one(run: Run, role: Role, path: str) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await paid(shop, f"{role}{path}")
        fields = {"amount": "1", "reason": "x", "seen": "0", "order": "o", "rule": "default", "ruleId": "n"}
        reply = await (await person(shop, role)).send(HOME + path.format(saga=saga_id), fields)
        assert reply.status == 403
        assert (await shop.it.views.payment(saga_id)).state == "PAYMENT_EXECUTED"

    run(test)


def test_a_viewer_is_shown_no_actions(run: Run) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await paid(shop, "look-only")
        viewer = await person(shop, "viewer")
        for path in (f"{TRANSACTIONS}?search=look-only", f"{TRANSACTIONS}/{saga_id}"):
            html = await page(viewer, path)
            assert "/refund" not in html.replace("/backoffice/refunds", "")
            assert "send-notification" not in html

    run(test)


def test_a_payment_shows_who_did_what_newest_first(run: Run) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await paid(shop, "story")
        html = await page(await person(shop, "viewer"), f"{TRANSACTIONS}/{saga_id}")
        order = [
            html.index(f"<code>{name}</code>")
            for name in ("paymentExecuted", "scheduleRequested", "paymentCreated")
        ]
        assert order == sorted(order)

    run(test)


def test_an_invoice_is_downloaded_alone_and_with_others(run: Run) -> None:
    async def test(shop: Shop) -> None:
        item = {"itemId": "1", "description": "Coffee", "quantity": 1, "amount": 5_000}
        sagas = [await paid(shop, f"invoice-{number}", items=[item]) for number in range(2)]
        operator = await person(shop, "operator")
        pdf = await operator.get(f"{TRANSACTIONS}/{sagas[0]}/invoice")
        assert (pdf.status, pdf.body[:5]) == (200, b"%PDF-")
        many = await operator.get(f"{HOME}/invoices?saga={sagas[0]}&saga={sagas[1]}")
        assert (many.status, many.body[:2]) == (200, b"PK")
        none = await operator.get(f"{HOME}/invoices")
        assert none.headers["Location"].endswith("said=chosen.none")

    run(test)


def test_every_page_is_there_in_both_languages(run: Run) -> None:
    async def test(shop: Shop) -> None:
        await subscribed(shop, "sub-pages")
        admin = await person(shop, "admin", "chief")
        paths = ("", "/transactions", "/subscriptions", "/rules", "/rules/new", "/rules/test", "/analytics",
                 "/analytics?span=mtd", "/alerts", "/refunds")  # fmt: skip
        for path in paths:
            for language in ("en", "it"):
                reply = await admin.get(f"{HOME}{path}{'&' if '?' in path else '?'}language={language}")
                assert reply.status == (303 if path == "" else 200), path
                if path:
                    assert f'<html lang="{language}"'.encode() in reply.body

    run(test)
