"""A mail as a value, and as the bytes of RFC 5322. Pure; what would smuggle a header in is refused.

The Message-ID follows from the mail's own id, so a repeat of a delivery can be recognised by whoever receives it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256

from engine.model import Millis

RECIPIENTS = 100
"""Of one mail, copies included: what every server takes (RFC 5321, 4.5.3.1.8)."""

_SEVEN_BIT = SMTP.clone(cte_type="7bit")  # what every server takes
_MAILBOX = re.compile(r"(?:(?P<name>[^<>]*)<(?P<long>[^<>\s]+)>|(?P<short>[^<>\s]+))")
_TYPE = re.compile(r"([a-z0-9][a-z0-9!#$&^_.+-]{0,60})/([a-z0-9][a-z0-9!#$&^_.+-]{0,80})")
_LONGEST_SUBJECT = 500
_ENCODED = 1.4
"""Base64 and its line breaks."""


class MailRefused(ValueError):
    """The mail can never be sent. Its text names the field and holds no value of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    type: str = "application/octet-stream"
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What is to be sent. Addresses are `a@b.example` or `Name <a@b.example>`.

    Attributes:
        id: The same for a repeat of the same mail.
        at: When it is sent, for its Date.
    """

    id: str
    at: Millis
    sender: str
    to: tuple[str, ...] = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(default="", repr=False)
    html: str = field(default="", repr=False)
    cc: tuple[str, ...] = field(default=(), repr=False)
    bcc: tuple[str, ...] = field(default=(), repr=False)
    attachments: tuple[Attachment, ...] = field(default=(), repr=False)


def envelope(mail: Mail) -> tuple[str, list[str]]:
    """Sender and recipients as the server is told them, each once.

    Raises:
        MailRefused: One is no address, or there are none or too many.
    """
    sender = _address("sender", mail.sender).addr_spec
    found = [_address("recipient", one).addr_spec for one in (*mail.to, *mail.cc, *mail.bcc)]
    recipients = list(dict.fromkeys(found))
    if not mail.to:
        raise MailRefused("there is no recipient")
    if len(recipients) > RECIPIENTS:
        raise MailRefused(f"there are more than {RECIPIENTS} recipients")
    return sender, recipients


def size(mail: Mail) -> int:
    """About how many bytes it has on the wire."""
    files = sum(len(one.content) for one in mail.attachments)
    return int(files * _ENCODED) + len(mail.text.encode()) + len(mail.html.encode())


def compose(mail: Mail) -> bytes:
    """The mail as it is sent; blind copies stand in the envelope only.

    Raises:
        MailRefused: A header holds a line break or another control character, or is no address.
    """
    message = EmailMessage(policy=_SEVEN_BIT)
    sender = _address("sender", mail.sender)
    message["From"] = sender
    message["To"] = [_address("recipient", one) for one in mail.to]
    if mail.cc:
        message["Cc"] = [_address("cc", one) for one in mail.cc]
    message["Subject"] = _line("subject", mail.subject, _LONGEST_SUBJECT)
    message["Date"] = format_datetime(datetime.fromtimestamp(mail.at / 1000, UTC))
    message["Message-ID"] = message_id(mail.id, sender.domain)
    message["Auto-Submitted"] = "auto-generated"
    try:
        _fill(message, mail)
        for number, part in enumerate(message.walk()):
            if part.is_multipart():  # else a random one: a repeat is to be the same to the last byte
                part.set_boundary(f"={number}={sha256(mail.id.encode()).hexdigest()[:40]}=")
        return message.as_bytes()
    except MailRefused:
        raise
    except (MessageError, UnicodeError, ValueError, LookupError) as error:
        raise MailRefused(f"the mail cannot be written: {type(error).__name__}") from None


def message_id(id_: str, domain: str) -> str:
    """`<...@domain>`: the same for the same id."""
    return f"<{sha256(id_.encode()).hexdigest()[:40]}@{domain}>"


def message_id_of(mail: Mail) -> str:
    """The Message-ID that it goes out with. Raises MailRefused."""
    return message_id(mail.id, _address("sender", mail.sender).domain)


def _fill(message: EmailMessage, mail: Mail) -> None:
    message.set_content(mail.text or " ")
    if mail.html:
        message.add_alternative(mail.html, subtype="html")
    for one in mail.attachments:
        main, sub = _media_type(one.type)
        message.add_attachment(
            one.content, maintype=main, subtype=sub, filename=_line("file name", one.name, 200)
        )


def _media_type(text: str) -> tuple[str, str]:
    found = _TYPE.fullmatch(text.partition(";")[0].strip().lower())
    if found is None or found[1] in ("multipart", "message"):  # those are parts, not files
        return "application", "octet-stream"
    return found[1], found[2]


def _address(field_: str, text: str) -> Address:
    found = _MAILBOX.fullmatch(_line(field_, text, 320).strip())
    if found is None:
        raise MailRefused(f"{field_} is not an address")
    name = (found["name"] or "").strip().strip('"')
    local, at, domain = (found["long"] or found["short"]).rpartition("@")
    try:
        host = domain.encode("idna").decode()
        local.encode("ascii")
        address = Address(display_name=name, addr_spec=f"{local}@{host}")
    except (ValueError, IndexError, MessageError):  # UnicodeError is a ValueError
        raise MailRefused(f"{field_} is not an address that can be written to") from None
    if not at or not local or not host or address.addr_spec != f"{local}@{host}":
        raise MailRefused(f"{field_} is not an address")
    return address


def _line(field_: str, text: str, limit: int) -> str:
    """The text if it is one line: a line break in a header begins another header."""
    if any(ord(one) < 32 or ord(one) == 127 or one in "\x85\u2028\u2029" for one in text):
        raise MailRefused(f"{field_} holds a line break or another control character")
    if len(text) > limit:
        raise MailRefused(f"{field_} is longer than {limit} characters")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise MailRefused(f"{field_} is not text that can be written") from None
    return text
