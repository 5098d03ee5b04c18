"""Notifications to the merchant: signed as Standard Webhooks says, tried for a day, written down, replayed."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest
from aiohttp import web

from adapters.stores.memory import MemoryStore
from commands.telling import with_merchant
from engine.config import load_config
from engine.definition.reader import load
from engine.errors import ConfigInvalid
from engine.model import Delivery, Done, Failed, Json, Later, Outcome
from hub.merchant import MerchantChannel, open_merchant, signature
from hub.merchant_log import NEWEST, MerchantLog
from tests.fakes.clock import FakeClock
from tests.flow.journey import MACHINES

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HOUR = 3_600_000


@dataclass
class Merchant:
    """A receiver that verifies as docs/merchant-notifications.md tells receivers to."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    taken: dict[str, Json] = field(default_factory=dict)
    requests: int = 0

    async def take(self, request: web.Request) -> web.Response:
        self.requests += 1
        body, id_ = await request.read(), request.headers["webhook-id"]
        signed = f"{id_}.{request.headers['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        given = [one.removeprefix("v1,") for one in request.headers["webhook-signature"].split(" ")]
        assert expected in given
        if self.answers and self.answers[0] != 200:
            return web.Response(status=self.answers.pop(0))
        self.taken[id_] = orjson.loads(body)
        return web.Response(status=self.answers.pop(0) if self.answers else 204)


@asynccontextmanager
async def merchant() -> AsyncIterator[Merchant]:
    kept = Merchant()
    app = web.Application()
    app.router.add_post("/told", kept.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    kept.url = f"http://127.0.0.1:{runner.addresses[0][1]}/told"
    try:
        yield kept
    finally:
        await runner.cleanup()


def a_try(attempt: int = 1) -> Delivery:
    return Delivery(
        id="payment-1.4.2",
        saga_id="payment-1",
        entity_id="",
        machine="payment",
        kind="effect",
        name="tellMerchant",
        payload={"type": "payment.paid", "amount": 1299},
        attempt=attempt,
    )


@asynccontextmanager
async def channel(url: str) -> AsyncIterator[tuple[MerchantChannel, MerchantLog]]:
    opened, store = open_merchant("merchant", {"url": url, "secret": SECRET}, Path()), MemoryStore()
    opened.keep_in(store.records, FakeClock())
    try:
        yield opened, MerchantLog(store.records)
    finally:
        await opened.close()


def test_the_published_example_of_standard_webhooks_reproduces() -> None:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    made = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("status", "kind", "state"),
    [
        (200, Done, "delivered"),
        (204, Done, "delivered"),
        (410, Failed, "refused"),
        (404, Later, "failing"),
        (500, Later, "failing"),
        (302, Later, "failing"),
    ],
)
def test_what_the_merchant_answers_is_what_becomes_of_it(
    status: int, kind: type[Outcome], state: str
) -> None:
    async def body() -> None:
        async with merchant() as shop, channel(shop.url) as (it, log):
            shop.answers = [status]
            assert isinstance(await it.send(a_try()), kind)
            [found] = await log.list()
            assert (found.id, found.state, found.tries[0].status) == ("payment-1.4.2", state, status)

    asyncio.run(body())


def test_every_try_is_written_down_under_one_id_and_the_newest_are_kept() -> None:
    async def body() -> None:
        async with merchant() as shop, channel(shop.url) as (it, log):
            shop.answers = [503] * (NEWEST + 2)
            for attempt in range(NEWEST + 2):
                assert isinstance(await it.send(a_try(attempt + 1)), Later)
            assert isinstance(await it.send(a_try(99)), Done)
            [found] = await log.list(saga_id="payment-1", state="delivered")
            assert (len(found.tries), found.tries[-1].worked) == (NEWEST, True)
            assert list(shop.taken) == ["payment-1.4.2"]
            assert await log.list(state="failing") == []

    asyncio.run(body())


def test_a_merchant_who_is_not_there_is_for_later() -> None:
    async def body() -> None:
        async with merchant() as shop:
            url = shop.url
        async with channel(url) as (it, log):
            assert isinstance(await it.send(a_try()), Later)
            [found] = await log.list()
            assert found.tries[0].status is None
            assert url not in found.tries[0].said

    asyncio.run(body())


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"url": "http://127.0.0.1/x"},
        {"url": "ftp://x", "secret": SECRET},
        {"url": "http://127.0.0.1/x", "secret": "whsec_short"},
        {"url": "http://127.0.0.1/x", "secret": "whsec_!!!"},
        {"url": "http://127.0.0.1/x", "secret": SECRET, "retries": 3},
    ],
)
def test_a_wrong_option_is_refused_and_no_value_shown(options: Json) -> None:
    with pytest.raises(ConfigInvalid) as error:
        open_merchant("merchant", options, Path())
    assert "whsec_short" not in str(error.value)


def test_the_machine_tries_for_a_day() -> None:
    retry = load(MACHINES / "payment.yaml").side_effects["tellMerchant"].retry
    assert retry is not None
    waits, wait = 0.0, float(retry.delay)
    for _ in range(retry.attempts - 1):
        waits += min(wait, retry.max_delay)
        wait *= retry.factor
    assert 24 * HOUR <= waits <= 25 * HOUR


def test_who_configures_a_merchant_needs_no_more(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        f"store: {{type: memory}}\nmerchant: {{url: 'http://127.0.0.1:9/told', secret: {SECRET}}}\n"
    )
    config = with_merchant(load_config(file))
    assert config.channels["merchant"].type == "webhook"
    assert config.variables == {"payment": {"tellMerchant": True}}
    file.write_text("store: {type: memory}\n")
    assert with_merchant(load_config(file)).variables == {}
    assert load_config(file).channels["merchant"].type == "log"
