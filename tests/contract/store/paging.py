"""list, page by page, while sagas come and change: what a table and a bulk operation walk along."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from engine.model import Query, Saga
from engine.ports import Store
from tests.contract.sagas import created, entry, followed
from tests.contract.store.suite import StoreSuite, on_a_store


async def _ids(store: Store, **query: Any) -> list[str]:
    return [saga.saga_id for saga in await store.list(Query(**query))]


async def _walked(
    store: Store, meanwhile: Callable[[Saga], Awaitable[None]], *, limit: int, **query: Any
) -> list[str]:
    """Ids of all pages; after each, `meanwhile` is done to every saga of the page."""
    seen: list[str] = []
    after: tuple[int, str] | None = None
    while page := await store.list(Query(after=after, limit=limit, **query)):
        assert len(page) <= limit
        assert len(seen) < 500, "it goes round"
        seen += [saga.saga_id for saga in page]
        after = page[-1].created_at, page[-1].saga_id
        for saga in page:
            await meanwhile(saga)
    return seen


class PagingSuite(StoreSuite):
    @on_a_store
    async def test_pages_have_no_gaps_and_no_repeats_while_sagas_come(self, store: Store) -> None:
        for query in ({}, {"machine": "order"}, {"entity_id": "customer-1"}, {"is_final": False}):
            label = "-".join(query) or "all"
            old = [f"{label}{n:02d}" for n in range(20)]
            for number, saga_id in enumerate(old):
                await store.create(created(saga_id, created_at=100 + number // 3))
            seen: list[str] = []
            after: tuple[int, str] | None = None
            while len(seen) < 200 and (page := await store.list(Query(after=after, limit=3, **query))):
                assert len(page) <= 3
                seen += [saga.saga_id for saga in page]
                after = page[-1].created_at, page[-1].saga_id
                await store.create(created(f"{label}-new{len(seen)}", created_at=1_000 + len(seen)))
            assert [saga_id for saga_id in seen if saga_id in old] == old[::-1]
            assert len(seen) == len(set(seen))

    @on_a_store
    async def test_a_page_holds_fifty_unless_told(self, store: Store) -> None:
        for number in range(60):
            await store.create(created(f"s{number}"))
        assert len(await _ids(store)) == 50
        assert len(await _ids(store, limit=55)) == 55
        assert len(await _ids(store, machine="order", limit=7)) == 7

    @on_a_store
    async def test_a_bulk_operation_meets_every_saga_once_though_each_leaves_the_list(
        self, store: Store
    ) -> None:
        for number in range(23):
            await store.create(created(f"s{number:02d}", created_at=100 + number // 4, machine_version=1))

        async def migrate(saga: Saga) -> None:
            await store.commit(followed(saga, "$migrate", machine_version=2))

        seen = await _walked(store, migrate, limit=5, machine="order", machine_version=1, is_final=False)
        assert seen == [f"s{number:02d}" for number in reversed(range(23))]
        assert await _ids(store, machine_version=1) == []

    @on_a_store
    async def test_a_saga_that_stays_in_the_list_is_not_met_again(self, store: Store) -> None:
        for number in range(23):
            await store.create(created(f"s{number:02d}", created_at=100 + number // 4))

        async def pause(saga: Saga) -> None:
            await store.commit(followed(saga, "$pause", paused=not saga.paused))

        assert len(await _walked(store, pause, limit=5, state="CREATED")) == 23

    @on_a_store
    async def test_sagas_that_come_and_go_between_pages_hide_no_other(self, store: Store) -> None:
        sagas = {f"s{n:02d}": created(f"s{n:02d}", created_at=100 + n // 4).saga for n in range(40)}
        for saga in sagas.values():
            await store.create(created(saga.saga_id, created_at=saga.created_at))
        moving = [saga_id for n, saga_id in enumerate(sagas) if n % 3 == 0]

        async def stir(_: Saga) -> None:
            for saga_id in moving:
                saga = sagas[saga_id]
                step = followed(saga, state="PAID" if saga.state == "CREATED" else "CREATED")
                await store.commit(step)
                sagas[saga_id] = step.saga

        seen = await _walked(store, stir, limit=3, state="CREATED")
        assert len(seen) == len(set(seen))
        assert {saga_id for saga_id in sagas if saga_id not in moving} <= set(seen)

    @on_a_store
    async def test_a_bulk_operation_on_parked_sagas_meets_each_once(self, store: Store) -> None:
        for number in range(12):
            owes = (entry(f"s{number:02d}", status="parked", token=1),)
            await store.create(created(f"s{number:02d}", created_at=100 + number // 4, owes=owes))

        async def retry(saga: Saga) -> None:
            await store.commit(followed(saga, "$retry", owes=(entry(saga.saga_id, due=5),)))

        assert len(await _walked(store, retry, limit=5, parked=True)) == 12
        assert await _ids(store, parked=True) == []
