"""Payments and their mails and text messages, from the machine to a real SMTP server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from adapters.stores.memory import MemoryStore
from engine.model import Delivery, Done, Failed, Json, Later
from hub.messages_channel import SENT, MessagesChannel, open_messages
from hub.messaging import open_messaging
from tests.contract.test_sms import Twilio, twilio
from tests.fakes.clock import FakeClock
from tests.fakes.mail_server import MailServer, mail_server, plain
from tests.flow.journey import DAY, SECOND, Journey, journey

BUYER = {"name": "Anna", "email": "anna@example.org", "phone": "+393331234567"}


def payment(amount: int = 1200, *, ways: list[str] | None = None, **more: Any) -> Json:
    extra: Json = {"buyer": {**BUYER, **more}}
    if ways is not None:
        extra["notificationChannels"] = ways
    return {"shopTransactionId": "shop-1", "amount": amount, "currency": "EUR", "additionalData": extra}


def channel(mail: MailServer | None, sms: Twilio | None = None, **messages: Any) -> MessagesChannel:
    messaging = open_messaging(
        mail={"host": "127.0.0.1", "port": mail.port, "security": "none", "sender": "Shop <shop@example.org>"}
        if mail
        else {},
        sms={"accountSid": "AC1", "authToken": "secret", "sender": "+390001", "baseUrl": sms.url}
        if sms
        else {},
        messages=messages,
        base=Path(),
    )
    return open_messages("notifications", {}, Path(), messaging=messaging)


@asynccontextmanager
async def bound(channel: MessagesChannel, metadata: Json) -> AsyncIterator[Journey]:
    """A payment whose notifications are messages."""
    async with journey("payment", metadata, {"notifications": channel}) as it:
        channel.keep_in(it.store.records, it.clock)
        yield it
    await channel.close()


def subjects(server: MailServer) -> list[str]:
    return [str(message["Subject"]) for message in server.messages]


def test_each_thing_that_happens_to_a_payment_is_one_mail_to_the_buyer() -> None:
    async def body() -> None:
        async with mail_server() as server, bound(channel(server), payment()) as it:
            await it.send("scheduleRequested")
            await it.send("refundRequested", {"refundRequestData": {"amount": 200}})
            await it.send("refundRequested", {"refundRequestData": {"amount": 1000}})
            assert await it.state() == "TOTALLY_REFUNDED"
            assert subjects(server) == [
                "We have received your payment shop-1",
                "A part of your payment shop-1 was given back",
                "Your payment shop-1 was given back",
            ]
            assert len(set(server.ids)) == 3
            part = plain(server.messages[1])
            assert "Given back: €2.00" in part
            assert "Left: €10.00" in part
            assert all(mail.rcpt_tos == ["anna@example.org"] for mail in server.mails)

    asyncio.run(body())


def test_a_buyer_is_written_to_in_their_language() -> None:
    async def body() -> None:
        async with mail_server() as server, bound(channel(server), payment(1201, language="it-IT")) as it:
            assert await it.send("scheduleRequested") == "PAYMENT_FAILED"
            assert subjects(server) == ["Il pagamento shop-1 non è andato a buon fine"]

    asyncio.run(body())


def test_a_link_goes_out_by_mail_and_text_message_and_again_when_it_is_asked_for() -> None:
    async def body() -> None:
        async with (
            mail_server() as server,
            twilio() as (phone, _),
            bound(channel(server, phone), payment(ways=["email", "sms"])) as it,
        ):
            assert await it.send("linkRequested") == "PAYMENT_PENDING"
            link = (await it.metadata())["link"]
            assert link in plain(server.messages[0])
            assert phone.messages[0]["body"] == f"Shop: pay €12.00 at {link}"
            assert await it.send("linkRequested") == "PAYMENT_PENDING"
            assert len(server.mails) == len(phone.messages) == 2
            assert await it.wait(3 * DAY) == "PAYMENT_FAILED"
            assert (await it.metadata())["error"] == "the link expired"
            assert await it.send("linkRequested") == "PAYMENT_PENDING"
            assert subjects(server)[-1] == "Your link to pay €12.00 to Shop"
            assert await it.store.records.count(SENT) == 0

    asyncio.run(body())


def test_a_dead_mail_server_never_fails_a_payment_by_link() -> None:
    async def body() -> None:
        async with mail_server() as server:
            dead = channel(server)
        async with bound(dead, payment()) as it:
            assert await it.send("linkRequested") == "LINK_CREATED"
            for _ in range(20):
                await it.wait(150 * SECOND)
            assert await it.state() == "PAYMENT_PENDING"
            assert (await it.metadata())["link"]
            assert "notificationFailed" in [row.event for row in await it.history()]
            assert await it.send("paymentExecuted") == "PAYMENT_EXECUTED"
            assert await it.parked() == []

    asyncio.run(body())


def test_a_buyer_who_cannot_be_reached_fails_nothing_and_parks_nothing() -> None:
    async def body() -> None:
        async with mail_server() as server, bound(channel(server), payment(email="", ways=["email"])) as it:
            assert await it.send("linkRequested") == "PAYMENT_PENDING"
            assert await it.send("paymentExecuted") == "PAYMENT_EXECUTED"
            assert (await it.parked(), server.mails) == ([], [])

    asyncio.run(body())


def test_a_mail_that_the_server_refuses_waits_for_a_person_beside_the_paid_payment() -> None:
    async def body() -> None:
        async with mail_server() as server, bound(channel(server), payment()) as it:
            server.refused = {"anna@example.org": "550 no such user"}
            assert await it.send("scheduleRequested") == "PAYMENT_EXECUTED"
            [entry] = await it.parked()
            assert (entry.name, entry.reason) == (
                "notifyPaymentExecuted",
                "the mail server refuses the recipients: SMTP 550",
            )

    asyncio.run(body())


def test_operators_are_told_of_what_a_person_has_to_look_at() -> None:
    async def body() -> None:
        async with mail_server() as server:
            told = channel(server, operators=["ops@example.org", "boss@example.org"])
            async with bound(told, payment(1202)) as it:
                await it.send("scheduleRequested")
                assert await it.wait(3 * DAY) == "PAYMENT_PENDING"
                assert [mail.rcpt_tos for mail in server.mails] == [["ops@example.org"], ["boss@example.org"]]
                assert subjects(server) == ["Not decided for days: shop-1"] * 2
                assert it.saga_id in plain(server.messages[0])
                assert len(set(server.ids)) == 2

    asyncio.run(body())


def a_try(attempt: int, *, replies: bool = False) -> Delivery:
    return Delivery(
        id="payment-1.4.0",
        saga_id="payment-1",
        entity_id="",
        machine="payment",
        kind="effect",
        name="notifyPaymentExecuted",
        payload=payment(ways=["email", "sms"]),
        attempt=attempt,
        replies={"done": "d", "failed": "f"} if replies else {},
    )


def test_what_was_sent_of_two_is_not_sent_again_with_the_other() -> None:
    async def body() -> None:
        async with mail_server() as server, twilio() as (phone, _):
            it, store = channel(server, phone), MemoryStore()
            it.keep_in(store.records, FakeClock())
            phone.answers = [429, 429]
            for attempt in (1, 2):
                assert isinstance(await it.send(a_try(attempt)), Later)
            assert await it.send(a_try(3)) == Done()
            assert (len(server.mails), len(phone.messages)) == (1, 1)
            assert await store.records.count(SENT) == 0
            await it.close()

    asyncio.run(body())


def test_one_of_two_that_fails_for_good_is_no_failure_and_both_are() -> None:
    async def body() -> None:
        async with mail_server() as server, twilio() as (phone, _):
            it = channel(server, phone)
            it.keep_in(MemoryStore().records, FakeClock())
            phone.answers = [400]
            assert await it.send(a_try(1, replies=True)) == Done(reply="done")
            phone.answers, server.answers = [400], ["554 no"]
            assert isinstance(await it.send(a_try(1, replies=True)), Failed)
            await it.close()

    asyncio.run(body())
