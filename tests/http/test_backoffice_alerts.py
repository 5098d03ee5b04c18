"""What needs a person is counted on every page, and figures are net of refunds and of one currency."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from html import unescape

import orjson
import pytest

from engine.model import Event
from engine.records import Record
from tests.http.backoffice import HOME, TRANSACTIONS, created, paid, person, refund, refund_form, settled
from tests.http.console import page, plain
from tests.http.daemon import NOON
from tests.http.shop import Shop, selling

Run = Callable[[Callable[[Shop], Awaitable[None]]], None]


@pytest.fixture
def run() -> Iterator[Run]:
    with selling() as run:
        yield run


async def late_success(shop: Shop, number: str) -> str:
    """It failed, and the money came all the same."""
    saga_id = await created(shop, number)
    for name in ("paymentFailed", "paymentExecuted"):
        await shop.it.engine.runner.handle(saga_id, Event(name=name, actor="test"))
    await settled(shop.it)
    return saga_id


async def unmatched(shop: Shop) -> None:
    """A callback about a payment that nobody knows."""
    notice = {"id": "n1", "about": "payment", "word": "paid", "payment_id": "pi_nobody"}
    body = {"provider": "sandbox", "why": "no payment has this id", "notice": notice, "body": "<b>raw</b>"}
    await shop.it.store.records.insert(
        Record(
            kind="callback",
            id="kept-1",
            at=NOON,
            tags={"state": "unmatched", "provider": "sandbox"},
            body=body,
        )
    )


def test_alerts_are_listed_and_counted_on_every_page(run: Run) -> None:
    async def test(shop: Shop) -> None:
        operator = await person(shop, "operator", "ada")
        assert 'class="badge"' not in await page(operator, TRANSACTIONS)
        await late_success(shop, "too-late")
        await unmatched(shop)
        html = await page(operator, f"{HOME}/alerts")
        assert re.search(r"Late successes\s+1 .* Unmatched callbacks\s+1", plain(html))
        assert "too-late" in html
        assert "&lt;b&gt;raw" in html
        assert '<span class="badge">2</span>' in await page(operator, TRANSACTIONS)
        assert "too-late" in await page(operator, f"{TRANSACTIONS}?alert=late-success")

    run(test)


def test_a_late_success_is_an_alert_until_somebody_has_dealt_with_it(run: Run) -> None:
    async def test(shop: Shop) -> None:
        saga_id, other = await late_success(shop, "handled"), await late_success(shop, "waits")
        ada = await person(shop, "operator", "ada")
        for _ in range(2):
            reply = await ada.send(f"{HOME}/alerts/late-success", {"saga": saga_id, "reason": "delivered"})
            assert reply.headers["Location"].endswith("said=alert.dealt-with")
        html = await page(ada, f"{HOME}/alerts")
        assert re.search(r"Late successes\s+1 ", plain(html))
        assert saga_id not in html
        assert other in html
        assert "ada has dealt with it: delivered" in plain(await page(ada, f"{TRANSACTIONS}/{saga_id}"))
        (act,) = await shop.it.access.audit.list(action="alert.dealt-with")
        assert (act.actor, act.target, act.reason) == ("ada", f"saga {saga_id}", "delivered")

    run(test)


def test_a_callback_is_dealt_with_once_and_with_a_reason(run: Run) -> None:
    async def test(shop: Shop) -> None:
        await unmatched(shop)
        ada = await person(shop, "operator", "ada")
        path = f"{HOME}/alerts/callbacks/kept-1"
        assert (await ada.send(f"{path}/dismiss", {"reason": ""})).status == 400
        again = await ada.send(f"{path}/retry")
        assert again.headers["Location"].endswith("said=callback.ignored")
        gone = await ada.send(f"{path}/dismiss", {"reason": "refunded at the provider"})
        assert gone.headers["Location"].endswith("said=callback.dismissed")
        assert (await ada.send(f"{path}/dismiss", {"reason": "twice"})).status == 404
        (act,) = await shop.it.access.audit.list(action="callback.dismiss")
        assert (act.actor, act.reason) == ("ada", "refunded at the provider")

    run(test)


def test_figures_are_net_of_refunds_and_of_one_currency(run: Run) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await paid(shop, "figure-1", 10_000)
        await paid(shop, "figure-2", 5_000, channel=None)
        await paid(shop, "figure-3", 777_700, "USD")
        ada = await person(shop, "operator", "ada")
        assert (
            await refund(ada, saga_id, {**await refund_form(ada, saga_id), "amount": "40"})
            == "refund.accepted"
        )
        await settled(shop.it)
        html = await page(ada, f"{HOME}/analytics?currency=EUR")
        text = plain(html)
        assert re.search(r"Net of refunds €110.00", text)
        assert "€40.00" in text
        assert "7,777" not in text
        assert re.search(r"Unknown €50.00 1", text)
        assert "50.00% 1" in text  # one paid, one partly refunded
        found = re.search(r'data-chart="([^"]*)"', html)
        assert found is not None
        chart = orjson.loads(unescape(found[1]))
        assert (chart["days"], chart["now"], chart["currency"]) == (["2026-01-01"], [11_000], "EUR")

    run(test)


def test_days_that_are_no_span_are_told(run: Run) -> None:
    async def test(shop: Shop) -> None:
        days = ("", "&from=x&to=y", "&from=2026-02-01&to=2026-01-01", "&from=0001-01-01&to=9999-12-31")
        for given in days:
            html = await page(await person(shop, "viewer"), f"{HOME}/analytics?span=custom{given}")
            assert "These days are no span" in plain(html), given

    run(test)
