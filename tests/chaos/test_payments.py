"""Payments under everything at once: callbacks lost, doubled and out of order, answers lost after the money was
taken, and the daemon killed again and again. At the end the provider's books are held against the sagas.

`SAGALOOM_FULL=1` runs 2,000 payments and 20 kills; by default it is a seventh of that.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from engine.model import Json
from tests.chaos.bank import PRIVATE_KEY, SECRET, Bank
from tests.chaos.client import Client
from tests.chaos.load import mend
from tests.chaos.shoppers import Shoppers
from tests.chaos.world import World
from tests.fakes.waiting import wait_until

FULL = os.environ.get("SAGALOOM_FULL") == "1"
PAYMENTS, KILLS, AT_ONCE = (2_000, 20, 40) if FULL else (300, 5, 25)
END_WITHIN = 300.0 if FULL else 60.0
ACKNOWLEDGED_A_PAYMENT = 6
"""At least, on its way: the kills are spread over all of the load by it."""

MACHINE = Path(__file__).parents[2] / "machines" / "payment.yaml"
CONFIG = """
store: {{type: sqlite, path: sagas.db}}
machines: ["{machine}"]
http: {{host: 127.0.0.1, port: 0}}
log: {{level: error}}
channels:
  payments: {{type: payments}}
  notifications: {{type: log}}
  merchant: {{type: log}}
providers:
  stripe:
    {{type: stripe, baseUrl: "{receiver}", privateKey: KEY, webhookSecret: SECRET, returnUrl: "https://shop.example/"}}
""".replace("KEY", PRIVATE_KEY).replace("SECRET", SECRET)
SOONER = {"every: 30s": "every: 1s", "maxEvery: 1h": "maxEvery: 4s", "maxEvery: 6h": "maxEvery: 4s",
          "delay: 2s": "delay: 100ms"}  # fmt: skip
"""The shipped machine but for its patience: a test cannot wait for half a minute a hundred times."""

PAID = {
    "PAYMENT_EXECUTED",
    "PARTIALLY_REFUNDED",
    "TOTALLY_REFUNDED",
    "REFUND_FAILED",
    "SUBSEQUENT_REFUND_FAILED",
}


@pytest.mark.chaos
def test_no_payment_is_taken_twice_and_none_is_lost_and_refunds_sum_up(tmp_path: Path) -> None:
    asyncio.run(_body(tmp_path))


async def _body(folder: Path) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        client = Client(session)
        bank = Bank(client)
        async with bank as url:
            world = World(folder, _sooner(folder), url, client, config=CONFIG)
            try:
                await _run(world, client, bank)
            finally:
                world.end()


def _sooner(folder: Path) -> Path:
    text = MACHINE.read_text()
    for slow, fast in SOONER.items():
        assert slow in text
        text = text.replace(slow, fast)
    path = folder / "payment.yaml"
    path.write_text(text)
    return path


async def _run(world: World, client: Client, bank: Bank) -> None:
    shoppers = Shoppers(client, PAYMENTS, AT_ONCE)
    shopping, mending = asyncio.create_task(shoppers.shop()), asyncio.create_task(mend(client))
    try:
        for _ in range(KILLS):
            await world.kill_at_a_random_moment(2 * PAYMENTS * ACKNOWLEDGED_A_PAYMENT // KILLS)
        daemon = await world.plain()
        await shopping
        await bank.told_all()
        await wait_until(
            lambda: _nothing_is_owed(client), within=END_WITHIN, what="the end of all", every=0.5
        )
        books = await _books(client, bank, shoppers)
        unmatched = (await client.get("/api/v1/callbacks", state="unmatched"))["items"]
    finally:
        for task in (shopping, mending):
            task.cancel()
        await asyncio.gather(shopping, mending, return_exceptions=True)
    daemon.signal(signal.SIGTERM)
    assert await daemon.ended() == 0, daemon.last_words()
    assert unmatched == []
    assert shoppers.surprises == []
    assert bank.surprises == []
    assert world.kills["random"] == KILLS
    _was_worth_it(bank, books)


async def _nothing_is_owed(client: Client) -> bool:
    return not (await client.get("/api/v1/agenda", limit="1"))["items"]


async def _books(client: Client, bank: Bank, shoppers: Shoppers) -> Counter[str]:
    """Hold each order's saga against the bank's ledger; what was found, in sum."""
    found: Counter[str] = Counter()
    assert len(shoppers.orders) == PAYMENTS
    for shop, (amount, currency) in shoppers.orders.items():
        listed = await client.get("/api/v1/sagas", key=shop)
        saga = await client.get(f"/api/v1/sagas/{listed['items'][0]['sagaId']}")
        _is_right(saga, bank.of_shop(shop), bank, amount, currency, found)
    given_back = sum(it["amount"] for it in bank.objects.values() if _is_done(it))
    assert found["given back"] == given_back, "the bank gave nothing back beside the sagas"
    print("\n", dict(bank.did), dict(shoppers.did), dict(found))
    return found


def _is_right(
    saga: Json, taken: list[Json], bank: Bank, amount: int, currency: str, found: Counter[str]
) -> None:
    state, metadata = saga["currentState"], saga["metadata"]
    found[state] += 1
    assert len(taken) <= 1, f"{saga['sagaId']} was taken twice"
    paid = [intent for intent in taken if intent["status"] == "succeeded"]
    assert (state in PAID) == bool(paid), f"{saga['sagaId']} is {state}, the bank says {taken}"
    if not paid:
        assert state == "PAYMENT_FAILED"
        return
    [intent] = paid
    assert (intent["amount"], intent["currency"].upper()) == (_to_wire(amount, currency), currency)
    assert metadata["paymentId"] == intent["id"]
    details = metadata.get("refundDetails", {"totalRefundedAmount": 0, "refundedAmounts": []})
    booked = sorted(_to_wire(part, currency) for part in details["refundedAmounts"])
    assert booked == sorted(bank.refunded(intent)), f"{saga['sagaId']}: refunds differ"
    assert sum(details["refundedAmounts"]) == details["totalRefundedAmount"] <= amount
    assert (state == "TOTALLY_REFUNDED") == (details["totalRefundedAmount"] == amount)
    found["taken"] += intent["amount"]
    found["given back"] += sum(bank.refunded(intent))


def _to_wire(amount: int, currency: str) -> int:
    return amount


def _is_done(made: Json) -> bool:
    return bool(made["object"] == "refund" and made["status"] == "succeeded")


def _was_worth_it(bank: Bank, found: Counter[str]) -> None:
    """Everything that is to be proved harmless did happen."""
    wanted = (
        "answer lost after the money moved",
        "declined",
        "late successes",
        "news lost",
        "news out of order",
        "news told twice",
        "refunds that were pending",
    )
    assert all(bank.did[one] for one in wanted), bank.did
    assert {"PAYMENT_EXECUTED", "PAYMENT_FAILED", "PARTIALLY_REFUNDED", "TOTALLY_REFUNDED"} <= set(found)
