"""Options of a `kafka` channel: read strictly, checked before anything connects. No client library here.

Secrets are resolved before they come here, and no message shows a value. Called by `open_kafka`.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.channels.options import only, text, wrong

_OPTIONS = (
    "brokers",
    "outputTopics",
    "inputTopics",
    "consumerGroup",
    "deadLetterTopic",
    "clientId",
    "idempotent",
    "security",
)
_SIGNING_IN = ("mechanism", "username", "password")
_FILES = ("caFile", "certFile", "keyFile")
_SECURITY = ("protocol", *_SIGNING_IN, *_FILES)
_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_TOPIC = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}")  # org.apache.kafka.common.internals.Topic
_BROKER = re.compile(r"[^\s,/]+:[0-9]{1,5}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """How the brokers are spoken to, in Kafka's own words; `tls` is None on a plain connection."""

    protocol: str = "PLAINTEXT"
    mechanism: str = "PLAIN"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A channel's options. `dead_letter` None: each input topic has its own, `<topic>.dead-letter`."""

    brokers: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    group: str = ""
    dead_letter: str | None = None
    client_id: str = "sagaloom"
    idempotent: bool = True
    security: Security = field(default_factory=Security)

    def dead_letter_of(self, topic: str) -> str:
        """Where what cannot be taken from `topic` goes."""
        return self.dead_letter or f"{topic}.dead-letter"

    @property
    def topics(self) -> tuple[str, ...]:
        """Every topic that has to be there."""
        dead = (self.dead_letter_of(topic) for topic in self.inputs)
        return tuple(dict.fromkeys((*self.outputs, *self.inputs, *dead)))


def read_settings(name: str, options: Mapping[str, Any], folder: Path) -> Settings:
    """The settings that the options of channel `name` mean.

    Raises:
        ConfigInvalid: An option is unknown, missing or wrong, or a certificate cannot be read.
    """
    only(name, options, _OPTIONS)
    settings = Settings(
        brokers=_brokers(name, options.get("brokers")),
        outputs=_topics(name, options, "outputTopics"),
        inputs=_topics(name, options, "inputTopics"),
        group=text(name, options, "consumerGroup") if options.get("inputTopics") else "",
        dead_letter=_topic(name, options, "deadLetterTopic"),
        client_id=text(name, {"clientId": "sagaloom", **options}, "clientId"),
        idempotent=_flag(name, options, "idempotent", default=True),
        security=_security(name, options.get("security", {}), folder),
    )
    if not settings.inputs and not settings.outputs:
        raise wrong(name, "it needs outputTopics, inputTopics or both")
    if set(settings.inputs) & {settings.dead_letter_of(topic) for topic in settings.inputs}:
        raise wrong(name, "an input topic cannot be the dead-letter topic as well")
    return settings


def _brokers(name: str, value: Any) -> tuple[str, ...]:
    """A list, or one text with commas, as the Flow Manager takes them."""
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(broker, str) for broker in given):
        raise wrong(name, "option brokers is missing or is not a list of host:port")
    brokers = tuple(broker.strip() for broker in given if broker.strip())
    if not brokers or not all(_BROKER.fullmatch(broker) for broker in brokers):
        raise wrong(name, "option brokers holds something that is not host:port")
    return brokers


def _topics(name: str, options: Mapping[str, Any], option: str) -> tuple[str, ...]:
    given = options.get(option, [])
    if not isinstance(given, list):
        raise wrong(name, f"option {option} is not a list of topics")
    if not all(isinstance(topic, str) and _TOPIC.fullmatch(topic) for topic in given):
        raise wrong(name, f"option {option} holds something that is not the name of a topic")
    return tuple(dict.fromkeys(given))


def _topic(name: str, options: Mapping[str, Any], option: str) -> str | None:
    if options.get(option) is None:
        return None
    topic = text(name, options, option)
    if not _TOPIC.fullmatch(topic):
        raise wrong(name, f"option {option} is not the name of a topic")
    return topic


def _flag(name: str, options: Mapping[str, Any], option: str, *, default: bool) -> bool:
    value = options.get(option, default)
    if not isinstance(value, bool):
        raise wrong(name, f"option {option} is neither true nor false")
    return value


def _security(name: str, given: Any, folder: Path) -> Security:
    if not isinstance(given, Mapping):
        raise wrong(name, "option security is not a mapping")
    unknown = sorted(set(given) - set(_SECURITY))
    if unknown:
        raise wrong(name, f"option security does not know {', '.join(unknown)}")
    protocol = _one_of(name, given, "protocol", _PROTOCOLS)
    signed_in = protocol.startswith("SASL_")
    _fits(name, given, protocol, _SIGNING_IN, "SASL_PLAINTEXT or SASL_SSL", fits=signed_in)
    _fits(name, given, protocol, _FILES, "SSL or SASL_SSL", fits=protocol.endswith("SSL"))
    if "keyFile" in given and "certFile" not in given:
        raise wrong(name, "option security has a keyFile and no certFile that it belongs to")
    return Security(
        protocol=protocol,
        mechanism=_one_of(name, given, "mechanism", _MECHANISMS),
        username=text(name, given, "username") if signed_in else None,
        password=text(name, given, "password") if signed_in else None,
        tls=_tls(name, given, folder) if protocol.endswith("SSL") else None,
    )


def _fits(
    name: str, given: Mapping[str, Any], protocol: str, options: tuple[str, ...], wanted: str, *, fits: bool
) -> None:
    """Options that the protocol does not use are a mistake: somebody believes to be signed in, or encrypted."""
    idle = [option for option in options if option in given]
    if idle and not fits:
        raise wrong(
            name, f"option security.{idle[0]} has no effect with protocol {protocol}; it needs {wanted}"
        )


def _one_of(name: str, given: Mapping[str, Any], option: str, known: tuple[str, ...]) -> str:
    value = given.get(option, known[0])
    if value not in known:
        raise wrong(name, f"option security.{option} is none of {', '.join(known)}")
    return str(value)


def _tls(name: str, given: Mapping[str, Any], folder: Path) -> ssl.SSLContext:
    """The system's authorities, or the one of caFile; a certificate of our own where certFile is given."""
    files = {option: str(folder / text(name, given, option)) for option in _FILES if option in given}
    try:
        context = ssl.create_default_context(cafile=files.get("caFile"))
        if "certFile" in files:
            context.load_cert_chain(files["certFile"], files.get("keyFile"), password=_no_password)
    except OSError as error:  # an SSLError is one; its text may hold a part of the file
        what = error.strerror if not isinstance(error, ssl.SSLError) else "not a certificate or key in PEM"
        raise wrong(name, f"a file of option security cannot be used: {what}") from None
    return context


def _no_password() -> str:
    """Without this OpenSSL would ask on the terminal for the password of an encrypted key."""
    return ""
