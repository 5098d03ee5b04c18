"""/saga/send: a Flow Manager elsewhere has a message sent, and hears how that ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from engine.config import HOUSE
from engine.model import Json
from engine.ports import Channel
from hub.gateway_commands import FLOW_MANAGER, MESSAGES
from hub.posting import PostingChannel
from tests.fakes.mail_server import MailServer, mail_server
from tests.flow.test_messages import channel
from tests.http.daemon import Daemon, daemon
from tests.http.test_gateway_commands import Elsewhere, elsewhere

MACHINE = (HOUSE / "hub" / "machines" / "gateway-message.yaml").read_text()


@asynccontextmanager
async def house() -> AsyncIterator[tuple[Daemon, MailServer, Elsewhere]]:
    async with mail_server() as server, elsewhere() as other:
        messages = channel(server)
        channels: dict[str, Channel] = {FLOW_MANAGER: PostingChannel(other.url), MESSAGES: messages}
        async with daemon(MACHINE, default_machine=None, channels=channels) as it:
            messages.keep_in(it.store.records, it.clock)
            yield it, server, other
        for one in channels.values():
            await one.close()


def command(label: str, **more: object) -> Json:
    buyer = {"name": "Anna", "email": "anna@example.org"}
    payload: Json = {
        "shopTransactionId": "shop-1",
        "amount": 1299,
        "currency": "EUR",
        "additionalData": {"buyer": buyer},
    }
    return {"key": "saga-1", "value": {"messageLabel": label, "messagePayload": {**payload, **more}}}


def test_a_message_is_sent_once_and_the_flow_manager_hears_of_it() -> None:
    async def body() -> None:
        async with house() as (it, server, other):
            refund = {"refundDetails": {"totalRefundedAmount": 299, "refundedAmounts": [299]}}
            for label, more in (
                ("PAYMENT_EXECUTED", {}),
                ("PARTIAL_REFUND_EXECUTED", refund),
                ("PAYMENT_EXECUTED", {}),
            ):
                assert (await it.post("/saga/send", command(label, **more))).status == 202
                await it.engine.dispatcher.idle()
                it.clock.time += 1
            assert [str(message["Subject"]) for message in server.messages] == [
                "We have received your payment shop-1",
                "A part of your payment shop-1 was given back",
            ]
            told = {"key": "saga-1", "value": {"messageLabel": "notificationSent", "messagePayload": {}}}
            assert other.events == [told, told]

    asyncio.run(body())


def test_a_message_that_cannot_be_sent_is_told_and_fails_no_payment() -> None:
    async def body() -> None:
        async with house() as (it, server, other):
            server.refused = {"anna@example.org": "550 unknown"}
            await it.post("/saga/send", command("PAY_BY_LINK", link="https://pay.example.org/1"))
            await it.engine.dispatcher.idle()
            await it.post("/saga/send", command("NOBODY_KNOWS"))
            await it.engine.dispatcher.idle()
            assert [event["value"]["messageLabel"] for event in other.events] == ["notificationFailed"] * 2

    asyncio.run(body())


def test_without_a_mail_server_or_a_flow_manager_there_is_no_such_machine() -> None:
    async def body() -> None:
        async with daemon() as it:
            assert (await it.post("/saga/send", command("PAYMENT_EXECUTED"))).code == "machine-not-found"

    asyncio.run(body())
