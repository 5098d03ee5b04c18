"""Mail over SMTP: a pool of connections, TLS and login as configured. The only home of aiosmtplib.

Never raises for the server's fault: it answers an Outcome. Nothing of a mail, of an address or of what the server
says gets into a reason but its status code.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPHeloError,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from adapters.mail_message import Mail, MailRefused, compose, envelope, size
from engine.model import Done, Failed, Later, Outcome

Security = Literal["starttls", "tls", "none"]

_LARGE = 100_000
"""Bytes of a mail from which on it is composed in a thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """How the server is reached.

    Attributes:
        security: `starttls`: the connection begins plain and must become secret; `tls`: secret from the start.
        tls: Whom to trust; None: nobody has to be.
        timeout: Seconds for each answer of the server.
        connections: At most so many at once.
        messages: A connection is closed after so many.
        largest: Bytes of a mail.
    """

    host: str
    port: int
    security: Security = "starttls"
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None
    timeout: float = 20.0
    connections: int = 5
    messages: int = 100
    largest: int = 30_000_000


@dataclass(slots=True)
class _Line:
    """A connection and how many mails it has carried."""

    smtp: SMTP
    carried: int = 0


class Mailer:
    """Owns its connections, opened when they are needed inside the loop that uses them."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._idle: list[_Line] = []
        self._room = asyncio.Semaphore(settings.connections)
        self._closed = False

    @property
    def largest(self) -> int:
        """Bytes of a mail, about."""
        return self._settings.largest

    async def send(self, mail: Mail) -> Outcome:
        """One try. `Later` with `uncertain`: the server may have it.

        Done with `refused` in its payload: some recipients were, by their places among to, cc and bcc.
        """
        if self._closed:
            return Later(reason="the mailer is closed")
        if size(mail) > self._settings.largest:
            return Failed(reason=f"the mail is larger than {self._settings.largest} bytes")
        try:
            sender, recipients = envelope(mail)
            raw = await asyncio.to_thread(compose, mail) if size(mail) > _LARGE else compose(mail)
        except MailRefused as error:
            return Failed(reason=f"the mail cannot be sent: {error}")
        return await self._deliver(sender, recipients, raw)

    async def close(self) -> None:
        """Say goodbye to the server. Safe to call twice."""
        self._closed = True
        idle, self._idle = self._idle, []
        for line in idle:
            await _part(line.smtp)

    async def _deliver(self, sender: str, recipients: list[str], raw: bytes) -> Outcome:
        try:
            async with self._room, self._line() as line:
                refused, _ = await line.smtp.sendmail(sender, recipients, raw)
                line.carried += 1
        except SMTPRecipientsRefused as error:
            return _judged("the recipients", min(one.code for one in error.recipients))  # one may pass later
        except (SMTPConnectError, SMTPAuthenticationError, SMTPHeloError, SMTPNotSupported) as error:
            return Later(reason=f"no use of the mail server: {type(error).__name__}")
        except SMTPResponseException as error:
            return _judged("the mail", error.code)
        except (SMTPException, OSError) as error:
            return Later(reason=f"the mail server did not confirm: {type(error).__name__}", uncertain=True)
        places = [place for place, one in enumerate(recipients) if one in refused]
        return Done(payload={"refused": places} if places else {})

    @asynccontextmanager
    async def _line(self) -> AsyncIterator[_Line]:
        """A connection that answers; it is kept if what it is used for leaves it usable."""
        line = await self._living() or await self._connected()
        keep = False
        try:
            yield line
            keep = True
        except (SMTPResponseException, SMTPRecipientsRefused):
            keep = True  # the server said no, and the envelope was reset
            raise
        finally:
            keep = keep and line.smtp.is_connected and line.carried < self._settings.messages
            if keep and not self._closed:
                self._idle.append(line)
            elif keep or line.carried >= self._settings.messages:
                await _part(line.smtp)
            else:
                line.smtp.close()

    async def _living(self) -> _Line | None:
        """An idle connection that the server has not closed meanwhile."""
        while self._idle:
            line = self._idle.pop()
            try:
                await line.smtp.noop()
            except (SMTPException, OSError):
                line.smtp.close()
            except BaseException:
                line.smtp.close()
                raise
            else:
                return line
        return None

    async def _connected(self) -> _Line:
        """Raises SMTPConnectError, SMTPAuthenticationError and their like."""
        how = self._settings
        smtp = SMTP(
            hostname=how.host,
            port=how.port,
            username=how.user,
            password=how.password,
            local_hostname=socket.gethostname(),  # the full name would be asked of a name server
            timeout=how.timeout,
            use_tls=how.security == "tls",
            start_tls=how.security == "starttls",
            validate_certs=how.tls is not None,
            tls_context=how.tls,
        )
        try:
            await smtp.connect()
        except (SMTPConnectError, SMTPResponseException, SMTPNotSupported):
            smtp.close()
            raise
        except (SMTPException, OSError) as error:  # nothing was sent yet, whatever broke
            smtp.close()
            raise SMTPConnectError(type(error).__name__) from None
        except BaseException:
            smtp.close()
            raise
        return _Line(smtp)


async def _part(smtp: SMTP) -> None:
    """Take leave; a server that is gone already is none to take leave of."""
    with suppress(SMTPException, OSError):
        await smtp.quit()
    smtp.close()


def _judged(what: str, code: int) -> Outcome:
    """4xx: perhaps later (RFC 5321, 4.2.1); 5xx: never."""
    if 500 <= code < 600:
        return Failed(reason=f"the mail server refuses {what}: SMTP {code}")
    return Later(reason=f"the mail server refuses {what} for now: SMTP {code}")
