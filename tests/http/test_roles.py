"""What a daemon answers by its role, on a second address, and while another takes over from it."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

import aiohttp

from tests.http.daemon import MAX_BODY, Daemon, served
from web.app import build_app, build_probes
from web.server import serve_http

ORDER = {"metadata": {"orderNumber": "n1"}}


@served
async def test_a_worker_answers_probes_metrics_and_the_dispatch_only(daemon: Daemon) -> None:
    engine = replace(daemon.engine, roles=frozenset({"worker"}))
    app = build_app(engine, default_machine="order", max_body=MAX_BODY)
    server = await serve_http(app, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.port}"
    async with aiohttp.ClientSession() as session:
        for path in ("/-/healthz", "/-/ready", "/-/metrics", "/api/v1/dispatch"):
            async with session.get(url + path) as reply:
                assert reply.status == 200, path
        for path in ("/api/v1/sagas", "/documentation"):
            async with session.get(url + path) as reply:
                assert (reply.status, (await reply.json())["code"]) == (404, "not-found")
        async with session.post(f"{url}/saga", json=ORDER) as reply:
            assert reply.status == 404
    await server.stop()


@served
async def test_an_address_for_probes_tells_of_the_daemon_that_it_belongs_to(daemon: Daemon) -> None:
    app = build_app(daemon.engine, default_machine="order", max_body=MAX_BODY)
    server = await serve_http(app, "127.0.0.1", 0)
    probes = await serve_http(build_probes(app), "127.0.0.1", 0)
    url, own = (f"http://127.0.0.1:{each.port}" for each in (server, probes))
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{url}/saga", json=ORDER) as reply:
            assert reply.status == 200
        async with session.get(f"{own}/-/metrics") as reply:
            assert (
                'sagaloom_http_requests_total{method="POST",route="/saga",status="200"} 1.0'
                in await reply.text()
            )
        async with session.post(f"{own}/saga", json=ORDER) as reply:
            assert reply.status == 404
        async with session.post(f"{own}/api/v1/dispatch", json={"state": "held"}) as reply:
            assert reply.status == 200
        server.drain()
        async with session.get(f"{own}/-/ready") as reply:
            assert reply.status == 503
    assert daemon.engine.dispatcher.holding
    await server.stop()
    await probes.stop()


@served
async def test_who_takes_over_a_socket_is_where_callers_go_and_none_is_refused(daemon: Daemon) -> None:
    """Both servers listen on one socket, as the processes of a rolling restart do."""
    shared = socket.socket()
    shared.bind(("127.0.0.1", 0))
    apps = [build_app(daemon.engine, default_machine="order", max_body=MAX_BODY) for _ in range(2)]
    old = await serve_http(apps[0], "127.0.0.1", 0, sockets=[shared.dup()])
    url = f"http://127.0.0.1:{shared.getsockname()[1]}"
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/-/healthz") as reply:
            assert (reply.status, reply.headers.get("Connection")) == (200, None)
        successor = await serve_http(apps[1], "127.0.0.1", 0, sockets=[shared.dup()])
        hurry = asyncio.Event()
        leaving = asyncio.create_task(old.leave(30.0, hurry))
        async with session.post(f"{url}/saga", json=ORDER) as reply:  # over the connection that stands open
            assert (reply.status, reply.headers["Connection"]) == (200, "close")
        async with session.get(f"{url}/-/healthz") as reply:
            assert (reply.status, reply.headers.get("Connection")) == (200, None)
        hurry.set()
        await leaving
        await old.stop()
        async with session.get(f"{url}/-/ready") as reply:
            assert reply.status == 200
    await successor.stop()
    shared.close()


@served
async def test_what_is_done_by_hand_in_one_process_is_told_to_the_others(daemon: Daemon) -> None:
    told: list[object] = []
    app = build_app(daemon.engine, default_machine="order", max_body=MAX_BODY, tell=told.append)
    server = await serve_http(app, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.port}/api/v1"
    async with aiohttp.ClientSession() as session:
        await session.post(f"{url}/dispatch", json={"state": "held"})
        await session.post(f"{url}/dispatch", json={"state": "nonsense"})
        await session.post(f"{url}/machines")
        await session.post(f"{url}/machines", json={"source": "nonsense"})
    await server.stop()
    assert told == [{"dispatch": "held"}, {"reload": True}]
