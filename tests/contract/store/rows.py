"""Steps of several rows: an event and what the engine raised because of it, in one write."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import DuplicateEvent, SagaExists, StaleSaga
from engine.ports import Store
from tests.contract.sagas import created, entry, followed, raised
from tests.contract.store.suite import StoreSuite, on_a_store


class RowsSuite(StoreSuite):
    @on_a_store
    async def test_all_rows_of_a_step_are_written_with_it(self, store: Store) -> None:
        first = created(owes=(entry(),))
        step = raised(raised(followed(first.saga, event_id="e1")), "$compensated", state="CLOSED")
        await store.create(first)
        await store.commit(step)
        assert await store.load("s1") == step.saga
        assert list(await store.history("s1")) == [*first.rows, *step.rows]
        assert [row.seq for row in step.rows] == [2, 3, 4]
        later = followed(step.saga, event_id="e2")
        await store.commit(later)
        assert (await store.load("s1")).version == 5

    @on_a_store
    async def test_a_creation_may_have_several_rows(self, store: Store) -> None:
        step = raised(created(owes=(entry(),)), state="JOINED")
        await store.create(step)
        await store.create(step)
        assert await store.load("s1") == step.saga
        assert list(await store.history("s1")) == list(step.rows)
        with pytest.raises(SagaExists):
            await store.create(created(owes=(entry(),)))

    @on_a_store
    async def test_entries_keep_the_order_of_making_over_such_steps(self, store: Store) -> None:
        step = raised(created(owes=(entry(number=0), entry(number=1))))
        await store.create(step)
        for _ in range(3):
            before = step.saga
            owes = (entry(version=before.version + 1), entry(version=before.version + 1, number=1))
            step = raised(raised(followed(before, owes=owes)))
            await store.commit(step)
        assert [e.id for e in (await store.load("s1")).agenda] == [e.id for e in step.saga.agenda]

    @on_a_store
    async def test_a_step_of_several_rows_done_again_changes_nothing(self, store: Store) -> None:
        first = created()
        step = raised(followed(first.saga, event_id="e1", owes=(entry(version=2),)))
        later = raised(followed(step.saga, removed=("s1.2.0",)))
        await store.create(first)
        for done in (step, step, later, step, later):
            await store.commit(done)
        assert await store.load("s1") == later.saga
        assert len(await store.history("s1")) == 5

    @on_a_store
    async def test_a_step_with_fewer_or_more_rows_is_a_rival(self, store: Store) -> None:
        first = created()
        shorter = followed(first.saga)
        step = raised(shorter)
        longer = raised(step)
        await store.create(first)
        await store.commit(step)
        for rival in (shorter, longer):
            with pytest.raises(StaleSaga):
                await store.commit(rival)
        assert await store.load("s1") == step.saga
        assert len(await store.history("s1")) == 3

    @on_a_store
    async def test_of_rivals_of_several_rows_one_wins_whole(self, store: Store) -> None:
        first = created()
        await store.create(first)
        steps = [raised(followed(first.saga, f"event{n}", metadata={"n": n})) for n in range(8)]
        answers = await asyncio.gather(*map(store.commit, steps), return_exceptions=True)
        [winner] = [step for step, answer in zip(steps, answers, strict=True) if answer is None]
        assert [type(answer) for answer in answers if answer is not None] == [StaleSaga] * 7
        assert await store.load("s1") == winner.saga
        assert list(await store.history("s1"))[1:] == list(winner.rows)

    @on_a_store
    async def test_a_step_within_the_rows_of_another_is_refused(self, store: Store) -> None:
        first = created()
        step = raised(raised(followed(first.saga)))
        await store.create(first)
        await store.commit(step)
        inside = followed(followed(first.saga).saga, "between")
        with pytest.raises(StaleSaga):
            await store.commit(inside)
        ahead = raised(followed(raised(step).saga, "ahead"))
        with pytest.raises(StaleSaga):
            await store.commit(ahead)
        assert await store.load("s1") == step.saga

    @on_a_store
    async def test_an_event_id_of_any_row_is_taken_once(self, store: Store) -> None:
        first = created()
        step = raised(followed(first.saga, event_id="e1"), event_id="e2")
        await store.create(first)
        await store.commit(step)
        for event_id in ("e1", "e2"):
            with pytest.raises(DuplicateEvent):
                await store.commit(followed(step.saga, "again", event_id=event_id))
            with pytest.raises(DuplicateEvent):
                await store.commit(raised(followed(step.saga, "again"), event_id=event_id))
        assert await store.row_of("s1", "e2") == step.rows[1]
        assert await store.load("s1") == step.saga
