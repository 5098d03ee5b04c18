"""Sizes, times and the rough edges of HTTP itself."""

from __future__ import annotations

import asyncio
import io
import zlib

import orjson
import pytest
from structlog.testing import capture_logs

from tests.http.daemon import MAX_BODY, Daemon, daemon, served

JSON = {"Content-Type": "application/json"}
LARGE = b'{"key":"s1","value":{"messageLabel":"' + b"x" * 20_000_000 + b'"}}'


def parts(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a raw answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(status.split()[1]), headers, body


@served
async def test_a_body_of_20_mb_is_refused_though_it_says_its_length(daemon: Daemon) -> None:
    reply = await daemon.call("POST", "/event", body=io.BytesIO(LARGE), headers=JSON)
    assert (reply.status, reply.code) == (413, "body-too-large")


@served
async def test_a_body_over_the_limit_is_refused_when_it_comes_in_chunks(daemon: Daemon) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    request = (
        b"POST /event HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    status, headers, body = parts(await daemon.raw(request + chunk * 3 + b"0\r\n\r\n"))
    assert (status, headers["Content-Type"]) == (413, "application/problem+json")
    assert orjson.loads(body)["code"] == "body-too-large"


@served
async def test_a_small_body_that_unpacks_to_a_large_one_is_refused(daemon: Daemon) -> None:
    packed = zlib.compress(b" " * 10_000_000)
    assert len(packed) < MAX_BODY
    reply = await daemon.call("POST", "/event", body=packed, headers={**JSON, "Content-Encoding": "deflate"})
    assert (reply.status, reply.code) == (413, "body-too-large")


@served
async def test_the_largest_body_is_taken(daemon: Daemon) -> None:
    await daemon.start(machine="ticket", sagaId="s1")
    frame = b'{"key":"s1","value":{"messageLabel":"ticketTouched"}}'
    body = frame + b" " * (MAX_BODY - len(frame))
    assert (await daemon.call("POST", "/event", body=body, headers=JSON)).status == 200
    assert (await daemon.call("POST", "/event", body=body + b" ", headers=JSON)).status == 413


@served
async def test_a_length_that_is_too_short_cuts_the_body_and_the_rest_is_no_request(daemon: Daemon) -> None:
    await daemon.start(machine="ticket", sagaId="s1")
    body = b'{"key":"s1","value":{"messageLabel":"ticketTouched"}}'
    for length in (10, len(body) - 1):
        request = b"POST /event HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % length
        status, headers, _ = parts(await daemon.raw(request + body))
        assert (status, headers["Content-Type"]) == (400, "application/problem+json")
    assert (await daemon.show("s1"))["version"] == 1


def test_a_length_that_is_too_long_runs_into_the_time_limit() -> None:
    async def body() -> None:
        async with daemon(body_seconds=0.05) as given:
            reader, writer = await asyncio.open_connection("127.0.0.1", given.server.port)
            writer.write(b"POST /event HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
            head = await reader.readuntil(b"\r\n\r\n")
            writer.close()
            await writer.wait_closed()
            status, headers, _ = parts(head)
            assert (status, headers["Content-Type"]) == (408, "application/problem+json")
            assert (await given.get("/-/healthz")).status == 200

    asyncio.run(body())


@served
async def test_a_caller_that_hangs_up_half_way_changes_nothing_and_is_no_incident(daemon: Daemon) -> None:
    await daemon.start(machine="ticket", sagaId="s1")
    with capture_logs() as logs:
        _, writer = await asyncio.open_connection("127.0.0.1", daemon.server.port)
        writer.write(b'POST /event HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"key":"s1"')
        await writer.drain()
        await daemon.get("/-/healthz")  # by now the daemon reads the body
        writer.close()
        await writer.wait_closed()
        await daemon.get("/-/healthz")
    assert logs == []
    assert (await daemon.show("s1"))["version"] == 1


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, gzip"])
@served
async def test_a_coding_that_cannot_be_undone_is_refused(daemon: Daemon, coding: str) -> None:
    reply = await daemon.call("POST", "/event", body=b"{}", headers={**JSON, "Content-Encoding": coding})
    assert reply.status == 400


@pytest.mark.parametrize(
    "request_",
    [
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /-/healthz HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n",
        b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /-/healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 9_000 + b"\r\n\r\n",
        b"GET /-/healthz HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 200 + b"\r\n",
        b"POST /event HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"POST /event HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /event HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
@served
async def test_what_is_not_http_gets_a_problem_too(daemon: Daemon, request_: bytes) -> None:
    status, headers, body = parts(await daemon.raw(request_))
    assert (status, headers["Content-Type"]) == (400, "application/problem+json")
    assert orjson.loads(body)["code"] == "bad-http"
    assert (await daemon.get("/-/healthz")).status == 200


@served
async def test_an_expectation_that_is_not_known_is_a_problem(daemon: Daemon) -> None:
    for path in (b"/event", b"/nowhere"):
        request = b"POST %b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: magic\r\nContent-Length: 0\r\n\r\n"
        status, headers, body = parts(await daemon.raw(request % path))
        assert (status, headers["Content-Type"]) == (417, "application/problem+json")
        assert orjson.loads(body)["code"] == "expectation-failed"


@served
async def test_a_caller_that_waits_for_the_word_is_told_to_go_on(daemon: Daemon) -> None:
    request = b"POST /event HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}"
    assert (await daemon.raw(request)).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 ")


@pytest.mark.parametrize(
    "path", ["/nowhere", "/api/v1/sagas/", "/api/v1/sagas//", "/event/", "/%2e%2e/etc", "/-/"]
)
@served
async def test_an_unknown_path_is_a_problem(daemon: Daemon, path: str) -> None:
    reply = await daemon.get(path)
    assert (reply.status, reply.code) == (404, "not-found")


@served
async def test_a_wrong_method_is_a_problem_that_names_the_right_ones(daemon: Daemon) -> None:
    for method, path, allowed in (
        ("GET", "/event", "POST"),
        ("DELETE", "/api/v1/sagas", "GET,POST"),
        ("PUT", "/saga", "POST"),
        ("OPTIONS", "/event", "POST"),
    ):
        reply = await daemon.call(method, path)
        assert (reply.status, reply.code) == (405, "method-not-allowed")
        assert set(reply.headers["Allow"].split(",")) >= set(allowed.split(","))


@served
async def test_a_head_request_is_answered_without_a_body(daemon: Daemon) -> None:
    reply = await daemon.call("HEAD", "/-/healthz")
    assert (reply.status, reply.body) == (200, b"")


@served
async def test_a_connection_is_kept_open_and_takes_requests_one_behind_the_other(daemon: Daemon) -> None:
    request = b"GET /-/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    assert (await daemon.raw(request * 4 + last)).count(b"HTTP/1.1 200 OK") == 5
