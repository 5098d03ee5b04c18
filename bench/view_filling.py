"""Fills the views of a store with rows of made-up payments, most of them without a saga: what lists and charts read."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime

from bench.daemon import SHIPPED
from engine.clock import SystemClock, SystemIds
from engine.definition.reader import load
from engine.deployments import Deployments
from engine.model import Event
from engine.ports import Store
from engine.runner import Runner
from hub.views.days import count_day, span_of_days
from hub.views.keeping import record_of
from hub.views.rows import PaymentRow

DAY = 86_400_000
FIRST_DAY, LAST_DAY = "2025-01-01", "2026-11-30"
SEED = 11
AT_ONCE = 512

STATUSES = {"PAID": 82, "FAILED": 9, "CREATED": 2, "PARTIALLY_REFUNDED": 4, "TOTALLY_REFUNDED": 3}
METHODS = {"credit-cards": 55, "pay-pal": 20, "satispay": 12, "googlepay": 6, "applepay": 5, "scalapay": 2}
PROVIDERS = {"stripe": 60, "adyen": 30, "braintree": 10}
CHANNELS = {"web": 60, "app": 30, "shop": 8, None: 2}
TYPES = {"DIRECT": 80, "SUBSCRIPTION": 17, "PAY_BY_LINK": 3}
CURRENCIES = {"EUR": 90, "GBP": 7, "JPY": 3}


async def fill(store: Store, payments: int) -> None:
    """That many payments over two years, oldest first, and all days counted."""
    rows = made_up(payments)

    async def clerk() -> None:
        for row in rows:
            await store.records.insert(record_of(row))

    await asyncio.gather(*(clerk() for _ in range(AT_ONCE)))
    for day in span_of_days(FIRST_DAY, LAST_DAY):
        await count_day(store.records, day)


async def fill_sagas(store: Store, sagas: int) -> None:
    """So many payments that are sagas, paid, with the ids saga-000000 and so on."""
    clock, ids = SystemClock(), SystemIds()
    deployments = Deployments(store, clock)
    await deployments.deploy([load(SHIPPED / "payment.yaml")])
    runner = Runner(store=store, deployments=deployments, clock=clock, ids=ids)
    for number in range(sagas):
        data = {"shopTransactionId": f"S-{number}", "amount": 1_299, "currency": "EUR", "provider": "stripe"}
        await runner.start("payment", metadata=data, saga_id=f"saga-{number:06d}")
        paid = Event(name="paymentExecuted", payload={"paymentId": f"s_{number}"})
        await runner.handle(f"saga-{number:06d}", paid)


def made_up(payments: int) -> Iterator[PaymentRow]:
    """The same payments in every run."""
    dice = random.Random(SEED)
    begin = int(datetime.fromisoformat(FIRST_DAY).replace(tzinfo=UTC).timestamp() * 1000)
    span = len(span_of_days(FIRST_DAY, LAST_DAY)) * DAY
    for number in range(payments):
        yield _row(number, begin + span * number // payments, dice)


def transaction(number: int) -> str:
    """The transaction id of the payment with this number."""
    return f"ORD-{number:08d}"


def _row(number: int, date: int, dice: random.Random) -> PaymentRow:
    status, amount = _one(dice, STATUSES), round(dice.lognormvariate(8.3, 1.1)) + 50
    refunded = {"PARTIALLY_REFUNDED": amount // 3, "TOTALLY_REFUNDED": amount}.get(status or "", 0)
    return PaymentRow(
        saga_id=f"payment-{number:032x}",
        status=status or "",
        state=f"PAYMENT_{status}",
        date=date,
        updated=date,
        shop_transaction_id=transaction(number),
        payment_id=f"pi_{dice.getrandbits(96):024x}",
        amount=amount,
        currency=_one(dice, CURRENCIES) or "",
        refunded=refunded,
        provider=_one(dice, PROVIDERS),
        method=_one(dice, METHODS),
        type=_one(dice, TYPES) or "",
        channel=_one(dice, CHANNELS),
        subscription_id=None,
        buyer_id=None,
        buyer_name=f"Buyer {number % 90_000}",
        buyer_email=f"buyer.{number % 90_000:05d}@example.org",
        buyer_phone=None,
        notification_channels=("email",),
        late=False,
        late_success=False,
        error=None,
        version=3,
    )


def _one(dice: random.Random, weights: dict[str, int] | dict[str | None, int]) -> str | None:
    return dice.choices(list(weights), list(weights.values()))[0]
