"""kill -9 between a mail and its record: every mail arrives, and what arrives twice is the same mail.

Two moments are met on purpose: the server has the mail and has not confirmed it yet; it has confirmed it, and the
store does not know yet. Nobody can close that gap (the server and the store are two), so the repeat carries the
Message-ID of the first, by which a mailbox drops it.
"""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import aiohttp
import pytest

from engine.model import Json
from tests.chaos.client import Client
from tests.chaos.processes import Daemon
from tests.fakes.mail_server import MailServer, mail_server, plain
from tests.fakes.waiting import wait_until

MACHINE = Path(__file__).parents[2] / "machines" / "payment.yaml"
FULL = os.environ.get("SAGALOOM_FULL") == "1"
ROUNDS = 8 if FULL else 1
PAYMENTS = 30 if FULL else 4
END_WITHIN = 60.0


@pytest.mark.chaos
def test_kill_9_between_a_mail_and_its_record_loses_no_mail_and_repeats_only_the_same_one(
    tmp_path: Path,
) -> None:
    asyncio.run(_body(tmp_path))


async def _body(folder: Path) -> None:
    async with (
        mail_server() as server,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session,
    ):
        config = _config(folder, server)
        client = Client(session)
        shop = asyncio.create_task(_shop(client))
        try:
            for _ in range(ROUNDS):
                await _killed_by_a_mail(config, folder, client, server)
                await _killed_by_a_record(config, folder, client)
            daemon = await Daemon.start(["-m", "cli", "serve", "--config", str(config)], folder / "log")
            assert await daemon.ready(), daemon.last_words()
            client.lives_at(daemon.url)
            await shop
            await wait_until(
                lambda: _all_sent(client), within=END_WITHIN, what="all mails to be sent", every=0.1
            )
        finally:
            shop.cancel()
            await asyncio.gather(shop, return_exceptions=True)
        daemon.signal(signal.SIGTERM)
        assert await daemon.ended() == 0, daemon.last_words()
        _each_once(server)


def _config(folder: Path, server: MailServer) -> Path:
    config = folder / "config.yaml"
    config.write_text(
        f"store: {{type: sqlite, path: {folder / 'hub.db'}}}\n"
        f"machines: [{MACHINE}]\n"
        "http: {port: 0}\n"
        f"mail: {{host: 127.0.0.1, port: {server.port}, security: none, sender: shop@example.org}}\n"
    )
    return config


async def _shop(client: Client) -> None:
    """Payments that are paid at once, each with its mail."""
    for number in range(PAYMENTS):
        buyer: Json = {"buyer": {"email": f"buyer{number}@example.org"}}
        metadata: Json = {
            "shopTransactionId": f"order-{number}",
            "amount": 1200,
            "currency": "EUR",
            "additionalData": buyer,
        }
        body: Json = {"machine": "payment", "sagaId": f"p{number}", "metadata": metadata}
        assert (await client.post("/api/v1/sagas", body)).status in (200, 201)
        event: Json = {"name": "scheduleRequested", "id": f"e{number}"}
        assert (await client.post(f"/api/v1/sagas/p{number}/events", event)).status == 200


async def _killed_by_a_mail(config: Path, folder: Path, client: Client, server: MailServer) -> None:
    """Dies while the server has its mail and has not confirmed it."""
    daemon = await Daemon.start(["-m", "cli", "serve", "--config", str(config)], folder / "log")
    server.on_mail = lambda _: daemon.signal(signal.SIGKILL)
    await _died(daemon, client)
    server.on_mail = lambda _: None


async def _killed_by_a_record(config: Path, folder: Path, client: Client) -> None:
    """Dies when it is about to write down that the mail was sent."""
    doom = ["-m", "tests.chaos.daemon", str(config), "dies", "settle", "before", "1"]
    await _died(await Daemon.start(doom, folder / "log"), client)


async def _died(daemon: Daemon, client: Client) -> None:
    if await daemon.ready():
        client.lives_at(daemon.url)
    assert await daemon.ended() == -signal.SIGKILL, daemon.last_words()
    client.is_dead(daemon.url)


async def _all_sent(client: Client) -> bool:
    return not (await client.get("/api/v1/agenda"))["items"]


def _each_once(server: MailServer) -> None:
    by_id: dict[str, set[tuple[str, str, str]]] = {}
    for message, id_ in zip(server.messages, server.ids, strict=True):
        by_id.setdefault(id_, set()).add((message["To"], message["Subject"], plain(message)))
    assert len(by_id) == PAYMENTS, "one Message-ID for each event"
    assert all(len(contents) == 1 for contents in by_id.values()), "a repeat says the same"
    told = sorted(to for contents in by_id.values() for to, _, _ in contents)
    assert told == sorted(f"buyer{number}@example.org" for number in range(PAYMENTS))
    repeats = len(server.mails) - PAYMENTS
    assert 0 < repeats <= 2 * ROUNDS * 5, "no more repeats than mails that were under way at a kill"
