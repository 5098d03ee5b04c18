"""Mail and text messages of the hub: what the configuration says of them, opened, and one message sent.

Called by hub/messages_channel.py for sagas and by web/ for the mail API. One a daemon.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.locales import Language
from adapters.mail import Mailer, MailSettings
from adapters.mail_message import Mail, MailRefused, envelope
from adapters.sms import BASE_URL, SmsSettings, TextSender
from engine.config_file import size_of
from engine.definition.durations import milliseconds
from engine.errors import ConfigInvalid
from hub.message_data import Way
from hub.message_texts import MessageTexts
from hub.posting import is_address

_PORTS = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How messages are written, and to whom where a saga's data do not say."""

    sender: str = ""
    shop: str = ""
    language: Language = "en"
    ways: tuple[Way, ...] = ("email",)
    operators: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Messaging:
    """What can be sent. `mailer` and `text_sender` are None where none is configured."""

    manners: Manners
    texts: MessageTexts
    mailer: Mailer | None = None
    text_sender: TextSender | None = None

    async def close(self) -> None:
        """Let go of connections. Safe to call twice."""
        if self.mailer is not None:
            await self.mailer.close()
        if self.text_sender is not None:
            await self.text_sender.close()


def open_messaging(
    *, mail: Mapping[str, Any], sms: Mapping[str, Any], messages: Mapping[str, Any], base: Path
) -> Messaging:
    """From the parts of config.yaml; connects to nothing.

    Raises:
        ConfigInvalid: An option is wrong; the message shows no value.
    """
    folder = base / messages["templates"] if "templates" in messages else None
    if folder is not None and not folder.is_dir():
        raise ConfigInvalid(f"messages.templates: {folder} is no folder")
    sender = str(mail.get("sender", ""))
    manners = Manners(
        sender=sender,
        shop=messages.get("shop", "") or sender.partition("<")[0].strip().strip('"') or "Sagaloom",
        language=messages.get("language", "en"),
        ways=tuple(messages.get("notificationChannels", ("email",))),
        operators=tuple(messages.get("operators", ())),
    )
    if mail:
        _check_address("mail.sender", sender, sender)
        for one in manners.operators:
            _check_address("messages.operators", sender, one)
    return Messaging(
        manners=manners,
        texts=MessageTexts(folder),
        mailer=Mailer(_mail_settings(mail, base)) if mail else None,
        text_sender=TextSender(_sms_settings(sms)) if sms else None,
    )


def _mail_settings(mail: Mapping[str, Any], base: Path) -> MailSettings:
    if ("user" in mail) != ("password" in mail):
        raise ConfigInvalid("mail: user and password go together")
    security = mail.get("security", "starttls")
    default = MailSettings(host="", port=1)
    return MailSettings(
        host=mail["host"],
        port=mail.get("port", _PORTS[security]),
        security=security,
        user=mail.get("user"),
        password=mail.get("password"),
        tls=_trust(mail, base) if mail.get("verify", True) and security != "none" else None,
        timeout=_seconds(mail, "timeout", default.timeout),
        connections=mail.get("connections", default.connections),
        messages=mail.get("mailsPerConnection", default.messages),
        largest=size_of(mail.get("maxSize", default.largest)),
    )


def _trust(mail: Mapping[str, Any], base: Path) -> ssl.SSLContext:
    file = mail.get("caFile")
    try:
        return ssl.create_default_context(cafile=str(base / file) if file else None)
    except (OSError, ssl.SSLError):
        raise ConfigInvalid("mail.caFile cannot be read, or holds no certificate") from None


def _sms_settings(sms: Mapping[str, Any]) -> SmsSettings:
    url = str(sms.get("baseUrl", BASE_URL))
    if not is_address(url):
        raise ConfigInvalid("sms.baseUrl is not an http or https address")
    return SmsSettings(
        account=str(sms["accountSid"]),
        token=str(sms["authToken"]),
        sender=str(sms["sender"]),
        base_url=url,
        limit=sms.get("limit", 3),
        per=milliseconds(sms.get("per", "60s")),
        timeout=_seconds(sms, "timeout", 15.0),
    )


def _seconds(options: Mapping[str, Any], name: str, default: float) -> float:
    return milliseconds(options[name]) / 1000 if name in options else default


def _check_address(where: str, sender: str, one: str) -> None:
    try:
        envelope(Mail(id="", at=0, sender=sender, to=(one,), subject=""))
    except MailRefused:
        raise ConfigInvalid(f"{where} holds what is no address") from None
