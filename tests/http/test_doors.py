"""Who may come in, what every answer carries, and how the daemon stops."""

from __future__ import annotations

import asyncio

import pytest

from tests.http.daemon import Daemon, served
from web.guards import Gate, is_loopback

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "[::2]:1", "localhost.evil", ""]
)
@served
async def test_on_a_loopback_address_other_host_names_are_refused(daemon: Daemon, host: str) -> None:
    reply = await daemon.get("/-/healthz", Host=host)
    assert (reply.status, reply.code) == (421, "host-refused")


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8080"]
)
@served
async def test_this_machines_names_are_let_in(daemon: Daemon, host: str) -> None:
    assert (await daemon.get("/-/healthz", Host=host)).status == 200


def test_only_loopback_addresses_check_the_host_name() -> None:
    assert [host for host in ("localhost", "127.0.0.1", "127.9.9.9", "::1") if not is_loopback(host)] == []
    assert [host for host in ("0.0.0.0", "::", "10.0.0.1", "example.org") if is_loopback(host)] == []
    assert not Gate().draining


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://[", ""])
@served
async def test_a_page_of_another_origin_cannot_change_anything(daemon: Daemon, origin: str) -> None:
    await daemon.start(machine="ticket", sagaId="s1")
    before = await daemon.show("s1")
    for path, body in (
        ("/api/v1/sagas/s1/events", {"name": "ticketTouched"}),
        ("/event", {"key": "s1", "value": {"messageLabel": "ticketTouched"}}),
        ("/saga", {"metadata": {"orderNumber": "n"}}),
        ("/api/v1/sagas/s1/move", {"state": "DONE", "reason": "r"}),
    ):
        reply = await daemon.post(path, body, {"Origin": origin})
        assert (reply.status, reply.code) == (403, "origin-refused")
    assert await daemon.show("s1") == before


@served
async def test_a_page_of_the_daemons_own_origin_may(daemon: Daemon) -> None:
    await daemon.start(machine="ticket", sagaId="s1")
    origin = {"Origin": f"http://127.0.0.1:{daemon.server.port}"}
    assert (await daemon.post("/api/v1/sagas/s1/events", {"name": "ticketTouched"}, origin)).status == 200


@served
async def test_every_answer_carries_the_security_headers(daemon: Daemon) -> None:
    replies = [
        await daemon.get(path)
        for path in (
            "/-/healthz",
            "/nowhere",
            "/api/v1/sagas",
            "/documentation",
            "/-/metrics",
            "/api/v1/sagas/none",
        )
    ]
    for reply in [*replies, await daemon.call("POST", "/event", body=b"{", headers=JSON)]:
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["X-Frame-Options"] == "DENY"
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert reply.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert reply.headers["Server"] == "sagaloom"
        assert "Access-Control-Allow-Origin" not in reply.headers


@served
async def test_a_daemon_that_drains_reads_on_and_takes_nothing_new(daemon: Daemon) -> None:
    await daemon.start(machine="ticket", sagaId="s1")
    daemon.server.drain()
    reply = await daemon.post("/api/v1/sagas/s1/events", {"name": "ticketTouched"})
    assert (reply.status, reply.code) == (503, "draining")
    assert reply.headers["Retry-After"] == "1"
    ready = await daemon.get("/-/ready")
    assert (ready.status, ready.code) == (503, "not-ready")
    assert "draining" in ready.json["problems"][0]
    assert (await daemon.show("s1"))["version"] == 1
    assert (await daemon.get("/-/healthz")).status == 200


@served
async def test_a_request_that_runs_when_the_daemon_stops_is_answered(daemon: Daemon) -> None:
    saga_id = await daemon.start(machine="ticket")
    reader, writer = await asyncio.open_connection("127.0.0.1", daemon.server.port)
    body = b'{"name":"ticketClosed"}'
    head = f"POST /api/v1/sagas/{saga_id}/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode())
    await writer.drain()
    await daemon.get("/-/healthz")  # by now the daemon has read the head
    stopping = asyncio.ensure_future(daemon.server.stop())
    writer.write(body)
    assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
    await stopping
    writer.close()
    await writer.wait_closed()


@served
async def test_a_stopped_daemon_listens_no_more(daemon: Daemon) -> None:
    port = daemon.server.port
    await daemon.server.stop()
    with pytest.raises(ConnectionError):
        await asyncio.open_connection("127.0.0.1", port)
