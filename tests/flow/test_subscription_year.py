"""A year of 200 subscriptions on a clock of the test's own, with crashes, against an independent calculation."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from datetime import date, timedelta

from engine.model import Json
from tests.fakes.faulty_store import Crash
from tests.flow.calendar_by_hand import after
from tests.flow.journey import DAY, TestClock
from tests.flow.subscription_house import RETRY_AFTER, Charge, House, Vault, midnight

FIRST, LAST = date(2027, 1, 25), date(2028, 1, 25)
DUNNING = (1, 3, 5, 7)
AMOUNT, DEARER = 999, 1299
CRASH_EVERY = 9
"""Days; the process dies in the middle of what it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What happens to one subscription in the year."""

    shop: str
    automatic: bool
    interval: str
    count: int
    start: date
    bad: frozenset[int]
    cancel: date | None
    change: date | None


def plans() -> list[Plan]:
    """Half manual, half automatic; every tenth with a failing card; cancellations and changes among them."""
    dice = random.Random(6)
    return [_plan(number, dice) for number in range(200)]


def _plan(number: int, dice: random.Random) -> Plan:
    interval, count = dice.choice((("MONTH", 1), ("MONTH", 1), ("MONTH", 3), ("DAY", 30), ("DAY", 10)))
    start = FIRST + timedelta(days=dice.randrange(40))
    first_bad = dice.randrange(2, 6)
    failing = (
        frozenset(range(first_bad, first_bad + dice.choice((1, 2, 5)))) if number % 10 == 3 else frozenset()
    )
    return Plan(
        shop=f"shop{number}",
        automatic=number % 2 == 1,
        interval=interval,
        count=count,
        start=start,
        bad=failing,
        cancel=start + timedelta(days=dice.randrange(60, 300)) if number % 7 == 2 else None,
        change=start + timedelta(days=dice.randrange(20, 200)) if number % 5 == 4 else None,
    )


def expected(plan: Plan) -> list[Charge]:
    """The charges of a subscription, calculated from its plan alone."""
    return _automatic(plan) if plan.automatic else _manual(plan)


def _manual(plan: Plan) -> list[Charge]:
    charges: list[Charge] = []
    due, failures, today = plan.start, 0, plan.start
    while today < LAST:
        if due != plan.start and failures == 0 and plan.cancel and plan.cancel <= today:
            return charges
        charges.append(_charge(plan, today, len(charges) + 1))
        if charges[-1].worked:
            failures = 0
            due = after(due, plan.interval, plan.count, plan.start.day)
            while due <= today:
                due = after(due, plan.interval, plan.count, plan.start.day)
            today = due
            continue
        if failures == len(DUNNING) or (plan.cancel and plan.cancel <= today):
            return charges
        today += timedelta(days=DUNNING[failures])
        failures += 1
        if plan.cancel and plan.cancel <= today:  # on hold, a cancellation ends it at once
            return charges
    return charges


def _automatic(plan: Plan) -> list[Charge]:
    charges: list[Charge] = []
    due, today, retrying = plan.start, plan.start, False
    while today < LAST and not (plan.cancel and plan.cancel <= today and charges):
        charges.append(_charge(plan, today, len(charges) + 1))
        if charges[-1].worked or retrying:
            due = after(due, plan.interval, plan.count, plan.start.day)
            today, retrying = due, False
        else:
            today, retrying = due + timedelta(days=RETRY_AFTER), True
    return charges


def _charge(plan: Plan, day: date, number: int) -> Charge:
    amount = DEARER if plan.change and plan.change <= day else AMOUNT
    return Charge(day=day, amount=amount, worked=number not in plan.bad)


def metadata(plan: Plan) -> Json:
    return {
        "shopSubscriptionId": plan.shop,
        "amount": AMOUNT,
        "currency": "EUR",
        "provider": "vault",
        "paymentMethod": "credit-cards",
        "interval": plan.interval,
        "intervalCount": plan.count,
        "renewal": "AUTOMATIC" if plan.automatic else "MANUAL",
    }


def test_every_subscription_is_charged_exactly_when_and_how_often_it_should_be() -> None:
    asyncio.run(_a_year(plans()))


async def _a_year(all_plans: list[Plan]) -> None:
    clock = TestClock(at=midnight(FIRST))
    vault = Vault(clock=clock, bad={plan.shop: plan.bad for plan in all_plans})
    house, dice = House(vault, clock), random.Random(7)
    await house.open()
    for number in range((LAST - FIRST).days):
        today = FIRST + timedelta(days=number)
        clock.at = midnight(today)
        if number % CRASH_EVERY == 4:
            await house.restart_with(Crash(dice.randrange(1, 40), dice.choice(("before", "after"))))
        await house.orders([_order(plan, today) for plan in all_plans])
        await house.day(until=clock.at + DAY)
    assert house.crashes >= 25
    wrong = {plan.shop for plan in all_plans if vault.charges.get(plan.shop, []) != expected(plan)}
    assert not wrong, "\n".join(map(str, (sorted(wrong), *_differences(vault, all_plans, wrong))))
    await _books_agree(house, all_plans)


def _order(plan: Plan, today: date) -> tuple[str, str, Json] | None:
    """What the merchant does for this subscription today: (shop id, event, payload)."""
    if today == plan.start:
        return plan.shop, "create", metadata(plan)
    if today == plan.cancel:
        return plan.shop, "update", {"expireRequested": True}
    return (plan.shop, "update", {"amount": DEARER}) if today == plan.change else None


def _differences(vault: Vault, all_plans: list[Plan], wrong: set[str]) -> list[object]:
    first = next(plan for plan in all_plans if plan.shop in wrong)
    return [first, expected(first), vault.charges.get(first.shop)]


async def _books_agree(house: House, all_plans: list[Plan]) -> None:
    """Each subscription knows of the payments that worked, and each of those is a saga that is paid."""
    for plan in all_plans:
        saga = await house.saga(plan.shop)
        paid = [charge for charge in house.vault.charges[plan.shop] if charge.worked]
        transactions = saga.metadata.get("transactions", [])
        assert saga.metadata.get("paidCount", 0) == len(paid) == len(set(transactions)), plan
        for transaction in transactions:
            assert (await house.inner.load(transaction)).business_state == "PAYMENT_PAID"
        assert not [entry for entry in saga.agenda if entry.status == "parked"], plan
