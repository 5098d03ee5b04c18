"""A subscription in the backoffice: its payments, other terms from the next renewal on, and a cancellation that waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from tests.http.backoffice import HOME, person, rows, settled, subscribed
from tests.http.console import field, page, plain
from tests.http.people import Person
from tests.http.shop import Shop, selling

Run = Callable[[Callable[[Shop], Awaitable[None]]], None]
SUBSCRIPTIONS = f"{HOME}/subscriptions"


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with selling() as run:
        yield run


async def send(who: Person, saga_id: str, what: str, **fields: str) -> str:
    """Open the form, send it, and read what is said."""
    html = await page(who, f"{SUBSCRIPTIONS}/{saga_id}/{what}")
    given = {"seen": field(html, "seen"), "reason": "asked by phone", **fields}
    reply = await who.send(f"{SUBSCRIPTIONS}/{saga_id}/{what}", given)
    assert reply.status == 303, reply.body
    return reply.headers["Location"].partition("?said=")[2]


def test_a_subscription_shows_its_payments_and_when_it_renews(run: Run) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await subscribed(shop, "sub-shown")
        viewer = await person(shop, "viewer")
        assert rows(await page(viewer, f"{SUBSCRIPTIONS}?search=sub-shown&active=yes")) == [saga_id]
        assert rows(await page(viewer, f"{SUBSCRIPTIONS}?search=sub-shown&active=no")) == []
        html = await page(viewer, f"{SUBSCRIPTIONS}/{saga_id}")
        for word in ("sub-shown-1", "every month", "2026-02-01", "Active", "€9.90"):
            assert word in plain(html)
        assert "confirm" not in html

    run(test)


def test_other_terms_hold_from_the_next_renewal_on(run: Run) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await subscribed(shop, "sub-terms")
        ada = await person(shop, "operator", "ada")
        terms = {"amount": "12.50", "interval": "DAY", "intervalCount": "10"}
        assert await send(ada, saga_id, "change", **terms) == "change.accepted"
        await settled(shop.it)
        row = await shop.it.views.subscription(saga_id)
        assert (row.amount, row.interval, row.interval_count) == (1_250, "DAY", 10)
        assert (row.next_payment_date, row.status) == ("2026-02-01", "ACTIVE")
        (act,) = await shop.it.access.audit.list(target=f"saga {saga_id}")
        assert (act.action, act.reason, act.before["amount"], act.after["amount"]) == (
            "subscription.change", "asked by phone", 990, 1_250,
        )  # fmt: skip
        assert await send(ada, saga_id, "change", **terms) == "change.same"

    run(test)


def test_two_changes_from_the_same_screen_are_not_mixed(run: Run) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await subscribed(shop, "sub-both")
        ada, bob = await person(shop, "operator", "ada"), await person(shop, "operator", "bob")
        terms = {"interval": "MONTH", "intervalCount": "1"}
        said = await asyncio.gather(
            send(ada, saga_id, "change", amount="11", **terms),
            send(bob, saga_id, "change", amount="12", **terms),
        )
        assert sorted(said) == ["change.accepted", "change.overtaken"]
        amount = (await shop.it.views.subscription(saga_id)).amount
        assert amount == (1_100 if said[0] == "change.accepted" else 1_200)

    run(test)


@pytest.mark.parametrize(
    "terms",
    [
        {"amount": "0", "interval": "DAY", "intervalCount": "1"},
        {"amount": "1", "interval": "YEAR", "intervalCount": "1"},
        {"amount": "1", "interval": "DAY", "intervalCount": "0"},
        {"amount": "1", "interval": "DAY", "intervalCount": "1001"},
        {"amount": "1", "interval": "DAY", "intervalCount": "1", "reason": ""},
    ],
)
def test_terms_that_cannot_be_are_refused(run: Run, terms: dict[str, str]) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await subscribed(shop, f"sub-wrong-{sorted(terms.values())}")
        ada = await person(shop, "operator", "ada")
        reply = await ada.send(f"{SUBSCRIPTIONS}/{saga_id}/change", {"seen": "1", "reason": "r", **terms})
        assert reply.status == 422
        assert (await shop.it.views.subscription(saga_id)).amount == 990

    run(test)


def test_a_cancelled_subscription_stays_active_until_its_renewal_day(run: Run) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await subscribed(shop, "sub-cancel")
        ada = await person(shop, "operator", "ada")
        assert await send(ada, saga_id, "cancel") == "cancel.accepted"
        await settled(shop.it)
        row = await shop.it.views.subscription(saga_id)
        assert (row.expire_requested, row.status) == (True, "ACTIVE")
        html = await page(ada, f"{SUBSCRIPTIONS}/{saga_id}")
        assert 'disabled data-testid="cancel"' in html
        assert "it ends on its renewal day" in plain(html)
        assert await send(ada, saga_id, "cancel") == "cancel.accepted"
        assert len(await shop.it.access.audit.list(target=f"saga {saga_id}")) == 1

    run(test)
