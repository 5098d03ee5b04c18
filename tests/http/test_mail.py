"""The mail API of the original: /send and /send/split-recipients, with JSON and with files."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from engine.model import Json
from hub.messaging import open_messaging
from tests.fakes.mail_server import MailServer, mail_server, plain
from tests.http.daemon import Daemon, Reply, daemon

MAIL: Json = {
    "recipient": ["a@example.org", "b@example.org"],
    "subject": "Ordine n° 1",
    "sender": "shop@example.org",
    "message": "Hello",
    "htmlMessage": "<p>Hello</p>",
}
BORDER = "b0rder"


@asynccontextmanager
async def house() -> AsyncIterator[tuple[Daemon, MailServer]]:
    """A daemon with a mail server."""
    async with mail_server() as server:
        mail = {
            "maxSize": "5MB",
            "host": "127.0.0.1",
            "port": server.port,
            "security": "none",
            "sender": "Hub <hub@example.org>",
        }
        messaging = open_messaging(mail=mail, sms={}, messages={}, base=Path())
        async with daemon(messaging=messaging) as it:
            yield it, server
        await messaging.close()


async def form(it: Daemon, path: str, fields: Mapping[str, str], files: Mapping[str, bytes]) -> Reply:
    parts = [
        f'--{BORDER}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    for name, content in files.items():
        head = f'--{BORDER}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    body = io.BytesIO(b"".join(parts) + f"--{BORDER}--\r\n".encode())
    return await it.call(
        "POST", path, body=body, headers={"Content-Type": f"multipart/form-data; boundary={BORDER}"}
    )


def test_one_mail_goes_to_all_and_a_repeat_has_the_same_id() -> None:
    async def body() -> None:
        async with house() as (it, server):
            replies = [await it.post("/send", MAIL, {"Idempotency-Key": "k1"}) for _ in range(2)]
            assert [reply.status for reply in replies] == [200, 200]
            assert replies[0].json == replies[1].json == {"messageIds": [server.ids[0]], "failures": []}
            assert server.ids[0] == server.ids[1]
            assert server.mails[0].rcpt_tos == MAIL["recipient"]
            [message, _] = server.messages
            assert (message["From"], message["Subject"], plain(message)) == (
                "shop@example.org",
                "Ordine n° 1",
                "Hello\n",
            )
            other = await it.post("/send", {"recipient": "a@example.org", "subject": "x", "message": "y"})
            assert other.json["messageIds"] != replies[0].json["messageIds"]
            assert server.messages[-1]["From"] == "Hub <hub@example.org>"

    asyncio.run(body())


def test_split_recipients_get_a_mail_each_with_the_copies() -> None:
    async def body() -> None:
        async with house() as (it, server):
            server.refused = {"b@example.org": "550 unknown"}
            order = {**MAIL, "recipient": ["a@example.org", "b@example.org", "c@example.org"]}
            reply = await it.post("/send/split-recipients", order)
            assert len(reply.json["messageIds"]) == 2
            assert [one["recipient"] for one in reply.json["failures"]] == [1]
            one = await it.post("/send", order)
            assert [failure["recipient"] for failure in one.json["failures"]] == [1]
            assert server.mails.pop().rcpt_tos == ["a@example.org", "c@example.org"]
            server.refused = {}
            await it.post(
                "/send/split-recipients", {**order, "cc": ["copy@example.org"], "bcc": ["blind@example.org"]}
            )
            assert [mail.rcpt_tos[1:] for mail in server.mails[2:]] == [
                ["copy@example.org", "blind@example.org"]
            ] * 3
            assert len(set(server.ids)) == 5

    asyncio.run(body())


def test_files_go_out_though_other_bodies_are_smaller() -> None:
    async def body() -> None:
        async with house() as (it, server):
            content = bytes(range(256)) * 6_000
            fields = {
                "recipient": "a@example.org, b@example.org",
                "subject": "Files",
                "from": "shop@example.org",
                "message": "see",
            }
            reply = await form(it, "/send", fields, {"one.pdf": content, "two.bin": content})
            assert reply.status == 200, reply.body
            [message] = server.messages
            files = {part.get_filename(): part for part in message.iter_attachments()}
            assert files["one.pdf"].get_content_type() == "application/pdf"
            assert all(part.get_content() == content for part in files.values())
            assert server.mails[0].rcpt_tos == ["a@example.org", "b@example.org"]
            too_much = await form(it, "/send", fields, {"huge.bin": b"x" * 5_000_001})
            assert too_much.code == "body-too-large"

    asyncio.run(body())


def test_what_smuggles_a_header_in_is_refused() -> None:
    async def body() -> None:
        async with house() as (it, server):
            wrong: tuple[Json, ...] = (
                {"subject": "x\r\nBcc: v@example.org"},
                {"sender": "a@example.org\nBcc: v@example.org"},
                {"recipient": "a@example.org\r\nX: y"},
                {"cc": ["a@example.org\nX: y"]},
                {"recipient": "nobody"},
                {"recipient": []},
            )
            for bad in wrong:
                assert (await it.post("/send", {**MAIL, **bad})).code == "mail-refused"
            fields = {"recipient": "a@example.org", "subject": "x\r\n\tBcc: v@example.org"}
            assert (await form(it, "/send", fields, {"a.txt": b"x"})).code == "mail-refused"
            assert server.mails == []

    asyncio.run(body())


def test_bodies_that_are_none_are_refused() -> None:
    async def body() -> None:
        async with house() as (it, server):
            assert (await it.post("/send", {"subject": "x"})).code == "invalid-request"
            assert (await it.post("/send", {**MAIL, "html": "x"})).code == "invalid-request"
            assert (await form(it, "/send", {"subject": "x"}, {"a": b"x"})).code == "invalid-request"
            assert (
                await it.post("/send", {**MAIL, "message": "4111 1111 1111 1111"})
            ).code == "card-data-refused"
            assert server.mails == []

    asyncio.run(body())


def test_a_server_that_refuses_or_is_away_is_told_apart() -> None:
    async def body() -> None:
        async with house() as (it, server):
            server.answers = ["554 no", "451 later"]
            assert (await it.post("/send", MAIL)).code == "mail-refused"
            assert (await it.post("/send", MAIL)).code == "channel-unavailable"
            server.on_mail = lambda _: server.hang_up()
            reply = await it.post("/send", MAIL)
            assert (reply.code, "same Idempotency-Key" in reply.json["detail"]) == (
                "channel-unavailable",
                True,
            )

    asyncio.run(body())


def test_a_daemon_without_a_mail_server_says_so() -> None:
    async def body() -> None:
        async with daemon() as it:
            assert (await it.post("/send", MAIL)).code == "mail-not-configured"

    asyncio.run(body())
