"""deploy and definitions: immutable under name and version."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.errors import DefinitionChanged
from engine.model import StoredDefinition
from engine.ports import Store
from tests.contract.store.suite import StoreSuite, on_a_store

ORDER = StoredDefinition(
    machine="order", version=1, content_hash="aa", source="machine: order # è\n", deployed_at=1_000
)
CHANGED = replace(ORDER, content_hash="bb", source="machine: order\nversion: 1\n", deployed_at=2_000)


class DefinitionsSuite(StoreSuite):
    @on_a_store
    async def test_definitions_come_by_name_and_version(self, store: Store) -> None:
        assert list(await store.definitions()) == []
        deployed = [replace(ORDER, machine=m, version=v) for m, v in (("b", 10), ("b", 9), ("a", 2))]
        for definition in deployed:
            await store.deploy(definition)
        assert list(await store.definitions()) == deployed[::-1]
        assert list(await store.definitions("b")) == [deployed[1], deployed[0]]
        assert list(await store.definitions("nobody")) == []

    @on_a_store
    async def test_the_same_content_again_is_fine(self, store: Store) -> None:
        await store.deploy(ORDER)
        await store.deploy(replace(ORDER, deployed_at=5_000))
        assert list(await store.definitions()) == [ORDER]

    @on_a_store
    async def test_another_content_under_the_same_version_is_refused(self, store: Store) -> None:
        await store.deploy(ORDER)
        with pytest.raises(DefinitionChanged):
            await store.deploy(CHANGED)
        assert list(await store.definitions()) == [ORDER]

    @on_a_store
    async def test_another_content_replaces_the_old_if_asked(self, store: Store) -> None:
        await store.deploy(ORDER, replace=True)
        await store.deploy(CHANGED, replace=True)
        assert list(await store.definitions()) == [CHANGED]
