"""The memory store passes the suite."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from adapters.stores.memory import open_memory
from engine.errors import ConfigInvalid
from engine.ports import Store
from tests.contract.store_contract import StoreContract


class TestMemoryStore(StoreContract):
    async def open(self, folder: Path) -> Store:
        return await open_memory({}, folder)


def test_a_memory_store_has_no_options(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="path"):
        asyncio.run(open_memory({"path": "x"}, tmp_path))
