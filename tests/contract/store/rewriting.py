"""What a step changes of entries that are owed already: their request, and that they are done."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.errors import StaleLease
from engine.model import Entry
from engine.ports import Store
from tests.contract.sagas import created, entry, followed
from tests.contract.store.suite import StoreSuite, on_a_store


async def _tried(store: Store) -> Entry:
    """The first of two entries of s1, tried once by a and claimed by b."""
    await store.create(created(owes=(entry(), entry(number=1))))
    first, _ = await store.claim(owner="a", now=1_000, lease=500, limit=2)
    await store.postpone(replace(first.entry, attempts=1), due=1_001, reason="busy")
    [again] = await store.claim(owner="b", now=1_001, lease=500, limit=1)
    return again.entry


async def _kept(store: Store, entry_id: str = "s1.1.0") -> Entry:
    return next(owed for owed in (await store.load("s1")).agenda if owed.id == entry_id)


async def _rewrite(store: Store, *rewritten: Entry) -> None:
    await store.commit(followed(await store.load("s1"), rewritten=rewritten))


def _done(order: int = 2) -> Entry:
    return entry(status="done", done=order, payload={})


class RewritingSuite(StoreSuite):
    @on_a_store
    async def test_a_rewritten_request_leaves_what_became_of_the_entry(self, store: Store) -> None:
        held = await _tried(store)
        asked: dict[str, Any] = {"payload": {"old": 1}, "state": None, "business": "OPEN", "undoes": "s1.0.0"}
        await _rewrite(
            store, entry(due=9, attempts=9, token=9, owner="x", lease_until=9, done=9, reason="x", **asked)
        )
        assert await _kept(store) == replace(held, **asked)
        await store.settle(held)
        assert [e.id for e in (await store.load("s1")).agenda] == ["s1.1.1"]

    @on_a_store
    async def test_an_entry_that_is_gone_is_not_brought_back(self, store: Store) -> None:
        await store.settle(await _tried(store))
        await _rewrite(store, _done(), entry(payload={"old": 1}))
        assert [e.id for e in (await store.load("s1")).agenda] == ["s1.1.1"]

    @on_a_store
    async def test_many_entries_are_rewritten_each_on_its_own(self, store: Store) -> None:
        owes = tuple(entry(number=n) for n in range(700))
        await store.create(created(owes=owes))
        changed = [replace(e, payload={"n": n}, state=None) for n, e in enumerate(owes) if n % 3]
        done = [replace(e, status="done", done=n + 1, payload={}) for n, e in enumerate(owes) if not n % 3]
        await _rewrite(store, *changed, *done)
        kept = {e.id: e for e in (await store.load("s1")).agenda}
        assert kept == {e.id: e for e in (*changed, *done)}
        assert list(kept) == [e.id for e in owes]

    @on_a_store
    async def test_a_done_entry_is_kept_free_of_owner_and_reason(self, store: Store) -> None:
        held = await _tried(store)
        await _rewrite(store, _done())
        done = replace(held, status="done", done=2, payload={}, owner=None, lease_until=0, reason=None)
        assert await _kept(store) == done

    @on_a_store
    async def test_a_done_entry_is_neither_claimed_nor_listed_nor_awaited(self, store: Store) -> None:
        await store.create(created(owes=(entry(), entry(number=1, due=7_000))))
        await _rewrite(store, _done())
        assert list(await store.claim(owner="a", now=6_000, lease=1, limit=9)) == []
        assert [due.entry.id for due in await store.agenda()] == ["s1.1.1"]
        assert list(await store.agenda(parked=True)) == []
        assert [due.entry.id for due in await store.agenda(parked=False)] == ["s1.1.1"]
        assert await store.next_due() == 7_000

    @on_a_store
    async def test_who_still_holds_a_done_entry_is_fenced(self, store: Store) -> None:
        held = await _tried(store)
        await _rewrite(store, _done())
        kept = await _kept(store)
        for late in (
            store.postpone(held, due=9_000, reason="late"),
            store.park(held, reason="late"),
            store.settle(held),
        ):
            with pytest.raises(StaleLease):
                await late
        assert await _kept(store) == kept

    @on_a_store
    async def test_a_parked_entry_that_is_done_is_parked_no_more(self, store: Store) -> None:
        await store.park(await _tried(store), reason="gave up")
        await _rewrite(store, _done())
        assert list(await store.agenda(parked=True)) == []
        assert list(await store.tallies(now=0)) == []
        assert (await _kept(store)).reason is None

    @on_a_store
    async def test_a_done_entry_stays_done_until_a_step_removes_it(self, store: Store) -> None:
        await store.create(created(owes=(entry(),)))
        await _rewrite(store, _done(order=2))
        await _rewrite(store, replace(_done(order=2), state=None))
        assert (await _kept(store)).done == 2
        assert (await _kept(store)).state is None
        assert await store.release() == 0
        await store.commit(followed(await store.load("s1"), removed=("s1.1.0",)))
        assert (await store.load("s1")).agenda == ()

    @on_a_store
    async def test_an_undo_that_is_parked_in_a_step_is_fenced_from_its_holder(self, store: Store) -> None:
        held = await _tried(store)
        parked = replace(held, status="parked", owner=None, lease_until=0, reason="will not cancel")
        await store.commit(followed(await store.load("s1"), "$stuck", owes=(parked,)))
        with pytest.raises(StaleLease):
            await store.postpone(held, due=9_000, reason=None)
        [listed] = await store.agenda(parked=True)
        assert listed.entry.reason == "will not cancel"

    @on_a_store
    async def test_a_claim_made_while_a_step_was_thought_of_is_fenced_by_it(self, store: Store) -> None:
        await store.create(created(owes=(entry(),)))
        seen = await store.load("s1")
        [claim] = await store.claim(owner="a", now=1_000, lease=500, limit=1)
        frozen = replace(seen.agenda[0], due=10**15, token=seen.agenda[0].token + 1)
        await store.commit(followed(seen, "$pause", owes=(frozen,), paused=True))
        with pytest.raises(StaleLease):
            await store.postpone(claim.entry, due=2_000, reason="late")
        assert (await _kept(store)).due == 10**15
