"""What a step, a claim and a try cost in round trips, and that every write is one that a sharded cluster takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.errors import DuplicateEvent, StaleSaga
from engine.model import Query
from engine.ports import Store
from tests.contract import mongo_server
from tests.contract.mongo_suite import Database, aged, on_mongo
from tests.contract.mongo_wire import listening
from tests.contract.sagas import created, entry, followed, key, raised


def test_a_step_of_a_hot_saga_is_one_write_and_no_read() -> None:
    async def body(store: Store, database: Database) -> None:
        step = created(owes=(entry(),))
        with listening(database.name) as wire:
            await store.create(step)
            assert wire.counted == (1, 0)
        for _ in range(20):
            owes = (entry(version=step.saga.version + 1, owner="a", token=1, lease_until=9_000),)
            gone, event_id = step.saga.agenda[0].id, f"e{step.saga.version}"
            step = raised(followed(step.saga, event_id=event_id, owes=owes, removed=(gone,)), event_id=None)
            with listening(database.name) as wire:
                await store.commit(step)
                assert wire.counted == (1, 0), step.saga.version
        assert await store.load("s1") == step.saga

    on_mongo(body)


def test_what_becomes_of_an_entry_is_one_write() -> None:
    async def body(store: Store, database: Database) -> None:
        await store.create(created(owes=tuple(entry(number=n) for n in range(3))))
        with listening(database.name) as wire:
            first, second, third = await store.claim(owner="a", now=1_000, lease=10, limit=3)
            assert wire.counted == (1, 1)
        for call in (
            store.postpone(first.entry, due=9_000, reason=None),
            store.park(second.entry, reason="x"),
            store.settle(third.entry),
        ):
            with listening(database.name) as wire:
                await call
                assert wire.counted == (1, 0)

    on_mongo(body)


def test_a_tick_that_finds_nothing_is_one_read_of_a_collection() -> None:
    async def body(store: Store, database: Database) -> None:
        await store.create(created(owes=(entry(due=5_000),)))
        with listening(database.name) as wire:
            assert list(await store.claim(owner="a", now=1_000, lease=10, limit=50)) == []
            assert wire.counted == (0, 1)

    on_mongo(body)


def test_rows_are_moved_once_in_250_steps_and_only_then_is_anything_read() -> None:
    async def body(store: Store, database: Database) -> None:
        saga = await aged(store, 498)
        for version, expected in (
            (499, (1, 0)),
            (500, (2, 1)),
            (501, (1, 1)),
        ):  # 501 asks the archive for the id
            step = followed(saga, event_id=f"e{version}")
            with listening(database.name) as wire:
                await store.commit(step)
                assert wire.counted == expected, version
            saga = step.saga
        kept = await database.sagas.find_one({"_id": "s1"})
        assert kept is not None
        assert [row["seq"] for row in kept["history"]["events"]] == list(range(251, 502))
        assert await database.saga_archive.count_documents({"sagaId": "s1"}) == 250
        assert [row.seq for row in await store.history("s1")] == list(range(1, 502))
        assert [row.seq for row in await store.history("s1", after=249, limit=3)] == [250, 251, 252]
        assert [r.seq for r in await store.history("s1", limit=253, newest=True)] == list(range(249, 502))
        old = await store.row_of("s1", "e7")
        assert old is not None
        assert old.seq == 7
        with pytest.raises(DuplicateEvent):
            await store.commit(followed(saga, event_id="e7"))
        with pytest.raises(StaleSaga):
            await store.commit(followed(replace(saga, version=10), event_id="new"))
        assert (await store.load("s1")).version == 501

    on_mongo(body)


def test_every_write_names_one_document_and_waits_for_the_majority_and_the_journal() -> None:
    async def body(store: Store, database: Database) -> None:
        with listening(database.name) as wire:
            first = created(owes=tuple(entry(number=n) for n in range(4)), keys=(key(),))
            await store.create(first)
            claims = await store.claim(owner="a", now=1_000, lease=10, limit=3)
            await store.postpone(claims[0].entry, due=9_000, reason=None)
            await store.park(claims[1].entry, reason="x")
            await store.settle(claims[2].entry)
            await store.commit(followed(first.saga, claimed=(key("n2"),), dropped=(key(),)))
            await store.claim(owner="a", now=1_000, lease=10, limit=3)
            await store.release()
            writes = wire.writes()
        assert len(writes) > 9
        for command in writes:
            assert command["writeConcern"] == {"w": "majority", "j": True}
            assert "txnNumber" in command, "it is repeated safely by the driver"
            for change in (*command.get("updates", ()), *command.get("deletes", ())):
                assert isinstance(change["q"]["_id"], str)
                assert not change.get("multi")
                if command.get("update") == "sagas":
                    assert change["q"]["sagaId"] == "s1"

    on_mongo(body)


def test_what_the_store_asks_often_is_answered_by_an_index() -> None:
    async def body(store: Store, database: Database) -> None:
        for number in range(20):
            await store.create(created(f"s{number}", owes=(entry(f"s{number}", status="parked"),)))
        with listening(database.name) as wire:
            await store.claim(owner="a", now=9_000, lease=1, limit=5)
            await store.next_due()
            await store.load("s1")
            await store.release()
            await store.agenda(parked=True)
            if mongo_server.is_real():  # the stand-in does not tell how it sorts
                await _list_in_every_way(store)
            asked = [command for command in wire.commands if next(iter(command)) in ("find", "aggregate")]
        for command in asked:
            shown = {
                k: v for k, v in command.items() if k in ("find", "filter", "sort", "aggregate", "pipeline")
            }
            plan = str(await database.command("explain", {**shown, **_cursor(shown)}))
            assert "IXSCAN" in plan, shown
            assert "COLLSCAN" not in plan, shown

    on_mongo(body)


async def _list_in_every_way(store: Store) -> None:
    await store.list(Query(limit=5))
    await store.list(Query(limit=5, state="CREATED"))
    await store.list(Query(limit=5, machine="order", is_final=False))
    await store.list(Query(limit=5, parked=True))
    await store.release(owner="a")
    await store.agenda(after=(1_000, "s1.1.0"), limit=5)


def _cursor(command: dict[str, object]) -> dict[str, object]:
    return {"cursor": {}} if "aggregate" in command else {}
