"""commit: whole or not at all, one winner, repeats are harmless."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import DuplicateEvent, KeyTaken, SagaNotFound, StaleSaga
from engine.model import Query
from engine.ports import Store
from tests.contract.sagas import created, entry, followed, key
from tests.contract.store.suite import StoreSuite, on_a_store


class CommitSuite(StoreSuite):
    @on_a_store
    async def test_a_committed_step_is_loaded_as_it_was_given(self, store: Store) -> None:
        first = created(owes=(entry(number=0), entry(number=1)), keys=(key("n1"),))
        await store.create(first)
        step = followed(
            first.saga,
            removed=("s1.1.0",),
            owes=(entry(version=2),),
            claimed=(key("n2"),),
            dropped=(key("n1"),),
            state="PAID",
            business_state="BUSY",
            business_state_id=7,
            business_state_description="Busy",
            is_final=True,
            paused=True,
            late="$businessSla",
            metadata={"paid": True},
        )
        await store.commit(step)
        assert await store.load("s1") == step.saga

    @on_a_store
    async def test_entries_come_in_the_order_of_their_making(self, store: Store) -> None:
        before = created(owes=tuple(entry(number=n) for n in range(3))).saga
        await store.create(created(owes=before.agenda))
        for version in range(2, 13):
            step = followed(before, owes=(entry(version=version, number=0), entry(version=version, number=1)))
            await store.commit(step)
            before = step.saga
        loaded = await store.load("s1")
        assert [e.id for e in loaded.agenda] == [e.id for e in before.agenda]

    @on_a_store
    async def test_a_step_for_an_unknown_saga_is_refused(self, store: Store) -> None:
        with pytest.raises(SagaNotFound):
            await store.commit(followed(created().saga))
        assert await store.history("s1") == []

    @on_a_store
    async def test_a_step_from_an_old_version_is_refused_and_changes_nothing(self, store: Store) -> None:
        first = created(owes=(entry(),))
        winner = followed(first.saga, "paid", state="PAID")
        await store.create(first)
        await store.commit(winner)
        loser = followed(
            first.saga, "declined", removed=("s1.1.0",), owes=(entry(version=2),), claimed=(key(),)
        )
        with pytest.raises(StaleSaga):
            await store.commit(loser)
        assert await store.load("s1") == winner.saga
        with pytest.raises(SagaNotFound):
            await store.find("n1")

    @on_a_store
    async def test_a_step_from_a_version_to_come_is_refused(self, store: Store) -> None:
        first = created()
        await store.create(first)
        with pytest.raises(StaleSaga):
            await store.commit(followed(followed(first.saga).saga))
        assert await store.load("s1") == first.saga
        assert len(await store.history("s1")) == 1

    @on_a_store
    async def test_of_two_steps_from_one_version_one_wins(self, store: Store) -> None:
        first = created()
        await store.create(first)
        rivals = [followed(first.saga, f"event{n}", metadata={"winner": n}) for n in range(8)]
        answers = await asyncio.gather(*map(store.commit, rivals), return_exceptions=True)
        winners = [rival for rival, answer in zip(rivals, answers, strict=True) if answer is None]
        assert len(winners) == 1
        assert sum(isinstance(answer, StaleSaga) for answer in answers) == 7
        assert await store.load("s1") == winners[0].saga

    @on_a_store
    async def test_of_two_steps_that_differ_in_data_only_one_wins(self, store: Store) -> None:
        first = created()
        await store.create(first)
        rivals = [followed(first.saga, "noted", metadata={"note": n}) for n in range(2)]
        answers = await asyncio.gather(*map(store.commit, rivals), return_exceptions=True)
        assert {type(answer) for answer in answers} == {type(None), StaleSaga}

    @on_a_store
    async def test_committing_a_second_time_changes_nothing(self, store: Store) -> None:
        first = created(owes=(entry(),))
        step = followed(
            first.saga, event_id="e1", removed=("s1.1.0",), owes=(entry(version=2),), state="PAID"
        )
        await store.create(first)
        await store.commit(step)
        [claim] = await store.claim(owner="a", now=5_000, lease=10, limit=5)
        await store.commit(step)
        assert (await store.load("s1")).agenda == (claim.entry,)
        assert len(await store.history("s1")) == 2

    @on_a_store
    async def test_a_repeat_after_later_steps_changes_nothing(self, store: Store) -> None:
        first = created()
        second = followed(first.saga, event_id="e1", claimed=(key(),))
        third = followed(second.saga, "gone", dropped=(key(),))
        await store.create(first)
        for step in (second, third, second):
            await store.commit(step)
        assert await store.load("s1") == third.saga
        with pytest.raises(SagaNotFound):
            await store.find("n1")

    @on_a_store
    async def test_an_event_id_is_taken_once_a_saga(self, store: Store) -> None:
        first = created()
        second = followed(first.saga, event_id="e1")
        await store.create(first)
        await store.commit(second)
        with pytest.raises(DuplicateEvent):
            await store.commit(followed(second.saga, "again", event_id="e1", owes=(entry(version=3),)))
        assert await store.load("s1") == second.saga
        await store.create(created("s2"))
        await store.commit(followed(created("s2").saga, event_id="e1"))

    @on_a_store
    async def test_a_stale_step_of_a_known_event_is_a_duplicate(self, store: Store) -> None:
        first = created()
        second = followed(first.saga, event_id="e1")
        third = followed(second.saga, event_id="e2")
        await store.create(first)
        for step in (second, third):
            await store.commit(step)
        with pytest.raises(DuplicateEvent):
            await store.commit(followed(second.saga, "late", event_id="e1"))
        with pytest.raises(StaleSaga):
            await store.commit(followed(second.saga, "late", event_id="e3"))

    @on_a_store
    async def test_events_without_an_id_are_never_duplicates(self, store: Store) -> None:
        before = created()
        await store.create(before)
        for _ in range(3):
            step = followed(before.saga, "noted")
            await store.commit(step)
            before = step
        assert (await store.load("s1")).version == 4

    @on_a_store
    async def test_a_step_that_fails_harms_no_other_of_its_batch(self, store: Store) -> None:
        good = [created(f"good{n}", owes=(entry(f"good{n}"),)) for n in range(20)]
        await asyncio.gather(*(store.create(step) for step in good))
        await store.create(created("holder", keys=(key("held"),)))
        steps = [followed(step.saga, "paid", state="PAID") for step in good]
        bad = [
            followed(created("unknown").saga),
            followed(followed(good[0].saga).saga, "ahead"),
            followed(good[1].saga, "greedy", claimed=(key("held"),)),
        ]
        calls = [*map(store.commit, bad), *map(store.commit, steps[2:]), store.create(created("new"))]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(answer) for answer in answers[:3]] == [SagaNotFound, StaleSaga, KeyTaken]
        assert answers[3:] == [None] * 19
        assert [await store.load(step.saga.saga_id) for step in steps[2:]] == [s.saga for s in steps[2:]]
        assert len(await store.list(Query(state="PAID"))) == 18

    @on_a_store
    async def test_removing_what_is_gone_already_is_fine(self, store: Store) -> None:
        await store.create(created())
        await store.commit(followed(created().saga, removed=("s1.1.0", "never")))
        assert (await store.load("s1")).agenda == ()

    @on_a_store
    async def test_an_added_entry_takes_the_place_of_one_with_its_id(self, store: Store) -> None:
        first = created(owes=(entry(attempts=3), entry(number=1)))
        await store.create(first)
        [claim] = await store.claim(owner="a", now=1_000, lease=500, limit=1)
        await store.park(claim.entry, reason="gave up")
        again = entry(due=9_000, payload={"second": 1})
        await store.commit(followed(first.saga, "$retry", owes=(again,)))
        kept = (await store.load("s1")).agenda[0]
        assert (kept.id, kept.status, kept.due, kept.payload) == ("s1.1.0", "due", 9_000, {"second": 1})
        assert (kept.attempts, kept.reason) == (0, None)

    @on_a_store
    async def test_a_replaced_entry_keeps_fencing_who_claimed_it(self, store: Store) -> None:
        first = created(owes=(entry(),))
        await store.create(first)
        [old] = await store.claim(owner="a", now=1_000, lease=500, limit=1)
        await store.commit(followed(first.saga, "$retry", owes=(entry(),)))
        [new] = await store.claim(owner="b", now=1_000, lease=500, limit=1)
        assert new.entry.token > old.entry.token
