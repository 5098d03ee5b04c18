"""A whole daemon on MongoDB: readiness follows the connection, TLS is as the connection string says."""

from __future__ import annotations

import asyncio
import gc
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import which

import aiohttp
import pytest

from adapters.stores.mongo import open_mongo
from commands.wiring import STORES
from engine.assembly import Adapters, Engine, running
from engine.clock import SystemClock, SystemIds
from engine.config import Binding, Config
from engine.errors import StoreUnavailable
from tests.contract import mongo_server
from tests.contract.sagas import created
from tests.fakes.machines import sample
from tests.fakes.waiting import wait_until
from tests.needs import need
from web.app import build_app
from web.server import serve_http

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""Of sockets only: where a server fails, the driver is closed while it connects again, and leaves that one open."""

MACHINE = sample("A: {businessState: OPEN, on: {told: Z}}\nZ: {businessState: SHUT, final: true}")


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """What is left is collected here, where it is expected."""
    yield
    gc.collect()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[mongo_server.Server]:
    """One that the test may kill."""
    mongo_server.need_program()
    server = mongo_server.Server(tmp_path)
    yield server
    server.stop()


@asynccontextmanager
async def engine_on(uri: str, folder: Path) -> AsyncIterator[Engine]:
    (folder / "sample.yaml").write_text(MACHINE)
    config = Config(
        store=Binding(type="mongo", options={"uri": uri}),
        machines=(folder / "sample.yaml",),
        channels={},
        base=folder,
    )
    adapters = Adapters(stores=STORES, channels={})
    async with running(config, adapters=adapters, clock=SystemClock(), ids=SystemIds()) as engine:
        yield engine


def test_readiness_follows_the_connection_and_the_daemon_stays_up(
    server: mongo_server.Server, tmp_path: Path
) -> None:
    async def body() -> None:
        uri = f"{server.start()}&serverSelectionTimeoutMS=300"
        async with engine_on(uri, tmp_path) as engine, aiohttp.ClientSession() as session:
            app = build_app(engine, default_machine=None, max_body=10_000)
            http = await serve_http(app, "127.0.0.1", 0, grace=1.0)

            async def probe(name: str) -> tuple[int, str]:
                async with session.get(f"http://127.0.0.1:{http.port}/-/{name}") as reply:
                    return reply.status, await reply.text()

            async def ready() -> bool:
                return (await probe("ready"))[0] == 200

            assert await ready()
            server.kill()
            status, text = await probe("ready")
            assert (status, "store: MongoDB does not answer" in text) == (503, True)
            assert (await probe("healthz"))[0] == 200
            server.start()
            await wait_until(ready, within=30, what="readiness after the database came back")
            await http.stop()

    asyncio.run(body())


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """Of 127.0.0.1, its own authority: (certificate, key)."""
    need("openssl", which("openssl"), how="apt-get install openssl")
    made, key = tmp_path / "server.pem", tmp_path / "server.key"
    asked = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-nodes"]
    out = ["-keyout", str(key), "-out", str(made)]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    subprocess.run([*command, *asked, *out], check=True, capture_output=True)
    return made, key


def test_the_connection_string_brings_tls_and_an_unknown_authority_is_not_trusted(
    server: mongo_server.Server, tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    made, key = certificate
    trusts = f"&tls=true&tlsCAFile={made}"
    server.options += trusts

    async def body() -> None:
        uri = server.start("--tls-cert-file", str(made), "--tls-key-file", str(key))
        store = await open_mongo({"uri": uri}, tmp_path)
        await store.create(created())
        assert (await store.load("s1")).saga_id == "s1"
        await store.close()
        for other in (uri.replace(trusts, ""), uri.replace(f"&tlsCAFile={made}", "")):
            with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1"):
                await open_mongo({"uri": f"{other}&serverSelectionTimeoutMS=500"}, tmp_path)

    asyncio.run(body())


def test_the_pool_and_the_patience_are_those_of_the_connection_string(server: mongo_server.Server) -> None:
    """Twenty calls at once over a pool of two: they wait for one another, none fails."""

    async def body() -> None:
        store = await open_mongo({"uri": f"{server.start()}&maxPoolSize=2"}, mongo_server.NOWHERE)
        await asyncio.gather(*(store.create(created(f"s{number}")) for number in range(20)))
        assert sum(count.sagas for count in await store.counts()) == 20
        await store.close()

    asyncio.run(body())
