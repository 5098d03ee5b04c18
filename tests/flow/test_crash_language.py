"""A crash at every store call of a saga with all constructs: fan-out, a child, poll, business timers, compensation.

Whatever the point: the saga ends, the receiver did each thing once under one key with one body, everything that
was done was undone once and in order, and the child was started once and stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest

from adapters.stores.memory import MemoryStore
from engine.children import CHANNEL, SagasChannel
from engine.definition.reader import check_text
from engine.model import Delivery, Done, Failed, HistoryRow, Later, Outcome, Saga
from engine.ports import Store
from tests.fakes.clock import FakeClock
from tests.fakes.engine import Bench
from tests.fakes.faulty_store import Call, Crash, When
from tests.fakes.ledger import Ledger
from tests.fakes.lives import live

MINUTE = 60_000
HOUR = 60 * MINUTE

PART = """
machine: part
version: 1
initialState: OPEN
creationEvent: begun
businessStates: {OPEN: {id: 0, description: Open}}
states:
  OPEN: {businessState: OPEN, on: {stopped: STOPPED}}
  STOPPED: {businessState: OPEN, final: true}
"""
WHOLE = """
machine: whole
version: 1
initialState: BOOKING
creationEvent: asked
settings: {unexpectedEvents: ignore}
businessStates:
  OPEN: {id: 0, description: Being booked, after: {5m: {event: nudged}}, sla: 10m}
  BACK: {id: 1, description: Being undone}
  OVER: {id: 2, description: Over}
commands:
  flight: {channel: shop, replies: {done: flightBooked, failed: flightFailed}, undo: unFlight, retry: &r {attempts: 9, delay: 1s, jitter: 0}}
  hotel: {channel: shop, replies: {done: hotelBooked, failed: hotelFailed, pending: hotelAsked}, undo: unHotel, retry: *r}
  part: {channel: sagas, payload: {start: part, metadata: {}}, replies: {done: partStarted, failed: partFailed}, undo: unPart, retry: *r}
  look: {channel: shop, payload: {trip: "{{ saga.id }}"}, replies: {done: seen}, retry: *r}
  car: {channel: shop, payload: {trip: "{{ saga.id }}"}, replies: {done: carBooked, failed: carFailed}, undo: unCar, retry: {attempts: 1}}
  unFlight: {channel: shop, payload: {trip: "{{ saga.id }}"}, retry: *r}
  unHotel: {channel: shop, payload: {trip: "{{ saga.id }}"}, retry: {attempts: 1}}
  unCar: {channel: shop, payload: {trip: "{{ saga.id }}"}, retry: *r}
  unPart: {channel: sagas, payload: {tell: "{{ metadata.childSagaId }}", event: stopped}, retry: *r}
states:
  BOOKING: {businessState: OPEN, commands: [flight, part, hotel], on: {$done: LOOKING, $failed: UNDOING, nudged: {set: {nudged: true}}}}
  LOOKING:
    businessState: OPEN
    poll: {command: look, every: 1m, factor: 2, maxEvery: 4m, for: 2h, giveUp: tooLong}
    on:
      seen: [{if: payload.ready, to: CAR}, {set: {looks: "{{ metadata.looks + 1 }}"}}]
      nudged: {set: {nudged: true}}
      tooLong: UNDOING
  CAR: {businessState: OPEN, command: car, on: {carBooked: BOOKED, carFailed: UNDOING}}
  UNDOING: {businessState: BACK, compensate: all, on: {$compensated: NOT_BOOKED, $stuck: {set: {stuck: true}}}}
  BOOKED: {businessState: OVER, final: true}
  NOT_BOOKED: {businessState: OVER, final: true}
"""
PATH = ["BOOKING", "LOOKING", "CAR", "UNDOING", "NOT_BOOKED"]


class Shop:
    """Busy at the first flight, takes the hotel on, is ready at the third look, times out on the car, and cannot
    cancel the hotel at first.
    """

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.order: list[str] = []
        self._tries: dict[str, int] = {}

    async def send(self, delivery: Delivery) -> Outcome:
        tries = self._tries[delivery.name] = self._tries.get(delivery.name, 0) + 1
        if self.ledger.take(f"{delivery.name} {delivery.id}", delivery.payload):
            self.order.append(delivery.name)
        match delivery.name:
            case "flight" if tries == 1:
                return Later(reason="busy")
            case "hotel":
                return Done(reply="pending")
            case "look":
                return Done(reply="done", payload={"ready": self.order.count("look") >= 3})
            case "car":
                return Later(reason="no answer", uncertain=True)
            case "unHotel" if tries == 1:
                return Failed(reason="call us")
        return Done(reply="done")

    async def close(self) -> None: ...


@dataclass(kw_only=True)
class Person:
    """Starts the trip, hears of the hotel, and repeats what is parked; goes on where the last life ended."""

    acknowledged: list[str] = field(default_factory=list)

    async def __call__(self, bench: Bench) -> None:
        part = check_text(PART, file="part.yaml").definition
        assert part is not None
        await bench.deployments.deploy([part])
        if "started" not in self.acknowledged:
            await bench.start({"looks": 0}, saga_id="s1")
            self.acknowledged.append("started")
        await bench.wait(6 * MINUTE)
        if "hotel" not in self.acknowledged:
            await bench.send("s1", "hotelBooked", id="h1")
            self.acknowledged.append("hotel")
        await bench.wait(HOUR)
        for due in await bench.store.agenda(parked=True):
            await bench.mending.retry(due.entry.saga_id, due.entry.id, actor="ann", reason="called them")
        await bench.wait(HOUR)
        await bench.dispatcher.drain(0)
        self.acknowledged.append("stopped")


class Sagas:
    """The built-in channel of whichever life is the present one."""

    bench: Bench

    async def send(self, delivery: Delivery) -> Outcome:
        return await SagasChannel(self.bench.runner).send(delivery)

    async def close(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class End:
    saga: Saga
    child: Saga
    rows: Sequence[HistoryRow]
    shop: Shop
    died_in: list[str | None]


@asynccontextmanager
async def _the_same(store: Store) -> AsyncIterator[Store]:
    yield store


def _lives(*deaths: Crash) -> End:
    store, clock, shop, person, sagas = MemoryStore(), FakeClock(), Shop(), Person(), Sagas()

    async def client(bench: Bench) -> None:
        sagas.bench = bench
        await person(bench)

    for number, death in enumerate([*deaths, Crash(0, "before")]):
        if "stopped" not in person.acknowledged:
            live(
                WHOLE,
                client,
                opened=partial(_the_same, store),
                channels={"shop": shop, CHANNEL: sagas},
                clock=clock,
                death=death,
                owner=f"d{number}",
            )
            clock.advance(MINUTE)
    assert person.acknowledged == ["started", "hotel", "stopped"]
    return asyncio.run(_end(store, shop, deaths))


async def _end(store: Store, shop: Shop, deaths: Sequence[Crash]) -> End:
    saga = await store.load("s1")
    return End(
        saga=saga,
        child=await store.load(saga.metadata["childSagaId"]),
        rows=await store.history("s1"),
        shop=shop,
        died_in=[death.method for death in deaths if death.happened],
    )


def _is_whole(end: End) -> None:
    assert [row.state for row in end.rows if row.entered] == PATH
    assert [row.seq for row in end.rows] == list(range(1, end.saga.version + 1))
    ids = [row.event_id for row in end.rows if row.event_id is not None]
    assert len(ids) == len(set(ids)), "no event was applied twice"
    assert (end.saga.is_final, end.saga.agenda) == (True, ())
    assert end.saga.metadata["looks"] == 2, "each look that told something told it once"
    assert end.saga.metadata["nudged"] is True
    assert (end.child.state, end.child.version) == ("STOPPED", 2)
    asked = end.shop.order
    assert [asked.count(name) for name in ("flight", "hotel", "car")] == [1, 1, 1]
    assert [name for name in asked if name.startswith("un")] == ["unCar", "unHotel", "unFlight"], (
        "latest first"
    )
    assert list(end.shop.ledger.contradictions()) == []
    raised = {row.event for row in end.rows}
    assert raised >= {"nudged", "$done", "$compensated", "$businessSla"}


class _Watch(Crash):
    """Kills nobody, and remembers the methods."""

    def __init__(self) -> None:
        super().__init__(0, "before")
        self.seen: list[str] = []

    def __call__(self, call: Call) -> None:
        if call.when == "before":
            self.seen.append(call.method)


def _calls() -> list[str]:
    watch = _Watch()
    _lives(watch)
    return watch.seen


CALLS = _calls()


def test_a_run_without_a_crash_is_whole() -> None:
    _is_whole(_lives())


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, len(CALLS) + 1), ids=lambda n: f"{n}-{CALLS[n - 1]}")
def test_a_crash_at_any_store_call_loses_nothing_and_doubles_nothing(number: int, when: When) -> None:
    end = _lives(Crash(number, when))
    assert end.died_in == [CALLS[number - 1]]
    _is_whole(end)
