"""The fence of a step: who was away for longer than his lease does not tell what his try came to."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from engine.errors import DuplicateEvent, StaleLease, StaleSaga
from engine.model import Entry, Fence, Step
from engine.ports import Store
from tests.contract.sagas import created, entry, followed
from tests.contract.store.suite import StoreSuite, on_a_store


def told(held: Entry, event: str = "paid", *, event_id: str | None = None) -> Step:
    """What `held` came to, as its holder tells it."""
    step = followed(created(owes=(entry(),)).saga, event, event_id=event_id, removed=(held.id,), state="PAID")
    return replace(step, fence=Fence(entry=held.id, token=held.token))


async def _claimed(store: Store, owner: str, now: int) -> Entry:
    [claim] = await store.claim(owner=owner, now=now, lease=100, limit=10)
    return claim.entry


class FencesSuite(StoreSuite):
    @on_a_store
    async def test_who_holds_the_lease_tells_what_came_of_the_try(self, store: Store) -> None:
        await store.create(created(owes=(entry(),)))
        held = await _claimed(store, "a", 1_000)
        step = told(held)
        await store.commit(step)
        await store.commit(step)
        assert await store.load("s1") == step.saga

    @on_a_store
    async def test_nobody_else_has_claimed_it_so_a_lease_that_ran_out_or_was_given_back_is_good(
        self, store: Store
    ) -> None:
        await store.create(created(owes=(entry(),)))
        held = await _claimed(store, "a", 1_000)
        await store.release(owner="a")
        await store.commit(told(held))
        assert (await store.load("s1")).state == "PAID"

    @on_a_store
    async def test_who_lost_the_lease_is_refused_and_nothing_is_changed(self, store: Store) -> None:
        await store.create(created(owes=(entry(),)))
        old = await _claimed(store, "a", 1_000)
        new = await _claimed(store, "b", 1_100)
        before = await store.load("s1")
        with pytest.raises(StaleLease):
            await store.commit(told(old, "payFailed", event_id=old.id))
        assert await store.load("s1") == before
        assert await store.row_of("s1", old.id) is None
        await store.commit(told(new, event_id=new.id))
        assert [row.event for row in await store.history("s1")] == ["orderCreated", "paid"]

    @on_a_store
    async def test_who_lost_the_lease_is_refused_also_after_the_next_one_put_it_off(
        self, store: Store
    ) -> None:
        await store.create(created(owes=(entry(),)))
        old = await _claimed(store, "a", 1_000)
        await store.postpone(await _claimed(store, "b", 1_100), due=9_000, reason="busy")
        with pytest.raises(StaleLease):
            await store.commit(told(old))

    @on_a_store
    async def test_a_fence_stands_until_the_entry_is_gone(self, store: Store) -> None:
        await store.create(created(owes=(entry(),)))
        old = await _claimed(store, "a", 1_000)
        await store.settle(await _claimed(store, "b", 1_100))
        await store.commit(told(old))
        assert (await store.load("s1")).state == "PAID"

    @on_a_store
    async def test_a_late_word_that_was_said_already_is_a_repeat_and_no_lost_lease(
        self, store: Store
    ) -> None:
        await store.create(created(owes=(entry(),)))
        old = await _claimed(store, "a", 1_000)
        new = await _claimed(store, "b", 1_100)
        first = told(new, event_id=new.id)
        await store.commit(first)
        late = told(old, "payFailed", event_id=old.id)
        with pytest.raises(StaleSaga):
            await store.commit(late)
        with pytest.raises(DuplicateEvent):
            await store.commit(replace(followed(first.saga, "payFailed", event_id=old.id), fence=late.fence))

    @on_a_store
    async def test_one_fenced_step_among_many_harms_no_other(self, store: Store) -> None:
        await store.create(created("s1", owes=(entry("s1"),)))
        await store.create(created("s2", owes=(entry("s2"),)))
        old, _ = await store.claim(owner="a", now=1_000, lease=100, limit=10)
        _, new = await store.claim(owner="b", now=1_100, lease=100, limit=10)
        fenced = told(old.entry)
        good = replace(followed(new.saga, "paid"), fence=Fence(entry=new.entry.id, token=new.entry.token))
        answers = await asyncio.gather(store.commit(fenced), store.commit(good), return_exceptions=True)
        assert [type(answer) for answer in answers] == [StaleLease, type(None)]
