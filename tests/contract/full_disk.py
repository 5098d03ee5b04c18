"""Run as a program: a SQLite store on a disk that fills up and is emptied again, by a limit on file sizes."""

from __future__ import annotations

import asyncio
import resource
import sys
from pathlib import Path

from adapters.stores.sqlite import open_sqlite
from engine.errors import StoreUnavailable
from engine.ports import Store
from tests.contract.sagas import created

LIMIT = 1_000_000


async def _created_until_full(store: Store) -> list[str]:
    """Ids of the sagas that were acknowledged."""
    done: list[str] = []
    for number in range(1_000):
        try:
            await store.create(created(f"before{number}", metadata={"x": "x" * 10_000}))
        except StoreUnavailable:
            return done
        done.append(f"before{number}")
    raise AssertionError("The disk never filled up")


async def _main(folder: Path) -> None:
    store = await open_sqlite({"path": "full.db"}, folder)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, most))
    done = await _created_until_full(store)
    refused = await asyncio.gather(
        *(store.create(created(f"during{n}", metadata={"x": "x" * 100_000})) for n in range(5)),
        return_exceptions=True,
    )
    assert all(isinstance(answer, StoreUnavailable) for answer in refused), refused
    assert (await store.load(done[0])).saga_id == done[0]
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    await store.create(created("after"))
    await store.close()
    store = await open_sqlite({"path": "full.db"}, folder)
    for saga_id in (*done, "after"):
        await store.load(saga_id)
    await store.close()
    print("fine")


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
