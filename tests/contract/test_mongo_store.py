"""The MongoDB store passes the suite, answers as the memory store does, and outlives its process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.stores.memory import open_memory
from adapters.stores.mongo import open_mongo
from engine.errors import StaleLease, StaleSaga
from engine.model import Claim, Entry
from engine.ports import Store
from tests.contract import mongo_server
from tests.contract.mongo_suite import Database, on_mongo
from tests.contract.sagas import created, entry, followed
from tests.contract.store.claims import ClaimsSuite
from tests.contract.store.create import CreateSuite
from tests.contract.store.durability import DurabilitySuite
from tests.contract.store.keys import KeysSuite
from tests.contract.store.listing import ListingSuite
from tests.contract.store.tallies import TalliesSuite
from tests.contract.store_contract import StoreContract
from tests.properties import test_stores_agree as agreeing
from tests.properties.test_stores_agree import Call, World


class TestMongoStore(StoreContract, DurabilitySuite):
    opener = "adapters.stores.mongo:open_mongo"
    accepted_at_once = 60
    acknowledged = 20  # of four writes each; the stand-in makes some 200 a second
    options: ClassVar[Mapping[str, Any]]

    @pytest.fixture(autouse=True)
    def _database(self) -> Iterator[None]:
        database = mongo_server.new_database()
        type(self).options = {"uri": mongo_server.uri(), "database": database}
        yield
        asyncio.run(mongo_server.drop(database))

    async def open(self, folder: Path) -> Store:
        return await open_mongo(self.options, folder)


class TestMongoStoreOfSeveralCollections(CreateSuite, KeysSuite, ClaimsSuite, TalliesSuite, ListingSuite):
    """What looks at sagas of several machines, or for one of an unknown machine: one collection for each machine changes nothing of what is promised."""

    @pytest.fixture(autouse=True)
    def _database(self) -> Iterator[None]:
        self.database = mongo_server.new_database()
        mongo_server.uri()
        yield
        asyncio.run(mongo_server.drop(self.database))

    async def open(self, folder: Path) -> Store:
        collections = {"order": "fm_orders", "payment": "fm_transactions"}
        options = {"uri": mongo_server.uri(), "database": self.database, "collections": collections}
        return await open_mongo(options, folder)


@st.composite
def claims(draw: st.DrawFn) -> Call:
    """Of all that is free: which of several of one moment are taken is not promised."""
    owner, now = draw(st.sampled_from("ab")), draw(agreeing.MOMENTS)

    async def call(store: Store, world: World) -> list[Claim]:
        taken = list(await store.claim(owner=owner, now=now, lease=5, limit=50))
        world.entries += [claim.entry for claim in taken]
        return taken

    return call


OWED = st.lists(st.tuples(st.integers(0, 30), st.sampled_from((0, 0, 0, 15, 25, 40))), max_size=3)
"""Of a saga: when each of its entries is due, and until when it is leased."""


@settings(max_examples=8, deadline=None)
@given(st.lists(OWED, min_size=1, max_size=9), st.integers(1, 6))
def test_a_claim_takes_strictly_the_oldest_due_of_all_that_is_free(
    sagas: list[list[tuple[int, int]]], limit: int
) -> None:
    async def body(store: Store, database: Database) -> None:
        for number, owed in enumerate(sagas):
            owes = (
                entry(f"s{number}", n, due=due, lease_until=until, token=1 if until else 0)
                for n, (due, until) in enumerate(owed)
            )
            await store.create(created(f"s{number}", owes=tuple(owes)))
        free = sorted(due for owed in sagas for due, until in owed if max(due, until) <= 26)
        while free:
            claimed = await store.claim(owner="a", now=26, lease=100, limit=limit)
            assert [claim.entry.due for claim in claimed] == free[:limit]
            free = free[limit:]

    on_mongo(body)


@settings(max_examples=8, deadline=None)
@given(st.lists(OWED, min_size=1, max_size=9), st.integers(1, 4), st.sampled_from((None, True, False)))
def test_the_pages_of_the_agenda_hold_everything_once_and_in_order(
    sagas: list[list[tuple[int, int]]], limit: int, parked: bool | None
) -> None:
    async def body(store: Store, database: Database) -> None:
        made: list[Entry] = []
        for number, owed in reversed([*enumerate(sagas)]):  # the order of ids is not that of making
            owes = tuple(
                entry(f"s{number}", n, due=due, lease_until=until, status="parked" if until == 15 else "due")
                for n, (due, until) in enumerate(owed)
            )
            await store.create(created(f"s{number}", owes=owes))
            made += [one for one in owes if parked in (None, one.status == "parked")]
        seen: list[tuple[int, str]] = []
        while len(seen) <= len(made) and (
            page := await store.agenda(parked=parked, after=seen[-1] if seen else None, limit=limit)
        ):
            seen += [(due.entry.due, due.entry.id) for due in page]
        assert seen == sorted((one.due, one.id) for one in made)

    on_mongo(body)


CALLS = st.one_of(
    agreeing.creations(),
    agreeing.commits(),
    agreeing.commits(),
    agreeing.repeats(),
    claims(),
    agreeing.outcomes(),
    agreeing.reads(),
    agreeing.deployments(),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(CALLS, min_size=1, max_size=25))
def test_it_answers_as_the_memory_store_does(calls: list[Call]) -> None:
    async def body(store: Store, database: Database) -> None:
        stores, worlds = [await open_memory({}, mongo_server.NOWHERE), store], [World(), World()]
        for call in calls:
            answers = [await agreeing._outcome(call, s, w) for s, w in zip(stores, worlds, strict=True)]
            assert answers[0] == answers[1]
            await _helpers_are_right(database)
        assert await agreeing._everything(stores[0]) == await agreeing._everything(store)

    on_mongo(body)


async def _helpers_are_right(database: Database) -> None:
    """What the indexes are made of follows from the agenda, whatever was written last."""
    async for saga in database.sagas.find({"currentState": {"$gt": ""}}):
        entries = list(saga["agenda"].values())
        waiting = [e for e in entries if e["status"] in ("due", "waiting")]
        parked = [e["due"] for e in entries if e["status"] == "parked"]
        leases = [e["leaseUntil"] for e in waiting if e["leaseUntil"] > e["due"]]
        assert saga.get("nextDue") == min((max(e["due"], e["leaseUntil"]) for e in waiting), default=None)
        assert saga.get("leasedUntil") == min(leases, default=None)
        assert set(saga.get("owners", ())) == {e["owner"] for e in entries if e.get("owner")}
        assert (saga.get("parked", 0), saga.get("parkedDue")) == (len(parked), min(parked, default=None))


def test_daemons_that_share_a_database_never_share_an_entry_or_a_version() -> None:
    async def body(store: Store, database: Database) -> None:
        options = {"uri": mongo_server.uri(), "database": database.name}
        stores = [store, await open_mongo(options, mongo_server.NOWHERE)]
        first = created("s0", owes=tuple(entry("s0", number) for number in range(4)))
        await store.create(first)
        for number in range(1, 10):
            await store.create(created(f"s{number}", owes=(entry(f"s{number}"),)))
        claims = await asyncio.gather(
            *(one.claim(owner=f"d{n}", now=1_000, lease=50, limit=3) for n, one in enumerate(stores * 3))
        )
        ids = [claim.entry.id for taken in claims for claim in taken]
        assert len(ids) == len(set(ids)) == 13
        steps = [followed(first.saga, f"event{n}") for n in range(10)]
        answers = await asyncio.gather(
            *(stores[n % 2].commit(step) for n, step in enumerate(steps)), return_exceptions=True
        )
        assert sum(answer is None for answer in answers) == 1
        assert sum(isinstance(answer, StaleSaga) for answer in answers) == 9
        [late] = [claim for taken in claims for claim in taken if claim.entry.id == "s1.1.0"]
        [again] = [
            claim
            for claim in await stores[1].claim(owner="b", now=1_050, lease=50, limit=50)
            if claim.entry.id == "s1.1.0"
        ]
        with pytest.raises(StaleLease):
            await stores[0].settle(late.entry)
        await stores[1].settle(again.entry)
        await stores[1].close()

    on_mongo(body)
