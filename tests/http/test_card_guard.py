"""A card number is refused at every door, in every disguise, and no answer and no log quotes it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import orjson
import pytest
import structlog

from commands.logs import mask_cards
from engine.model import Json
from hub.cards import holds_card_number
from tests.http.daemon import Daemon, daemon, served
from web.routes import ROUTES

CARD = "4111111111111111"
DISGUISES: dict[str, Any] = {
    "a text": CARD,
    "a number": int(CARD),
    "a float": 4.111111111111111e15,
    "groups": "4111 1111 1111 1111",
    "hyphens": "4111-1111-1111-1111",
    "within words": "my card is 4111 1111 1111 1111, thanks",
    "a name": {CARD: 1},
    "deep": {"a": [{"b": [CARD]}]},
}
DOORS: dict[str, Json] = {
    "/saga": {"metadata": {}},
    "/event": {"key": "k", "value": {"messageLabel": "paymentExecuted", "messagePayload": {}}},
    "/api/v1/sagas": {"metadata": {}, "machine": "order"},
    "/api/v1/sagas/n1/events": {"name": "paymentExecuted", "payload": {}},
    "/api/v1/sagas/n1/retry": {"reason": "r", "metadata": {}},
    "/api/v1/sagas/n1/answer": {"reason": "r", "reply": "done", "payload": {}},
    "/v3/sandbox/credit-cards/pay": {
        "amount": 5,
        "currency": "EUR",
        "shopTransactionId": "s",
        "providerData": {},
    },
    "/v3/sandbox/refund": {"amount": 5, "currency": "EUR", "paymentId": "p", "providerData": {}},
    "/saga/pay": {"key": "k", "value": {"messageLabel": "pay", "messagePayload": {}}},
    "/rule": {"ruleId": "r", "priority": 1, "response": {}},
    "/check": {"data": {}},
}


def _with(body: Json, hidden: Any) -> Json:
    """The body with `hidden` in its innermost empty object."""
    if not body:
        return {"hidden": hidden}
    return {name: _with(part, hidden) if isinstance(part, dict) else part for name, part in body.items()}


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize("disguise", DISGUISES)
@served
async def test_a_body_with_a_card_number_is_refused(daemon: Daemon, path: str, disguise: str) -> None:
    reply = await daemon.post(path, _with(DOORS[path], DISGUISES[disguise]))
    assert (reply.status, reply.code) == (422, "card-data-refused")
    assert not holds_card_number(reply.body.decode())


@served
async def test_escapes_do_not_hide_a_card_number(daemon: Daemon) -> None:
    hidden = "".join(f"\\u{ord(digit):04x}" for digit in CARD)
    body = f'{{"data": {{"a": "{hidden}"}}}}'.encode()
    reply = await daemon.call("POST", "/check", body=body, headers={"Content-Type": "application/json"})
    assert reply.code == "card-data-refused"


@pytest.mark.parametrize(
    "path",
    [
        f"/api/v1/sagas/{CARD}",
        f"/api/v1/sagas/{quote('4111 1111 1111 1111')}",
        f"/api/v1/sagas?entityId={CARD}",
        "/api/v1/sagas?entityId=4111+1111+1111+1111",
        f"/v3/sandbox/status?paymentId={CARD}",
        f"/nowhere/{CARD}",
        "/api/v1/sagas/" + "".join(f"%{ord(digit):02x}" for digit in CARD),
    ],
)
@served
async def test_an_address_with_a_card_number_is_refused_and_not_quoted(daemon: Daemon, path: str) -> None:
    reply = await daemon.get(path)
    assert (reply.status, reply.code) == (422, "card-data-refused")
    assert not holds_card_number(reply.body.decode())


@pytest.mark.parametrize("header", ["X-Actor", "Idempotency-Key"])
@served
async def test_a_header_with_a_card_number_is_refused(daemon: Daemon, header: str) -> None:
    await daemon.start()
    event = {"key": "n1", "value": {"messageLabel": "paymentExecuted"}}
    reply = await daemon.post("/event", event, {header: CARD})
    assert reply.code == "card-data-refused"


@served
async def test_what_only_looks_a_little_like_a_card_number_passes(daemon: Daemon) -> None:
    data = {
        "order": "4111111111111112",
        "time": 1_732_345_678_901,
        "phone": "+4915123456781",
        "id": f"x{CARD}",
    }
    assert (await daemon.post("/check", {"data": data})).code == "no-rule-matches"


@served
async def test_a_callback_is_not_refused_for_a_provider_s_long_number(daemon: Daemon) -> None:
    reply = await daemon.get(f"/v3/sandbox/callback?paymentId={CARD}")
    assert reply.code != "card-data-refused"
    assert not holds_card_number(reply.json)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    written = io.StringIO()
    structlog.configure(
        processors=[mask_cards, structlog.processors.JSONRenderer()],
        logger_factory=structlog.WriteLoggerFactory(file=written),
    )
    yield written
    structlog.reset_defaults()


def test_the_log_masks_a_card_number_wherever_it_stands(log: io.StringIO) -> None:
    for hidden in DISGUISES.values():
        structlog.get_logger("test").warning(f"event {CARD}", part=hidden, where=[f"at {CARD}"])
    lines = log.getvalue().splitlines()
    assert len(lines) == len(DISGUISES)
    for line in lines:
        assert not holds_card_number(orjson.loads(line))
        assert "****1111" in line


def test_no_door_logs_what_it_refuses(log: io.StringIO) -> None:
    async def body() -> None:
        async with daemon() as it:
            for path, wanted in DOORS.items():
                await it.post(path, _with(wanted, CARD))
            await it.get(f"/api/v1/sagas/{CARD}")

    asyncio.run(body())
    assert CARD not in log.getvalue()


def test_every_route_that_takes_a_body_says_that_it_refuses_card_data() -> None:
    silent = [route.path for route in ROUTES if route.body and "card-data-refused" not in route.codes]
    assert silent == []
