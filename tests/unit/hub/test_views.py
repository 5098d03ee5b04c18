"""What people find in the lists of payments and subscriptions, and how they find it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from engine.errors import SagaNotFound
from hub.views.filters import PaymentFilter, SubscriptionFilter, size, sizes
from hub.views.keeping import record_of
from hub.views.rows import PaymentRow
from hub.views.walks import LOOKED
from tests.fakes.clock import START
from tests.fakes.shop import DAY, Shop, shop


def on_a_shop(test: Callable[[Shop], Awaitable[None]]) -> Callable[[], None]:
    def run() -> None:
        async def body() -> None:
            async with shop() as it:
                await test(it)

        asyncio.run(body())

    run.__name__ = test.__name__
    return run


BUYER = {"buyer": {"id": "u1", "name": "Ann Lee", "email": "Ann.Lee@Example.org", "phone": "+391"}}


@on_a_shop
async def test_a_row_shows_all_that_people_ask_for(it: Shop) -> None:
    extra = {**BUYER, "channel": "web", "notificationChannels": ["email", "sms"]}
    saga_id = await it.payment(
        "T-1", amount=1_299, type="SUBSCRIPTION", subscriptionId="sb-1", additionalData=extra
    )
    await it.refund(saga_id, 299)
    await it.views.settle()
    (row,) = (await it.views.payments()).items
    assert row == PaymentRow(
        saga_id=saga_id,
        status="PARTIALLY_REFUNDED",
        state="PARTIALLY_REFUNDED",
        date=START,
        updated=START,
        shop_transaction_id="T-1",
        payment_id="pi_T-1",
        amount=1_299,
        currency="EUR",
        refunded=299,
        provider="sandbox",
        method="credit-cards",
        type="SUBSCRIPTION",
        channel="web",
        subscription_id="sb-1",
        buyer_id="u1",
        buyer_name="Ann Lee",
        buyer_email="Ann.Lee@Example.org",
        buyer_phone="+391",
        notification_channels=("email", "sms"),
        late=False,
        late_success=False,
        error=None,
        version=4,
    )
    assert (row.paid, row.remaining, row.refundable, row.invoiceable) == (1_299, 1_000, True, False)
    assert row.method_label == "Credit Card"
    assert row == await it.views.payment("T-1") == await it.views.payment(saga_id)


@on_a_shop
async def test_a_payment_is_shown_as_it_is_even_if_the_list_lags(it: Shop) -> None:
    saga_id = await it.payment("T-1", ends="CREATED")
    await it.views.settle()
    await it.tell(saga_id, "paymentExecuted", paymentId="p1")
    assert [row.status for row in (await it.views.payments()).items] == ["CREATED"]
    assert (await it.views.payment(saga_id)).status == "PAID"
    with pytest.raises(SagaNotFound):
        await it.views.payment(await it.subscription("S-1"))
    with pytest.raises(SagaNotFound):
        await it.views.payment("nobody")


@on_a_shop
async def test_what_is_not_paid_has_nothing_to_give_back(it: Shop) -> None:
    await it.payment("T-1", ends="FAILED")
    row = await it.views.payment("T-1")
    assert (row.paid, row.remaining, row.refundable) == (0, 0, False)


@on_a_shop
async def test_a_success_after_a_failure_is_an_alert(it: Shop) -> None:
    first = await it.payment("T-1", ends="FAILED")
    await it.payment("T-2")
    await it.views.settle()
    await it.tell(first, "paymentExecuted", paymentId="late")
    await it.views.settle()
    assert await it.listed(alert="late-success") == ["T-1"]
    await it.refund(first, 100)
    await it.views.settle()
    assert await it.listed(alert="late-success", status="PARTIALLY_REFUNDED") == ["T-1"]
    assert (await it.views.payment(first)).alert == "late-success"


async def filled(it: Shop) -> None:
    await it.payment("A-1", amount=500, at=0, additionalData=BUYER)
    await it.payment("A-2", amount=1_500, at=1, ends="FAILED", paymentMethod="satispay", provider="satispay")
    await it.payment("B-1", amount=2_500, at=2, currency="USD", additionalData={"channel": "shop"})
    await it.payment(
        "B-2", amount=99, at=DAY, ends="TOTALLY_REFUNDED", type="PAY_BY_LINK", additionalData=BUYER
    )
    await it.payment("a-3", amount=1_000_000, at=DAY + 1, ends="CREATED", subscriptionId="sb-9")
    await it.views.settle()


@on_a_shop
async def test_every_filter_narrows_the_list(it: Shop) -> None:
    await filled(it)
    assert await it.listed() == ["a-3", "B-2", "B-1", "A-2", "A-1"]
    assert await it.listed(status="PAID") == ["B-1", "A-1"]
    assert await it.listed(method="satispay") == ["A-2"]
    assert await it.listed(provider="sandbox", status="CREATED") == ["a-3"]
    assert await it.listed(type="PAY_BY_LINK") == ["B-2"]
    assert await it.listed(channel="shop") == ["B-1"]
    assert await it.listed(channel="unknown", currency="EUR") == ["a-3", "B-2", "A-2", "A-1"]
    assert await it.listed(currency="USD", status="PAID", method="credit-cards") == ["B-1"]
    assert await it.listed(currency="USD", status="FAILED") == []
    assert await it.listed(subscription_id="sb-9") == ["a-3"]
    assert await it.listed(since=START + 1, until=START + DAY) == ["B-1", "A-2"]
    assert await it.listed(since=START + DAY, status="PAID") == []


@on_a_shop
async def test_amounts_are_found_by_their_range_with_both_ends(it: Shop) -> None:
    await filled(it)
    assert await it.listed(amount_from=500, amount_to=2_500) == ["B-1", "A-2", "A-1"]
    assert await it.listed(amount_from=501, amount_to=2_499) == ["A-2"]
    assert await it.listed(amount_from=2_500) == ["a-3", "B-1"]
    assert await it.listed(amount_to=99) == ["B-2"]
    assert await it.listed(amount_from=0) == ["a-3", "B-2", "B-1", "A-2", "A-1"]
    assert await it.listed(amount_from=600, amount_to=1_400) == []
    assert await it.listed(amount_from=100, amount_to=3_000, status="PAID", currency="EUR") == ["A-1"]


@on_a_shop
async def test_a_rare_amount_is_found_by_pages_that_end_early(it: Shop) -> None:
    await it.payment("T-0000", amount=1_010)
    plain = await it.views.payment("T-0000")
    for number in range(1, LOOKED + 600):
        amount = 1_010 if number == LOOKED else 1_100
        row = replace(
            plain, saga_id=f"payment-{number:04}", shop_transaction_id=f"T-{number:04}", amount=amount
        )
        await it.store.records.insert(record_of(replace(row, date=START + number)))
    await it.views.settle()
    first = await it.views.payments(PaymentFilter(amount_from=1_000, amount_to=1_050), limit=2)
    assert [row.shop_transaction_id for row in first.items] == [f"T-{LOOKED}"]
    assert first.after is not None
    assert await it.listed(amount_from=1_000, amount_to=1_050) == [f"T-{LOOKED}", "T-0000"]
    assert await it.listed(amount_from=900, amount_to=1_050) == [f"T-{LOOKED}", "T-0000"]


def test_sizes_of_a_range_hold_the_size_of_every_amount_in_it() -> None:
    for low, high in ((0, 0), (1, 9), (10, 10), (99, 101), (1_999, 2_000), (5, 12_345)):
        found = sizes(low, high)
        assert found == sorted(found)
        assert {size(amount) for amount in range(low, high + 1)} == set(found)
    assert sizes(10, 5) == []


@on_a_shop
async def test_a_search_finds_ids_and_e_mails_by_their_beginning_in_any_case(it: Shop) -> None:
    await filled(it)
    assert await it.listed(search="a-") == ["a-3", "A-2", "A-1"]
    assert await it.listed(search=" A-2 ") == ["A-2"]
    assert await it.listed(search="pi_b-2") == ["B-2"]
    assert await it.listed(search="payment-B-1") == ["B-1"]
    assert await it.listed(search="ANN.lee@") == ["B-2", "A-1"]
    assert await it.listed(search="ann.lee", status="PAID") == ["A-1"]
    assert await it.listed(search="a-", since=START + 1, amount_to=2_000) == ["A-2"]
    assert await it.listed(search="lee") == []
    assert await it.listed(search="  ") == ["a-3", "B-2", "B-1", "A-2", "A-1"]


@on_a_shop
async def test_subscriptions_are_listed_with_what_belongs_to_them(it: Shop) -> None:
    first = await it.subscription("S-1", additionalData=BUYER)
    await it.subscription("S-2", provider="satispay", amount=5_000)
    await it.tell(first, "start")
    await it.tell(first, "paymentStarted", childSagaId="payment-1")
    await it.tell(first, "paymentExecuted", transactionId="payment-1")
    await it.payment("S-1-1", type="SUBSCRIPTION", subscriptionId=first)
    await it.views.settle()
    page = await it.views.subscriptions(SubscriptionFilter(active=True))
    assert [row.shop_subscription_id for row in page.items] == ["S-2", "S-1"]
    row = await it.views.subscription(first)
    assert row == page.items[1]
    assert (row.status, row.active, row.transactions) == ("ACTIVE", True, ("payment-1",))
    assert (row.interval, row.interval_count, row.next_payment_date) == ("MONTH", 1, "2026-02-01")
    assert [one.shop_transaction_id for one in await it.views.payments_of(first)] == ["S-1-1"]
    await it.tell(first, "expire")
    await it.views.settle()

    async def found(**wanted: object) -> list[str]:
        rows = (await it.views.subscriptions(SubscriptionFilter(**wanted))).items  # type: ignore[arg-type]
        return [row.shop_subscription_id for row in rows]

    assert await found(active=False) == ["S-1"]
    assert await found(status="CREATED", provider="satispay") == ["S-2"]
    assert await found(search="ann.lee") == await found(search="s-1") == ["S-1"]
    assert await found(amount_from=1_000, amount_to=6_000) == ["S-2"]
    counts = await it.views.subscription_counts()
    assert counts == {"CREATED": 1, "ACTIVE": 0, "ON_HOLD": 0, "EXPIRED": 1, "ABORTED": 0}


@on_a_shop
async def test_a_history_tells_what_each_refund_gave_back(it: Shop) -> None:
    saga_id = await it.payment("T-1", amount=1_000)
    await it.refund(saga_id, 300)
    await it.refund(saga_id, 700)
    await it.tell(saga_id, "paymentExecuted", paymentId="again")
    lines = await it.views.payment_history(saga_id)
    assert [(line.event, line.status, line.refunded) for line in lines] == [
        ("paymentExecuted", "TOTALLY_REFUNDED", None),
        ("totalRefundExecuted", "TOTALLY_REFUNDED", 700),
        ("refundRequested", "PARTIALLY_REFUNDED", None),
        ("partialRefundExecuted", "PARTIALLY_REFUNDED", 300),
        ("refundRequested", "PAID", None),
        ("paymentExecuted", "PAID", None),
        ("paymentCreated", "CREATED", None),
    ]
    assert [line.ignored for line in lines] == [True] + [False] * 6


@on_a_shop
async def test_all_that_match_are_met_once_in_batches(it: Shop) -> None:
    await filled(it)
    rows = [row async for batch in it.views.all_payments(PaymentFilter(currency="EUR")) for row in batch]
    assert [row.shop_transaction_id for row in rows] == ["a-3", "B-2", "A-2", "A-1"]
