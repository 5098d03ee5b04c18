"""What every part of the store's suite stands on: `open`, which a subclass gives, and a way to run tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from engine.ports import Store

Suite = TypeVar("Suite", bound="StoreSuite")


class StoreSuite:
    """Subclassed once for every store: `open` is all that an implementation adds."""

    async def open(self, folder: Path) -> Store:
        """An empty store that may keep files in `folder`; the test closes it."""
        raise AssertionError("A store's own test says how it is opened")


def on_a_store(
    test: Callable[[Suite, Store], Awaitable[None]],
) -> Callable[[Suite, Path], None]:
    """Run a coroutine test on a fresh store, in a loop of its own."""

    def run(self: Suite, tmp_path: Path) -> None:
        async def body() -> None:
            store = await self.open(tmp_path)
            try:
                await test(self, store)
            finally:
                await store.close()

        asyncio.run(body())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run
