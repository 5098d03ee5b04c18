"""A refund in the backoffice is done once, for what the operator saw, and never for more than is left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from engine.model import Event
from tests.http.backoffice import TRANSACTIONS, created, paid, person, refund, refund_form, settled
from tests.http.console import HTMX, field, page, text
from tests.http.shop import Shop, selling

Run = Callable[[Callable[[Shop], Awaitable[None]]], None]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with selling() as run:
        yield run


async def refunds_of(shop: Shop, saga_id: str) -> list[tuple[str | None, str | None]]:
    """Who asked for a refund that was taken, and why."""
    history = await shop.it.store.history(saga_id)
    return [
        (row.actor, row.reason)
        for row in history
        if row.event == "refundRequested" and row.result == "applied"
    ]


def test_a_part_is_given_back_with_who_and_why(run: Run) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await paid(shop, "part", 5_000)
        ada = await person(shop, "operator", "ada")
        form = await refund_form(ada, saga_id)
        assert form["amount"] == "50.00"
        assert (
            await refund(ada, saga_id, {**form, "amount": "12,34", "reason": "one cup broken"})
            == "refund.accepted"
        )
        await settled(shop.it)
        row = await shop.it.views.payment(saga_id)
        assert (row.status, row.refunded, row.remaining) == ("PARTIALLY_REFUNDED", 1_234, 3_766)
        assert await refunds_of(shop, saga_id) == [("ada", "one cup broken")]
        (act,) = await shop.it.access.audit.list(target=f"saga {saga_id}")
        assert (act.actor, act.action, act.reason) == ("ada", "payment.refund", "one cup broken")
        assert (act.before["remaining"], act.after["asked"]) == (5_000, 1_234)
        assert (await refund_form(ada, saga_id))["amount"] == "37.66"

    run(test)


def test_a_double_click_is_one_refund(run: Run) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await paid(shop, "double")
        ada = await person(shop, "operator", "ada")
        form = {**await refund_form(ada, saga_id), "amount": "10"}
        said = await asyncio.gather(*(refund(ada, saga_id, form) for _ in range(3)))
        assert sorted(said) == ["refund.accepted", "refund.repeated", "refund.repeated"]
        await settled(shop.it)
        assert await refund(ada, saga_id, form) == "refund.repeated"
        assert len(await refunds_of(shop, saga_id)) == 1
        assert (await shop.it.views.payment(saga_id)).refunded == 1_000

    run(test)


def test_two_operators_on_the_same_screen_refund_once(run: Run) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await paid(shop, "both")
        ada, bob = await person(shop, "operator", "ada"), await person(shop, "operator", "bob")
        forms = [{**await refund_form(who, saga_id), "amount": "20"} for who in (ada, bob)]
        said = await asyncio.gather(refund(ada, saga_id, forms[0]), refund(bob, saga_id, forms[1]))
        assert sorted(said) == ["refund.accepted", "refund.overtaken"]
        await settled(shop.it)
        assert (await shop.it.views.payment(saga_id)).refunded == 2_000
        late = f"{TRANSACTIONS}/{saga_id}?said=refund.overtaken"
        assert "Nothing was done: another refund" in await page(bob, late)

    run(test)


def test_a_form_from_before_another_refund_does_nothing(run: Run) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await paid(shop, "stale")
        ada = await person(shop, "operator", "ada")
        old = {**await refund_form(ada, saga_id), "amount": "5"}
        by_api = Event(
            name="refundRequested", payload={"refundRequestData": {"amount": 500}}, id="of-the-shop"
        )
        await shop.it.engine.runner.handle(saga_id, by_api)
        await settled(shop.it)
        assert await refund(ada, saga_id, old) == "refund.overtaken"
        await settled(shop.it)
        assert (await shop.it.views.payment(saga_id)).refunded == 500
        assert (
            await refund(ada, saga_id, {**await refund_form(ada, saga_id), "amount": "5"})
            == "refund.accepted"
        )

    run(test)


@pytest.mark.parametrize(
    "amount", ["50.01", "0", "-1", "1.001", "1e1", "", "one", "1.2.3", "NaN", "١", "9" * 30]
)
def test_an_amount_that_cannot_be_is_refused_in_the_form(run: Run, amount: str) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await paid(shop, f"amount {amount}")
        ada = await person(shop, "operator", "ada")
        fields = {**await refund_form(ada, saga_id), "amount": amount, "reason": "kept as typed"}
        reply = await ada.send(f"{TRANSACTIONS}/{saga_id}/refund", fields)
        assert reply.status == 422
        assert field(reply.body.decode(), "reason") == "kept as typed"
        assert await refunds_of(shop, saga_id) == []

    run(test)


def test_a_refund_without_a_reason_is_refused(run: Run) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await paid(shop, "no-reason")
        ada = await person(shop, "operator", "ada")
        reply = await ada.send(
            f"{TRANSACTIONS}/{saga_id}/refund", {**await refund_form(ada, saga_id), "reason": " "}
        )
        assert reply.status == 422
        assert "Say why" in text(reply)

    run(test)


@pytest.mark.parametrize(
    ("currency", "amount", "shown", "typed", "minor"),
    [("JPY", 5_000, "5000", "1200", 1_200), ("KWD", 5_000, "5.000", "1.25", 1_250)],
)
def test_an_amount_has_the_decimals_of_its_currency(
    run: Run, currency: str, amount: int, shown: str, typed: str, minor: int
) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await paid(shop, f"decimals-{currency}", amount, currency)
        ada = await person(shop, "operator", "ada")
        form = await refund_form(ada, saga_id)
        assert form["amount"] == shown
        assert await refund(ada, saga_id, {**form, "amount": typed}) == "refund.accepted"
        await settled(shop.it)
        assert (await shop.it.views.payment(saga_id)).refunded == minor

    run(test)


def test_what_is_not_paid_is_not_refunded(run: Run) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await created(shop, "unpaid")
        ada = await person(shop, "operator", "ada")
        assert "cannot be refunded now" in await page(ada, f"{TRANSACTIONS}/{saga_id}/refund")
        fields = {"seen": "0", "order": "x", "amount": "1"}
        assert await refund(ada, saga_id, fields) == "refund.impossible"

    run(test)


def test_a_card_number_as_reason_is_refused_and_kept_nowhere(run: Run) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await paid(shop, "card")
        ada = await person(shop, "operator", "ada")
        fields = {**await refund_form(ada, saga_id), "reason": "card 4111 1111 1111 1111"}
        reply = await ada.send(f"{TRANSACTIONS}/{saga_id}/refund", fields)
        assert reply.status == 422
        assert await refunds_of(shop, saga_id) == []

    run(test)


def test_a_dialog_is_only_the_form(run: Run) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await paid(shop, "dialog")
        ada = await person(shop, "operator", "ada")
        reply = await ada.get(f"{TRANSACTIONS}/{saga_id}/refund", HTMX)
        assert b"<html" not in reply.body
        assert b'id="dialog-title"' in reply.body

    run(test)


def test_a_notification_is_sent_once_however_often_it_is_clicked(run: Run) -> None:
    async def test(shop: Shop) -> None:
        saga_id = await paid(shop, "tell-again")
        ada = await person(shop, "operator", "ada")
        seen = field(await page(ada, f"{TRANSACTIONS}/{saga_id}"), "seen")
        path = f"{TRANSACTIONS}/{saga_id}/notification"
        answers = await asyncio.gather(*(ada.send(path, {"seen": seen}) for _ in range(3)))
        assert {one.headers["Location"].partition("?")[2] for one in answers} == {
            "said=notification.accepted"
        }
        await settled(shop.it)
        told = [
            one for one in shop.post.sent if one.saga_id == saga_id and one.name == "notifyPaymentExecuted"
        ]
        assert len(told) == 2  # when it was paid, and now
        later = await ada.send(path, {"seen": seen})
        assert later.headers["Location"].endswith("notification.accepted")
        assert (await ada.send(path, {"seen": "1"})).headers["Location"].endswith("notification.overtaken")

    run(test)
