"""What the commands make of a server that is not as it should be. A real daemon is in test_daemon.py."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli import app


class Scripted(ThreadingHTTPServer):
    """Answers every request with `status` and `body`, and keeps what was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.status = 200
        self.body = b"{}"
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answering(BaseHTTPRequestHandler):
    server: Scripted

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = answer  # noqa: N815 - the name that http.server looks for
    do_POST = answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""


@pytest.fixture
def server() -> Iterator[Scripted]:
    server = Scripted()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def run(*arguments: str, **env: str) -> Result:
    return CliRunner().invoke(app, ["saga", *arguments], env=env)


DOCUMENT = {
    "sagaId": "s1",
    "machine": "order",
    "machineVersion": 2,
    "currentState": "PAID",
    "isFinal": False,
    "businessStateId": 1,
    "businessStateDescription": "Paid",
    "associatedEntityId": "",
    "keys": [],
    "metadata": {},
    "agenda": [],
    "parked": False,
    "createdAt": "2026-01-01T00:00:00.000Z",
    "updatedAt": "2026-01-01T00:00:01.000Z",
}


def test_without_a_daemon_the_exit_code_is_3_and_the_sentence_says_how_to_start_one() -> None:
    result = run("list", "--url", "http://127.0.0.1:1")
    assert result.exit_code == 3
    assert "No daemon at http://127.0.0.1:1" in result.stderr
    assert "sagaloom serve" in result.stderr
    assert not result.stdout


def test_a_refusal_ends_with_1_and_the_daemon_s_own_words(server: Scripted) -> None:
    server.status, server.body = (
        409,
        json.dumps({"detail": "s1 is in PAID", "problems": ["/a is missing"]}).encode(),
    )
    result = run("send", "s1", "paid", "--url", server.url)
    assert result.exit_code == 1
    assert "s1 is in PAID" in result.stderr
    assert "/a is missing" in result.stderr


def test_a_daemon_that_cannot_now_ends_with_3(server: Scripted) -> None:
    server.status, server.body = 503, b'{"detail": "the daemon is stopping"}'
    result = run("send", "s1", "paid", "--url", server.url)
    assert (result.exit_code, "the daemon is stopping" in result.stderr) == (3, True)


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"[1, 2]", b"{}", b"\xff\xfe"])
def test_something_else_that_answers_is_recognised_as_no_daemon(server: Scripted, body: bytes) -> None:
    server.body = body
    result = run("show", "s1", "--url", server.url)
    assert result.exit_code == 3
    assert "no sagaloom daemon" in result.stderr


def test_the_url_comes_from_the_environment_too(server: Scripted) -> None:
    server.body = b'{"items": [], "nextCursor": null}'
    assert run("list", SAGALOOM_URL=server.url).exit_code == 0
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1", "127.0.0.1:8080", "http://", "http://127.0.0.1:99999", "http://[::1"]
)
def test_a_url_that_is_none_is_a_usage_error(url: str) -> None:
    result = run("list", "--url", url)
    assert result.exit_code == 2


def test_a_password_in_the_url_is_not_shown() -> None:
    result = run("list", "--url", "http://me:hush@127.0.0.1:1")
    assert "hush" not in result.output


def test_filters_become_parameters(server: Scripted) -> None:
    server.body = b'{"items": [], "nextCursor": null}'
    run(
        "list",
        "--url",
        server.url,
        "--machine",
        "order",
        "--state",
        "A B",
        "--open",
        "--parked",
        "--limit",
        "7",
    )
    path = server.asked[0][1]
    assert path.startswith("/api/v1/sagas?")
    assert set(path.partition("?")[2].split("&")) == {
        "machine=order", "state=A+B", "isFinal=false", "parked=true", "limit=7",
    }  # fmt: skip


def test_an_id_with_slashes_and_spaces_stays_one_part_of_the_path(server: Scripted) -> None:
    run("show", "a/../b c?d", "--url", server.url)
    assert server.asked[0][1] == "/api/v1/sagas/a%2F..%2Fb%20c%3Fd"


def test_the_daemon_is_told_who_asks(server: Scripted) -> None:
    server.body = json.dumps(DOCUMENT).encode()
    run("retry", "s1", "--reason", "the bank is back", "--url", server.url, LOGNAME="ada")
    _, path, headers, body = server.asked[0]
    assert (path, headers["X-Actor"], body) == (
        "/api/v1/sagas/s1/retry",
        "ada",
        {"reason": "the bank is back"},
    )


@pytest.mark.parametrize(
    ("arguments", "path", "body"),
    [
        (("start", "order", "--entity", "e", "--id", "i"), "sagas", {"machine": "order", "metadata": {}, "associatedEntityId": "e", "sagaId": "i"}),
        (("send", "s1", "paid", "--payload", '{"a": 1}', "--event-id", "x"), "sagas/s1/events", {"name": "paid", "payload": {"a": 1}, "id": "x"}),
        (("skip", "s1", "--entry", "e1", "--reason", "r"), "sagas/s1/skip", {"entry": "e1", "reason": "r"}),
        (("answer", "s1", "--reply", "done", "--reason", "r"), "sagas/s1/answer", {"reply": "done", "payload": {}, "reason": "r"}),
        (("move", "s1", "PAID", "--reason", "r"), "sagas/s1/move", {"state": "PAID", "reason": "r"}),
    ],
)  # fmt: skip
def test_each_act_sends_what_it_was_given(
    server: Scripted, arguments: tuple[str, ...], path: str, body: dict[str, Any]
) -> None:
    run(*arguments, "--url", server.url)
    assert server.asked[0][0::3] == ("POST", body)
    assert server.asked[0][1] == f"/api/v1/{path}"


def test_what_steers_a_terminal_or_hides_text_is_shown_as_an_escape(server: Scripted) -> None:
    hostile = {
        **DOCUMENT,
        "sagaId": "\x1b]0;owned\x07",
        "currentState": "A\u202eB",
        "metadata": {"a": "\x1b[2J"},
    }
    server.body = json.dumps({**hostile, "items": [], "nextAfter": None}).encode()
    for arguments in (("show", "s1"), ("show", "s1", "--json")):
        result = run(*arguments, "--url", server.url)
        assert result.exit_code == 0
        assert not set("\x1b\x07\u202e") & set(result.output)


def test_a_hostile_problem_is_made_safe_too(server: Scripted) -> None:
    server.status, server.body = 409, json.dumps({"detail": "\x1b[31m[red]no"}).encode()
    result = run("send", "s1", "paid", "--url", server.url)
    assert "\x1b" not in result.stderr
    assert "[red]no" in result.stderr


@pytest.mark.parametrize("text", ["{", "[1]", "1", '{"a": NaN}', "@/nowhere.json"])
def test_a_payload_that_is_no_json_object_is_a_usage_error(text: str) -> None:
    result = run("send", "s1", "paid", "--payload", text, "--url", "http://127.0.0.1:1")
    assert result.exit_code == 2
    assert "--payload" in result.stderr


def test_a_payload_may_come_from_a_file_or_from_stdin(server: Scripted, tmp_path: Any) -> None:
    file = tmp_path / "payload.json"
    file.write_text('{"from": "file"}')
    run("send", "s1", "paid", "--payload", f"@{file}", "--url", server.url)
    CliRunner().invoke(
        app, ["saga", "send", "s1", "paid", "--payload", "-", "--url", server.url], input='{"from": "pipe"}'
    )
    assert [asked[3]["payload"] for asked in server.asked] == [{"from": "file"}, {"from": "pipe"}]


def test_a_list_goes_through_all_pages_and_stops_at_the_limit(server: Scripted) -> None:
    item = {**DOCUMENT, "sagaId": "s"}
    server.body = json.dumps({"items": [item] * 3, "nextCursor": "more"}).encode()
    result = run("list", "--limit", "9", "--json", "--url", server.url)
    assert len(json.loads(result.stdout)) == 9
    assert "cursor=more" in server.asked[1][1]
