"""Bad connection strings, nobody there, nobody let in, and servers that fail: clear errors, no secret, no loss."""

from __future__ import annotations

import asyncio
import gc
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.stores.mongo import open_mongo
from commands.wiring import STORES
from engine.errors import ConfigInvalid, EngineError, StoreUnavailable
from engine.ports import Store
from tests.contract import mongo_server
from tests.contract.mongo_suite import Database, failing, on_mongo
from tests.contract.sagas import created, followed, key

SECRET = "hunter2"

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""Of sockets only: where a server fails, the driver is closed while it connects again, and leaves that one open."""


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """What is left is collected here, where it is expected."""
    yield
    gc.collect()


def refused(**options: Any) -> EngineError:
    async def body() -> None:
        await (await open_mongo(options, mongo_server.NOWHERE)).close()

    with pytest.raises(EngineError) as caught:
        asyncio.run(body())
    error = caught.value
    assert SECRET not in f"{error}{error!r}{error.__cause__!r}"
    assert error.__suppress_context__ or error.__context__ is None
    return error


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "uri is missing"),
        ({"uri": ""}, "uri is missing"),
        ({"uri": "mongodb://h", "path": "x"}, "no option path"),
        ({"uri": "mongodb://h", "database": "a b"}, "database is the name"),
        ({"uri": "mongodb://h", "collections": {"order": ""}}, "collections maps"),
        ({"uri": "mongodb://h", "collections": {"order": "saga_keys"}}, "saga_keys is kept"),
        ({"uri": f"postgres://u:{SECRET}@h"}, "no connection string"),
        ({"uri": f"mongodb://user:{SECRET}@@h/"}, "no connection string"),
        ({"uri": f"mongodb://user:pass:{SECRET}@h/"}, "no connection string"),
        ({"uri": f"mongodb://h:{SECRET}/"}, "no connection string"),
    ],
)
def test_a_wrong_option_is_refused_with_a_sentence(options: dict[str, Any], sentence: str) -> None:
    error = refused(**options)
    assert isinstance(error, ConfigInvalid)
    assert sentence in str(error)


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    with socket.socket() as listener:  # bound and not listening: nobody else gets the port
        listener.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        error = refused(uri=f"mongodb://user:{SECRET}@{host}/?serverSelectionTimeoutMS=300")
    assert isinstance(error, StoreUnavailable)
    assert host in str(error)


def test_who_keeps_sagas_elsewhere_does_not_load_the_driver() -> None:
    ask = "import commands.wiring, sys; sys.exit(bool({'pymongo', 'bson'} & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", ask], check=False, cwd=Path(__file__).parents[2]).returncode
        == 0
    )


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mongo_server.Server]:
    """A server that asks for a password."""
    with mongo_server.guarded(tmp_path_factory.mktemp("guarded"), SECRET) as server:
        yield server


def test_a_wrong_password_is_refused_at_start_and_the_right_one_lets_in(
    guarded: mongo_server.Server,
) -> None:
    wrong = guarded.uri.replace("//", f"//user:{SECRET}x@")
    assert isinstance(refused(uri=wrong), ConfigInvalid)
    assert isinstance(refused(uri=guarded.uri), ConfigInvalid)

    async def body() -> None:
        store = await STORES["mongo"](
            {"uri": guarded.uri.replace("//", f"//user:{SECRET}@")}, mongo_server.NOWHERE
        )
        await store.create(created())
        await store.close()

    asyncio.run(body())


def test_a_connection_that_breaks_once_is_nobodys_business() -> None:
    async def body(store: Store, database: Database) -> None:
        async with failing(database, "insert", "update", times=1, closeConnection=True):
            await store.create(created())
        async with failing(database, "update", times=1, closeConnection=True):
            await store.commit(followed(created().saga))
        assert (await store.load("s1")).version == 2

    on_mongo(body)


@pytest.mark.parametrize("how", [{"closeConnection": True}, {"errorCode": 10107}, {"errorCode": 64}])
def test_a_step_with_an_unknown_outcome_may_be_repeated(how: dict[str, Any]) -> None:
    async def body(store: Store, database: Database) -> None:
        first = created(keys=(key(),))
        step = followed(first.saga, event_id="e1", claimed=(key("n2"),), dropped=(key(),))
        async with failing(database, "insert", times=50, **how):
            with pytest.raises(StoreUnavailable):
                await store.create(first)
        await store.create(first)
        async with failing(database, "update", times=50, **how):
            with pytest.raises(StoreUnavailable):
                await store.commit(step)
        await store.commit(step)
        await store.commit(step)
        assert await store.load("s1") == step.saga
        assert await store.find("n2") == "s1"

    on_mongo(body)


def test_a_write_that_was_not_acknowledged_by_the_majority_is_not_told_as_done() -> None:
    async def body(store: Store, database: Database) -> None:
        step = followed(created().saga, event_id="e1")
        await store.create(created())
        concern = {"code": 64, "errmsg": "waiting for replication timed out"}
        async with failing(database, "update", times=1, writeConcernError=concern):
            with pytest.raises(StoreUnavailable):
                await store.commit(step)
        await store.commit(step)
        assert await store.load("s1") == step.saga

    on_mongo(body)


def test_what_was_acknowledged_survives_the_server_and_the_store_finds_back_to_it(tmp_path: Path) -> None:
    mongo_server.need_program()
    server = mongo_server.Server(tmp_path)

    async def body() -> None:
        uri = f"{server.start()}&serverSelectionTimeoutMS=300"
        store = await open_mongo({"uri": uri}, tmp_path)
        first = created()
        await store.create(first)
        server.kill()
        for call in (store.load("s1"), store.commit(followed(first.saga)), store.next_due()):
            with pytest.raises(StoreUnavailable):
                await call
        server.start()
        step = followed(first.saga)
        for _ in range(20):  # the driver looks for the server again within its patience
            try:
                await store.commit(step)
            except StoreUnavailable:
                continue
            break
        assert await store.load("s1") == step.saga
        await store.close()

    try:
        asyncio.run(body())
    finally:
        server.stop()
