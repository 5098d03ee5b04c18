"""tallies: how much is parked, due, late and paused, by machine."""

from __future__ import annotations

from engine.model import Tally
from engine.ports import Store
from tests.contract.sagas import created, entry, followed
from tests.contract.store.suite import StoreSuite, on_a_store


async def _told(store: Store, now: int = 1_000) -> list[Tally]:
    return list(await store.tallies(now=now))


class TalliesSuite(StoreSuite):
    @on_a_store
    async def test_where_nothing_is_amiss_nothing_is_told(self, store: Store) -> None:
        assert await _told(store) == []
        await store.create(created(owes=(entry(due=1_001), entry(number=1, status="done", done=1))))
        assert await _told(store) == []

    @on_a_store
    async def test_due_is_what_could_be_claimed_now(self, store: Store) -> None:
        await store.create(created("s1", owes=(entry("s1"), entry("s1", number=1, due=2_000))))
        await store.create(created("s2", machine="payment", owes=(entry("s2", due=3_000),)))
        assert await _told(store, 2_000) == [Tally(machine="order", due=2)]
        assert await _told(store, 3_000) == [Tally(machine="order", due=2), Tally(machine="payment", due=1)]
        await store.claim(owner="a", now=2_000, lease=100, limit=1)
        assert await _told(store, 2_000) == [Tally(machine="order", due=1)]
        assert await _told(store, 2_100) == [Tally(machine="order", due=2)]

    @on_a_store
    async def test_parked_entries_are_counted_one_by_one(self, store: Store) -> None:
        owes = (entry("s1", status="parked"), entry("s1", number=1, status="parked", token=1))
        await store.create(created("s1", owes=owes))
        await store.create(created("s2", machine="payment", owes=(entry("s2", status="parked"),)))
        assert await _told(store) == [Tally(machine="order", parked=2), Tally(machine="payment", parked=1)]
        await store.settle(owes[1])
        moved = followed(created("s2", machine="payment").saga, removed=("s2.1.0",), state="PAID")
        await store.commit(moved)
        assert await _told(store) == [Tally(machine="order", parked=1)]

    @on_a_store
    async def test_late_and_paused_sagas_are_counted_until_they_end(self, store: Store) -> None:
        await store.create(created("s1", late="$sla"))
        await store.create(created("s2", late="$businessSla", paused=True, machine_version=2))
        await store.create(created("s3", paused=True, machine="payment"))
        order = Tally(machine="order", late=2, paused=1)
        assert await _told(store) == [order, Tally(machine="payment", paused=1)]
        await store.commit(followed(created("s3", machine="payment").saga, "$resume", paused=False))
        assert await _told(store) == [order]
        await store.commit(followed(created("s1", late="$sla").saga, state="DONE", is_final=True))
        assert await _told(store) == [Tally(machine="order", late=1, paused=1)]
