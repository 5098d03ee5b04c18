"""What a provider says that it collected by itself, where it is a payment that is known already."""

from __future__ import annotations

import asyncio
from datetime import date

from tests.flow.journey import TestClock
from tests.flow.subscription_house import House, Vault, midnight


def test_news_of_a_payment_that_is_known_finds_it_and_makes_no_second_one() -> None:
    asyncio.run(_the_first_payment_told_once_more())


async def _the_first_payment_told_once_more() -> None:
    clock = TestClock(at=midnight(date(2027, 1, 25)))
    vault = Vault(clock=clock, bad={})
    house = House(vault, clock)
    await house.open()
    terms = {"interval": "MONTH", "intervalCount": 1, "renewal": "AUTOMATIC"}
    money = {"amount": 999, "currency": "EUR", "provider": "vault", "paymentMethod": "credit-cards"}
    await house.orders([("shop", "create", {"shopSubscriptionId": "shop", **money, **terms})])
    subscription = await house.saga("shop")
    (first,) = subscription.metadata["transactions"]
    payment_id = (await house.inner.load(first)).metadata["paymentId"]
    vault.outbox.append(
        {
            "id": "again",
            "about": "payment",
            "word": "ACCEPTED",
            "payment_id": payment_id,
            "subscription_token": subscription.metadata["subscriptionToken"],
            "renewal": True,
            "amount": 999,
            "currency": "EUR",
        }
    )
    await house.day(until=clock.at + 1)
    assert (await house.saga("shop")).metadata["transactions"] == [first]
    assert sum(count.sagas for count in await house.inner.counts("payment")) == 1
