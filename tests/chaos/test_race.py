"""Two daemons, as users start them, race on the same sagas of one MongoDB with events that exclude one another.

Each event is applied once or refused; no update is lost; the history has no gap and tells the order in which the
answers were given. SAGALOOM_FULL=1 sends 2,000 events; MONGODB_URI has it run on that server.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from tests.chaos.client import Answered, Client
from tests.chaos.processes import Daemon
from tests.chaos.world import history_of
from tests.contract import mongo_server
from tests.needs import is_full

DOORS = 10
EVENTS = 2_000 if is_full() else 240
SENDERS = 4
"""For each door, half of them at each daemon."""

SEED = 20_260_103
TWICE = 0.2
"""Of the events: sent to both daemons at the same time, under one id."""

NAMES = ("shut", "opened", "touched")


@dataclass(kw_only=True)
class Told:
    """What became of the events of one door: the answers, by event id; of each sender in their order."""

    answers: dict[str, list[Answered]] = field(default_factory=lambda: defaultdict(list))
    senders: list[list[int]] = field(default_factory=list)


@pytest.mark.chaos
def test_of_events_that_two_daemons_take_at_once_each_is_applied_once_or_refused(tmp_path: Path) -> None:
    asyncio.run(_body(tmp_path))


async def _body(folder: Path) -> None:
    config, database = folder / "config.yaml", mongo_server.new_database()
    store = {"type": "mongo", "uri": mongo_server.uri(), "database": database}
    machines = [str(Path(__file__).with_name("door.yaml"))]
    config.write_text(json.dumps({"store": store, "machines": machines, "http": {"port": 0}}))
    daemons = [
        await Daemon.start(["-m", "cli", "serve", "--config", str(config)], folder / f"{number}.log")
        for number in range(2)
    ]
    try:
        async with aiohttp.ClientSession() as session:
            clients = [await _client_of(daemon, session) for daemon in daemons]
            await _race(clients)
        for daemon in daemons:
            daemon.signal(signal.SIGTERM)
        assert [await daemon.ended() for daemon in daemons] == [0, 0]
    finally:
        for daemon in daemons:
            await daemon.end()
        await mongo_server.drop(database)


async def _client_of(daemon: Daemon, session: aiohttp.ClientSession) -> Client:
    assert await daemon.ready(), daemon.last_words()
    client = Client(session, patience=30)
    client.lives_at(daemon.url)
    return client


async def _race(clients: Sequence[Client]) -> None:
    began = time.monotonic()
    doors = {f"door-{number}": Told() for number in range(DOORS)}
    for door in doors:
        body = {"machine": "door", "sagaId": door, "metadata": {"touched": 0, "turned": 0}}
        assert (await clients[0].post("/api/v1/sagas", body)).status == 201
    async with asyncio.TaskGroup() as group:
        for door, told in doors.items():
            for number in range(SENDERS):
                group.create_task(_send(door, number, clients, told))
    seconds = time.monotonic() - began
    results = Counter[str]()
    for door, told in doors.items():
        results += await _is_consistent(clients[0], door, told)
    assert results["applied"] + results["refused"] == EVENTS
    assert min(results.values()) > EVENTS // 20, "no race: nothing was ever refused, or repeated"
    print(f"\n{EVENTS} events in {seconds:.0f} s: {dict(results)}")


async def _send(door: str, number: int, clients: Sequence[Client], told: Told) -> None:
    """One event after the other is acknowledged, some of them to both daemons at once."""
    dice = random.Random(f"{SEED} {door} {number}")
    mine, other = clients[number % 2], clients[1 - number % 2]
    versions: list[int] = []
    told.senders.append(versions)
    for turn in range(EVENTS // DOORS // SENDERS):
        event = {"name": dice.choice(NAMES), "payload": {}, "id": f"{door}.{number}.{turn}"}
        ways = [mine, other] if dice.random() < TWICE else [mine]
        answers = await asyncio.gather(*(way.post(f"/api/v1/sagas/{door}/events", event) for way in ways))
        told.answers[str(event["id"])] += answers
        versions += {answer.body["version"] for answer in answers if answer.status == 200}


async def _is_consistent(client: Client, door: str, told: Told) -> Counter[str]:
    rows = await history_of(client, door, page=100)
    seq = {row["id"]: row["seq"] for row in rows[1:]}
    results = Counter[str]()
    for event_id, answers in told.answers.items():
        assert {answer.status for answer in answers} <= {200, 409}, answers
        said = {answer.body["version"] for answer in answers if answer.status == 200}
        assert said == ({seq[event_id]} if event_id in seq else set()), (event_id, answers)
        results["applied" if said else "refused"] += 1
        results["repeated"] += len([answer for answer in answers if answer.status == 200]) == 2
    assert set(seq) <= set(told.answers), "nothing is there that nobody sent"
    for versions in told.senders:
        assert versions == sorted(versions), "what was sent later stands later"
    document = await client.get(f"/api/v1/sagas/{door}")
    names = Counter(row["event"] for row in rows)
    counted = {"touched": names["touched"], "turned": names["shut"] + names["opened"]}
    assert document["metadata"] == counted, "an update was lost"
    return results
