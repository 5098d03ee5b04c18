"""What the merchant was told of payments, over HTTP: by state change, listed, and told once more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from engine.model import Json
from engine.ports import Channel
from hub.gateway import Gateway
from hub.merchant import open_merchant
from hub.payments_channel import PaymentsChannel
from providers.sandbox import SandboxProvider
from tests.http.daemon import Daemon, Shop, daemon
from tests.unit.hub.test_merchant import SECRET, Merchant, merchant

MACHINES = Path(__file__).parents[2] / "machines"
PAYMENT = (MACHINES / "payment.yaml").read_text().replace("tellMerchant: false", "tellMerchant: true")
PATH = "/api/v1/merchant-notifications"


@asynccontextmanager
async def house() -> AsyncIterator[tuple[Daemon, Merchant]]:
    """A daemon that tells a merchant."""
    async with merchant() as told:
        channel = open_merchant("merchant", {"url": told.url, "secret": SECRET}, Path())
        channels: dict[str, Channel] = {
            "payments": PaymentsChannel(Gateway({"sandbox": SandboxProvider()})),
            "notifications": Shop(),
            "merchant": channel,
        }
        async with daemon(PAYMENT, default_machine="payment", channels=channels, merchant=channel) as it:
            channel.keep_in(it.store.records, it.clock)
            yield it, told
        await channel.close()


async def paid(it: Daemon, amount: int = 1200) -> str:
    metadata = {"shopTransactionId": f"order-{amount}", "amount": amount, "currency": "EUR"}
    reply = await it.post("/api/v1/sagas", {"machine": "payment", "metadata": metadata})
    saga_id = str(reply.json["sagaId"])
    await told_of(it, saga_id, "scheduleRequested")
    return saga_id


async def told_of(it: Daemon, saga_id: str, event: str, payload: Json | None = None) -> None:
    await it.tell(saga_id, event, payload)
    await it.engine.dispatcher.idle()


def test_the_merchant_is_told_of_each_change_of_the_business_state_and_of_nothing_else() -> None:
    async def body() -> None:
        async with house() as (it, told):
            saga_id = await paid(it)
            await told_of(it, saga_id, "sendNotification")
            await told_of(it, saga_id, "refundRequested", {"refundRequestData": {"amount": 200}})
            await told_of(it, saga_id, "refundRequested", {"refundRequestData": {"amount": 1000}})
            bodies = list(told.taken.values())
            assert [(one["type"], one["status"]) for one in bodies] == [
                ("payment.paid", "ACCEPTED"),
                ("payment.partially_refunded", "ACCEPTED"),
                ("payment.totally_refunded", "ACCEPTED"),
            ]
            first, _, last = bodies
            assert first["sagaId"] == saga_id
            assert (first["amount"], first["currency"], first["shopTransactionId"]) == (
                1200,
                "EUR",
                "order-1200",
            )
            assert first["paymentId"].startswith("sbx_")
            assert first["timestamp"] == "2026-01-01T12:00:00.000Z"
            assert last["refundDetails"]["refundedAmounts"] == [200, 1000]

    asyncio.run(body())


def test_a_failed_payment_and_a_new_link_are_told_with_the_reason() -> None:
    async def body() -> None:
        async with house() as (it, told):
            saga_id = await paid(it, 1201)
            [failed] = told.taken.values()
            assert (failed["type"], failed["status"], failed["businessState"]) == (
                "payment.failed",
                "FAILED",
                "PAYMENT_FAILED",
            )
            assert failed["error"]
            await told_of(it, saga_id, "paymentExecuted")
            assert [one["type"] for one in told.taken.values()] == ["payment.failed", "payment.paid"]
            assert list(told.taken.values())[1]["error"] is None

    asyncio.run(body())


def test_an_expired_link_that_is_asked_for_anew_is_told() -> None:
    async def body() -> None:
        async with house() as (it, told):
            metadata = {"shopTransactionId": "link-1", "amount": 1200, "currency": "EUR"}
            saga_id = str(
                (await it.post("/api/v1/sagas", {"machine": "payment", "metadata": metadata})).json["sagaId"]
            )
            for event in ("linkRequested", "linkExpired", "linkRequested"):
                await told_of(it, saga_id, event)
            assert [(one["type"], one["error"]) for one in told.taken.values()] == [
                ("payment.failed", "the link expired"),
                ("payment.reopened", None),
            ]

    asyncio.run(body())


def test_notifications_are_listed_and_a_failed_one_is_told_once_more_under_its_id() -> None:
    async def body() -> None:
        async with house() as (it, told):
            told.answers = [503]
            saga_id = await paid(it)
            await paid(it, 1300)
            [failing] = (await it.get(f"{PATH}?state=failing")).json["items"]
            assert (failing["sagaId"], failing["tries"][0]["status"]) == (saga_id, 503)
            reply = await it.post(f"{PATH}/{failing['id']}/replay", {})
            assert reply.status == 200
            assert (reply.json["state"], len(reply.json["tries"])) == ("delivered", 2)
            assert told.taken[failing["id"]] == failing["body"]
            first = (await it.get(f"{PATH}?limit=1")).json
            second = (await it.get(f"{PATH}?limit=1&cursor={first['nextCursor']}")).json
            assert len({one["id"] for page in (first, second) for one in page["items"]}) == 2
            assert second["nextCursor"] is None
            assert len((await it.get(f"{PATH}?sagaId={saga_id}")).json["items"]) == 1
            notes = (await it.get("/api/v1/audit")).json["items"]
            assert notes[0]["action"] == "merchant.replay"

    asyncio.run(body())


def test_a_replay_that_fails_makes_nothing_undone() -> None:
    async def body() -> None:
        async with house() as (it, told):
            await paid(it)
            [sent] = (await it.get(PATH)).json["items"]
            told.answers = [500]
            again = (await it.post(f"{PATH}/{sent['id']}/replay", {})).json
            assert (again["state"], [one["status"] for one in again["tries"]]) == ("delivered", [204, 500])

    asyncio.run(body())


def test_what_is_not_there_and_a_daemon_without_a_merchant() -> None:
    async def body() -> None:
        async with house() as (it, _):
            assert (await it.post(f"{PATH}/nobody/replay", {})).code == "notification-not-found"
            assert (await it.get(f"{PATH}?state=odd")).code == "invalid-query"
            assert (await it.get(f"{PATH}?cursor=x")).code == "invalid-cursor"
        async with daemon() as plain:
            assert (await plain.get(PATH)).json == {"items": [], "nextCursor": None}

    asyncio.run(body())
