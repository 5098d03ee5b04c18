"""The mailer against a real SMTP server on loopback: what arrives, what is refused, what a server may do wrong."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from adapters.mail import Mailer, MailSettings
from adapters.mail_message import Attachment, Mail, MailRefused, compose, envelope, message_id_of
from engine.model import Done, Failed, Later, Outcome
from tests.fakes.mail_server import MailServer, mail_server, plain

NOON = 1_767_268_800_000


def a_mail(id_: str = "saga-1.4.0", **more: Any) -> Mail:
    given: dict[str, Any] = {
        "sender": "Il Negozio <shop@example.org>",
        "to": ("Anna <anna@example.org>",),
        "subject": "€12.99 è arrivato",
        "text": "Ciao\n.\n..and more\n",
        "html": "<p>Ciao</p>",
        **more,
    }
    return Mail(id=id_, at=NOON, **given)


@asynccontextmanager
async def mailer(server: MailServer, **settings: Any) -> AsyncIterator[Mailer]:
    opened = Mailer(
        MailSettings(
            **{"host": "127.0.0.1", "port": server.port, "security": "none", "timeout": 5, **settings}
        )
    )
    try:
        yield opened
    finally:
        await opened.close()


def served(test: Callable[[MailServer, Mailer], Awaitable[None]]) -> Callable[[], None]:
    """A test that is given a server and a mailer that speaks to it."""

    async def body() -> None:
        async with mail_server() as server, mailer(server) as opened:
            await test(server, opened)

    def run() -> None:
        asyncio.run(body())

    run.__name__ = test.__name__
    return run


@served
async def test_a_mail_arrives_with_its_text_its_html_and_its_headers(server: MailServer, it: Mailer) -> None:
    assert await it.send(a_mail(cc=("c@example.org",), bcc=("hidden@example.org",))) == Done()
    [message], [envelope_] = server.messages, server.mails
    assert message["Subject"] == "€12.99 è arrivato"
    assert (message["From"], message["To"]) == ("Il Negozio <shop@example.org>", "Anna <anna@example.org>")
    assert (message["Cc"], message["Bcc"]) == ("c@example.org", None)
    assert message["Date"].datetime == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert envelope_.mail_from == "shop@example.org"
    assert envelope_.rcpt_tos == ["anna@example.org", "c@example.org", "hidden@example.org"]
    assert plain(message) == "Ciao\n.\n..and more\n"
    assert plain(message, "html").strip() == "<p>Ciao</p>"


@served
async def test_a_repeat_is_the_same_to_the_last_byte_and_another_mail_has_another_id(
    server: MailServer, it: Mailer
) -> None:
    for id_ in ("saga-1.4.0", "saga-1.4.0", "saga-1.4.1"):
        await it.send(a_mail(id_))
    first, again, _ = server.mails
    assert first.content == again.content
    assert server.ids[0] == message_id_of(a_mail("saga-1.4.0"))
    assert server.ids[2] != server.ids[0]


@served
async def test_connections_are_kept_for_the_next_mail_and_never_more_than_allowed(
    server: MailServer, it: Mailer
) -> None:
    for number in range(10):
        await it.send(a_mail(str(number)))
    assert server.sessions == 1
    outcomes = await asyncio.gather(*(it.send(a_mail(f"b{number}")) for number in range(40)))
    assert outcomes == [Done()] * 40
    assert server.sessions <= 5
    assert len(set(server.ids)) == 50


def test_a_connection_is_closed_after_so_many_mails() -> None:
    async def body() -> None:
        async with mail_server() as server, mailer(server, messages=3) as it:
            for number in range(7):
                assert await it.send(a_mail(str(number))) == Done()
            assert server.sessions == 3

    asyncio.run(body())


def test_a_connection_that_the_server_closed_meanwhile_is_no_failure() -> None:
    async def body() -> None:
        async with mail_server() as server, mailer(server) as it:
            assert await it.send(a_mail("1")) == Done()
            server.hang_up()
            assert await it.send(a_mail("2")) == Done()
            assert (len(server.mails), server.sessions) == (2, 2)

    asyncio.run(body())


@pytest.mark.parametrize(
    ("answer", "kind", "uncertain"),
    [("451 try later", Later, False), ("554 no", Failed, False), ("552 too much", Failed, False)],
)
def test_what_the_server_says_to_the_mail(answer: str, kind: type[Outcome], uncertain: bool) -> None:
    async def body() -> None:
        async with mail_server() as server, mailer(server) as it:
            server.answers = [answer]
            outcome = await it.send(a_mail())
            assert isinstance(outcome, kind)
            assert answer[:3] in outcome.reason  # type: ignore[union-attr]
            assert "anna" not in outcome.reason  # type: ignore[union-attr]
            assert await it.send(a_mail()) == Done(), "the connection is as good as before"
            assert server.sessions == 1

    asyncio.run(body())


@pytest.mark.parametrize(("answer", "kind"), [("550 unknown", Failed), ("450 greylisted", Later)])
def test_what_the_server_says_to_a_recipient(answer: str, kind: type[Outcome]) -> None:
    async def body() -> None:
        async with mail_server() as server, mailer(server) as it:
            server.refused = {"anna@example.org": answer}
            assert isinstance(await it.send(a_mail()), kind)
            assert await it.send(a_mail(cc=("c@example.org",))) == Done(payload={"refused": [0]})
            assert server.mails[-1].rcpt_tos == ["c@example.org"]

    asyncio.run(body())


def test_a_server_that_is_not_there_is_for_later_and_nothing_was_sent() -> None:
    async def body() -> None:
        async with mail_server() as server:
            port = server.port
        async with mailer(MailServer(port=port)) as it:
            outcome = await it.send(a_mail())
            assert isinstance(outcome, Later)
            assert not outcome.uncertain

    asyncio.run(body())


@pytest.mark.parametrize("says", [b"", b"I am a web server\r\n\r\n"])
def test_what_is_no_mail_server_is_for_later(says: bytes) -> None:
    async def body() -> None:
        gone = asyncio.Event()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(says)
            await reader.read()
            writer.close()
            await writer.wait_closed()
            gone.set()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, mailer(MailServer(port=port), timeout=0.2) as it:
            outcome = await it.send(a_mail())
            assert isinstance(outcome, Later)
            assert not outcome.uncertain
            await gone.wait()

    asyncio.run(body())


def test_a_connection_that_breaks_after_the_mail_was_given_leaves_a_doubt() -> None:
    async def body() -> None:
        async with mail_server() as server, mailer(server) as it:
            server.on_mail = lambda _: server.hang_up()
            outcome = await it.send(a_mail())
            assert isinstance(outcome, Later)
            assert outcome.uncertain
            assert len(server.mails) == 1

    asyncio.run(body())


INJECTIONS = ("\r\nBcc: victim@example.org", "\nX: y", "\r", "\0", "\x85", "\u2028", "\x0b")


@pytest.mark.parametrize("bad", INJECTIONS, ids=repr)
@pytest.mark.parametrize("field", ["subject", "sender", "to", "cc", "bcc", "name"])
def test_a_header_is_never_smuggled_in(field: str, bad: str) -> None:
    async def body() -> None:
        async with mail_server() as server, mailer(server) as it:
            value: Any = f"a@example.org{bad}"
            if field == "name":
                mail = a_mail(attachments=(Attachment(name=value, content=b"x"),))
            else:
                more: dict[str, Any] = {field: value if field in ("subject", "sender") else (value,)}
                mail = a_mail(**more)
            outcome = await it.send(mail)
            assert isinstance(outcome, Failed)
            assert "control character" in outcome.reason
            assert server.sessions == 0

    asyncio.run(body())


@pytest.mark.parametrize(
    "address",
    ["", "x", "x@", "@y.z", "a b@c.d", "a@b.c, d@e.f", "<a@b.c", "a@b.c>", "a..b@c.d", "é@b.c", "a@b c"],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(MailRefused):
        envelope(a_mail(to=(address,)))


@given(subject=st.text(max_size=80), name=st.text(max_size=40), text=st.text(max_size=200))
def test_whatever_the_texts_are_the_headers_are_ours(subject: str, name: str, text: str) -> None:
    mail = a_mail(subject=subject, sender=f"{name} <shop@example.org>", text=text, html="")
    try:
        raw = compose(mail)
    except MailRefused:
        return
    head = raw.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    names = [line.partition(b":")[0].lower() for line in head.split(b"\r\n")]
    ours = {b"from", b"to", b"subject", b"date", b"message-id", b"auto-submitted", b"mime-version"}
    assert set(names) <= ours | {b"content-type", b"content-transfer-encoding"}
    assert len(names) == len(set(names))
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert raw.isascii()


@served
async def test_twenty_megabytes_of_attachments_arrive_as_they_were(server: MailServer, it: Mailer) -> None:
    content = bytes(range(256)) * 40_000  # 10 MB
    files = tuple(
        Attachment(name=f"fattura n° {n}.pdf", type="application/pdf", content=content) for n in (1, 2)
    )
    assert await it.send(a_mail(attachments=files)) == Done()
    [message] = server.messages
    found = list(message.iter_attachments())
    assert [part.get_filename() for part in found] == ["fattura n° 1.pdf", "fattura n° 2.pdf"]
    assert [part.get_content() for part in found] == [content, content]
    assert plain(message) == "Ciao\n.\n..and more\n"


@served
async def test_a_mail_that_is_too_large_is_refused_before_it_is_sent(server: MailServer, it: Mailer) -> None:
    huge = Attachment(name="x", content=b"x" * 22_000_000)
    outcome = await it.send(a_mail(attachments=(huge,)))
    assert isinstance(outcome, Failed)
    assert "larger" in outcome.reason
    assert server.sessions == 0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1 in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.test")])
    start = datetime(2025, 1, 1, tzinfo=UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "mail.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("trusted", [True, False])
def test_a_secret_connection_is_made_with_whom_we_trust_only(
    certificate: Path, security: str, trusted: bool
) -> None:
    async def body() -> None:
        own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        own.load_cert_chain(certificate)
        trust = ssl.create_default_context(cafile=str(certificate) if trusted else None)
        async with (
            mail_server(tls=own, implicit=security == "tls", login=True) as server,
            mailer(server, security=security, tls=trust, user="hub", password="right") as it,
        ):
            outcome = await it.send(a_mail())
            assert isinstance(outcome, Done if trusted else Later)
            assert server.logins == ([(b"hub", b"right")] if trusted else [])

    asyncio.run(body())


def test_starttls_is_not_given_up_where_the_server_does_not_offer_it() -> None:
    async def body() -> None:
        async with mail_server(login=True) as server:
            async with mailer(server, security="starttls", user="hub", password="right") as it:
                assert isinstance(await it.send(a_mail()), Later)
            assert server.logins == []

    asyncio.run(body())


def test_a_wrong_password_is_for_later_and_never_shown() -> None:
    async def body() -> None:
        async with mail_server(login=True) as server, mailer(server, user="hub", password="wr0ng") as it:
            outcome = await it.send(a_mail())
            assert isinstance(outcome, Later)
            assert "wr0ng" not in outcome.reason + repr(it._settings)

    asyncio.run(body())
