"""Pay by link on a whole daemon: money that comes by a link that is not the present one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from engine.ports import Channel
from hub.gateway import Gateway
from hub.payments_channel import PaymentsChannel
from providers.sandbox import SandboxProvider
from providers.sandbox_ledger import BookedPayment
from tests.http.daemon import NOON, Daemon, Shop, daemon

PAYMENT = (Path(__file__).parents[2] / "machines" / "payment.yaml").read_text()
PAID = "PAYMENT_EXECUTED"


@asynccontextmanager
async def two_links() -> AsyncIterator[tuple[Daemon, SandboxProvider, str, list[str]]]:
    """A payment whose first link expired: the daemon, the provider, the saga, and both payments' ids."""
    sandbox, ids = SandboxProvider(), list[str]()
    channels: dict[str, Channel] = {
        "payments": PaymentsChannel(Gateway({"sandbox": sandbox})),
        "notifications": Shop(),
        "merchant": Shop(),
    }
    async with daemon(
        PAYMENT, default_machine="payment", channels=channels, providers={"sandbox": sandbox}
    ) as it:
        metadata = {"shopTransactionId": "link-1", "amount": 1200, "currency": "EUR"}
        reply = await it.post("/api/v1/sagas", {"machine": "payment", "metadata": metadata})
        saga_id = str(reply.json["sagaId"])
        for event in ("linkRequested", "linkExpired", "linkRequested"):
            await it.tell(saga_id, event)
            await it.engine.dispatcher.idle()
            if event == "linkRequested":
                ids.append((await it.show(saga_id))["metadata"]["paymentId"])
        yield it, sandbox, saga_id, ids


async def paid_at(it: Daemon, sandbox: SandboxProvider, payment_id: str) -> None:
    request = sandbox.callback(BookedPayment(payment_id=payment_id, standing="ACCEPTED"), "ACCEPTED", NOON)
    reply = await it.call("POST", "/v3/sandbox/callback", body=request.body, headers=request.headers)
    assert reply.status == 200


def test_who_pays_by_the_expired_link_has_paid_and_the_payment_is_where_the_money_is() -> None:
    async def body() -> None:
        async with two_links() as (it, sandbox, saga_id, (old, new)):
            assert old != new
            await paid_at(it, sandbox, old)
            saga = await it.show(saga_id)
            assert (saga["currentState"], saga["metadata"]["paymentId"]) == (PAID, old)

    asyncio.run(body())


def test_who_pays_by_both_links_has_paid_once_and_a_person_is_told_of_the_other() -> None:
    async def body() -> None:
        async with two_links() as (it, sandbox, saga_id, (old, new)):
            await paid_at(it, sandbox, new)
            await paid_at(it, sandbox, old)
            saga = await it.show(saga_id)
            assert (saga["currentState"], saga["metadata"]["paymentId"]) == (PAID, new)
            [kept] = (await it.get("/api/v1/callbacks?state=unmatched")).json["items"]
            assert (kept["paymentId"], "second time" in kept["why"]) == (old, True)

    asyncio.run(body())
