"""What the MongoDB store's own tests stand on: a database each, a store in it, and a look behind the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from pymongo import AsyncMongoClient, WriteConcern
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

from adapters.stores.mongo import open_mongo
from engine.model import Saga
from engine.ports import Store
from tests.contract import mongo_server
from tests.contract.sagas import created, followed, raised
from tests.needs import need

Database = AsyncDatabase[dict[str, Any]]
ROWS = 20

Body = Callable[[Store, Database], Awaitable[None]]


def on_mongo(body: Body, **options: Any) -> None:
    """Run the body on a store in a database of its own, which it may look into."""

    async def run() -> None:
        uri, name = mongo_server.uri(), mongo_server.new_database()
        async with AsyncMongoClient[dict[str, Any]](uri) as client:
            database = client.get_database(name, write_concern=WriteConcern("majority", j=True))
            store = await open_mongo({"uri": uri, "database": name, **options}, mongo_server.NOWHERE)
            try:
                await body(store, database)
            finally:
                await store.close()
                await client.drop_database(name)

    asyncio.run(run())


@asynccontextmanager
async def failing(database: Database, *commands: str, times: int, **how: Any) -> AsyncIterator[None]:
    """The server fails so often at these commands."""
    point = {"configureFailPoint": "failCommand"}
    async with AsyncMongoClient[dict[str, Any]](mongo_server.uri()) as client:
        data = {"failCommands": list(commands), "appName": "sagaloom", **how}
        try:
            await client.admin.command({**point, "mode": {"times": times}, "data": data})
        except OperationFailure:
            need("failpoints", None, how="start mongod with --setParameter enableTestCommands=1")
        try:
            yield
        finally:
            await client.admin.command({**point, "mode": "off"})


async def aged(store: Store, version: int, saga_id: str = "s1") -> Saga:
    """A saga of this version, whose rows but the first have the event ids `e<seq>`; written a few rows at a time."""
    step = created(saga_id)
    await store.create(step)
    while step.saga.version < version:
        step = followed(step.saga, event_id=f"e{step.saga.version + 1}")
        while step.saga.version < version and len(step.rows) < ROWS:
            step = raised(step, event_id=f"e{step.saga.version + 1}")
        await store.commit(step)
    return step.saga
