"""list and counts: what people look for, newest first, page by page."""

from __future__ import annotations

from dataclasses import replace

from engine.model import Count, Query
from engine.ports import Store
from tests.contract.sagas import created, entry, followed
from tests.contract.store.suite import StoreSuite, on_a_store


async def _ids(store: Store, **query: object) -> list[str]:
    return [saga.saga_id for saga in await store.list(Query(**query))]  # type: ignore[arg-type]


async def _some(store: Store) -> None:
    """Four sagas, s1 the oldest; s3 and s4 are of one moment."""
    await store.create(created("s1", created_at=10, entity_id="ann"))
    await store.create(created("s2", created_at=20, state="PAID", business_state="DONE", is_final=True))
    await store.create(created("s3", created_at=30, machine="payment", entity_id="ann"))
    await store.create(created("s4", created_at=30, machine_version=2, entity_id=""))


class ListingSuite(StoreSuite):
    @on_a_store
    async def test_sagas_are_listed_newest_first(self, store: Store) -> None:
        assert await _ids(store) == []
        await _some(store)
        assert await _ids(store) == ["s4", "s3", "s2", "s1"]

    @on_a_store
    async def test_every_field_of_a_query_must_match(self, store: Store) -> None:
        await _some(store)
        assert await _ids(store, machine="order") == ["s4", "s2", "s1"]
        assert await _ids(store, machine_version=2) == ["s4"]
        assert await _ids(store, state="PAID") == ["s2"]
        assert await _ids(store, business_state="OPEN") == ["s4", "s3", "s1"]
        assert await _ids(store, is_final=False) == ["s4", "s3", "s1"]
        assert await _ids(store, is_final=True) == ["s2"]
        assert await _ids(store, entity_id="ann") == ["s3", "s1"]
        assert await _ids(store, entity_id="") == ["s4"]
        assert await _ids(store, machine="order", entity_id="ann") == ["s1"]
        assert await _ids(store, machine="payment", state="PAID") == []
        assert await _ids(store, state="NOWHERE") == []

    @on_a_store
    async def test_the_time_of_creation_is_a_half_open_range(self, store: Store) -> None:
        await _some(store)
        assert await _ids(store, created_from=20) == ["s4", "s3", "s2"]
        assert await _ids(store, created_to=30) == ["s2", "s1"]
        assert await _ids(store, created_from=20, created_to=30) == ["s2"]
        assert await _ids(store, created_from=10, created_to=31, machine="order") == ["s4", "s2", "s1"]

    @on_a_store
    async def test_sagas_that_changed_since_a_moment_are_listed_in_the_order_of_their_making(
        self, store: Store
    ) -> None:
        for number in (1, 2, 3):
            await store.create(created(f"s{number}", created_at=number * 10, updated_at=number * 10))
        await store.commit(followed(await store.load("s1"), at=50, state="PAID"))
        await store.commit(followed(await store.load("s2"), at=40, state="PAID"))
        assert await _ids(store, updated_from=31) == ["s2", "s1"]
        assert await _ids(store, updated_from=50) == ["s1"]
        assert await _ids(store, updated_from=30, machine="order") == ["s3", "s2", "s1"]
        assert await _ids(store, updated_from=30, machine="ticket") == []
        assert await _ids(store, updated_from=30, after=(30, "s3"), limit=1) == ["s2"]

    @on_a_store
    async def test_a_listed_saga_is_whole_but_for_its_open_entries(self, store: Store) -> None:
        step = created(owes=(entry(number=0), entry(number=1)))
        await store.create(step)
        [claim] = await store.claim(owner="a", now=1_000, lease=100, limit=1)
        assert list(await store.list(Query())) == [replace(step.saga, agenda=())]
        await store.park(claim.entry, reason="gave up")
        [listed] = await store.list(Query())
        assert [(e.id, e.reason) for e in listed.agenda] == [("s1.1.0", "gave up")]
        assert replace(listed, agenda=()) == replace(step.saga, agenda=())

    @on_a_store
    async def test_sagas_with_a_parked_entry_are_told_from_those_without(self, store: Store) -> None:
        for saga_id in ("s1", "s2", "s3"):
            owes = (entry(saga_id), entry(saga_id, number=1))
            await store.create(created(saga_id, created_at=int(saga_id[1]), owes=owes))
        claims = {c.entry.id: c.entry for c in await store.claim(owner="a", now=1_000, lease=9, limit=9)}
        for id_ in ("s1.1.0", "s3.1.0", "s3.1.1"):
            await store.park(claims[id_], reason="x")
        assert await _ids(store, parked=True) == ["s3", "s1"]
        assert await _ids(store, parked=False) == ["s2"]
        assert await _ids(store, parked=True, state="CREATED", entity_id="customer-1") == ["s3", "s1"]
        assert await _ids(store, parked=True, state="PAID") == []

    @on_a_store
    async def test_a_saga_is_parked_no_more_once_its_entry_is_mended(self, store: Store) -> None:
        for saga_id in ("s1", "s2", "s3", "s4"):
            owes = (entry(saga_id, status="parked", token=1),)
            await store.create(created(saga_id, created_at=int(saga_id[1]), owes=owes))
        assert await _ids(store, parked=True) == ["s4", "s3", "s2", "s1"]
        await store.postpone(entry("s1", token=1), due=5, reason=None)
        await store.settle(entry("s2", token=1))
        await store.commit(followed(created("s3").saga, removed=("s3.1.0",)))
        await store.commit(followed(created("s4").saga, owes=(entry("s4", due=9),)))
        assert await _ids(store, parked=True) == []
        assert await _ids(store, parked=False) == ["s4", "s3", "s2", "s1"]

    @on_a_store
    async def test_parking_twice_counts_once(self, store: Store) -> None:
        await store.create(created(owes=(entry(token=1),)))
        for _ in range(2):
            await store.park(entry(token=1), reason="x")
        await store.settle(entry(token=1))
        assert await _ids(store, parked=True) == []

    @on_a_store
    async def test_a_list_follows_every_commit(self, store: Store) -> None:
        step = created()
        await store.create(step)
        for state in ("PAID", "PREPARED", "CREATED"):
            before, step = step.saga.state, followed(step.saga, state=state)
            await store.commit(step)
            assert await _ids(store, state=state) == ["s1"]
            assert await _ids(store, state=before) == []

    @on_a_store
    async def test_paused_and_late_sagas_are_told_from_others(self, store: Store) -> None:
        await store.create(created("s1", created_at=10))
        await store.create(created("s2", created_at=20, paused=True))
        await store.create(created("s3", created_at=30, late="$sla", machine="payment"))
        await store.create(created("s4", created_at=40, late="$businessSla", paused=True, state="PAID"))
        assert await _ids(store, paused=True) == ["s4", "s2"]
        assert await _ids(store, paused=False) == ["s3", "s1"]
        assert await _ids(store, late=True) == ["s4", "s3"]
        assert await _ids(store, late=False) == ["s2", "s1"]
        assert await _ids(store, late=True, paused=False) == ["s3"]
        assert await _ids(store, paused=True, machine="order", state="CREATED") == ["s2"]
        assert [(s.paused, s.late) for s in await store.list(Query(machine="order", limit=1))] == [
            (True, "$businessSla")
        ]
        [*_, s2] = await store.list(Query(paused=True))
        await store.commit(followed(s2, "$resume", paused=False, late="$sla"))
        assert await _ids(store, paused=True) == ["s4"]
        assert await _ids(store, late=True) == ["s4", "s3", "s2"]

    @on_a_store
    async def test_counts_do_not_tell_paused_and_late_sagas_apart(self, store: Store) -> None:
        await store.create(created("s1"))
        await store.create(created("s2", paused=True))
        await store.create(created("s3", late="$sla"))
        assert [(c.state, c.sagas) for c in await store.counts()] == [("CREATED", 3)]

    @on_a_store
    async def test_sagas_are_counted_by_machine_version_and_state(self, store: Store) -> None:
        assert list(await store.counts()) == []
        await _some(store)
        await store.create(created("s5", state="PAID", business_state="DONE", is_final=True))

        def count(machine: str, version: int, state: str, label: str, sagas: int) -> Count:
            return Count(
                machine=machine, machine_version=version, state=state, business_state=label, sagas=sagas
            )

        orders = [
            count("order", 1, "CREATED", "OPEN", 1),
            count("order", 1, "PAID", "DONE", 2),
            count("order", 2, "CREATED", "OPEN", 1),
        ]
        assert list(await store.counts("order")) == orders
        assert list(await store.counts()) == [*orders, count("payment", 1, "CREATED", "OPEN", 1)]
        assert list(await store.counts("nobody")) == []

    @on_a_store
    async def test_a_state_that_was_left_is_not_counted(self, store: Store) -> None:
        await store.create(created())
        await store.commit(followed(created().saga, state="PAID"))
        assert [(c.state, c.sagas) for c in await store.counts()] == [("PAID", 1)]
