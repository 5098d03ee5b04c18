"""A daemon for tests: the real engine on a memory store, served on a real socket, with an owned clock.

Every answer is held against the OpenAPI document: the status must be documented for the operation,
the media type too, and JSON must fit its shape.
"""

from __future__ import annotations

import asyncio
import inspect
import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

import aiohttp
import orjson
from jsonschema import Draft202012Validator
from yarl import URL

from adapters.stores.memory import MemoryStore
from adapters.stores.memory_records import MemoryRecords
from engine.assembly import Engine
from engine.bulk import Bulk
from engine.definition.ir import Definition
from engine.definition.reader import check_text
from engine.deployments import Deployments
from engine.dispatcher import Dispatcher
from engine.errors import StoreUnavailable
from engine.mending import Mending
from engine.migration import Migration
from engine.model import Delivery, Done, Json, Millis, Outcome
from engine.ports import Channel
from engine.reload import Reload
from engine.reporting import Reporter
from engine.runner import Runner
from hub.access.access import Access, House, open_access
from hub.access.passwords import Passwords
from hub.gateway import Gateway
from hub.hub import Written, open_hub, plans
from hub.merchant import MerchantChannel
from hub.messaging import Messaging
from hub.views.views import Views
from providers.base import Provider
from providers.sandbox import SandboxProvider
from tests.http.machines import ORDER, TICKET
from web.app import build_app
from web.context import CONTEXT
from web.openapi import openapi
from web.pages.routes import PAGE_ROUTES
from web.problems import CATALOGUE
from web.routes import ROUTES
from web.server import HttpServer, serve_http

MAX_BODY = 64_000
NOON: Millis = 1_767_268_800_000  # 2026-01-01T12:00:00Z
DOCUMENT = openapi(ROUTES)

P = ParamSpec("P")


class OwnedClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> Millis:
        return self.time


class CountedIds:
    """1, 2, 3 in order, and no jitter."""

    def __init__(self) -> None:
        self.count = 0

    def new(self) -> str:
        self.count += 1
        return f"id{self.count:06d}"

    def jitter(self) -> float:
        return 0.0


class Shop:
    """A channel that does what the test says; by itself it accepts everything and answers later."""

    def __init__(self) -> None:
        self.outcome: Outcome = Done()
        self.seen: list[Delivery] = []

    async def send(self, delivery: Delivery) -> Outcome:
        self.seen.append(delivery)
        return self.outcome

    async def close(self) -> None: ...


class WeakStore(MemoryStore):
    """A store that can be made to fail: every call that reads or writes raises `fault` while it is set."""

    def __init__(self) -> None:
        super().__init__()
        self.fault: Exception | None = None
        self.records = MemoryRecords(self._reached)

    def _reached(self) -> object:
        if self.fault is not None:
            raise self.fault
        return self._shelves()

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name.startswith("_") or not inspect.iscoroutinefunction(found):
            return found
        fault = super().__getattribute__("fault")
        return found if fault is None else _raising(fault)


def _raising(fault: Exception) -> Callable[..., Awaitable[Any]]:
    async def call(*_: object, **__: object) -> None:
        raise fault

    return call


AWAY = StoreUnavailable("the store does not answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def code(self) -> str:
        """The code of a problem; the rest of a problem's promises are checked on the way."""
        problem = self.json
        assert self.headers["Content-Type"] == "application/problem+json"
        assert problem["status"] == self.status == CATALOGUE[problem["code"]].status
        assert problem["type"] == f"/documentation/errors#{problem['code']}"
        assert problem["title"]
        assert problem["detail"]
        assert problem["instance"].startswith("/")
        return str(problem["code"])


@dataclass(slots=True, kw_only=True)
class Daemon:
    engine: Engine
    store: WeakStore
    clock: OwnedClock
    shop: Shop
    access: Access
    views: Views
    server: HttpServer
    session: aiohttp.ClientSession

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: bytes | io.BytesIO | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send the path as it is, without another round of quoting."""
        url = URL(f"http://127.0.0.1:{self.server.port}{path}", encoded=True)
        async with self.session.request(
            method, url, data=body, headers=headers, allow_redirects=False
        ) as response:
            reply = Reply(status=response.status, headers=response.headers, body=await response.read())
        documented(method, path, reply)
        return reply

    async def get(self, path: str, **headers: str) -> Reply:
        return await self.call("GET", path, headers=headers)

    async def post(self, path: str, json: object, headers: Mapping[str, str] | None = None) -> Reply:
        sent = {"Content-Type": "application/json", **(headers or {})}
        return await self.call("POST", path, body=orjson.dumps(json), headers=sent)

    async def start(self, number: str = "n1", machine: str = "order", **more: object) -> str:
        """A saga of the machine; its id."""
        body = {"machine": machine, "metadata": {"orderNumber": number}, **more}
        reply = await self.post("/api/v1/sagas", body)
        assert reply.status == 201, reply.body
        return str(reply.json["sagaId"])

    async def tell(self, saga_id: str, event: str, payload: Json | None = None) -> Json:
        reply = await self.post(f"/api/v1/sagas/{saga_id}/events", {"name": event, "payload": payload or {}})
        assert reply.status == 200, reply.body
        found: Json = reply.json
        return found

    async def pay(self, saga_id: str) -> None:
        """Bring an order to PAID, and let its command go out."""
        await self.tell(saga_id, "paymentExecuted", {"paymentId": "p1"})
        await self.engine.dispatcher.idle()

    async def show(self, saga_id: str) -> Json:
        reply = await self.get(f"/api/v1/sagas/{saga_id}")
        assert reply.status == 200
        found: Json = reply.json
        return found

    async def deploy(self, *texts: str) -> None:
        await self.engine.deployments.deploy([defined(text) for text in texts])

    async def raw(self, request: bytes) -> bytes:
        """What comes back on a connection of its own until the daemon closes it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        writer.write(request)
        try:
            return await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()


def defined(text: str) -> Definition:
    report = check_text(text, file="test.yaml")
    assert report.definition is not None, report.findings
    return report.definition


_OPEN_HOUSE = House()


@asynccontextmanager
async def daemon(
    *machines: str,
    default_machine: str | None = "order",
    body_seconds: float = 20.0,
    paths: Sequence[Path] = (),
    providers: Mapping[str, Provider] | None = None,
    channels: Mapping[str, Channel] | None = None,
    house: House = _OPEN_HOUSE,
    checkout: Mapping[str, Any] | None = None,
    messaging: Messaging | None = None,
    merchant: MerchantChannel | None = None,
) -> AsyncIterator[Daemon]:
    """A daemon that runs these machines (order and ticket if none are named); `paths` are read on a reload.

    `providers` are behind its gateway, in place of a sandbox; `channels` are bound beside the shop; `house` says
    who may come in, `checkout` is that part of config.yaml.
    """
    store, clock, ids, shop = WeakStore(), OwnedClock(), CountedIds(), Shop()
    deployments = Deployments(store, clock)
    await deployments.deploy([defined(text) for text in machines or (ORDER, TICKET)])
    runner = Runner(store=store, deployments=deployments, clock=clock, ids=ids)
    dispatcher = Dispatcher(
        store=store,
        runner=runner,
        deployments=deployments,
        channels={"shop": shop, **(channels or {})},
        clock=clock,
        ids=ids,
        owner="test",
        report=Reporter(),
    )
    bulk = Bulk(store, runner)
    engine = Engine(
        store=store,
        deployments=deployments,
        runner=runner,
        mending=Mending(runner),
        bulk=bulk,
        migration=Migration(deployments, bulk),
        reload=Reload(deployments, paths=paths, channels=("shop",), report=Reporter()),
        dispatcher=dispatcher,
        clock=clock,
        ids=ids,
    )
    gateway = Gateway(providers or {"sandbox": SandboxProvider()})
    access = open_access(store.records, clock, ids, house, Passwords(memory=64, passes=1))
    app = build_app(
        engine,
        default_machine=default_machine,
        max_body=MAX_BODY,
        body_seconds=body_seconds,
        hub=replace(
            open_hub(gateway, plans(gateway, Written(checkout=checkout or {})), store.records, clock),
            messaging=messaging,
            merchant=merchant,
        ),
        access=access,
    )
    server = await serve_http(app, "127.0.0.1", 0, grace=1.0)
    try:
        async with aiohttp.ClientSession(skip_auto_headers=["Content-Type"]) as session:
            yield Daemon(
                engine=engine,
                store=store,
                clock=clock,
                shop=shop,
                access=access,
                views=app[CONTEXT].views,
                server=server,
                session=session,
            )
    finally:
        store.fault = None
        await dispatcher.drain(1_000)
        await server.stop()


def served(test: Callable[Concatenate[Daemon, P], Awaitable[None]]) -> Callable[P, None]:
    """A test that is given a daemon; its other arguments stay pytest's."""

    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def body() -> None:
            async with daemon() as given:
                await test(given, *args, **kwargs)

        asyncio.run(body())

    signature = inspect.signature(test)
    rest = list(signature.parameters.values())[1:]
    run.__name__ = test.__name__
    run.__signature__ = signature.replace(parameters=rest)  # type: ignore[attr-defined]
    return run


def documented(method: str, path: str, reply: Reply) -> None:
    """The answer is one that the OpenAPI document announces."""
    operation = _operation(method, path.partition("?")[0])
    if operation is None:
        assert reply.status >= 400 or _is_page(path.partition("?")[0])
        return
    response = operation["responses"].get(str(reply.status))
    assert response is not None, (
        f"{method} {path} answers {reply.status}, which is not documented: {reply.body!r}"
    )
    schemas = response["content"][reply.headers["Content-Type"]]
    if method != "HEAD" and "schema" in schemas:
        check = Draft202012Validator({**schemas["schema"], "components": DOCUMENT["components"]})
        assert [error.message for error in check.iter_errors(reply.json)] == []
    if reply.status >= 400 and method != "HEAD":
        assert reply.json["code"] in response["x-error-codes"], f"{method} {path}: {reply.json['code']}"
    assert set(response.get("headers", {})) <= set(reply.headers)


def _is_page(path: str) -> bool:
    templates = ("/static/{rest}", *(route.path for route in PAGE_ROUTES))
    return any(re.fullmatch(re.sub(r"\{[^}]+\}", ".+", template), path) for template in templates)


def _operation(method: str, path: str) -> Json | None:
    for template, methods in DOCUMENT["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            found: Json | None = methods.get("get" if method == "HEAD" else method.lower())
            return found
    return None
