"""find and the keys: second handles, unique for a machine."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import KeyAmbiguous, KeyTaken, SagaNotFound
from engine.ports import Store
from tests.contract.sagas import created, followed, key
from tests.contract.store.suite import StoreSuite, on_a_store


class KeysSuite(StoreSuite):
    @on_a_store
    async def test_a_saga_is_found_by_its_id_and_by_its_keys(self, store: Store) -> None:
        await store.create(created(keys=(key("n1"), key("n2", name="metadata.other"))))
        assert [await store.find(handle) for handle in ("s1", "n1", "n2")] == ["s1"] * 3

    @on_a_store
    async def test_an_unknown_handle_is_refused(self, store: Store) -> None:
        await store.create(created(keys=(key("n1"),)))
        for handle, machine in (("n2", None), ("n1", "payment"), ("", None)):
            with pytest.raises(SagaNotFound):
                await store.find(handle, machine)

    @on_a_store
    async def test_an_id_wins_over_a_key_of_the_same_spelling(self, store: Store) -> None:
        await store.create(created("s1", keys=(key("s2"),)))
        assert await store.find("s2") == "s1"
        await store.create(created("s2"))
        assert await store.find("s2") == "s2"

    @on_a_store
    async def test_a_key_of_two_machines_needs_the_machine(self, store: Store) -> None:
        await store.create(created("s1", keys=(key("n1"),)))
        await store.create(created("s2", machine="payment", keys=(key("n1", machine="payment"),)))
        with pytest.raises(KeyAmbiguous):
            await store.find("n1")
        assert await store.find("n1", "order") == "s1"
        assert await store.find("n1", "payment") == "s2"

    @on_a_store
    async def test_a_value_under_two_names_of_different_sagas_is_ambiguous(self, store: Store) -> None:
        await store.create(created("s1", keys=(key("n1", name="a"),)))
        await store.create(created("s2", keys=(key("n1", name="b"),)))
        with pytest.raises(KeyAmbiguous):
            await store.find("n1", "order")

    @on_a_store
    async def test_a_value_under_two_names_of_one_saga_is_clear(self, store: Store) -> None:
        await store.create(created(keys=(key("n1", name="a"), key("n1", name="b"))))
        assert await store.find("n1") == "s1"

    @on_a_store
    async def test_a_step_that_claims_a_taken_key_is_refused_whole(self, store: Store) -> None:
        await store.create(created("s1", keys=(key("n1"),)))
        await store.create(created("s2"))
        greedy = followed(created("s2").saga, claimed=(key("n9"), key("n1")), state="PAID")
        with pytest.raises(KeyTaken):
            await store.commit(greedy)
        assert await store.load("s2") == created("s2").saga
        assert len(await store.history("s2")) == 1
        with pytest.raises(SagaNotFound):
            await store.find("n9")

    @on_a_store
    async def test_a_dropped_key_is_free_for_others(self, store: Store) -> None:
        first = created("s1", keys=(key("n1"),))
        await store.create(first)
        await store.commit(followed(first.saga, claimed=(key("n2"),), dropped=(key("n1"),)))
        await store.create(created("s2", keys=(key("n1"),)))
        assert (await store.find("n1"), await store.find("n2")) == ("s2", "s1")

    @on_a_store
    async def test_a_saga_may_claim_what_it_has_and_what_it_drops_in_the_step(self, store: Store) -> None:
        first = created("s1", keys=(key("n1"), key("n2")))
        await store.create(first)
        await store.commit(
            followed(first.saga, claimed=(key("n1"), key("n2")), dropped=(key("n2"),), keys=first.saga.keys)
        )
        assert (await store.find("n1"), await store.find("n2")) == ("s1", "s1")

    @on_a_store
    async def test_a_saga_cannot_drop_the_key_of_another(self, store: Store) -> None:
        await store.create(created("s1", keys=(key("n1"),)))
        await store.create(created("s2"))
        await store.commit(followed(created("s2").saga, dropped=(key("n1"),)))
        assert await store.find("n1") == "s1"

    @on_a_store
    async def test_of_many_sagas_that_claim_a_key_at_once_one_gets_it(self, store: Store) -> None:
        steps = [created(f"s{n}", keys=(key("n1"),)) for n in range(6)]
        answers = await asyncio.gather(*map(store.create, steps), return_exceptions=True)
        winners = [s.saga.saga_id for s, a in zip(steps, answers, strict=True) if a is None]
        assert [await store.find("n1")] == winners
        assert sum(isinstance(answer, KeyTaken) for answer in answers) == 5
