"""`/send` and `/send/split-recipients`: the original's mail service. Answers when the mail server has said yes or no."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence

import msgspec
from aiohttp import web

from adapters.mail import Mailer
from adapters.mail_message import Attachment, Mail, message_id_of
from engine.errors import ChannelUnavailable
from engine.model import Failed, Later
from hub.messaging import Messaging
from web.acts import note
from web.answers import json_answer
from web.bodies import read_body
from web.context import context_of
from web.mail_shapes import MailFailure, MailOrder, MailSent
from web.problems import Problem
from web.reading import read_event_id, read_query
from web.requests import NoQuery
from web.uploads import read_upload

_ORDER = msgspec.json.Decoder(MailOrder)
_LISTS = ("recipient", "cc", "bcc")


async def send(request: web.Request) -> web.Response:
    """`POST /send`: one mail to all recipients."""
    messaging, mailer = _open(request)
    order, files = await _read(request, mailer)
    mail = _mail(request, messaging, order, files, _recipients(order))
    outcome = await mailer.send(mail)
    if isinstance(outcome, Failed):
        raise Problem("mail-refused", f"{outcome.reason[0].upper()}{outcome.reason[1:]}.")
    if isinstance(outcome, Later):
        doubt = "; it may have been sent: repeat it with the same Idempotency-Key" * outcome.uncertain
        raise ChannelUnavailable(outcome.reason + doubt)
    await note(request, "mail.send", message_id_of(mail))
    failures = [
        MailFailure(recipient=place, error="the mail server refuses this recipient")
        for place in outcome.payload.get("refused", ())
    ]
    return json_answer(MailSent(message_ids=[message_id_of(mail)], failures=failures))


async def send_split(request: web.Request) -> web.Response:
    """`POST /send/split-recipients`: a mail of its own to each; copies go with every one."""
    messaging, mailer = _open(request)
    order, files = await _read(request, mailer)
    sent: list[str] = []
    failures: list[MailFailure] = []
    base = _id(request)
    for place, recipient in enumerate(_recipients(order)):
        mail = _mail(request, messaging, order, files, (recipient,), id_=f"{base}/{place}")
        outcome = await mailer.send(mail)
        if isinstance(outcome, Failed | Later):
            failures.append(MailFailure(recipient=place, error=outcome.reason))
        else:
            sent.append(message_id_of(mail))
    await note(request, "mail.send", f"{len(sent)} mails", after={"failed": len(failures)})
    return json_answer(MailSent(message_ids=sent, failures=failures))


def _open(request: web.Request) -> tuple[Messaging, Mailer]:
    read_query(request, NoQuery)
    messaging = context_of(request).hub.messaging
    if messaging is None or messaging.mailer is None:
        raise Problem("mail-not-configured", "No mail server is configured: add `mail:` to config.yaml.")
    return messaging, messaging.mailer


async def _read(request: web.Request, mailer: Mailer) -> tuple[MailOrder, tuple[Attachment, ...]]:
    if request.content_type != "multipart/form-data":
        return await read_body(request, _ORDER), ()
    upload = await read_upload(request, largest=mailer.largest, largest_field=mailer.largest)
    fields: dict[str, object] = {**upload.fields}
    if "from" in fields:
        fields["sender"] = fields.pop("from")
    for name in _LISTS:
        if name in fields:
            fields[name] = [one.strip() for one in str(fields[name]).split(",") if one.strip()]
    try:
        order = msgspec.convert(fields, MailOrder)
    except msgspec.ValidationError as error:
        raise Problem("invalid-request", f"{error}.") from None
    return order, tuple(_attachment(name, content) for name, content in upload.files)


def _attachment(name: str, content: bytes) -> Attachment:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Attachment(name=name, type=kind, content=content)


def _recipients(order: MailOrder) -> Sequence[str]:
    return [order.recipient] if isinstance(order.recipient, str) else order.recipient


def _mail(
    request: web.Request,
    messaging: Messaging,
    order: MailOrder,
    files: tuple[Attachment, ...],
    to: Sequence[str],
    *,
    id_: str | None = None,
) -> Mail:
    return Mail(
        id=_id(request) if id_ is None else id_,
        at=context_of(request).engine.clock.now(),
        sender=order.sender or messaging.manners.sender,
        to=tuple(to),
        cc=tuple(order.cc),
        bcc=tuple(order.bcc),
        subject=order.subject,
        text=order.message,
        html=order.html_message,
        attachments=files,
    )


def _id(request: web.Request) -> str:
    """The caller's `Idempotency-Key`, so that a repeat has the same Message-ID."""
    return read_event_id(request) or context_of(request).engine.ids.new()
