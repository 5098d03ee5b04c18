"""The channel contract over real HTTP on a loopback port, and what is the rest channel's own."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from adapters.channels.rest import open_rest
from engine.errors import ConfigInvalid
from engine.model import Delivery, Done, Failed, Later, Outcome
from tests.contract.channel_contract import SECRET, ChannelContract, Subject

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
HERE = Path(__file__).parent

COMMAND = Delivery(
    id="entry-1",
    saga_id="saga-1",
    entity_id="",
    machine="order",
    kind="command",
    name="prepareOrder",
    payload={"address": SECRET, "items": [{"sku": "ä", "count": 2}], "amount": 1299},
    replies={"done": "orderPrepared", "failed": "prepareOrderFailed"},
)


@dataclass
class Receiver:
    """A real HTTP server that answers what a test says and remembers what it was asked."""

    url: str = ""
    seen: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def receiver(answer: Answer) -> AsyncIterator[Receiver]:
    state = Receiver()

    async def handle(request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        state.seen.append((request.method, dict(request.headers), body))
        if body["value"]["messageLabel"] == "stall":
            state.reached.set()
            await asyncio.Event().wait()
        return await answer(request)

    app = web.Application()
    app.router.add_route("*", "/commands", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    state.url = f"http://{host}:{port}/commands"
    try:
        yield state
    finally:
        await runner.cleanup()


async def accept(request: web.Request) -> web.StreamResponse:
    body = await request.json()
    if body["value"]["messageLabel"] == "break":
        return web.Response(status=500, text=SECRET)
    return web.Response(status=202)


class TestRestChannel(ChannelContract):
    def open(self) -> AbstractAsyncContextManager[Subject]:
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Subject]:
        async with receiver(accept) as state:
            channel = open_rest("warehouse", {"url": state.url, "timeout": "20s"}, HERE)
            yield Subject(
                channel=channel,
                delivery=COMMAND,
                broken=replace(COMMAND, name="break"),
                stalled=replace(COMMAND, name="stall"),
                reached=state.reached,
            )
            await channel.close()


def answered(answer: Answer, **options: Any) -> tuple[Outcome, Receiver]:
    """The outcome of COMMAND when the receiver answers so."""

    async def body() -> tuple[Outcome, Receiver]:
        async with receiver(answer) as state:
            channel = open_rest("warehouse", {"url": state.url, **options}, HERE)
            try:
                return await channel.send(COMMAND), state
            finally:
                await channel.close()

    return asyncio.run(body())


def status(code: int, **headers: str) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(
            status=code, text=SECRET, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )

    return answer


def body_of(raw: bytes | str) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(
            body=raw.encode() if isinstance(raw, str) else raw, content_type="application/json"
        )

    return answer


def test_a_command_goes_out_in_the_flow_managers_format_with_its_idempotency_key() -> None:
    _, state = answered(status(200), headers={"Authorization": "Bearer token-1"}, method="PUT")
    [(method, headers, body)] = state.seen
    assert method == "PUT"
    assert body == {
        "key": "saga-1",
        "value": {"messageLabel": "prepareOrder", "messagePayload": COMMAND.payload},
    }
    assert headers["Idempotency-Key"] == "entry-1"
    assert headers["Saga-Id"] == "saga-1"
    assert headers["Content-Type"] == "application/json"
    assert headers["Authorization"] == "Bearer token-1"


def test_an_id_cannot_add_a_header() -> None:
    async def body() -> dict[str, str]:
        async with receiver(accept) as state:
            channel = open_rest("warehouse", {"url": state.url}, HERE)
            await channel.send(replace(COMMAND, id="e\r\nX-Evil: 1", saga_id="ñ%0d"))
            await channel.close()
            return state.seen[0][1]

    headers = asyncio.run(body())
    assert "X-Evil" not in headers
    assert headers["Idempotency-Key"] == "e%0D%0AX-Evil:%201"
    assert headers["Saga-Id"] == "%C3%B1%250d"


@pytest.mark.parametrize("code", [200, 201, 202, 204])
def test_any_2xx_means_accepted(code: int) -> None:
    outcome, _ = answered(status(code))
    assert outcome == Done()


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 410, 413, 422, 451])
def test_a_4xx_is_final_and_its_body_is_not_repeated(code: int) -> None:
    outcome, _ = answered(status(code))
    assert outcome == Failed(reason=f"HTTP {code}")


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504, 301, 302, 304, 307])
def test_all_else_is_tried_again(code: int) -> None:
    outcome, state = answered(status(code, Location="/commands"))
    assert outcome == Later(reason=f"HTTP {code}", uncertain=True)
    assert len(state.seen) == 1, "redirects are not followed"


@pytest.mark.parametrize(
    ("headers", "delay"),
    [
        ({"Retry_After": "7"}, 7_000),
        ({"Retry_After": "0"}, 0),
        ({"Retry_After": "999999999999"}, 3_600_000),
        ({"Retry_After": "-5"}, None),
        ({"Retry_After": "soon"}, None),
        (
            {"Retry_After": "Fri, 31 Dec 1999 23:59:59 GMT", "Date": "Fri, 31 Dec 1999 23:59:29 GMT"},
            30_000,
        ),
        ({"Retry_After": "Fri, 31 Dec 1999 23:59:59 GMT", "Date": "Sat, 01 Jan 2000 00:00:00 GMT"}, 0),
        ({}, None),
    ],
)
def test_retry_after_is_honoured_within_an_hour(headers: dict[str, str], delay: int | None) -> None:
    outcome, _ = answered(status(503, **headers))
    assert outcome == Later(reason="HTTP 503", delay=delay, uncertain=True)


EVENT = {"messageLabel": "orderPrepared", "messagePayload": {"shelf": 4}}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (EVENT, Done(event="orderPrepared", payload={"shelf": 4})),
        ({"key": "saga-1", "value": EVENT}, Done(event="orderPrepared", payload={"shelf": 4})),
        ({"messageLabel": "orderPrepared"}, Done(event="orderPrepared")),
        ({"messageLabel": "orderPrepared", "messagePayload": None}, Done(event="orderPrepared")),
        ({"status": "accepted"}, Done()),
        ({"messageLabel": 7}, Done()),
        ([EVENT], Done()),
        ("orderPrepared", Done()),
        ({"key": "saga-1", "value": "x"}, Done()),
        (
            {"key": "saga-2", "value": EVENT},
            Failed(reason="the answer is an event of another saga"),
        ),
        (
            {"messageLabel": "orderPrepared", "messagePayload": [1]},
            Failed(reason="the answer is an event whose messagePayload is not an object"),
        ),
    ],
)
def test_an_event_in_the_answers_body_is_the_reply(answer: object, outcome: Outcome) -> None:
    assert answered(body_of(json.dumps(answer)))[0] == outcome


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"\xff\xfe", b"null", b'{"messageLabel": "a", "messagePayload": {"x": NaN}}', b"[" * 100_000],
)
def test_a_body_that_is_no_event_says_only_that_the_command_was_accepted(raw: bytes) -> None:
    assert answered(body_of(raw))[0] == Done()


def test_a_body_over_one_megabyte_is_not_read_to_its_end() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            try:
                await response.write(b" " * 65_536)
            except ConnectionResetError:
                return response

    assert answered(endless)[0] == Done()


def test_a_receiver_that_is_silent_is_tried_again_and_may_have_done_it() -> None:
    async def silent(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    outcome, _ = answered(silent, timeout="50ms")
    assert outcome == Later(reason="no answer within 0.05 s", uncertain=True)


def test_a_connection_that_breaks_may_have_had_its_effect() -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    outcome, _ = answered(cut)
    assert isinstance(outcome, Later)
    assert outcome.uncertain


def test_a_refused_connection_certainly_had_no_effect() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connecting is refused
        port = taken.getsockname()[1]
        outcome = _send(open_rest("warehouse", {"url": f"http://127.0.0.1:{port}/"}, HERE), COMMAND)
    assert isinstance(outcome, Later)
    assert not outcome.uncertain
    assert outcome.reason == "no connection: ClientConnectorError"


def test_a_payload_that_is_no_json_is_final() -> None:
    channel = open_rest("warehouse", {"url": "http://127.0.0.1:9/"}, HERE)
    strange = replace(COMMAND, payload={"total": float("nan")})
    assert _send(channel, strange) == Failed(reason="the payload cannot be written as JSON")


def _send(channel: Any, delivery: Delivery) -> Outcome:
    async def body() -> Outcome:
        try:
            outcome: Outcome = await channel.send(delivery)
            return outcome
        finally:
            await channel.close()

    run: Coroutine[Any, Any, Outcome] = body()
    return asyncio.run(run)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"url": ""},
        {"url": "ftp://example.org/"},
        {"url": "http://"},
        {"url": "http://example.org:99999/"},
        {"url": "http://example.org/\nx"},
        {"url": "http://example.org/", "method": "GET"},
        {"url": "http://example.org/", "timeout": "soon"},
        {"url": "http://example.org/", "timeout": "0s"},
        {"url": "http://example.org/", "timeout": -1},
        {"url": "http://example.org/", "colour": "red"},
        {"url": "http://example.org/", "headers": ["a"]},
        {"url": "http://example.org/", "headers": {"x": f"{SECRET}\r\nX-Evil: 1"}},
        {"url": "http://example.org/", "headers": {"x y": SECRET}},
        {"url": "http://example.org/", "headers": {"Idempotency-Key": SECRET}},
        {"url": "http://example.org/", "headers": {"x": 7}},
    ],
)
def test_wrong_options_are_refused_when_the_channel_is_opened_and_never_shown(
    options: dict[str, Any],
) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        open_rest("warehouse", options, HERE)
    assert str(caught.value).startswith("channel warehouse: ")
    assert SECRET not in str(caught.value)
