"""Routes of the mail API."""

from __future__ import annotations

from web import mail
from web.mail_shapes import MailOrder, MailSent
from web.route import Handler, Route


def _send(path: str, name: str, handler: Handler, summary: str) -> Route:
    return Route(
        method="POST",
        path=path,
        name=name,
        handler=handler,
        group="Messages",
        summary=summary,
        body=MailOrder,
        form=True,
        headers=("Idempotency-Key",),
        answer=MailSent,
        errors=("mail-not-configured", "mail-refused", "channel-unavailable"),
    )


MAIL = (
    _send("/send", "sendMail", mail.send, "Send a mail"),
    _send("/send/split-recipients", "sendMailSplit", mail.send_split, "Send a mail to each recipient alone"),
)
