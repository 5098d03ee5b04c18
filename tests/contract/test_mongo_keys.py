"""Keys in their own collection: what a crash between a key and its step leaves, and who gets it then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from adapters.stores.mongo import MongoStore, open_mongo
from engine.errors import KeyTaken, SagaExists, SagaNotFound
from engine.model import Query, Step
from engine.ports import Store
from tests.contract import mongo_server
from tests.contract.mongo_suite import Database, on_mongo
from tests.contract.sagas import created, entry, followed, key

ID = '["order","metadata.orderNumber","n1"]'


def left(saga_id: str, at: int = 1_000) -> dict[str, Any]:
    """The key n1 as it is before the step of its saga."""
    named = {"machine": "order", "name": "metadata.orderNumber", "value": "n1"}
    return {"_id": ID, **named, "sagaId": saga_id, "version": 1, "stamp": "x", "at": at}


def test_a_key_without_its_step_finds_nobody() -> None:
    async def body(store: Store, database: Database) -> None:
        await store.create(created("s2"))
        for saga_id in ("s1", "s2"):
            await database.saga_keys.replace_one({"_id": ID}, left(saga_id), upsert=True)
            with pytest.raises(SagaNotFound):
                await store.find("n1")

    on_mongo(body)


@pytest.mark.parametrize("age", [0, 60_000, 10**9])
def test_a_key_that_was_left_by_a_crash_is_to_be_had_at_once(age: int) -> None:
    async def body(store: Store, database: Database) -> None:
        await store.create(created("s2"))
        for number, holder in enumerate(("gone", "s2")):
            await database.saga_keys.replace_one({"_id": ID}, left(holder, at=1_000), upsert=True)
            saga_id = f"new{number}"
            await store.create(created(saga_id, keys=(key(),), updated_at=1_000 + age))
            assert await store.find("n1") == saga_id
            await store.commit(
                followed(created(saga_id, keys=(key(),)).saga, dropped=(key(),), at=1_001 + age)
            )

    on_mongo(body)


class Frozen:
    """A collection as a process has it that stops before its write reaches the server, until it is let go on."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def insert_one(self, *args: Any, **named: Any) -> Any:
        await self._stop()
        return await self._inner.insert_one(*args, **named)

    async def update_one(self, *args: Any, **named: Any) -> Any:
        await self._stop()
        return await self._inner.update_one(*args, **named)

    async def _stop(self) -> None:
        self.reached.set()
        await self.go_on.wait()


@asynccontextmanager
async def frozen_at_its_write(database: Database, step: Step) -> AsyncIterator[asyncio.Task[None]]:
    """Another daemon that stopped between the reservation of its key and its step; it goes on when the block ends."""
    store = await open_mongo({"uri": mongo_server.uri(), "database": database.name}, mongo_server.NOWHERE)
    assert isinstance(store, MongoStore)
    sagas = Frozen(store._places._by_name["sagas"])
    store._places._by_name["sagas"] = cast(Any, sagas)
    write = store.create if step.rows[0].seq == 1 else store.commit
    task = asyncio.create_task(write(step))
    await sagas.reached.wait()
    yield task
    sagas.go_on.set()
    await asyncio.wait([task])
    await store.close()


async def _nobody_else_has_it(store: Store, database: Database, owner: str) -> None:
    assert await store.find("n1") == owner
    assert await database.sagas.count_documents({"keys.value": "n1"}) == 1


@pytest.mark.parametrize("age", [0, 60_000])
def test_a_frozen_creation_whose_key_was_taken_over_is_refused_when_it_goes_on(age: int) -> None:
    async def body(store: Store, database: Database) -> None:
        async with frozen_at_its_write(database, created("late", keys=(key(),))) as late:
            await store.create(created("s1", keys=(key(),), updated_at=1_000 + age))
        assert isinstance(late.exception(), KeyTaken)
        await _nobody_else_has_it(store, database, "s1")
        with pytest.raises(SagaNotFound):
            await store.load("late")
        for nobody in (store.find("late"), store.commit(followed(created("late").saga))):
            with pytest.raises(SagaNotFound):
                await nobody
        assert [saga.saga_id for saga in await store.list(Query())] == ["s1"]
        assert [count.sagas for count in await store.counts()] == [1]

    on_mongo(body)


def test_a_frozen_step_whose_key_was_taken_over_is_refused_when_it_goes_on() -> None:
    async def body(store: Store, database: Database) -> None:
        before = created("late")
        await store.create(before)
        async with frozen_at_its_write(database, followed(before.saga, claimed=(key(),))) as late:
            await store.create(created("s1", keys=(key(),)))
        assert isinstance(late.exception(), KeyTaken)
        await _nobody_else_has_it(store, database, "s1")
        assert await store.load("late") == before.saga

    on_mongo(body)


def test_who_was_shut_out_gets_the_key_again_if_it_is_free_by_then() -> None:
    async def body(store: Store, database: Database) -> None:
        async with frozen_at_its_write(database, created("late", keys=(key(),))) as late:
            first = created("s1", keys=(key(),))
            await store.create(first)
            await store.commit(followed(first.saga, dropped=(key(),)))
        assert late.exception() is None
        await _nobody_else_has_it(store, database, "late")
        assert (await store.load("late")).keys == (key(),)
        kept = await database.sagas.find_one({"_id": "late"})
        assert kept is not None
        assert "fenced" not in kept

    on_mongo(body)


def test_a_frozen_step_that_nobody_was_in_the_way_of_goes_through() -> None:
    async def body(store: Store, database: Database) -> None:
        async with frozen_at_its_write(database, created("late", keys=(key(),))) as late:
            await store.create(created("s1", keys=(key("other"),)))
        assert late.exception() is None
        await _nobody_else_has_it(store, database, "late")

    on_mongo(body)


def test_a_frozen_try_of_a_saga_is_shut_out_by_its_next_try_also_if_that_comes_to_nothing() -> None:
    async def body(store: Store, database: Database) -> None:
        before = created("late")
        await store.create(before)
        await store.create(created("s2", keys=(key("n2"),)))
        async with frozen_at_its_write(database, followed(before.saga, claimed=(key(),))) as late:
            with pytest.raises(KeyTaken):
                await store.commit(followed(before.saga, "other", claimed=(key(), key("n2"))))
            await store.create(created("s1", keys=(key(),)))
        assert isinstance(late.exception(), KeyTaken)
        await _nobody_else_has_it(store, database, "s1")

    on_mongo(body)


def test_a_saga_that_was_shut_out_before_it_was_created_can_be_created_all_the_same() -> None:
    async def body(store: Store, database: Database) -> None:
        await database.saga_keys.insert_one(left("s1"))
        await store.create(created("s2", keys=(key(),)))
        first = created("s1", keys=(key("n2"),), owes=(entry(),))
        await store.create(first)
        await store.create(first)
        assert await store.load("s1") == first.saga
        with pytest.raises(SagaExists):
            await store.create(created("s1", entity_id="other"))

    on_mongo(body)


SEVERAL = {"order": "fm_orders", "payment": "fm_transactions"}


def test_of_sagas_of_several_collections_one_gets_the_id() -> None:
    async def body(store: Store, database: Database) -> None:
        machines = ("order", "payment", "other")
        for number in range(5):
            steps = [created(f"s{number}", machine=machine) for machine in machines]
            answers = await asyncio.gather(*map(store.create, steps), return_exceptions=True)
            assert sorted(type(answer).__name__ for answer in answers) == [
                "NoneType",
                "SagaExists",
                "SagaExists",
            ]
            there = [
                await database[name].count_documents({"_id": f"s{number}", "currentState": {"$gt": ""}})
                for name in ("fm_orders", "fm_transactions", "sagas")
            ]
            assert sum(there) == 1

    on_mongo(body, collections=SEVERAL)


@pytest.mark.parametrize("age", [0, 60_000])
def test_an_id_that_a_crash_left_in_another_collection_is_to_be_had_and_its_writer_shut_out(age: int) -> None:
    async def body(store: Store, database: Database) -> None:
        row = {
            "_id": '["","sagaId","s1"]',
            "sagaId": "s1",
            "collection": "fm_orders",
            "stamp": "x",
            "at": 1_000,
        }
        await database.saga_keys.insert_one(row)
        step = created("s1", machine="payment", updated_at=1_000 + age)
        await store.create(step)
        await store.create(step)
        assert await store.load("s1") == step.saga
        with pytest.raises(SagaExists):
            await store.create(created("s1", machine="order"))
        fence = await database.fm_orders.find_one({"_id": "s1"})
        assert fence == {"_id": "s1", "sagaId": "s1", "fenced": ["x"]}

    on_mongo(body, collections=SEVERAL)


def test_a_creation_that_was_interrupted_after_its_key_goes_through_when_it_is_repeated() -> None:
    async def body(store: Store, database: Database) -> None:
        await database.saga_keys.insert_one(left("s1"))
        await store.create(created("s1", keys=(key(),)))
        assert await store.find("n1") == "s1"

    on_mongo(body)


def test_a_key_that_its_saga_has_is_never_taken_over() -> None:
    async def body(store: Store, database: Database) -> None:
        await store.create(created("s1", keys=(key(),)))
        with pytest.raises(KeyTaken):
            await store.create(created("s2", keys=(key(),), updated_at=10**12))

    on_mongo(body)


def test_a_refused_step_leaves_no_key_behind() -> None:
    async def body(store: Store, database: Database) -> None:
        first = created("s1")
        await store.create(first)
        await store.commit(followed(first.saga, "paid"))
        for step in (
            followed(first.saga, "declined", claimed=(key(),)),
            followed(created("nobody").saga, claimed=(key(),)),
        ):
            with pytest.raises(Exception, match=r"version|no saga"):
                await store.commit(step)
        with pytest.raises(Exception, match="already"):
            await store.create(created("s1", keys=(key(),), entity_id="other"))
        assert await database.saga_keys.count_documents({}) == 0

    on_mongo(body)


def test_a_repeat_after_its_key_went_to_another_saga_changes_nothing() -> None:
    async def body(store: Store, database: Database) -> None:
        first = created("s1")
        second = followed(first.saga, claimed=(key(),))
        await store.create(first)
        await store.commit(second)
        await store.commit(followed(second.saga, dropped=(key(),)))
        await store.create(created("s2", keys=(key(),)))
        await store.commit(second)
        assert await store.find("n1") == "s2"

    on_mongo(body)


def test_a_key_whose_end_was_interrupted_is_free_all_the_same() -> None:
    async def body(store: Store, database: Database) -> None:
        first = created("s1", keys=(key(),))
        await store.create(first)
        await store.commit(followed(first.saga, dropped=(key(),)))
        await database.saga_keys.insert_one(left("s1", at=1_000))
        await store.create(created("s2", keys=(key(),), updated_at=70_000))
        assert await store.find("n1") == "s2"

    on_mongo(body)
