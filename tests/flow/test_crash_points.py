"""A crash at every store call of an order's run, before the call and after it; then another daemon goes on.

Whatever the point: what was acknowledged is there, the saga ends, each event is in the history once, and
the receiver saw one effect for each thing that the saga asked for, under one key, with one body.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.stores.memory import MemoryStore
from adapters.stores.sqlite import open_sqlite
from engine.errors import SagaExists
from engine.model import Delivery, Done, Failed, HistoryRow, Later, Outcome, Saga
from engine.ports import Store
from tests.fakes.clock import FakeClock
from tests.fakes.engine import Bench
from tests.fakes.faulty_store import Call, Crash, When
from tests.fakes.ledger import Ledger
from tests.fakes.lives import Open, live

DAY = 86_400_000

MACHINE = """
machine: order
version: 1
initialState: CREATED
creationEvent: orderCreated
keys: [metadata.orderNumber]
businessStates:
  OPEN: {id: 0, description: Being worked on, on: {noted: {set: {notes: "{{ metadata.notes + 1 }}"}}}}
  DELIVERED: {id: 1, description: The customer has the goods}
  FAILED: {id: 2, description: Given up}
commands:
  pay:
    channel: shop
    payload: {amount: "{{ metadata.total }}"}
    replies: {done: paid, failed: payFailed}
    retry: {attempts: 9, delay: 1s, factor: 1, jitter: 0}
  prepare: {channel: shop, replies: {done: prepared, failed: prepareFailed}, timeout: 1d, retry: {attempts: 99, delay: 1s, jitter: 0}}
  deliver: {channel: shop, replies: {done: delivered, failed: deliverFailed}, retry: {attempts: 9, delay: 1s, jitter: 0}}
sideEffects:
  tell: {channel: shop, payload: {order: "{{ metadata.orderNumber }}"}}
  count: {channel: shop}
states:
  CREATED: {businessState: OPEN, command: pay, on: {paid: PAID, payFailed: GIVEN_UP}, after: {60d: GIVEN_UP}}
  PAID: {businessState: OPEN, command: prepare, on: {prepared: PREPARED, prepareFailed: GIVEN_UP}}
  PREPARED: {businessState: OPEN, command: deliver, sideEffects: [count], on: {delivered: COOLING, deliverFailed: GIVEN_UP}}
  COOLING: {businessState: DELIVERED, after: {14d: {event: coolingEnded, to: ENDED}}, on: {returned: GIVEN_UP}}
  ENDED: {businessState: DELIVERED, final: true, sideEffects: [tell]}
  GIVEN_UP: {businessState: FAILED, final: true}
"""

PATH = ["CREATED", "PAID", "PREPARED", "COOLING", "ENDED"]
ASKED = ["count", "deliver", "pay", "prepare", "tell"]


class Shop:
    """The receiver: busy at the first payment, accepts `prepare` and answers later, refuses the first mail."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self._tries: dict[str, int] = {}

    async def send(self, delivery: Delivery) -> Outcome:
        tries = self._tries[delivery.name] = self._tries.get(delivery.name, 0) + 1
        first = self.ledger.take(f"{delivery.name} {delivery.id}", delivery.payload)
        match delivery.name:
            case "pay" if tries == 1:
                return Later(reason="busy")
            case "pay":
                return Done(reply="done", payload={"paymentId": f"p of {delivery.id}"})
            case "prepare":
                return Done()
            case "tell" if tries == 1:
                return Failed(reason="no such address")
        return Done(reply="done", payload={"first": first} if delivery.name == "deliver" else {})

    async def close(self) -> None: ...


@dataclass(kw_only=True)
class Customer:
    """Does one thing after the other, and the one that was not acknowledged again; remembers what was."""

    acknowledged: list[str] = field(default_factory=list)

    async def __call__(self, bench: Bench) -> None:
        """Go on where the last life ended. Time passes first, so that leases of the dead run out."""
        await self._create(bench)
        await self._event(bench, "noted", "n1")
        await bench.wait(2 * DAY)
        await self._event(bench, "noted", "n2")
        await self._event(bench, "prepared", "r1")
        await bench.wait(20 * DAY)
        for due in await bench.store.agenda(parked=True):
            await bench.mending.retry(due.entry.saga_id, due.entry.id, actor="ann", reason="address mended")
        await bench.wait(2 * DAY)
        await bench.dispatcher.drain(0)
        self.acknowledged.append("stopped")

    async def _create(self, bench: Bench) -> None:
        if "created" in self.acknowledged:
            return
        with suppress(SagaExists):  # the first try was written, and only its answer was lost
            await bench.start({"orderNumber": "n1", "total": 5, "notes": 0}, saga_id="s1")
        self.acknowledged.append("created")

    async def _event(self, bench: Bench, name: str, id_: str) -> None:
        if id_ not in self.acknowledged:
            await bench.send("n1", name, id=id_)
            self.acknowledged.append(id_)


@dataclass(frozen=True, kw_only=True)
class End:
    """What is left when the last life is over."""

    saga: Saga
    rows: Sequence[HistoryRow]
    ledger: Ledger
    died_in: list[str | None]


@asynccontextmanager
async def _the_same(store: Store) -> AsyncIterator[Store]:
    yield store


@asynccontextmanager
async def _file(folder: Path) -> AsyncIterator[Store]:
    store = await open_sqlite({"path": "sagas.db"}, folder)
    yield store
    await store.close()


def _lives(points: Sequence[tuple[int, When]], folder: Path | None = None) -> End:
    """Lives that end at these store calls, and a last one that goes on to the end; in memory without a folder."""
    opened = partial(_file, folder) if folder else partial(_the_same, MemoryStore())
    clock, shop, customer = FakeClock(), Shop(), Customer()
    deaths = [*(Crash(number, when) for number, when in points), Crash(0, "before")]
    for number, death in enumerate(deaths):
        if "stopped" not in customer.acknowledged:
            live(
                MACHINE,
                customer,
                opened=opened,
                channels={"shop": shop},
                clock=clock,
                death=death,
                owner=f"d{number}",
            )
            clock.advance(2 * DAY)
    assert customer.acknowledged == ["created", "n1", "n2", "r1", "stopped"]
    return asyncio.run(_end(opened, shop, deaths))


async def _end(opened: Open, shop: Shop, deaths: Sequence[Crash]) -> End:
    async with opened() as store:
        return End(
            saga=await store.load("s1"),
            rows=await store.history("s1"),
            ledger=shop.ledger,
            died_in=[death.method for death in deaths if death.happened],
        )


def is_whole(end: End) -> None:
    assert [row.state for row in end.rows if row.entered] == PATH
    assert [row.seq for row in end.rows] == list(range(1, end.saga.version + 1))
    ids = [row.event_id for row in end.rows if row.event_id is not None]
    assert len(ids) == len(set(ids)), "no event was applied twice"
    assert {"n1", "n2", "r1"} <= set(ids), "what was acknowledged is there"
    assert {row.result for row in end.rows} == {"applied"}
    assert (end.saga.is_final, end.saga.agenda, end.saga.metadata["notes"]) == (True, (), 2)
    assert sorted(key.split()[0] for key in end.ledger.keys) == ASKED, "one effect for each thing asked"
    assert list(end.ledger.contradictions()) == []


class _Watch(Crash):
    """Kills nobody, and remembers the methods."""

    def __init__(self) -> None:
        super().__init__(0, "before")
        self.seen: list[str] = []

    def __call__(self, call: Call) -> None:
        if call.when == "before":
            self.seen.append(call.method)


def _calls() -> list[str]:
    """The methods of the store that a run without a crash calls, in order."""
    watch = _Watch()
    live(
        MACHINE,
        Customer(),
        opened=partial(_the_same, MemoryStore()),
        channels={"shop": Shop()},
        clock=FakeClock(),
        death=watch,
        owner="d0",
    )
    return watch.seen


CALLS = _calls()


def test_a_run_without_a_crashis_whole() -> None:
    is_whole(_lives([]))


def test_the_run_takes_every_way_to_the_store_that_an_order_has() -> None:
    assert set(CALLS) >= {
        "deploy",
        "create",
        "find",
        "commit",
        "claim",
        "postpone",
        "settle",
        "park",
        "release",
        "load",
    }


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, len(CALLS) + 1), ids=lambda n: f"{n}-{CALLS[n - 1]}")
def test_a_crash_at_any_store_call_loses_nothing_and_doubles_nothing(number: int, when: When) -> None:
    end = _lives([(number, when)])
    assert end.died_in == [CALLS[number - 1]]
    is_whole(end)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, len(CALLS) + 1, 4), ids=lambda n: f"{n}-{CALLS[n - 1]}")
def test_a_crash_with_a_database_file_loses_nothing_either(number: int, when: When, tmp_path: Path) -> None:
    is_whole(_lives([(number, when), (number + 2, when)], tmp_path))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(1, 25), st.sampled_from(["before", "after"])), min_size=2, max_size=4))
def test_several_crashes_one_after_the_other_do_no_more_harm(points: list[tuple[int, When]]) -> None:
    is_whole(_lives(points))
