"""create and load: a saga comes back as it was given, once."""

from __future__ import annotations

import pytest

from engine.errors import KeyTaken, PayloadInvalid, SagaExists, SagaNotFound
from engine.model import Query
from engine.ports import Store
from tests.contract.sagas import created, entry, followed, key
from tests.contract.store.suite import StoreSuite, on_a_store


class CreateSuite(StoreSuite):
    @on_a_store
    async def test_a_created_saga_is_loaded_as_it_was_given(self, store: Store) -> None:
        step = created(
            owes=(
                entry(number=0, payload={"amount": 5}, timeout=30_000),
                entry(number=1, kind="timer", name="$after.24h", channel=None, due=87_401_000),
                entry(number=2, kind="effect", state=None, payload={}, owner="a", token=1, lease_until=9),
                entry(number=3, kind="poll", business="OPEN"),
                entry(number=4, state=None, undoes="s1.0.9"),
                entry(number=5, status="done", done=1, payload={}),
            ),
            keys=(key("n1"), key("n2", name="metadata.other")),
            paused=True,
            late="$sla",
            entity_id="",
            metadata={"n": 1, "deep": {"list": [1, 2.5, None, True, "è€😀", ""]}, "empty": {}},
        )
        await store.create(step)
        assert await store.load("s1") == step.saga

    @on_a_store
    async def test_a_payload_of_none_stays_none(self, store: Store) -> None:
        await store.create(created(owes=(entry(number=0, payload=None), entry(number=1, payload={}))))
        assert [e.payload for e in (await store.load("s1")).agenda] == [None, {}]

    @on_a_store
    async def test_loading_an_unknown_saga_is_refused(self, store: Store) -> None:
        with pytest.raises(SagaNotFound):
            await store.load("nobody")

    @on_a_store
    async def test_a_taken_id_is_refused_and_changes_nothing(self, store: Store) -> None:
        first = created(keys=(key("n1"),))
        await store.create(first)
        with pytest.raises(SagaExists):
            await store.create(created(updated_at=2_000, metadata={"rival": 1}, keys=(key("n2"),)))
        assert await store.load("s1") == first.saga
        with pytest.raises(SagaNotFound):
            await store.find("n2")

    @on_a_store
    async def test_the_same_row_with_other_data_is_a_rival_not_a_repeat(self, store: Store) -> None:
        await store.create(created())
        with pytest.raises(SagaExists):
            await store.create(created(metadata={"orderNumber": "another"}))
        with pytest.raises(SagaExists):
            await store.create(created(entity_id="another"))

    @on_a_store
    async def test_creating_a_second_time_changes_nothing(self, store: Store) -> None:
        step = created(owes=(entry(),), keys=(key(),))
        await store.create(step)
        await store.create(step)
        assert await store.load("s1") == step.saga
        assert len(await store.history("s1")) == 1

    @on_a_store
    async def test_creating_again_after_later_steps_changes_nothing(self, store: Store) -> None:
        first = created(owes=(entry(),))
        later = followed(first.saga, removed=("s1.1.0",), state="PAID")
        await store.create(first)
        await store.commit(later)
        await store.create(first)
        assert await store.load("s1") == later.saga

    @on_a_store
    async def test_a_key_of_another_saga_refuses_the_creation_whole(self, store: Store) -> None:
        await store.create(created("s1", keys=(key("n1"),)))
        with pytest.raises(KeyTaken):
            await store.create(created("s2", owes=(entry("s2"),), keys=(key("n0"), key("n1"))))
        assert [s.saga_id for s in await store.list(Query())] == ["s1"]
        assert await store.agenda() == []
        assert await store.history("s2") == []
        with pytest.raises(SagaNotFound):
            await store.find("n0")

    @on_a_store
    async def test_data_that_is_no_json_is_refused_and_harms_nothing(self, store: Store) -> None:
        for value in ({1, 2}, 1 << 64, "\ud800"):
            with pytest.raises(PayloadInvalid):
                await store.create(created("bad", metadata={"value": value}))
            with pytest.raises(PayloadInvalid):
                await store.create(created("bad", owes=(entry("bad", payload={"value": value}),)))
        with pytest.raises(SagaNotFound):
            await store.load("bad")

    @on_a_store
    async def test_numbers_are_kept_to_the_last_digit(self, store: Store) -> None:
        numbers = [(1 << 64) - 1, -(1 << 63), 0.1, 1e300, 5e-324, -0.0, 1.0, 1]
        await store.create(created(metadata={"numbers": numbers}))
        kept = (await store.load("s1")).metadata["numbers"]
        assert list(map(repr, kept)) == list(map(repr, numbers))

    @on_a_store
    async def test_metadata_of_several_megabytes_are_kept(self, store: Store) -> None:
        step = created(metadata={"document": "x" * 3_000_000, "list": list(range(100_000))})
        await store.create(step)
        assert (await store.load("s1")).metadata == step.saga.metadata

    @on_a_store
    async def test_what_a_caller_changes_later_does_not_reach_the_store(self, store: Store) -> None:
        given = {"list": [1]}
        await store.create(created(metadata=given))
        given["list"].append(2)
        (await store.load("s1")).metadata["list"].append(3)
        assert (await store.load("s1")).metadata == {"list": [1]}

    @on_a_store
    async def test_odd_characters_in_names_are_kept(self, store: Store) -> None:
        odd = 'o\'brien "x" \\ % _ ; -- \n\t é 😀 \x00 end'
        step = created(odd, owes=(entry(odd),), keys=(key(odd),), entity_id=odd)
        await store.create(step)
        assert await store.load(odd) == step.saga
        assert [s.saga_id for s in await store.list(Query(entity_id=odd))] == [odd]
