"""What the MongoDB store keeps, as others read it; and sagas that the original Flow Manager wrote."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId

from engine.errors import PayloadInvalid, SagaNotFound, StaleSaga
from engine.model import Query, StoredDefinition
from engine.ports import Store
from tests.contract.mongo_suite import Database, on_mongo
from tests.contract.sagas import created, entry, followed, key
from tests.fakes.channel import ScriptedChannel
from tests.fakes.engine import engine_for
from tests.fakes.machines import sample

COLLECTIONS = {"payment": "fm_transactions"}
PAYMENT = StoredDefinition(machine="payment", version=3, content_hash="x", source="x", deployed_at=1)
MORNING = 1_767_258_000_000
"""2026-01-01T09:00:00Z"""


def original(saga_id: str = "p1", minute: int = 0) -> dict[str, Any]:
    """A document of the original: two events, two states, an id of MongoDB's own."""
    moments = [f"2026-01-01T09:{minute:02d}:0{second}.000Z" for second in (0, 5)]
    business = {"businessStateId": 0, "businessStateDescription": "PAYMENT_CREATED"}
    return {
        "_id": ObjectId(),
        "sagaId": saga_id,
        "associatedEntityId": "customer-1",
        "isFinal": False,
        "metadata": {"amount": 1299, "shopTransactionId": "shop-1", "odd.name": 1},
        "currentState": "PAYMENT_PENDING",
        "latestEvent": "linkRequested",
        "events": ["paymentCreated", "linkRequested"],
        **business,
        "history": {
            "states": [
                {"state": state, "timestamp": at, **business}
                for state, at in zip(("PAYMENT_CREATED", "PAYMENT_PENDING"), moments, strict=True)
            ],
            "events": [
                {"event": "paymentCreated", "timestamp": moments[0], "businessEventId": 0},
                {"event": "linkRequested", "timestamp": moments[1], "businessEventId": 0},
            ],
        },
    }


def test_a_document_has_the_fields_of_the_original_and_ours_beside_them() -> None:
    async def body(store: Store, database: Database) -> None:
        first = created(owes=(entry(payload={"amount": 5}),), keys=(key(),), created_at=MORNING)
        await store.create(first)
        await store.commit(followed(first.saga, event_id="e1", state="PAID", at=MORNING + 1))
        kept = await database.sagas.find_one()
        assert kept is not None
        assert kept["_id"] == kept["sagaId"] == "s1"
        assert kept["associatedEntityId"] == "customer-1"
        assert kept["metadata"] == {"orderNumber": "n1", "total": 1299}
        assert (kept["currentState"], kept["latestEvent"], kept["isFinal"]) == (
            "PAID",
            "paymentExecuted",
            False,
        )
        assert (kept["businessStateId"], kept["businessStateDescription"]) == (0, "Being worked on")
        assert kept["events"] == ["orderCreated", "paymentExecuted"]
        assert kept["history"]["states"][1] == {
            "state": "PAID",
            "timestamp": "2026-01-01T09:00:00.001Z",
            "businessStateId": 0,
            "businessStateDescription": "Being worked on",
        }
        assert kept["history"]["events"][1]["event"] == "paymentExecuted"
        assert kept["history"]["events"][1]["timestamp"] == "2026-01-01T09:00:00.001Z"
        assert (kept["machine"], kept["machineVersion"], kept["version"]) == ("order", 1, 2)
        assert kept["createdAt"].isoformat() == "2026-01-01T09:00:00"
        assert kept["agenda"]["1-0"]["payload"] == {"amount": 5}
        assert kept["nextDue"] == 1_000
        assert not {"parked", "paused", "late"} & set(kept)

    on_mongo(body)


def test_names_that_a_document_cannot_hold_are_written_otherwise_and_read_back() -> None:
    metadata = {"a.b": 1, "$set": {"$x": "$y", "\0": "％2E"}, "％2E": "$$NOW", "": [{".": None}]}

    async def body(store: Store, database: Database) -> None:
        step = created(metadata=metadata, owes=(entry(payload=metadata),), late="$sla")
        await store.create(step)
        assert await store.load("s1") == step.saga
        step = followed(step.saga, "$done", event_id="$e1", rewritten=(entry(payload={"$x": "$y"}),))
        await store.commit(step)
        loaded = await store.load("s1")
        assert loaded.metadata == metadata
        assert loaded.agenda[0].payload == {"$x": "$y"}
        assert await store.row_of("s1", "$e1") == step.row

    on_mongo(body)


@pytest.mark.parametrize("size", [16_000_000, 17_000_000, 60_000_000])
def test_a_saga_that_does_not_fit_is_refused_and_the_next_one_is_taken(size: int) -> None:
    async def body(store: Store, database: Database) -> None:
        big = {"document": "x" * size}
        first = created(owes=(entry(),))
        await store.create(first)
        for call in (
            store.create(created("big", metadata={**big, "more": "x" * 800_000})),
            store.commit(followed(first.saga, metadata={**big, "more": "x" * 800_000})),
        ):
            with pytest.raises(PayloadInvalid, match=r"16 MB|fit"):
                await call
        assert await store.load("s1") == first.saga
        await store.commit(followed(first.saga))
        with pytest.raises(SagaNotFound):
            await store.load("big")

    on_mongo(body)


def test_sagas_of_the_original_are_read_and_listed() -> None:
    async def body(store: Store, database: Database) -> None:
        await database.fm_transactions.insert_many([original(f"p{n}", minute=n) for n in range(5)])
        assert (await store.load("p1")).machine_version == 1  # nobody knows better before there is a machine
        await store.deploy(PAYMENT)
        saga = await store.load("p1")
        assert (saga.machine, saga.machine_version, saga.version, saga.state) == (
            "payment",
            3,
            2,
            "PAYMENT_PENDING",
        )
        assert (saga.entity_id, saga.business_state_id, saga.is_final) == ("customer-1", 0, False)
        assert saga.metadata == {"amount": 1299, "shopTransactionId": "shop-1", "odd.name": 1}
        assert (saga.created_at, saga.updated_at) == (MORNING + 60_000, MORNING + 65_000)
        assert saga.agenda == ()
        first, second = await store.history("p1")
        assert (first.event, first.state, first.source) == ("paymentCreated", "PAYMENT_CREATED", None)
        assert (second.seq, second.state, second.source, second.at) == (
            2,
            "PAYMENT_PENDING",
            "PAYMENT_CREATED",
            MORNING + 65_000,
        )
        await database.fm_transactions.insert_one({"note": "no saga at all"})
        await database.fm_transactions.insert_one(original("p5", minute=5))  # it still runs beside us
        page = await store.list(Query(machine="payment", limit=2))
        assert [s.saga_id for s in page] == ["p5", "p4"]
        rest = await store.list(Query(after=(page[1].created_at, "p4"), entity_id="customer-1"))
        assert [s.saga_id for s in rest] == ["p3", "p2", "p1", "p0"]
        [count] = await store.counts()
        assert (count.machine, count.state, count.sagas) == ("payment", "PAYMENT_PENDING", 6)
        assert await store.find("p3") == "p3"

    on_mongo(body, collections=COLLECTIONS)


def test_sagas_of_the_original_are_carried_on_in_their_own_documents() -> None:
    async def body(store: Store, database: Database) -> None:
        before = original()
        await database.fm_transactions.insert_one(before)
        await store.deploy(PAYMENT)
        saga = await store.load("p1")
        owes = (entry("p1", version=3),)
        step = followed(saga, "paymentExecuted", event_id="e1", state="PAYMENT_EXECUTED", owes=owes)
        await store.commit(step)
        await store.commit(step)
        with pytest.raises(StaleSaga):
            await store.commit(followed(saga, "paymentFailed"))
        [claim] = await store.claim(owner="a", now=1_000, lease=10, limit=5)
        await store.park(claim.entry, reason="x")
        assert await store.list(Query(parked=True)) == [await store.load("p1")]
        assert [row.seq for row in await store.history("p1")] == [1, 2, 3]
        after = await database.fm_transactions.find_one()
        assert after is not None
        assert (after["_id"], after["currentState"], after["latestEvent"]) == (
            before["_id"],
            "PAYMENT_EXECUTED",
            "paymentExecuted",
        )
        assert after["events"] == ["paymentCreated", "linkRequested", "paymentExecuted"]
        assert after["history"]["states"][:2] == before["history"]["states"]
        for was, now in zip(before["history"]["events"], after["history"]["events"], strict=False):
            assert was.items() <= now.items()
        assert await database.fm_transactions.count_documents({}) == 1

    on_mongo(body, collections=COLLECTIONS)


MACHINE = sample(
    """
    PAYMENT_CREATED: {businessState: OPEN, on: {linkRequested: PAYMENT_PENDING}}
    PAYMENT_PENDING: {businessState: OPEN, on: {paymentExecuted: PAYMENT_EXECUTED}}
    PAYMENT_EXECUTED: {businessState: OPEN, command: ship, on: {shipped: SHIPPED}}
    SHIPPED: {businessState: SHUT, final: true}
    """,
    top="commands: {ship: {channel: outside, payload: {sum: '{{ metadata.amount }}'}, replies: {done: shipped}}}",
).replace("initialState: A", "initialState: PAYMENT_CREATED")


def test_a_whole_engine_carries_a_saga_of_the_original_to_its_end() -> None:
    async def body(store: Store, database: Database) -> None:
        before = original()
        await database.fm_transactions.insert_one(before)
        channel = ScriptedChannel()
        bench = await engine_for(MACHINE, store=store, channels={"outside": channel})
        answer = await bench.send("p1", "paymentExecuted", {"card": "x"}, id="e1")
        assert (answer.version, answer.state) == (3, "PAYMENT_EXECUTED")
        assert (await bench.send("p1", "paymentExecuted", id="e1")).repeated
        await bench.run()
        assert [delivery.payload for delivery in channel.deliveries] == [{"sum": 1299}]
        after = await database.fm_transactions.find_one()
        assert after is not None
        assert (after["_id"], after["currentState"], after["isFinal"]) == (before["_id"], "SHIPPED", True)
        assert after["events"] == ["paymentCreated", "linkRequested", "paymentExecuted", "shipped"]
        assert after["history"]["states"][:2] == before["history"]["states"]
        named_anew = {"amount": 1299, "shopTransactionId": "shop-1", "odd％2Ename": 1}
        assert after["metadata"] == {**named_anew, "card": "x"}

    on_mongo(body, collections={"sample": "fm_transactions"})


def test_a_saga_of_the_original_is_carried_on_by_a_daemon_that_has_not_read_it() -> None:
    async def body(store: Store, database: Database) -> None:
        await database.fm_transactions.insert_one(original())
        await store.deploy(PAYMENT)
        await database.fm_transactions.insert_one(original("p2"))
        step = followed(created("p2", machine="payment", version=2).saga, "paymentExecuted")
        await store.commit(step)
        assert (await store.load("p2")).version == 3
        assert await database.fm_transactions.count_documents({"sagaId": "p2"}) == 1

    on_mongo(body, collections=COLLECTIONS)


def test_a_saga_of_the_original_in_a_collection_of_several_machines_is_nobodys() -> None:
    async def body(store: Store, database: Database) -> None:
        await database.sagas.insert_one(original())
        with pytest.raises(SagaNotFound, match="collections"):
            await store.load("p1")
        assert list(await store.list(Query())) == []
        assert list(await store.counts()) == []

    on_mongo(body)
