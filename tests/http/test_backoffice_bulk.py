"""Many payments refunded at once: each once, with its own result, in a job that survives the daemon that began it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator

import pytest

from engine.model import Event
from hub.bulk_refunds import BulkRefunds, items_of
from hub.refund_orders import last_refund
from tests.http.backoffice import HOME, TRANSACTIONS, created, paid, person, send_many, settled
from tests.http.console import HTMX, page, plain
from tests.http.daemon import AWAY
from tests.http.people import Person
from tests.http.shop import Shop, selling

Run = Callable[[Callable[[Shop], Awaitable[None]]], None]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with selling() as run:
        yield run


def refunds_of(shop: Shop) -> BulkRefunds:
    return BulkRefunds(shop.it.engine, shop.it.access.audit)


async def form_for(who: Person, sagas: list[str]) -> list[tuple[str, str]]:
    """The fields of the order as the page has them."""
    chosen = "&".join(f"saga={saga_id}" for saga_id in sagas)
    html = await page(who, f"{HOME}/refunds/new?{chosen}")
    fields = [(name, value) for name, value in re.findall(r'name="(item|order)" value="([^"]*)"', html)]
    return [*fields, ("reason", "recalled")]


async def done(shop: Shop, job: str, who: Person) -> str:
    """The job's page once it is done."""
    html = await page(who, job)
    for _ in range(100):
        if 'data-going="no"' in html:
            break
        await settled(shop.it)
        html = await page(who, job)
    await settled(shop.it)
    return await page(who, job)


def test_chosen_payments_are_refunded_each_with_its_result(run: Run) -> None:
    async def test(shop: Shop) -> None:
        sagas = [await paid(shop, f"many-{number}", 1_000 + 100 * number) for number in range(3)]
        unpaid = await created(shop, "many-unpaid")
        ada = await person(shop, "operator", "ada")
        order = await page(ada, f"{HOME}/refunds/new?" + "&".join(f"saga={one}" for one in [*sagas, unpaid]))
        assert "€33.00" in plain(order)
        assert "cannot be refunded now: 1" in plain(order)
        reply = await send_many(ada, f"{HOME}/refunds", await form_for(ada, sagas))
        assert reply.status == 303
        html = await done(shop, reply.headers["Location"].partition("?")[0], ada)
        for word in ("ada", "recalled", "3 / 3"):
            assert word in plain(html)
        assert html.count("TOTALLY_REFUNDED</code>") == 3
        assert {(await shop.it.views.payment(one)).status for one in sagas} == {"TOTALLY_REFUNDED"}
        acts = await shop.it.access.audit.list(action="payment.refund")
        assert {act.target for act in acts} >= {f"saga {one}" for one in sagas}
        (whole,) = await shop.it.access.audit.list(action="payments.refund")
        assert (whole.reason, whole.after) == ("recalled", {"payments": 3, "sums": {"EUR": 3_300}})

    run(test)


def test_an_order_that_is_sent_twice_is_one_job(run: Run) -> None:
    async def test(shop: Shop) -> None:
        sagas = [await paid(shop, f"twice-{number}") for number in range(2)]
        ada = await person(shop, "operator", "ada")
        fields = await form_for(ada, sagas)
        first, second = [await send_many(ada, f"{HOME}/refunds", fields) for _ in range(2)]
        assert first.headers["Location"] == second.headers["Location"]
        html = await done(shop, first.headers["Location"].partition("?")[0], ada)
        assert "2 / 2" in plain(html)
        for saga_id in sagas:
            history = await shop.it.store.history(saga_id)
            assert sum(row.event == "refundRequested" for row in history) == 1

    run(test)


def test_a_payment_that_another_refunded_meanwhile_is_left_out(run: Run) -> None:
    async def test(shop: Shop) -> None:
        sagas = [await paid(shop, f"meanwhile-{number}") for number in range(2)]
        ada = await person(shop, "operator", "ada")
        fields = await form_for(ada, sagas)
        event = Event(name="refundRequested", payload={"refundRequestData": {"amount": 1}}, id="other")
        await shop.it.engine.runner.handle(sagas[0], event)
        await settled(shop.it)
        reply = await send_many(ada, f"{HOME}/refunds", fields)
        html = await done(shop, reply.headers["Location"].partition("?")[0], ada)
        assert "another refund came before" in plain(html)
        assert (await shop.it.views.payment(sagas[0])).refunded == 1
        assert (await shop.it.views.payment(sagas[1])).status == "TOTALLY_REFUNDED"

    run(test)


def test_a_job_goes_on_after_a_restart_and_refunds_nothing_twice(run: Run) -> None:
    async def test(shop: Shop) -> None:
        sagas = [await paid(shop, f"restart-{number}") for number in range(4)]
        rows = [await shop.it.views.payment(saga_id) for saga_id in sagas]
        seen = [await last_refund(shop.it.store, saga_id) for saga_id in sagas]
        ada = await person(shop, "operator", "ada")
        broken = refunds_of(shop)
        actor = (await shop.it.access.sessions.find(ada.cookie.partition("=")[2])).actor  # type: ignore[union-attr]
        await broken.order("restarted", items_of(rows, seen), actor, "again")
        await broken.stop()  # before it began
        job = await broken.find("restarted")
        assert job is not None
        assert job.is_open
        resumed = [refunds_of(shop), refunds_of(shop)]
        for one in resumed:  # two daemons that start at once
            await one.start()
        for one in resumed:
            await one.settled()
        await resumed[0].start()
        await resumed[0].settled()
        await settled(shop.it)
        job = await resumed[0].find("restarted")
        assert job is not None
        assert (job.count("accepted"), job.is_open) == (4, False)
        for saga_id in sagas:
            history = await shop.it.store.history(saga_id)
            assert [row.reason for row in history if row.event == "refundRequested"] == ["again"]

    run(test)


def test_a_store_that_is_away_puts_a_job_off_and_loses_nothing(run: Run) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await paid(shop, "outage")
        items = items_of([await shop.it.views.payment(saga_id)], [0])
        ada = await person(shop, "operator", "ada")
        actor = (await shop.it.access.sessions.find(ada.cookie.partition("=")[2])).actor  # type: ignore[union-attr]
        refunds = refunds_of(shop)
        await refunds.order("outage", items, actor, "late")
        shop.it.store.fault = AWAY
        await refunds.settled()
        shop.it.store.fault = None
        await refunds.start()
        await refunds.settled()
        await settled(shop.it)
        assert (await shop.it.views.payment(saga_id)).status == "TOTALLY_REFUNDED"

    run(test)


def test_nothing_chosen_is_said_also_in_a_dialog(run: Run) -> None:
    async def test(shop: Shop) -> None:
        ada = await person(shop, "operator", "ada")
        plainly = await ada.get(f"{HOME}/refunds/new")
        assert (plainly.status, plainly.headers["Location"]) == (303, f"{TRANSACTIONS}?said=chosen.none")
        dialog = await ada.get(f"{HOME}/refunds/new", HTMX)
        assert (dialog.status, dialog.headers["HX-Redirect"]) == (200, f"{TRANSACTIONS}?said=chosen.none")

    run(test)


def test_all_that_a_filter_finds_can_be_chosen(run: Run) -> None:
    async def test(shop: Shop) -> None:
        for number in range(12):
            await paid(shop, f"everything-{number:02d}", 100)
        await created(shop, "everything-unpaid")
        ada = await person(shop, "operator", "ada")
        html = await page(ada, f"{HOME}/refunds/new?all=1&search=everything-")
        assert html.count('name="item"') == 12
        assert "€12.00" in plain(html)

    run(test)


@pytest.mark.parametrize("item", ["", "1", "x:1:y", "0:x:y", "0:-1:y"])
def test_a_form_that_is_none_of_ours_is_refused(run: Run, item: str) -> None:
    async def test(shop: Shop) -> None:
        ada = await person(shop, "operator", "ada")
        reply = await send_many(ada, f"{HOME}/refunds", [("item", item), ("order", "o"), ("reason", "r")])
        assert reply.status == (400 if item else 303)

    run(test)
