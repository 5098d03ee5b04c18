"""A trip in parts, written in YAML only, under kill -9 at every store call and at random moments.

Afterwards each trip is booked whole, or each part that was booked was cancelled exactly once, latest first; and
nothing was cancelled that was never booked, but what nobody could know of.
"""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import aiohttp
import pytest

from engine.model import Json
from tests.chaos.agency import Agency, Part
from tests.chaos.client import Client
from tests.chaos.world import World, all_is_done, history_of, points
from tests.fakes.waiting import wait_until

KINDS = ("Flight", "Hotel", "Car")
RANDOM_KILLS = 4
CUSTOMERS = 8
ENDED_WITHIN = 60.0
POINTS = points(
    ("deploy", 1),
    ("create", 3),
    ("commit", 1),
    ("commit", 9),
    ("commit", 30),
    ("claim", 2),
    ("postpone", 2),
    ("load", 2),
    ("find", 3),
    ("row_of", 1),
    ("release", 1),
)


class Travellers:
    """Customers side by side, each with one trip after the other until it is told to stop."""

    def __init__(self, client: Client) -> None:
        self.trips: list[str] = []
        self.surprises: list[Json] = []
        self._client = client
        self._stopping = False

    async def travel(self) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(CUSTOMERS):
                group.create_task(self._traveller(number))

    def stop(self) -> None:
        self._stopping = True

    async def _traveller(self, number: int) -> None:
        turn = 0
        while not self._stopping:
            turn += 1
            await self._trip(f"trip-{number}-{turn}")

    async def _trip(self, saga_id: str) -> None:
        body: Json = {"machine": "trip", "sagaId": saga_id, "metadata": {"traveller": saga_id}}
        for _ in range(2):  # asked twice, as people do: the second time it is there
            answered = await self._client.post("/api/v1/sagas", body)
            if answered.status not in (200, 201):
                self.surprises.append(answered.body)
        self.trips.append(saga_id)
        await wait_until(
            lambda: self._ended(saga_id), within=ENDED_WITHIN, what=f"the end of {saga_id}", every=0.1
        )

    async def _ended(self, saga_id: str) -> bool:
        return bool((await self._client.get(f"/api/v1/sagas/{saga_id}"))["isFinal"])


class Clerk:
    """A person who calls the hotels that cannot be cancelled otherwise, and then skips what is parked."""

    def __init__(self, client: Client, agency: Agency) -> None:
        self.calls: set[str] = set()
        self._client = client
        self._agency = agency

    async def work(self) -> None:
        await wait_until(self._look, within=3_600, what="the end of the load", every=0.2)

    async def _look(self) -> bool:
        parked = await self._client.get("/api/v1/agenda", parked="true", limit="500")
        for entry in parked["items"]:
            assert entry["name"] == "cancelHotel", entry
            self._agency.cancel_by_phone((entry["sagaId"], "Hotel"))
            self.calls.add(entry["sagaId"])
            asked = {"entry": entry["id"], "reason": "cancelled by phone"}
            await self._client.post(f"/api/v1/sagas/{entry['sagaId']}/skip", asked)
        return False


@pytest.mark.chaos
def test_kill_9_at_any_moment_leaves_each_trip_booked_whole_or_undone_exactly_once(tmp_path: Path) -> None:
    asyncio.run(_body(tmp_path))


async def _body(folder: Path) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        client = Client(session)
        agency = Agency(client)
        async with agency as url:
            world = World(folder, Path(__file__).with_name("trip.yaml"), url, client, timeout="600ms")
            try:
                await _run(world, client, agency)
            finally:
                world.end()


async def _run(world: World, client: Client, agency: Agency) -> None:
    travellers, clerk = Travellers(client), Clerk(client, agency)
    travelling, working = asyncio.create_task(travellers.travel()), asyncio.create_task(clerk.work())
    try:
        await world.all_kills(POINTS, random_ones=RANDOM_KILLS)
        daemon = await world.plain()
        travellers.stop()
        await travelling
        await agency.told_all()
        await wait_until(lambda: all_is_done(client), within=ENDED_WITHIN, what="all sagas to end", every=0.2)
        for trip in travellers.trips:
            document = await client.get(f"/api/v1/sagas/{trip}")
            _is_whole(trip, document["currentState"], await history_of(client, trip), agency)
    finally:
        for task in (travelling, working):
            task.cancel()
        await asyncio.gather(travelling, working, return_exceptions=True)
    daemon.signal(signal.SIGTERM)
    assert await daemon.ended() == 0, daemon.last_words()
    _was_worth_it(world, travellers, clerk, agency)


def _is_whole(trip: str, state: str, rows: list[Json], agency: Agency) -> None:
    books = agency.books
    booked = {kind: books.booked.get((trip, kind), []) for kind in KINDS}
    cancelled = {kind: books.cancelled.get((trip, kind), []) for kind in KINDS}
    for_nothing = [kind for kind in KINDS if (trip, kind) in books.nothing_there]
    assert all(len(keys) <= 1 for keys in booked.values()), "a part was booked twice"
    if state == "BOOKED":
        assert all(booked.values()), f"{trip} is not booked whole"
        assert not any(cancelled.values()), f"{trip} is booked, and a part of it was cancelled"
        assert not for_nothing
        return
    assert state == "NOT_BOOKED"
    for kind in KINDS:
        assert len(cancelled[kind]) == len(booked[kind]), f"{kind} of {trip}: {booked} and {cancelled}"
        assert not (kind in for_nothing and (trip, kind) in books.refused), "a plain refusal needs no undo"
    _latest_first(trip, rows, agency)


def _latest_first(trip: str, rows: list[Json], agency: Agency) -> None:
    """The order in which the parts were first heard of, and the reverse in which their undos first went out."""
    heard = [
        kind
        for row in rows
        for kind in KINDS
        if row["event"] in _answers(kind) and row["result"] == "applied"
    ]
    undone = [kind for key in agency.ledger.keys for kind in KINDS if key.startswith(f"cancel{kind} {trip}.")]
    assert undone == [kind for kind in reversed(heard) if kind in undone], (trip, heard, undone)


def _answers(kind: str) -> tuple[str, str]:
    return f"{kind.lower()}Booked", f"{kind.lower()}Failed"


def _was_worth_it(world: World, travellers: Travellers, clerk: Clerk, agency: Agency) -> None:
    assert travellers.surprises == []
    assert agency.surprises == []
    assert list(agency.ledger.contradictions()) == [], "one key, one body"
    parts: set[Part] = {(trip, kind) for trip in travellers.trips for kind in KINDS}
    assert set(agency.books.booked) <= parts
    assert world.kills.total() == RANDOM_KILLS + len(POINTS)
    assert len(travellers.trips) > world.kills.total()
    assert agency.ledger.repeats > 0, "no kill fell between a request and its answer"
    assert clerk.calls, "no hotel had to be called"
    assert agency.books.nothing_there, "nothing was undone of which nobody could know"
    assert {"book: refuse", "book: busy", "book: hang", "book: later", "cancel: never"} <= set(agency.manners)
