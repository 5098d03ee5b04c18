"""Bodies and answers of the mail API, as the original's mail service has them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from web.requests import Body
from web.shapes import Shape

Address = Annotated[str, Meta(min_length=3, max_length=320, description="a@b.example, or Name <a@b.example>")]
Addresses = Annotated[list[Address], Meta(max_length=100)]
Text = Annotated[str, Meta(max_length=5_000_000)]


class MailOrder(Body):
    """A mail. Without `sender` it is from the configured one; with files it comes as multipart/form-data.

    A form has `from` in place of `sender`, commas between several addresses, and any file parts.
    """

    recipient: Address | Addresses
    subject: Annotated[str, Meta(max_length=500)]
    sender: Address | None = None
    cc: Addresses = field(default_factory=list)
    bcc: Addresses = field(default_factory=list)
    message: Text = ""
    html_message: Text = ""


class MailFailure(Shape):
    """Whom a mail was not sent to, by the place in `recipient` (then `cc`, then `bcc`), from 0, and why."""

    recipient: int
    error: str


class MailSent(Shape):
    """The Message-IDs of what the mail server took."""

    message_ids: list[str]
    failures: list[MailFailure]
