"""/saga/*: a Flow Manager elsewhere commands, and hears as an event what became of it; /check tells the merchant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from commands.wiring import adapters, with_gateway
from engine.assembly import running
from engine.config import HOUSE, load_config
from engine.model import Json
from engine.ports import Channel
from hub.gateway import Gateway
from hub.gateway_commands import FLOW_MANAGER, MERCHANT
from hub.payments_channel import PaymentsChannel
from hub.posting import PostingChannel
from providers.sandbox import SandboxProvider
from tests.http.daemon import CountedIds, Daemon, OwnedClock, daemon
from web.app import build_app

MACHINES = [path.read_text() for path in sorted((HOUSE / "hub" / "machines").glob("*.yaml"))]
SECOND = 1_000


@dataclass
class Elsewhere:
    """The Flow Manager or the merchant: takes what is posted, unless it is told to fail first."""

    url: str = ""
    failures: list[int] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        if self.failures:
            return web.Response(status=self.failures.pop(0))
        self.events.append(await request.json())
        self.keys.append(request.headers["Idempotency-Key"])
        return web.Response(status=204)


@asynccontextmanager
async def elsewhere() -> AsyncIterator[Elsewhere]:
    told = Elsewhere()
    app = web.Application()
    app.router.add_post("/event", told.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    told.url = f"http://127.0.0.1:{port}/event"
    try:
        yield told
    finally:
        await runner.cleanup()


def told(test: Callable[[Daemon, Elsewhere], Awaitable[None]]) -> Callable[[], None]:
    """A test that is given a daemon with the gateway's own machines, and who is told."""

    async def body() -> None:
        bank = SandboxProvider()
        async with elsewhere() as other:
            channels: dict[str, Channel] = {
                "payments": PaymentsChannel(Gateway({"sandbox": bank})),
                FLOW_MANAGER: PostingChannel(other.url),
                MERCHANT: PostingChannel(other.url),
            }
            async with daemon(
                *MACHINES, default_machine=None, providers={"sandbox": bank}, channels=channels
            ) as it:
                await test(it, other)
            for channel in channels.values():
                await channel.close()

    def run() -> None:
        asyncio.run(body())

    run.__name__ = test.__name__
    return run


def command(amount: object = 1200, key: str = "saga-1", **more: Any) -> Json:
    payload = {
        "shopTransactionId": "shop-1",
        "amount": amount,
        "currency": "EUR",
        "provider": "sandbox",
        "paymentMethod": "credit-cards",
        **more,
    }
    return {"key": key, "value": {"messageLabel": "pay", "messagePayload": payload}}


async def settle(daemon: Daemon, seconds: int = 0) -> None:
    await daemon.engine.dispatcher.idle()
    for _ in range(seconds):
        daemon.clock.time += SECOND
        await daemon.engine.dispatcher.tick()
        await daemon.engine.dispatcher.idle()


@told
async def test_a_payment_is_asked_for_and_its_outcome_comes_as_an_event(
    daemon: Daemon, other: Elsewhere
) -> None:
    reply = await daemon.post("/saga/pay", command())
    assert reply.status == 202
    await settle(daemon)
    [event] = other.events
    assert event["key"] == "saga-1"
    assert event["value"]["messageLabel"] == "paymentExecuted"
    assert event["value"]["messagePayload"]["paymentId"]
    assert (await daemon.show(reply.json["sagaId"]))["currentState"] == "SETTLED"


@told
async def test_a_decline_is_an_event_too(daemon: Daemon, other: Elsewhere) -> None:
    await daemon.post("/saga/pay", command(1201))
    await settle(daemon)
    assert [event["value"]["messageLabel"] for event in other.events] == ["paymentFailed"]


@told
async def test_a_repeated_command_is_carried_out_once(daemon: Daemon, other: Elsewhere) -> None:
    first = await daemon.post("/saga/pay", command())
    daemon.clock.time += 1
    again = await daemon.post("/saga/pay", command())
    assert first.json == again.json
    await settle(daemon)
    assert len(other.events) == 1
    await daemon.post("/saga/pay", command(key="saga-2"))
    await settle(daemon)
    assert len(other.events) == 2


@told
async def test_what_was_acknowledged_survives_and_is_told_although_the_flow_manager_is_away(
    daemon: Daemon, other: Elsewhere
) -> None:
    daemon.engine.dispatcher.hold()
    reply = await daemon.post("/saga/pay", command())
    assert (await daemon.show(reply.json["sagaId"]))["currentState"] == "RECEIVED", (
        "durable, and nothing begun"
    )
    other.failures = [500, 503]
    daemon.engine.dispatcher.go_on()
    await settle(daemon, 10)
    assert [event["value"]["messageLabel"] for event in other.events] == ["paymentExecuted"]
    assert other.keys[0]


@told
async def test_a_pending_payment_is_told_and_later_what_the_provider_decides(
    daemon: Daemon, other: Elsewhere
) -> None:
    reply = await daemon.post("/saga/pay", command(1202))
    await settle(daemon)
    saga_id = reply.json["sagaId"]
    assert (await daemon.show(saga_id))["currentState"] == "WAITING"
    payment_id = other.events[0]["value"]["messagePayload"]["paymentId"]
    await daemon.post(f"/api/v1/sagas/{payment_id}/events", {"name": "paymentExecuted", "payload": {}})
    await settle(daemon)
    labels = [event["value"]["messageLabel"] for event in other.events]
    assert labels == ["paymentScheduled", "paymentExecuted"]
    assert (await daemon.show(saga_id))["currentState"] == "SETTLED"


@pytest.mark.parametrize(
    ("path", "label"),
    [("pay-by-link", "linkCreated"), ("subscription/start", "paymentExecuted"), ("subscription/schedule", "paymentExecuted"),
     ("subscription/authorization", "authorizationScheduled")],
)  # fmt: skip
def test_each_command_has_its_event(path: str, label: str) -> None:
    async def body(daemon: Daemon, other: Elsewhere) -> None:
        info = {"subscriptionInfo": {"interval": "MONTH", "intervalCount": 1}}
        reply = await daemon.post(f"/saga/{path}", command(payRequestData=info))
        assert reply.status == 202
        await settle(daemon)
        assert [event["value"]["messageLabel"] for event in other.events] == [label]

    told(body)()


@told
async def test_a_refund_is_carried_out_and_told(daemon: Daemon, other: Elsewhere) -> None:
    await daemon.post("/saga/pay", command())
    await settle(daemon)
    payment_id = other.events[0]["value"]["messagePayload"]["paymentId"]
    refund = command(paymentId=payment_id, refundRequestData={"amount": 500})
    await daemon.post("/saga/refund", refund)
    await settle(daemon)
    value = other.events[1]["value"]
    assert value["messageLabel"] == "partialRefundExecuted"
    assert value["messagePayload"]["refundDetails"]["totalRefundedAmount"] == 500


NO_AMOUNTS = [0, -1, 12.5, "1200", True, 10**15, []]


@pytest.mark.parametrize("amount", [*NO_AMOUNTS, None])
@pytest.mark.parametrize("path", ["pay", "pay-by-link", "refund", "subscription/pay"])
def test_what_is_no_amount_is_refused_at_the_door(path: str, amount: object) -> None:
    async def body(daemon: Daemon, other: Elsewhere) -> None:
        reply = await daemon.post(f"/saga/{path}", command(amount, paymentId="p"))
        assert (reply.status, reply.code) == (422, "payload-invalid")

    told(body)()


@pytest.mark.parametrize("amount", NO_AMOUNTS)
def test_what_is_no_amount_to_give_back_is_refused_at_the_door(amount: object) -> None:
    async def body(daemon: Daemon, other: Elsewhere) -> None:
        reply = await daemon.post(
            "/saga/refund", command(paymentId="p", refundRequestData={"amount": amount})
        )
        assert (reply.status, reply.code) == (422, "payload-invalid")

    told(body)()


@told
async def test_a_command_for_a_provider_that_is_not_there_is_refused(
    daemon: Daemon, other: Elsewhere
) -> None:
    assert (await daemon.post("/saga/pay", command(provider="nobody"))).code == "provider-not-found"
    assert (await daemon.post("/saga/refund", command())).code == "payload-invalid"


@told
async def test_the_merchant_is_told_the_status_that_was_asked_for(daemon: Daemon, other: Elsewhere) -> None:
    paid = await daemon.post(
        "/v3/sandbox/credit-cards/pay", {"amount": 1200, "currency": "EUR", "shopTransactionId": "s"}
    )
    other.failures = [503]
    reply = await daemon.get(f"/v3/sandbox/check?paymentId={paid.json['paymentId']}")
    assert (reply.status, reply.json["status"]) == (200, "ACCEPTED")
    await settle(daemon, 5)
    [told_] = other.events
    assert {name: told_[name] for name in ("status", "paymentId", "providerName")} == {
        "status": "ACCEPTED",
        "paymentId": paid.json["paymentId"],
        "providerName": "sandbox",
    }


@pytest.mark.parametrize(("event", "status"), [("paymentExecuted", "ACCEPTED"), ("paymentFailed", "FAILED")])
def test_the_merchant_hears_what_becomes_of_a_payment_that_was_not_decided(event: str, status: str) -> None:
    async def body(daemon: Daemon, other: Elsewhere) -> None:
        order = {"amount": 1203, "currency": "EUR", "shopTransactionId": "s"}
        first, again = [await daemon.post("/v3/sandbox/credit-cards/pay", order) for _ in range(2)]
        assert first.json == again.json
        payment_id = first.json["paymentId"]
        assert (await daemon.show(payment_id))["currentState"] == "WAITING"
        assert other.events == []
        await daemon.tell(payment_id, event)
        await settle(daemon)
        assert other.events == [
            {
                "status": status,
                "paymentId": payment_id,
                "shopTransactionId": "s",
                "providerName": "sandbox",
                "metadata": None,
            }
        ]

    told(body)()


@told
async def test_a_decided_payment_is_not_watched(daemon: Daemon, other: Elsewhere) -> None:
    for number, amount in enumerate((1200, 1201)):
        order = {"amount": amount, "currency": "EUR", "shopTransactionId": f"s{number}"}
        await daemon.post("/v3/sandbox/credit-cards/pay", order)
    assert (await daemon.get("/api/v1/sagas")).json["items"] == []


@told
async def test_a_link_is_watched_and_the_provider_is_asked(daemon: Daemon, other: Elsewhere) -> None:
    order = {"amount": 1200, "currency": "EUR", "shopTransactionId": "s"}
    made = await daemon.post("/v3/sandbox/pay-by-link", order)
    [watch] = (await daemon.get("/api/v1/sagas")).json["items"]
    assert (watch["machine"], watch["currentState"]) == ("gateway-watch", "WAITING")
    assert {key["value"] for key in watch["keys"]} == {made.json["paymentId"]}
    [poll] = (await daemon.get("/api/v1/agenda?machine=gateway-watch")).json["items"][:1]
    assert poll["name"] in ("checkStatus", "pendingTooLong")


def test_without_a_flow_manager_in_the_configuration_commands_are_refused() -> None:
    async def body() -> None:
        async with daemon() as it:
            reply = await it.post("/saga/pay", command())
            assert (reply.status, reply.code) == (404, "machine-not-found")
            assert "flowManagerUrl" in reply.json["detail"]

    asyncio.run(body())


def test_a_command_that_was_acknowledged_is_carried_out_by_the_next_daemon(tmp_path: Path) -> None:
    async def body() -> None:
        async with elsewhere() as other:
            gateway = {"flowManagerUrl": other.url.removesuffix("/event")}
            config = replace(
                load_config(None, data=tmp_path),
                machines=(HOUSE / "machines" / "order.yaml",),
                gateway=gateway,
            )
            config = with_gateway(config)
            clock = OwnedClock()
            async with running(
                config, adapters=adapters(config), clock=clock, ids=CountedIds(), paused=True
            ) as engine:
                app = build_app(engine, default_machine=None, max_body=10_000)
                async with TestClient(TestServer(app, host="127.0.0.1")) as client:
                    assert (await client.post("/saga/pay", json=command())).status == 202
            assert other.events == []
            clock.time += 3_600 * SECOND  # the leases of the first one are over
            async with running(config, adapters=adapters(config), clock=clock, ids=CountedIds()) as engine:
                for _ in range(5):
                    await engine.dispatcher.tick()
                    await engine.dispatcher.idle()
            assert [event["value"]["messageLabel"] for event in other.events] == ["paymentExecuted"]

    asyncio.run(body())
