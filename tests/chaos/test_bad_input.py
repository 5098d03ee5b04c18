"""What is wrong with a configuration, a server or a message: the daemon says so, changes nothing, and stays up if it was."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from engine.model import Json
from tests.chaos.client import Client
from tests.chaos.processes import Daemon
from tests.chaos.world import history_of
from tests.contract import mongo_server
from tests.contract.kafka_broker import Broker, broker, free_port
from tests.fakes.waiting import wait_until

SECRET = "correct-horse-battery"
SOON = "serverSelectionTimeoutMS=500"
MACHINE = str(Path(__file__).with_name("counter.yaml"))
WITHIN = 60.0


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mongo_server.Server]:
    """A server that asks for a password."""
    with mongo_server.guarded(tmp_path_factory.mktemp("guarded"), SECRET) as server:
        yield server


@pytest.fixture(scope="module")
def kafka() -> Iterator[Broker]:
    with broker() as running:
        yield running


def test_a_daemon_that_cannot_start_says_why_and_names_no_secret(
    guarded: mongo_server.Server, kafka: Broker, tmp_path: Path
) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    user = guarded.uri.replace("//", f"//user:{SECRET}x@")
    refused = "refuses the user or the password"
    cases: dict[str, tuple[Json, int, str]] = {
        "no uri": (store(f"{nowhere}/{SECRET}"), 2, "uri is no connection string"),
        "no server": (store(f"mongodb://user:{SECRET}@{nowhere}/?{SOON}"), 3, f"answers at {nowhere}"),
        "wrong replica set": (
            store(f"{guarded.uri.replace('=secantus', '=another')}&{SOON}"),
            3,
            "is replicaSet right",
        ),
        "wrong password": (store(user), 2, refused),
        "no password": (store(guarded.uri), 2, refused),
        "wrong database": (store(user, database="a.b"), 2, "a.b is not a name"),
        "no broker": (bus(brokers=[nowhere]), 3, f"no Kafka broker answers at {nowhere}"),
        "no topic": (bus(**kafka.options), 2, "Kafka has no topic counted, counted.dead-letter"),
        "wrong password of the broker": (
            bus(
                **kafka.options, security={"protocol": "SASL_PLAINTEXT", "username": "u", "password": SECRET}
            ),
            3,
            "do protocol and credentials fit",
        ),
    }

    async def body() -> None:
        told = await asyncio.gather(*(said(tmp_path, name, case[0]) for name, case in cases.items()))
        for (name, (_, code, sentence)), (ended, errors) in zip(cases.items(), told, strict=True):
            assert ended == code, (name, errors)
            assert sentence in " ".join(errors.split()), (name, errors)
            assert SECRET not in errors, name
            assert "Traceback" not in errors, name

    asyncio.run(body())


def store(uri: str, **more: Any) -> Json:
    return {"store": {"type": "mongo", "uri": uri, **more}}


def bus(**options: Any) -> Json:
    options = {"type": "kafka", "inputTopics": ["counted"], "consumerGroup": "sagaloom", **options}
    return {"store": {"type": "memory"}, "channels": {"bus": options}}


async def said(folder: Path, name: str, config: Json) -> tuple[int, str]:
    """The exit code of a daemon, and its last words."""
    daemon = await started(folder, config, name=name)
    assert not await daemon.ready(), f"{name}: it started all the same"
    return await daemon.ended(), daemon.last_words()


async def started(folder: Path, config: Json, *, name: str = "daemon") -> Daemon:
    file = folder / f"{name.replace(' ', '-')}.yaml"
    http = {"port": 0, "maxBody": "20MB"}
    file.write_text(json.dumps({"machines": [MACHINE], "http": http, **config}))
    return await Daemon.start(["-m", "cli", "serve", "--config", str(file)], file.with_suffix(".log"))


@asynccontextmanager
async def serving(folder: Path, config: Json) -> AsyncIterator[tuple[Daemon, Client]]:
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        daemon = await started(folder, config)
        stack.push_async_callback(daemon.end)
        assert await daemon.ready(), daemon.last_words()
        client = Client(session, patience=30.0)
        client.lives_at(daemon.url)
        yield daemon, client


async def probe_says(client: Client, status: int) -> None:
    async def says() -> bool:
        return await client.status("/-/ready") == status

    await wait_until(says, within=WITHIN, what=f"the probe to say {status}", every=0.1)


async def make(client: Client, saga_id: str, **metadata: Any) -> int:
    body = {"machine": "counter", "sagaId": saga_id, "metadata": {"count": 0, **metadata}}
    return (await client.post("/api/v1/sagas", body)).status


async def count(client: Client, saga_id: str, **payload: Any) -> int:
    event = {"name": "counted", "payload": {"last": 1, **payload}}
    return (await client.post(f"/api/v1/sagas/{saga_id}/events", event)).status


def test_a_database_that_goes_away_is_told_by_the_probe_and_to_callers_and_comes_back(tmp_path: Path) -> None:
    mongo_server.need_program()
    server = mongo_server.Server(tmp_path)

    async def body() -> None:
        uri = f"{server.start()}&{SOON}"
        async with serving(tmp_path, store(uri)) as (_, client):
            assert await make(client, "a") == 201
            await probe_says(client, 200)
            server.kill()
            await probe_says(client, 503)
            assert await client.status("/-/healthz") == 200
            assert await client.status("/api/v1/sagas/a") == 503
            await asyncio.to_thread(server.start)
            await probe_says(client, 200)
            assert await count(client, "a") == 200
            assert [row["event"] for row in await history_of(client, "a")] == ["begun", "counted"]

    try:
        asyncio.run(body())
    finally:
        server.stop()


@pytest.mark.filterwarnings("ignore:Sending a large body")
def test_a_saga_that_does_not_fit_into_a_document_is_refused_and_stays_as_it_was(tmp_path: Path) -> None:
    database = mongo_server.new_database()

    async def body() -> None:
        async with serving(tmp_path, store(mongo_server.uri(), database=database)) as (_, client):
            assert await make(client, "large", text="x" * 17_000_000) == 422
            assert await client.status("/api/v1/sagas/large") == 404
            assert await make(client, "growing", text="x" * 9_000_000) == 201
            assert await count(client, "growing", more="x" * 9_000_000) == 422
            document = await client.get("/api/v1/sagas/growing")
            assert (document["version"], document["metadata"]["count"]) == (1, 0)
            assert await count(client, "growing") == 200
            await probe_says(client, 200)
        await mongo_server.drop(database)

    asyncio.run(body())


def test_messages_that_are_no_events_become_dead_letters_and_hold_nothing_up(
    kafka: Broker, tmp_path: Path
) -> None:
    good = json.dumps({"messageLabel": "counted", "messagePayload": {"last": 7}}).encode()
    bad = [
        (b"a", b"{", b"invalid-json"),
        (None, good, b"no-key"),
        (b"nobody", good, b"saga-not-found"),
        (b"a", good.replace(b"counted", b"shouted"), b"event-not-accepted"),
    ]

    async def body() -> None:
        topic, database = await kafka.topic("counted"), mongo_server.new_database()
        options = {**kafka.options, "inputTopics": [topic], "consumerGroup": topic}
        config = bus(**options) | store(mongo_server.uri(), database=database)
        async with serving(tmp_path, config) as (daemon, client), kafka.producer() as producer:
            assert await make(client, "a") == 201
            for key, value, _ in bad:
                await producer.send_and_wait(topic, key=key, value=value)
            await producer.send_and_wait(topic, key=b"a", value=good)

            async def counted() -> bool:
                return bool((await client.get("/api/v1/sagas/a"))["metadata"]["count"])

            await wait_until(counted, within=WITHIN, what="the good message to be taken")
            letters = await kafka.read(f"{topic}.dead-letter", len(bad))
            headers = [dict(letter.headers) for letter in letters]
            assert sorted(each["dead-letter-code"] for each in headers) == sorted(code for *_, code in bad)
            assert all(each["dead-letter-reason"] for each in headers)
            assert [row["event"] for row in await history_of(client, "a")] == ["begun", "counted"]
            await probe_says(client, 200)
            assert not re.search(r"Traceback|shouted", daemon.last_words())
        await mongo_server.drop(database)

    asyncio.run(body())
