"""Listening: ports, names, and more than one daemon on a port."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from engine.errors import Draining
from tests.http.daemon import MAX_BODY, Daemon, daemon, served
from web.app import build_app
from web.server import serve_http


async def status(port: int, **headers: str) -> int:
    url = f"http://127.0.0.1:{port}/-/healthz"
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
        return response.status


@served
async def test_a_port_that_is_taken_is_an_error_and_leaves_nothing_behind(daemon: Daemon) -> None:
    app = build_app(daemon.engine, default_machine=None, max_body=MAX_BODY)
    with pytest.raises(OSError, match="in use"):
        await serve_http(app, "127.0.0.1", daemon.server.port)
    assert await status(daemon.server.port) == 200


@served
async def test_two_servers_share_a_port_when_both_ask_for_it(daemon: Daemon) -> None:
    apps = [build_app(daemon.engine, default_machine=None, max_body=MAX_BODY) for _ in range(2)]
    one = await serve_http(apps[0], "127.0.0.1", 0, reuse_port=True)
    other = await serve_http(apps[1], "127.0.0.1", one.port, reuse_port=True)
    assert one.port == other.port
    await one.stop()
    assert await status(other.port) == 200
    await other.stop()


@served
async def test_a_name_that_a_proxy_passes_on_can_be_allowed(daemon: Daemon) -> None:
    app = build_app(daemon.engine, default_machine=None, max_body=MAX_BODY)
    server = await serve_http(app, "127.0.0.1", 0, allowed_hosts=["hub.example"])
    assert await status(server.port, Host="hub.example") == 200
    assert await status(server.port, Host="other.example") == 421
    await server.stop()


@served
async def test_on_every_address_each_name_is_taken(daemon: Daemon) -> None:
    app = build_app(daemon.engine, default_machine=None, max_body=MAX_BODY)
    server = await serve_http(app, "0.0.0.0", 0)
    assert await status(server.port, Host="hub.example") == 200
    await server.stop()


def test_stopping_twice_is_safe_and_an_engine_that_drains_answers_as_the_daemon_does() -> None:
    async def body() -> None:
        async with daemon() as given:
            given.store.fault = Draining("the engine is stopping")
            reply = await given.post("/saga", {"metadata": {"orderNumber": "n1"}})
            assert (reply.status, reply.code, reply.headers["Retry-After"]) == (503, "draining", "1")
            await given.server.stop()
            await given.server.stop()

    asyncio.run(body())
