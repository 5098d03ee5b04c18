"""close: what was accepted is finished, what comes later is refused."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest

from engine.errors import StoreUnavailable
from engine.model import Query, StoredDefinition
from engine.ports import Store
from tests.contract.sagas import created, entry, followed
from tests.contract.store.suite import StoreSuite, on_a_store


class ClosingSuite(StoreSuite):
    accepted_at_once: ClassVar[int] = 300
    """More than one batch of a store that batches."""

    @on_a_store
    async def test_closing_twice_is_fine(self, store: Store) -> None:
        await store.close()
        await store.close()

    @on_a_store
    async def test_what_was_accepted_is_finished(self, store: Store) -> None:
        count = self.accepted_at_once
        await asyncio.gather(*(store.create(created(f"s{n}")) for n in range(count)))
        commits = [asyncio.ensure_future(store.commit(followed(created(f"s{n}").saga))) for n in range(count)]
        creations = [asyncio.ensure_future(store.create(created(f"t{n}"))) for n in range(count)]
        await asyncio.sleep(0)
        await store.close()
        assert await asyncio.gather(*commits, *creations) == [None] * 2 * count

    @on_a_store
    async def test_nothing_is_done_after_closing(self, store: Store) -> None:
        await store.create(created(owes=(entry(),)))
        await store.close()
        definition = StoredDefinition(machine="m", version=1, content_hash="", source="", deployed_at=0)
        for call in (
            store.create(created("s2")),
            store.commit(followed(created().saga)),
            store.load("s1"),
            store.find("s1"),
            store.history("s1"),
            store.row_of("s1", "e"),
            store.claim(owner="a", now=9_999, lease=1, limit=1),
            store.postpone(entry(), due=1, reason=None),
            store.park(entry(), reason="x"),
            store.settle(entry()),
            store.release(),
            store.next_due(),
            store.agenda(),
            store.tallies(now=0),
            store.list(Query()),
            store.counts(),
            store.deploy(definition),
            store.definitions(),
        ):
            with pytest.raises(StoreUnavailable):
                await call
