"""The SQLite store passes the suite, and what it wrote outlives its process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from adapters.stores.sqlite import open_sqlite
from engine.ports import Store
from tests.contract.store.durability import DurabilitySuite
from tests.contract.store_contract import StoreContract


class TestSqliteStore(StoreContract, DurabilitySuite):
    opener = "adapters.stores.sqlite:open_sqlite"
    options: ClassVar[Mapping[str, Any]] = {"path": "data/store.db"}

    async def open(self, folder: Path) -> Store:
        return await open_sqlite(self.options, folder)
