"""A real SMTP server (aiosmtpd) in the test's own loop, on a loopback port, that keeps what it is given."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.fakes.waiting import turn


@dataclass
class MailServer:
    """What came in, and what the test has it say.

    Attributes:
        answers: Told in turn instead of "250" after the mail's data; each once.
        sessions: Connections that were opened.
        on_mail: Called when a mail has come in, before it is confirmed.
    """

    port: int = 0
    mails: list[Envelope] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    sessions: int = 0
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    on_mail: Callable[[Envelope], None] = lambda _: None
    lines: list[SMTP] = field(default_factory=list, repr=False)

    def hang_up(self) -> None:
        """Break every connection."""
        for line in self.lines:
            if isinstance(line.transport, asyncio.WriteTransport):
                line.transport.abort()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.answers and self.answers[0].startswith(("4", "5")):
            return self.answers.pop(0)
        self.mails.append(envelope)
        self.on_mail(envelope)
        return self.answers.pop(0) if self.answers else "250 OK"

    @property
    def messages(self) -> list[EmailMessage]:
        return [parsed(one) for one in self.mails]

    @property
    def ids(self) -> list[str]:
        """The Message-IDs, in the order in which the mails came."""
        return [message["Message-ID"] for message in self.messages]


def parsed(envelope: Envelope) -> EmailMessage:
    assert isinstance(envelope.content, bytes)
    found = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def plain(message: EmailMessage, kind: str = "plain") -> str:
    """The text of a mail, or its HTML."""
    part = message.get_body((kind,))
    assert part is not None
    text: str = part.get_content().replace("\r\n", "\n")
    return text


@asynccontextmanager
async def mail_server(
    *, tls: ssl.SSLContext | None = None, implicit: bool = False, login: bool = False, port: int = 0
) -> AsyncIterator[MailServer]:
    """Listens until the block is left. `tls`: STARTTLS is asked for, or (`implicit`) spoken from the start."""
    kept = MailServer()

    def judge(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        kept.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"right", handled=False)

    def session() -> SMTP:
        kept.sessions += 1
        with warnings.catch_warnings(action="ignore"):  # a login without TLS is what some tests are about
            line = SMTP(
                kept,
                hostname="mail.test",
                data_size_limit=60_000_000,
                tls_context=None if implicit else tls,
                require_starttls=tls is not None and not implicit,
                authenticator=judge if login else None,
                auth_required=login,
                auth_require_tls=False,
                enable_SMTPUTF8=False,
            )
        kept.lines.append(line)
        return line

    loop = asyncio.get_running_loop()
    server = await loop.create_server(session, "127.0.0.1", port, ssl=tls if implicit else None)
    kept.port = server.sockets[0].getsockname()[1]
    try:
        yield kept
    finally:
        kept.hang_up()
        server.close()
        await server.wait_closed()
        await turn()
