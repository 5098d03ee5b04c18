"""Text messages against a loopback server that speaks Twilio's Messages resource."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from adapters.sms import Pace, Sms, SmsSettings, TextSender
from engine.model import Done, Failed, Later, Outcome

PATH = "/2010-04-01/Accounts/AC1/Messages.json"
LOGIN = "Basic " + base64.b64encode(b"AC1:secret").decode()


@dataclass
class Twilio:
    """Keeps messages as the resource shows them; `answers` are statuses told in turn instead."""

    url: str = ""
    messages: list[dict[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    takes_before: bool = False
    """It keeps the message even when it answers with an error."""

    async def post(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == LOGIN
        form = {name: str(value) for name, value in (await request.post()).items()}
        status = self.answers.pop(0) if self.answers else 201
        if status == 201 or self.takes_before:
            kept = {"to": form["To"], "from": form.get("From", ""), "body": form["Body"], "status": "queued"}
            self.messages.insert(0, {**kept, "service": form.get("MessagingServiceSid", "")})
        if status == 201:
            return web.json_response({"sid": "SM1", **self.messages[0]}, status=201)
        return web.json_response({"code": 21211, "message": "no", "status": status}, status=status)

    async def list(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == LOGIN
        found = [one for one in self.messages if one["to"] == request.query["To"]]
        return web.json_response({"messages": found[: int(request.query["PageSize"])], "page": 0})


@asynccontextmanager
async def twilio(**settings: Any) -> AsyncIterator[tuple[Twilio, TextSender]]:
    kept = Twilio()
    app = web.Application()
    app.router.add_post(PATH, kept.post)
    app.router.add_get(PATH, kept.list)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    kept.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    given = {"account": "AC1", "token": "secret", "sender": "+390001", "base_url": kept.url, **settings}
    sender = TextSender(SmsSettings(**given))
    try:
        yield kept, sender
    finally:
        await sender.close()
        await runner.cleanup()


def sms(
    id_: str = "e1", *, at: int = 0, to: str = "+39 333 123-4567", text: str = "Hello", **more: Any
) -> Sms:
    return Sms(id=id_, at=at, to=to, text=text, **more)


def test_a_message_goes_out_in_the_wire_format() -> None:
    async def body() -> None:
        async with twilio() as (server, it):
            assert await it.send(sms()) == Done()
            [message] = server.messages
            assert (message["to"], message["from"], message["body"]) == ("+393331234567", "+390001", "Hello")
        async with twilio(sender="MG77") as (server, it):
            assert await it.send(sms()) == Done()
            assert (server.messages[0]["from"], server.messages[0]["service"]) == ("", "MG77")

    asyncio.run(body())


@pytest.mark.parametrize(
    ("status", "kind", "uncertain"),
    [
        (400, Failed, False),
        (404, Failed, False),
        (401, Later, False),
        (429, Later, False),
        (503, Later, True),
    ],
)
def test_what_the_service_answers(status: int, kind: type[Outcome], uncertain: bool) -> None:
    async def body() -> None:
        async with twilio() as (server, it):
            server.answers = [status]
            outcome = await it.send(sms())
            assert isinstance(outcome, kind)
            assert getattr(outcome, "uncertain", False) is uncertain
            assert not any(secret in outcome.reason for secret in ("333", "Hello", "secret"))  # type: ignore[union-attr]

    asyncio.run(body())


def test_a_doubtful_repeat_reads_back_and_sends_nothing_twice() -> None:
    async def body() -> None:
        async with twilio() as (server, it):
            server.answers, server.takes_before = [503], True
            assert isinstance(await it.send(sms()), Later)
            assert await it.send(sms(again=True)) == Done()
            assert len(server.messages) == 1
            assert await it.send(sms("e2", text="Other", again=True)) == Done()
            assert len(server.messages) == 2
            server.messages[0]["status"] = "undelivered"
            assert await it.send(sms("e2", text="Other", again=True)) == Done()
            assert len(server.messages) == 3

    asyncio.run(body())


@pytest.mark.parametrize(
    ("to", "text"),
    [("333", "x"), ("", "x"), ("+39333 abc", "x"), ("+393331234567", ""), ("+393331234567", "x" * 1601)],
)
def test_what_can_never_be_sent_is_refused(to: str, text: str) -> None:
    async def body() -> None:
        async with twilio() as (server, it):
            assert isinstance(await it.send(sms(to=to, text=text)), Failed)
            assert server.messages == []

    asyncio.run(body())


def test_a_service_that_is_not_there_is_for_later() -> None:
    async def body() -> None:
        async with twilio() as (server, _):
            url = server.url
        it = TextSender(SmsSettings(account="AC1", token="secret", sender="+390001", base_url=url))
        outcome = await it.send(sms())
        await it.close()
        assert isinstance(outcome, Later)
        assert not outcome.uncertain

    asyncio.run(body())


def test_the_fourth_message_of_a_minute_waits_for_its_place() -> None:
    async def body() -> None:
        async with twilio() as (server, it):
            for number in range(3):
                assert await it.send(sms(f"e{number}", at=number * 1000)) == Done()
            fourth = await it.send(sms("e3", at=5_000))
            fifth = await it.send(sms("e4", at=5_000))
            assert isinstance(fourth, Later)
            assert isinstance(fifth, Later)
            assert (fourth.delay, fifth.delay) == (55_000, 56_000)
            assert await it.send(sms("e3", at=60_000)) == Done()
            assert len(server.messages) == 4

    asyncio.run(body())


@given(
    arrivals=st.lists(st.integers(0, 5_000), min_size=1, max_size=40),
    limit=st.integers(1, 4),
    per=st.integers(1, 2_000),
)
def test_no_window_has_more_than_allowed_and_each_message_waits_once(
    arrivals: list[int], limit: int, per: int
) -> None:
    pace, sent = Pace(limit, per), []
    for number, at in enumerate(sorted(arrivals)):
        wait = pace.wait(str(number), at)
        if wait:
            assert pace.wait(str(number), at + wait) == 0
        sent.append(at + wait)
    assert all(later - earlier >= per for earlier, later in zip(sent, sent[limit:], strict=False))
